"""What travels from capture to display: a frame."""

from __future__ import annotations

import enum
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .camera import CameraProfile
from .cfa import Cfa
from .errors import SourceError
from .orientation import upright
from .packing import Packing, unpack

if TYPE_CHECKING:
    from .lens import Lens


class Encoding(enum.Enum):
    """What the numbers of a frame mean."""

    MOSAIC = "mosaic"  # (H, W) uint16, linear sensor values behind a CFA; or rows of bytes, where they are packed
    DISPLAY = "display"  # (H, W, 3) uint8 or uint16, sRGB-encoded
    SCENE = "scene"  # (H, W, 3) float32, scene-linear, in the camera's RGB: `profile.camera_to_scene` applies


# Shape behind (H, W), and the numbers that fit.
_PIXELS: dict[Encoding, tuple[tuple[int, ...], tuple[str, ...]]] = {
    Encoding.MOSAIC: ((), ("uint16",)),
    Encoding.DISPLAY: ((3,), ("uint8", "uint16")),
    Encoding.SCENE: ((3,), ("float32",)),
}


FAR_M = 10_000.0  # beyond it every lens is at infinity


@dataclass(frozen=True, slots=True)
class StereoRig:
    """Two equal cameras side by side, rectified: focal length in pixels of the picture, distance in metres.

    A point at infinity lies `doffs_px` farther right in the right picture: 0 where both have their optical axis in the
    same column. `max_disparity`, in pixels of the picture, is the greatest that is looked for; None leaves it open.
    Raises SourceError where a figure makes no rig.
    """

    focal_px: float
    baseline_m: float
    doffs_px: float = 0.0
    max_disparity: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.focal_px < math.inf and 0 < self.baseline_m < math.inf and math.isfinite(self.doffs_px)):
            raise SourceError(
                f"a stereo rig with focal_px = {self.focal_px:g}, baseline_m = {self.baseline_m:g} and doffs_px = "
                f"{self.doffs_px:g} sees no depth; of the first two both must be above 0"
            )
        _check_disparity(self.max_disparity)

    def depth_m(self, disparity: NDArray[np.float32]) -> NDArray[np.float32]:
        """The distance in metres that each disparity means, in pixels of the picture; at most 10 km."""
        product = self.focal_px * self.baseline_m
        seen_px = np.maximum(disparity + np.float32(self.doffs_px), np.float32(product / FAR_M))
        return np.asarray(np.float32(product) / seen_px, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class RelativeRig:
    """Two cameras of which nobody knows the figures: what they see lies between two distances in metres.

    Raises SourceError where the distances are not 0 < near_m < far_m.
    """

    near_m: float
    far_m: float
    max_disparity: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.near_m < self.far_m:
            raise SourceError(
                f"a pair cannot see from {self.near_m:g} to {self.far_m:g} metres; give 0 < near < far, as 0.8 and 6"
            )
        _check_disparity(self.max_disparity)

    def from_disparities(self, min_px: float, max_px: float) -> StereoRig:
        """The rig that sees the two disparities, min_px < max_px, at the farther and the nearer distance."""
        min_per_m, max_per_m = 1 / self.far_m, 1 / self.near_m
        product = (max_px - min_px) / (max_per_m - min_per_m)
        return StereoRig(product, 1.0, product * min_per_m - min_px, self.max_disparity)


def _check_disparity(max_disparity: float | None) -> None:
    if max_disparity is not None and not 1 <= max_disparity < math.inf:
        raise SourceError(f"a pair cannot be matched to a disparity of {max_disparity:g}; give 1 pixel or more")


class Lease:
    """The right to read a driver's buffer; `give_back` is called once, when the lease is released.

    `replace`d copies of a frame share its lease. `release` may be called often and by any thread: the first call gives
    the buffer back. A lease that nobody refers to any more is released. `give_back` is called by whichever thread
    releases, returns at once, and must not raise.
    """

    __slots__ = ("_give_back", "_lock")

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._give_back: Callable[[], None] | None = give_back

    @classmethod
    def joined(cls, *leases: Lease | None) -> Lease | None:
        """One lease for a frame with arrays of several frames; None where none of them is leased."""
        held = [lease for lease in leases if lease is not None]
        if len(held) < 2:
            return held[0] if held else None

        def release_all() -> None:
            for lease in held:
                lease.release()

        return cls(release_all)

    @property
    def is_released(self) -> bool:
        """True once the driver may write to the buffer again."""
        return self._give_back is None

    def release(self) -> None:
        """Gives the buffer back; later calls do nothing."""
        with self._lock:
            give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def __del__(self) -> None:
        self.release()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture on its way through the house; never changed once it is made.

    That holds for its arrays, too: what is known already is not copied to the device again, so a source that refilled
    the same depth array in place would be drawn with the old distances. Give every frame arrays of its own.

    `pixels` is C-contiguous, its shape and dtype given by `encoding`. A mosaic whose `packing` is not U16 is (H,
    row_bytes) uint8 instead, and `packed_width` says how many sites a row has. `depth_m` is the distance in metres over
    the whole picture, float32 of any height and width, or None where nothing is known; `depth_noise` is its standard
    deviation relative to the distance, 0 where it is exact. `right` is what the right camera of the `rig` saw, like
    `pixels`. `native_lens` took the picture, where that is known: a
    virtual lens adds only the blur that it lacks. `time_s` is the presentation time since the source's first frame;
    `arrived_s` is `time.perf_counter()` at hand-over. `captured_s` is when the sensor read the frame out, on the clock
    of `time.perf_counter`, mapped from the driver's clock (`capture.clock`); None where the source does not know.
    `orientation` is the EXIF value (1 to 8) still to be applied.

    Where `lease` is not None, `pixels` and `right` lie in a driver's buffer: they may be read until `release()`, and
    never after the source is closed. Whoever keeps such a frame longer keeps `frame.owned()`. `depth_m` is never part
    of the lease.
    Raises SourceError where shapes or dtypes do not fit: kernels would read something else, or beyond the end.
    """

    pixels: NDArray[Any]
    encoding: Encoding = Encoding.MOSAIC
    cfa: Cfa = field(default_factory=Cfa)
    profile: CameraProfile = field(default_factory=CameraProfile)
    depth_m: NDArray[np.float32] | None = None
    depth_noise: float = 0.0
    right: NDArray[Any] | None = None
    rig: StereoRig | RelativeRig | None = None
    native_lens: Lens | None = None
    native_focus_m: float | None = None
    index: int = 0
    time_s: float = 0.0
    arrived_s: float = 0.0
    captured_s: float | None = None
    orientation: int = 1
    name: str = ""
    packing: Packing = Packing.U16
    packed_width: int = 0
    lease: Lease | None = None

    def __post_init__(self) -> None:
        if self.packing is not Packing.U16:
            self._check_packed()
            return
        channels, dtypes = _PIXELS[self.encoding]
        if self.pixels.ndim < 2 or self.pixels.shape[2:] != channels or self.pixels.dtype not in dtypes:
            raise SourceError(
                f"{self.name or 'frame'}: {self.pixels.shape} {self.pixels.dtype} is no {self.encoding.value}; "
                f"give (H, W{', 3' if channels else ''}) {' or '.join(dtypes)}"
            )
        self._check_distances()

    def _check_packed(self) -> None:
        row_bytes = self.packing.row_bytes(self.packed_width)
        fits = self.pixels.ndim == 2 and self.pixels.dtype == np.uint8 and self.pixels.shape[1] >= row_bytes
        if self.encoding is not Encoding.MOSAIC or self.packed_width < 1 or not fits:
            raise SourceError(
                f"{self.name or 'frame'}: {self.pixels.shape} {self.pixels.dtype} is no {self.packing.value} mosaic "
                f"{self.packed_width} sites wide; give (H, {row_bytes} or more) uint8"
            )
        self._check_distances()

    def _check_distances(self) -> None:
        if self.right is not None and (self.right.shape, self.right.dtype) != (self.pixels.shape, self.pixels.dtype):
            raise SourceError(
                f"{self.name or 'frame'}: the right picture {self.right.shape} {self.right.dtype} does not fit the "
                f"left {self.pixels.shape} {self.pixels.dtype}; give two of one size"
            )
        depth_m = self.depth_m
        if depth_m is not None and (depth_m.ndim != 2 or depth_m.size == 0 or depth_m.dtype != np.float32):
            raise SourceError(
                f"{self.name or 'frame'}: depth {depth_m.shape} {depth_m.dtype} is no map of distances; give float32 "
                f"metres, (height, width)"
            )

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1]) if self.packing is Packing.U16 else self.packed_width

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, before `orientation`."""
        return self.width, self.height

    @property
    def latency_from_s(self) -> float:
        """When the latency of this frame begins: `captured_s` where it is known, else `arrived_s`."""
        return self.arrived_s if self.captured_s is None else self.captured_s

    def release(self) -> None:
        """Gives the driver's buffer back, after which `pixels` and `right` must not be read.

        Without a lease it does nothing. Calling it twice, on copies or from several threads is harmless.
        """
        if self.lease is not None:
            self.lease.release()

    def owned(self) -> Frame:
        """A frame that may be kept: this one where it has no lease, else a copy of the arrays in the driver's buffer.

        The lease stays as it is: the caller releases it when nobody else reads the buffer.
        """
        if self.lease is None:
            return self
        right = None if self.right is None else self.right.copy()
        return replace(self, pixels=self.pixels.copy(), right=right, lease=None)

    def upright(self) -> Frame:
        """The frame with its orientation applied: pixels, depth and CFA turned, exactly and before anything else."""
        if self.orientation == 1:
            return self
        depth_m = None if self.depth_m is None else np.ascontiguousarray(upright(self.depth_m, self.orientation))
        right = None if self.right is None else self._turned(self.right)
        turned = replace(
            self,
            pixels=self._turned(self.pixels),
            packing=Packing.U16,
            depth_m=depth_m,
            right=right,
            orientation=1,
        )
        if self.encoding is not Encoding.MOSAIC:
            return turned
        return replace(
            turned,
            cfa=self.cfa.turned(self.size, self.orientation),
            profile=self.profile.turned(self.size, self.orientation),
        )

    def _turned(self, pixels: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(upright(unpack(pixels, self.packing, self.width), self.orientation))
