"""A drawn frame: its picture, its input and settings, and queries at a position of the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .develop.auto_balance import estimate_light
from .develop.balance import grey_at
from .optics.autofocus import Target, autofocus
from .optics.focus import focus_doubt

if TYPE_CHECKING:
    import moderngl

    from .compute.planes import Planes
    from .frame import Frame
    from .gl.planes import ScenePlanes
    from .settings import Settings


class PreparedScene(NamedTuple):
    """The light behind the lens on the device, and its inputs."""

    captured: Frame
    inputs: tuple[object, ...]  # the settings that it depends on, and the revision of the kernels
    frame: Frame
    scene: Planes
    exposure_ev: tuple[float, float]  # applied, and wanted of the camera
    magnification: float
    sides: frozenset[str] = frozenset()  # the sides of a wipe for which it was drawn

    def serves(self, captured: Frame, inputs: tuple[object, ...], side: str) -> bool:
        """Whether a draw of this side, not drawn before, needs the same light."""
        if self.captured is not captured or self.inputs != inputs or side in self.sides:
            return False
        return not self.sides or "whole" not in {side, *self.sides}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The result of `Engine.draw`. Positions are fractions of the picture from its top left corner.

    `texture` is the upright picture, row 0 on top: display sRGB, or the output space of the settings, with 8 or 10
    bits. `captured` is the frame from the source. `frame` is upright, with the depth that was used for the blur.
    `scene`, by `scene_of`, is the light behind the lens, before the look, in GL textures. Texture and scene are valid
    until the engine draws again. `exposure_ev` is the applied exposure compensation in stops, auto exposure included.
    `wanted_ev` is the same without delay, for the exposure of a camera. The picture is magnified by `magnification`
    around its centre, by focus breathing. `settings` are those of the draw. A `quick` picture, without defocus, is
    drawn while kernels compile for the first time.
    """

    texture: moderngl.Texture
    captured: Frame
    frame: Frame
    scene_of: Callable[[], ScenePlanes]
    exposure_ev: float
    wanted_ev: float
    magnification: float
    settings: Settings
    quick: bool = False

    @property
    def scene(self) -> ScenePlanes:
        """The light behind the lens in GL. If a kernel drew the look, it is sent there at the first call."""
        return self.scene_of()

    @property
    def has_depth(self) -> bool:
        """Whether the frame has distances. Without them everything is in focus."""
        return self.frame.depth_m is not None

    @property
    def aspect(self) -> float:
        """The width of the upright frame over its height."""
        return self.frame.width / self.frame.height

    def frame_position(self, x: float, y: float) -> tuple[float, float]:
        """The position in the upright frame, as fractions, of the position (x, y) of the picture."""
        return 0.5 + (x - 0.5) / self.magnification, 0.5 + (y - 0.5) / self.magnification

    def depth_at(self, x: float, y: float) -> float | None:
        """Depth in metres at the position (`x`, `y`); None if unknown."""
        if self.frame.depth_m is None:
            return None
        x, y = self.frame_position(x, y)
        height, width = self.frame.depth_m.shape
        depth_m = float(self.frame.depth_m[min(int(y * height), height - 1), min(int(x * width), width - 1)])
        return depth_m if depth_m > 0 else None  # depth sensors write 0 or NaN for missing values

    def grey_at(self, x: float, y: float) -> str:
        """The `Development.white_balance` that makes the position (`x`, `y`) grey.

        Raises GroundglassError if it is clipped or dark.
        """
        red, _, blue = grey_at(self.frame, *self.frame_position(x, y))
        return f"{red:.4g},1,{blue:.4g}"

    def balance_doubt(self) -> str:
        """Why automatic white balance is uncertain for this frame, as an English clause; empty if it is sure."""
        return estimate_light(self.frame).doubt

    def focus_doubt(self, remedy: str = "") -> str:
        """Why the picture is blurred everywhere, as an English clause; empty if it is not. A `remedy` is added, unless
        the lens does not focus that close.
        """
        settings, depth_m = self.settings, self.frame.depth_m
        return "" if depth_m is None or self.quick else focus_doubt(depth_m, settings.lens, settings.focus_m, remedy)

    def autofocus(self) -> Target | None:
        """The nearest face, or else the centre of the picture; None without depth. Takes about 0.2 s.

        The target may be closer than the lens focuses: use `lens.clamp_focus_m`. Faces require scikit-image, the extra
        `face`.
        """
        return None if self.frame.depth_m is None else autofocus(self.frame, self.frame.depth_m)
