"""The HDR rendition of a look: the light of its SDR rendition, and the gain of the highlights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..colour.hdr import DEFAULT_STOPS, LightOutput, light_output
from ..colour.output_space import OutputSpace
from ..gl.context import make_current
from ..gl.passes import Table
from ..gl.planes import ScenePlanes
from ..gl.shader_inputs import NO_POINTER, Moment
from .grade import Grader, Target
from .look import Look

NO_MOMENT: Moment = {"frame_index": 0, "seconds": 0.0, "pointer": NO_POINTER}


class HdrSettings(Protocol):
    """The settings that the renditions depend on."""

    @property
    def look(self) -> Look: ...
    @property
    def strength(self) -> float: ...
    @property
    def output_space(self) -> OutputSpace | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Renditions:
    """Both renditions of a picture, in the unit of diffuse white.

    `sdr` (H, W, 3) is linear display light, 0..1, in the primaries of the output. `gain` (H, W) is the factor of the
    HDR rendition, 1 to the peak of the output. Both are float32.
    """

    sdr: NDArray[np.float32]
    gain: NDArray[np.float32]

    @property
    def hdr(self) -> NDArray[np.float32]:
        """(H, W, 3): the light of the HDR rendition."""
        return self.sdr * self.gain[..., None]


class HdrDraw:
    """Draws the renditions of looks, in a GL context; `with` or `release` frees its textures and programs.

    Numbers of a program that may become constants do so `at_once`, else after some equal draws (see `Grader.draw`).
    """

    def __init__(self, ctx: moderngl.Context, *, at_once: bool = False) -> None:
        self._ctx, self._at_once = ctx, at_once
        self._planes, self._grader = ScenePlanes(ctx), Grader(ctx)

    def load(self, scene_rgb: NDArray[np.float32]) -> None:
        """Takes the scene-linear Rec.2020 light (H, W, 3) of the next draws."""
        make_current(self._ctx)
        self._planes.write([np.ascontiguousarray(scene_rgb[..., channel]) for channel in range(3)])

    def renditions(
        self, look: Look, output: LightOutput, strength: float = 1.0, moment: Moment = NO_MOMENT
    ) -> Renditions:
        """Both renditions as light, without dither. Raises ShaderError."""
        pixels = self._drawn(look, strength, moment, "rgba32f", output)
        return Renditions(np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]))

    def display(
        self, look: Look, space: OutputSpace | None = None, strength: float = 1.0, moment: Moment = NO_MOMENT
    ) -> NDArray[np.uint8]:
        """The SDR rendition as `Engine.render` returns it: (H, W, 3) display values of sRGB or `space`."""
        return np.ascontiguousarray(self._drawn(look, strength, moment, "rgba8", space)[..., :3])

    def _drawn(self, look: Look, strength: float, moment: Moment, target: Target, output: Table | None) -> NDArray[Any]:
        make_current(self._ctx)
        texture = self._grader.draw(
            self._planes, look, strength=strength, target=target, output=output, at_once=self._at_once, **moment
        )
        dtype = np.uint8 if target == "rgba8" else np.float32
        return np.frombuffer(texture.read(), dtype).reshape(texture.height, texture.width, 4)

    def release(self) -> None:
        """Releases all GL objects; calling it twice is harmless."""
        make_current(self._ctx)
        self._grader.release()
        self._planes.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def ultra_hdr_of(
    draw: HdrDraw, settings: HdrSettings, moment: Moment, stops: float = DEFAULT_STOPS
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The SDR picture (H, W, 3) and the gain (H, W) of the light that `draw` has loaded, for an Ultra HDR JPEG."""
    look, strength = settings.look, settings.strength
    gain = draw.renditions(look, light_output("srgb", stops), strength, moment).gain
    return draw.display(look, settings.output_space, strength, moment), gain
