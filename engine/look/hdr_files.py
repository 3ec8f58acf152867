"""Pictures for HDR files: Ultra HDR JPEG, and AVIF and HEIC with more than 8 bits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..colour.encoding import srgb_encode
from ..colour.hdr import DEFAULT_STOPS, HDR_SPACES, content_light, encoded, light_output
from ..colour.output_space import OutputSpace
from ..formats.hdr_pictures import check_library, deep_picture
from ..formats.picture_write import check_folder_of, write_atomically, write_ultra_hdr
from ..gl.shader_inputs import Moment
from .hdr import HdrDraw, HdrSettings, ultra_hdr_of

JPEG_SUFFIXES = (".jpg", ".jpeg")


class HdrKind(NamedTuple):
    """How a picture becomes an HDR file: `space` is a key of `CODE_POINTS`, `stops` the headroom of its highlights.

    With `keeps_scene` it is the scene's light without a look, in PQ or HLG.
    """

    space: str
    stops: float = DEFAULT_STOPS
    keeps_scene: bool = False


class DeepPixels(NamedTuple):
    """`codes` (H, W, 3), white at 65535. `light` is the content light level of an HDR picture in cd/m2."""

    codes: NDArray[np.uint16]
    light: tuple[int, int] | None


class GainPixels(NamedTuple):
    """The SDR picture (H, W, 3), and the gain (H, W) of its highlights."""

    display_rgb: NDArray[np.uint8]
    gain: NDArray[np.float32]


HdrPixels = DeepPixels | GainPixels


class HdrPictures:
    """Makes the pixels of HDR files, in a GL context; `with` or `release` frees its textures and programs.

    Pictures that are `repeatable` do not depend on those before them.
    """

    def __init__(self, ctx: moderngl.Context, kind: HdrKind, *, repeatable: bool = False) -> None:
        self._draw, self._kind = HdrDraw(ctx, at_once=repeatable), kind

    def pixels(self, scene_rgb: NDArray[np.float32], settings: HdrSettings, moment: Moment, suffix: str) -> HdrPixels:
        """For a file with this suffix, of scene-linear Rec.2020 light (H, W, 3). Raises ShaderError."""
        if suffix.lower() not in JPEG_SUFFIXES:
            return self.codes(scene_rgb, settings, moment)
        self._draw.load(scene_rgb)
        return GainPixels(*ultra_hdr_of(self._draw, settings, moment, self._kind.stops))

    def codes(self, scene_rgb: NDArray[np.float32], settings: HdrSettings, moment: Moment) -> DeepPixels:
        """In the space of the kind. Raises ShaderError."""
        kind, is_hdr = self._kind, self._kind.space in HDR_SPACES
        if kind.keeps_scene:
            return DeepPixels(encoded(scene_rgb, kind.space), content_light(scene_rgb))
        self._draw.load(scene_rgb)
        output = light_output("rec2020" if is_hdr else kind.space, kind.stops)
        drawn = self._draw.renditions(settings.look, output, settings.strength, moment)
        if is_hdr:
            return DeepPixels(encoded(drawn.hdr, kind.space), content_light(drawn.hdr))
        return DeepPixels((srgb_encode(drawn.sdr.astype(np.float64)) * 65535.0 + 0.5).astype(np.uint16), None)

    def release(self) -> None:
        """Releases all GL objects; calling it twice is harmless."""
        self._draw.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def check_hdr_suffix(path: Path) -> None:
    """Raises MissingExtraError if the library for the suffix of `path` is not installed."""
    if path.suffix.lower() not in JPEG_SUFFIXES:
        check_library(path)


def write_hdr(path: Path, pixels: HdrPixels, kind: HdrKind, display: OutputSpace | None = None) -> None:
    """Writes a file atomically, in the format of its suffix. `display` is the space of the SDR picture of a JPEG.

    Raises OutputError.
    """
    check_folder_of(path)
    if isinstance(pixels, GainPixels):
        write_ultra_hdr(path, pixels.display_rgb, pixels.gain, space=display)
        return
    content = deep_picture(path, pixels.codes, kind.space, pixels.light, lossless=kind.keeps_scene)
    write_atomically(path, partial(Path.write_bytes, data=content))
