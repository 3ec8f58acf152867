"""Focus breathing: the angle of view of a lens changes with its focus distance.

The picture is enlarged around its centre. Breathing requires depth: without it there is no focus distance.
"""

from __future__ import annotations

from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Frame
from ..kept import Kept
from ..lens import Lens

_AREA = 256  # AREA of kernels/breathing.cl
BREATHING = "breathing.cl"
_MIN_PX = 0.02  # a smaller shift of the picture's edges is invisible
_MARGIN_PX = 2  # if the edges move by less, resampling reads the border
_latest: Kept[float] = Kept(8)


def magnification(
    lens: Lens, focus_m: float, native_lens: Lens | None = None, native_focus_m: float | None = None
) -> float:
    """Magnification of the picture through `lens` focused at `focus_m` metres, relative to `native_lens`; 1 or more.

    The frame is the lens's widest view: at infinity, or at the closest focus if `breathing_percent` is below 0. The
    picture already contains the breathing of a camera with known optics. There is no data outside the frame, so the
    view cannot become wider than the frame.
    """
    relative = _relative_to_widest(lens, focus_m)
    if native_lens is not None and native_focus_m is not None:
        relative /= _relative_to_widest(native_lens, native_focus_m)
    return max(relative, 1.0)


def of_frame(frame: Frame, lens: Lens, focus_m: float) -> float:
    """The magnification of a frame, from the optics of its camera; 1 without depth."""
    if frame.depth_m is None:
        return 1.0
    return _latest.of(magnification, lens, focus_m, frame.native_lens, frame.native_focus_m)


def _relative_to_widest(lens: Lens, focus_m: float) -> float:
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
        """Queues the kernel and returns the picture, three planes that the next call overwrites, or `scene` unchanged.

        `scene` contains scene-linear planes of this size, `magnification` is 1 or more. The centre of the picture stays
        in place. Interpolation is cubic, limited to the range of the neighbours.
        """
        width, height = self.size
        if not shows(magnification, width):
            return scene
        step = 1 / magnification
        if 0.5 * min(width, height) * (1 - step) < _MARGIN_PX:
            scene.mirror()
        self.picture.run(BREATHING, "breathe", area=_AREA, scene=scene.buffer, picture=self.picture.buffer, step=step)
        return self.picture

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self.picture.release()
