"""Focus breathing: the view of a lens narrows, or widens, as it focuses closer, and the picture grows with the focus.

Drawn as the picture enlarged around its middle, and only where distances are known: without, there is no focus.
"""

from __future__ import annotations

from ..compute.device import Device
from ..compute.planes import Planes
from ..lens import Lens

BREATHING = "breathing.cl"
_MIN_PX = 0.02  # invisible shift of the picture's edges
_MARGIN_PX = 2  # margin of the resampling at the edges, which hardly move


def magnification(
    lens: Lens, focus_m: float, native_lens: Lens | None = None, native_focus_m: float | None = None
) -> float:
    """Magnification of the picture through `lens` focused at `focus_m` metres, relative to `native_lens`; 1 or more.

    The frame is the lens's widest view: at infinity, or at the closest focus if `breathing_percent` is below 0. The
    breathing of a camera with known optics is already in the picture. There is no data outside the frame: a view that
    should widen beyond it stays.
    """
    wanted = _against_widest(lens, focus_m)
    if native_lens is not None and native_focus_m is not None:
        wanted /= _against_widest(native_lens, native_focus_m)
    return max(wanted, 1.0)


def _against_widest(lens: Lens, focus_m: float) -> float:
    return lens.magnification(focus_m) / min(1.0, lens.magnification(lens.focus_min_m))


def shows(magnification: float, width_px: int) -> bool:
    """Whether the effect is visible at this picture width."""
    return 0.5 * width_px * (1 - 1 / magnification) > _MIN_PX


class Breathing:
    """Enlarges pictures of one size on one device; allocates on construction."""

    def __init__(self, device: Device, width: int, height: int) -> None:
        self.size = (width, height)
        self.picture = Planes(device, width, height, 3)

    def run(self, scene: Planes, magnification: float) -> Planes:
        """Queues the work and returns the picture, three planes that the next call overwrites, or `scene` unchanged.

        `scene` holds scene-linear planes of this size, `magnification` is 1 or more. The centre of the picture stays in
        place. Cubic interpolation, limited to the range of the neighbours.
        """
        width, height = self.size
        if not shows(magnification, width):
            return scene
        step = 1 / magnification
        if 0.5 * min(width, height) * (1 - step) < _MARGIN_PX:
            scene.mirror()
        self.picture.run(BREATHING, "breathe", scene=scene.buffer, picture=self.picture.buffer, step=step)
        return self.picture

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self.picture.release()
