"""A frame that was drawn: its picture, what it was made of and with, and what can be asked of a place in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .develop.balance import grey_at
from .optics.autofocus import Target, autofocus

if TYPE_CHECKING:
    import moderngl

    from .frame import Frame
    from .gl.planes import ScenePlanes
    from .settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What `Engine.draw` returns. Places are fractions of the picture, from its top left.

    `texture` is the picture, upright, row 0 on top: display sRGB, or the numbers of the settings' output space, of 8 or
    10 bits. `captured` is the frame as it came; `frame` is upright, with the distances that it was blurred by. `scene`
    is the light behind the lens, before the look, on the GL side. Texture and scene are valid until the engine draws
    again. `exposure_ev` are the stops by which the light was brightened, what was metered included. The picture is
    `magnification` times as large as the frame was captured, by the breathing of the lens; its middle stays in place.
    """

    texture: moderngl.Texture
    captured: Frame
    frame: Frame
    scene_of: Callable[[], ScenePlanes]
    exposure_ev: float
    magnification: float
    settings: Settings

    @property
    def scene(self) -> ScenePlanes:
        """The light behind the lens in GL. If a kernel drew the look, it is sent there at the first call."""
        return self.scene_of()

    @property
    def has_depth(self) -> bool:
        return self.frame.depth_m is not None

    @property
    def aspect(self) -> float:
        """The width of the upright frame over its height."""
        return self.frame.width / self.frame.height

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where in the upright frame the place (x, y) of the picture was seen, as fractions."""
        return 0.5 + (x - 0.5) / self.magnification, 0.5 + (y - 0.5) / self.magnification

    def depth_at(self, x: float, y: float) -> float | None:
        """Depth in metres at a place; None where it is unknown."""
        if self.frame.depth_m is None:
            return None
        x, y = self.place(x, y)
        height, width = self.frame.depth_m.shape
        depth_m = float(self.frame.depth_m[min(int(y * height), height - 1), min(int(x * width), width - 1)])
        return depth_m if depth_m > 0 else None  # sensors write 0, or NaN, where they saw nothing

    def grey_at(self, x: float, y: float) -> str:
        """The `Development.white_balance` that makes a place grey. GroundglassError where it is clipped or dark."""
        red, _, blue = grey_at(self.frame, *self.place(x, y))
        return f"{red:.4g},1,{blue:.4g}"

    def autofocus(self) -> Target | None:
        """The nearest face, or what is in the middle of the picture; None where no depth is known. Takes about 0.2 s.

        A lens may not focus so close: `lens.clamp_focus_m`. Faces need scikit-image, the extra `face`.
        """
        return None if self.frame.depth_m is None else autofocus(self.frame, self.frame.depth_m)
