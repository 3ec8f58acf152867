"""Focus breathing: the view of a lens narrows, or widens, as it focuses closer, and the picture grows with the focus.

Drawn as the picture enlarged around its middle, and only where distances are known: without, there is no focus.
"""

from __future__ import annotations

from ..compute.device import Device
from ..compute.planes import Planes
from ..lens import Lens

BREATHING = "breathing.cl"
_MIN_PX = 0.02  # a shift of the picture's edges that nobody sees
_MARGIN_PX = 2  # beyond the edges that the resampling reads, where they hardly move


def magnification(
    lens: Lens, focus_m: float, native_lens: Lens | None = None, native_focus_m: float | None = None
) -> float:
    """How much larger a picture is through `lens` focused at `focus_m` metres than `native_lens` took it, 1 or more.

    The frame is what the lens sees at its widest: at infinity, or at the closest focus where `breathing_percent` is
    below 0. A camera with known optics has breathed already, by where it was focused. What lies beyond the edges nobody
    knows: where the view should widen beyond the frame it stays.
    """
    wanted = _against_widest(lens, focus_m)
    if native_lens is not None and native_focus_m is not None:
        wanted /= _against_widest(native_lens, native_focus_m)
    return max(wanted, 1.0)


def _against_widest(lens: Lens, focus_m: float) -> float:
    return lens.magnification(focus_m) / min(1.0, lens.magnification(lens.focus_min_m))


def shows(magnification: float, width_px: int) -> bool:
    """Whether a picture of this width differs from the scene at all."""
    return 0.5 * width_px * (1 - 1 / magnification) > _MIN_PX


class Breathing:
    """Enlarges pictures of one size on one device; allocates when it is made."""

    def __init__(self, device: Device, width: int, height: int) -> None:
        self.size = (width, height)
        self.picture = Planes(device, width, height, 3)

    def run(self, scene: Planes, magnification: float) -> Planes:
        """Queues the work and returns the picture, three planes that the next call overwrites, or `scene` as it is.

        `scene` holds scene-linear planes of this size, `magnification` is 1 or more. The middle of the picture stays in
        place; in between pixels a cubic interpolates, without going beyond its neighbours.
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
        """Gives everything back; harmless when done twice."""
        self.picture.release()
