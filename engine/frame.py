"""A frame: the data that passes from capture to display."""

from __future__ import annotations

import enum
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .camera import CameraProfile
from .cfa import Cfa
from .checks import NUMBER, TEXT, WHOLE, check_fields, check_kind, of_type, optional, shown
from .device_array import as_array
from .errors import ArgumentError, SourceError
from .lens import Lens
from .orientation import upright
from .packing import Packing, unpack
from .yuv import YuvFormat, display_rgb, turned


class Encoding(enum.Enum):
    """The meaning of a frame's pixels."""

    MOSAIC = "mosaic"  # (H, W) uint16, linear sensor values behind a CFA; rows of bytes if packed
    DISPLAY = "display"  # (H, W, 3) uint8 or uint16, sRGB-encoded
    YUV = "yuv"  # rows of bytes, (rows, row_bytes) uint8, in the format `Frame.yuv`: display-referred, sRGB-encoded
    SCENE = "scene"  # (H, W, 3) float32, scene-linear, in the camera's RGB: `profile.camera_to_scene` applies


# The shape after (H, W), and the dtypes.
_PIXELS: dict[Encoding, tuple[tuple[int, ...], tuple[str, ...]]] = {
    Encoding.MOSAIC: ((), ("uint16",)),
    Encoding.DISPLAY: ((3,), ("uint8", "uint16")),
    Encoding.YUV: ((), ("uint8",)),
    Encoding.SCENE: ((3,), ("float32",)),
}

_STEREO_RIG = {**dict.fromkeys(("focal_px", "baseline_m", "doffs_px"), NUMBER), "max_disparity": optional(NUMBER)}
_RELATIVE_RIG = {**dict.fromkeys(("near_m", "far_m"), NUMBER), "max_disparity": optional(NUMBER)}

FAR_M = 10_000.0  # for every lens at infinity


@dataclass(frozen=True, slots=True)
class StereoRig:
    """Two equal cameras side by side, rectified: `focal_px` in pixels of the picture, `baseline_m` in metres.

    A point at infinity is `doffs_px` farther right in the right picture: 0 if both optical axes are in the same column.
    `max_disparity`, in pixels of the picture, limits the search; None is the default limit. Raises SourceError for
    impossible values.
    """

    focal_px: float
    baseline_m: float
    doffs_px: float = 0.0
    max_disparity: float | None = None

    def __post_init__(self) -> None:
        check_fields("StereoRig", self, _STEREO_RIG)
        if not (0 < self.focal_px < math.inf and 0 < self.baseline_m < math.inf and math.isfinite(self.doffs_px)):
            raise SourceError(
                f"a stereo rig with focal_px = {self.focal_px:g}, baseline_m = {self.baseline_m:g} and doffs_px = "
                f"{self.doffs_px:g} is not valid; focal_px and baseline_m must be above 0"
            )
        _check_disparity(self.max_disparity)

    def depth_m(self, disparity: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W) float32 distances in metres, at most 10 km, of `disparity` (H, W), in pixels of the picture."""
        product = self.focal_px * self.baseline_m
        visible_px = np.maximum(disparity + np.float32(self.doffs_px), np.float32(product / FAR_M))
        return np.asarray(np.float32(product) / visible_px, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class RelativeRig:
    """Two uncalibrated cameras: the scene lies between the distances `near_m` and `far_m` in metres.

    `max_disparity`, in pixels of the picture, limits the search; None is the default limit.

    Raises SourceError unless 0 < near_m < far_m.
    """

    near_m: float
    far_m: float
    max_disparity: float | None = None

    def __post_init__(self) -> None:
        check_fields("RelativeRig", self, _RELATIVE_RIG)
        if not 0 < self.near_m < self.far_m:
            raise SourceError(
                f"the depth range {self.near_m:g} to {self.far_m:g} m of a pair is not valid; give 0 < near < far, "
                "such as 0.8 and 6"
            )
        _check_disparity(self.max_disparity)

    def from_disparities(self, min_px: float, max_px: float) -> StereoRig:
        """The rig in which the disparities min_px < max_px are at `far_m` and `near_m`."""
        min_per_m, max_per_m = 1 / self.far_m, 1 / self.near_m
        product = (max_px - min_px) / (max_per_m - min_per_m)
        return StereoRig(product, 1.0, product * min_per_m - min_px, self.max_disparity)


def _check_disparity(max_disparity: float | None) -> None:
    if max_disparity is not None and not 1 <= max_disparity < math.inf:
        raise SourceError(f"max_disparity {max_disparity:g} is not valid; give 1 pixel or more")


class Lease:
    """The right to read a driver's buffer. `give_back` is called once, when the lease is released.

    `replace`d copies of a frame share its lease. `release` may be called repeatedly and by any thread; the first call
    returns the buffer. A lease without references is released automatically. `give_back` runs in the thread that
    releases. It must return at once and must not raise. Raises ArgumentError if it is not a function.
    """

    __slots__ = ("_give_back", "_lock")

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._give_back: Callable[[], None] | None = None
        if not callable(give_back):
            raise ArgumentError(f"Lease: give_back is {shown(give_back)}; give a function without arguments")
        self._give_back = give_back

    @classmethod
    def joined(cls, *leases: Lease | None) -> Lease | None:
        """One lease for a frame with arrays of several frames, of their `leases`; None if no frame is leased."""
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
        """Returns the buffer to the driver. Later calls do nothing."""
        with self._lock:
            give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()

    def __del__(self) -> None:
        self.release()


_KINDS = {
    **{"encoding": of_type(Encoding), "cfa": of_type(Cfa), "profile": of_type(CameraProfile)},
    **{"packing": of_type(Packing), "yuv": optional(of_type(YuvFormat)), "lease": optional(of_type(Lease))},
    **{"rig": optional(of_type(StereoRig, RelativeRig)), "native_lens": optional(of_type(Lens))},
    **dict.fromkeys(("native_focus_m", "captured_s"), optional(NUMBER)),
    **dict.fromkeys(("depth_noise", "time_s", "arrived_s"), NUMBER),
    **dict.fromkeys(("index", "orientation", "packed_width"), WHOLE),
}
_ORIENTATIONS = range(1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture in the pipeline. It is immutable.

    Its arrays are immutable, too. An uploaded array is not uploaded again: a depth array that a source refills in place
    would be drawn with the old depth. Give every frame its own arrays.

    `pixels`: by its `encoding` (H, W) uint16, or (H, W, 3) uint8, uint16 or float32. A mosaic has a
    `cfa` and the `profile` of its camera. It may be an array of CuPy, PyTorch or another library with DLPack: one on a
    CUDA GPU is not copied to main memory for an engine on that GPU. A mosaic whose `packing` is not U16 is (H,
    row_bytes) uint8 instead, and `packed_width` is the number of photosites in a row. A YUV picture has its format in
    `yuv`, which gives its size. `depth_m` is the distance in metres over the whole picture, float32 of any height and
    width, 0 where it is unknown, or None; an engine refuses NaN. `depth_noise` is its standard deviation relative to
    the distance, 0 if it is exact. `matte` is the part of each pixel that the subject covers, float32 from 0 to 1 over
    the whole picture, of any height and width, or None: it decides the edge of the subject where there is depth.
    `right` is the picture of the right camera of the `rig`, in the form of `pixels`.
    `native_lens` is the lens that took the picture, focused at `native_focus_m`, if known: a virtual lens adds only the
    missing blur. `index` is the number of the frame, `name` stands for it in messages. `time_s` is the presentation
    time since the source's first frame; `arrived_s` is `time.perf_counter()` when the source delivered it.
    `captured_s` is when the sensor read the frame out, on the clock of `time.perf_counter`, mapped from the driver's
    clock (`capture.clock`); None if unknown.
    `orientation` is the EXIF value (1 to 8) still to be applied.

    If `lease` is not None, `pixels` and `right` lie in a driver's buffer: they may be read until `release()`, and never
    after the source is closed. To keep such a frame longer, keep `frame.owned()`. `depth_m` and `matte` are never part
    of the lease. Raises SourceError if shapes or dtypes do not match: kernels would read outside the arrays. Raises
    ArgumentError for fields of another kind.
    """

    pixels: NDArray[Any]
    encoding: Encoding = Encoding.MOSAIC
    cfa: Cfa = field(default_factory=Cfa)
    profile: CameraProfile = field(default_factory=CameraProfile)
    depth_m: NDArray[np.float32] | None = None
    depth_noise: float = 0.0
    matte: NDArray[np.float32] | None = None
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
    yuv: YuvFormat | None = None
    lease: Lease | None = None

    def __post_init__(self) -> None:
        check_kind("frame", "name", self.name, TEXT)
        check_fields(self.name or "frame", self, _KINDS)
        if self.orientation not in _ORIENTATIONS:
            raise SourceError(f"{self.name or 'frame'}: orientation {self.orientation} is not EXIF's; give 1 to 8")
        self._take_arrays()
        if (self.encoding is Encoding.YUV) != (self.yuv is not None):
            raise SourceError(f"{self.name or 'frame'}: Encoding.YUV and a YuvFormat require each other; give both")
        if self.packing is not Packing.U16:
            self._check_packed()
            return
        channels, dtypes = _PIXELS[self.encoding]
        if self.pixels.ndim < 2 or self.pixels.shape[2:] != channels or self.pixels.dtype not in dtypes:
            raise SourceError(
                f"{self.name or 'frame'}: {self.pixels.shape} {self.pixels.dtype} is not a {self.encoding.value} "
                f"array; give (H, W{', 3' if channels else ''}) {' or '.join(dtypes)}"
            )
        if self.yuv is not None:
            self.yuv.check(self.pixels, self.name)
        self._check_maps()

    def _take_arrays(self) -> None:
        """Arrays of other libraries become NumPy arrays or, on a GPU, DeviceArrays. Depth is read in main memory.

        A NumPy array that is not C-contiguous is copied: devices take bytes as they lie in memory.
        """
        name = self.name or "frame"
        for field_name in ("pixels", "right", "depth_m", "matte"):
            array = getattr(self, field_name)
            if isinstance(array, np.ndarray):
                taken: Any = array if array.flags.c_contiguous else np.ascontiguousarray(array)
            elif array is None and field_name != "pixels":
                continue
            else:
                taken = as_array(array, f"{name}: {field_name}")
                taken = np.asarray(taken) if field_name in ("depth_m", "matte") else taken
            if taken is not array:
                object.__setattr__(self, field_name, taken)
        if self.pixels.ndim >= 2 and 0 in self.pixels.shape[:2]:
            raise SourceError(f"{name}: {self.pixels.shape} has no pixels; give one or more rows and columns")

    def _check_packed(self) -> None:
        row_bytes = self.packing.row_bytes(self.packed_width)
        fits = self.pixels.ndim == 2 and self.pixels.dtype == np.uint8 and self.pixels.shape[1] >= row_bytes
        if self.encoding is not Encoding.MOSAIC or self.packed_width < 1 or not fits:
            raise SourceError(
                f"{self.name or 'frame'}: {self.pixels.shape} {self.pixels.dtype} is not a {self.packing.value} mosaic "
                f"{self.packed_width} photosites wide; give (H, {row_bytes} or more) uint8"
            )
        self._check_maps()

    def _check_maps(self) -> None:
        if self.right is not None and (self.right.shape, self.right.dtype) != (self.pixels.shape, self.pixels.dtype):
            raise SourceError(
                f"{self.name or 'frame'}: the right picture {self.right.shape} {self.right.dtype} differs from the "
                f"left {self.pixels.shape} {self.pixels.dtype}; give two pictures of the same size and dtype"
            )
        for given, kind, unit in ((self.depth_m, "depth map", "metres"), (self.matte, "matte", "from 0 to 1")):
            if given is not None and (given.ndim != 2 or given.size == 0 or given.dtype != np.float32):
                field_name = kind.split()[0]
                raise SourceError(
                    f"{self.name or 'frame'}: {field_name} {given.shape} {given.dtype} is not a {kind}; give float32 "
                    f"{unit}, (height, width)"
                )

    @property
    def yuv_format(self) -> YuvFormat:
        """The format of a YUV picture, never None."""
        assert self.yuv is not None, "only a frame of Encoding.YUV has a YuvFormat"
        return self.yuv

    @property
    def width(self) -> int:
        """Pixels or photosites of a row, before `orientation`."""
        if self.yuv is not None:
            return self.yuv.width
        return int(self.pixels.shape[1]) if self.packing is Packing.U16 else self.packed_width

    @property
    def height(self) -> int:
        """The number of rows, before `orientation`."""
        return int(self.pixels.shape[0]) if self.yuv is None else self.yuv.height

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, before `orientation`."""
        return self.width, self.height

    @property
    def kind(self) -> tuple[object, ...]:
        """All that decides how this frame is developed, apart from its light, its optics and its depth."""
        pixels, cfa = self.pixels, self.cfa
        layout = pixels.shape, pixels.strides, pixels.dtype.str, self.packed_width
        return self.encoding, self.packing, self.yuv, self.profile, cfa.pattern, cfa.block, *layout

    @property
    def latency_from_s(self) -> float:
        """The start of this frame's latency: `captured_s` if known, else `arrived_s`."""
        return self.arrived_s if self.captured_s is None else self.captured_s

    def release(self) -> None:
        """Returns the driver's buffer. `pixels` and `right` must not be read after this.

        Does nothing without a lease. Harmless when called twice, on copies or from several threads.
        """
        if self.lease is not None:
            self.lease.release()

    def owned(self) -> Frame:
        """A frame that may be kept: this frame without a lease, otherwise with copies of the leased arrays.

        The lease is not released: the caller releases it when no other code reads the buffer.
        """
        if self.lease is None:
            return self
        right = None if self.right is None else self.right.copy()
        return replace(self, pixels=self.pixels.copy(), right=right, lease=None)

    def upright(self) -> Frame:
        """The frame with its orientation applied to pixels, depth, matte, CFA and profile. The rotation is exact."""
        if self.orientation == 1:
            return self
        depth_m, matte = (
            None if given is None else np.ascontiguousarray(upright(given, self.orientation))
            for given in (self.depth_m, self.matte)
        )
        yuv, pixels = self._turned(self.pixels)
        right = None if self.right is None else self._turned(self.right)[1]
        frame = replace(
            self,
            pixels=pixels,
            packing=Packing.U16,
            yuv=yuv,
            depth_m=depth_m,
            matte=matte,
            right=right,
            orientation=1,
        )
        if self.encoding is not Encoding.MOSAIC:
            return frame
        return replace(
            frame,
            cfa=self.cfa.turned(self.size, self.orientation),
            profile=self.profile.turned(self.size, self.orientation),
        )

    def as_display(self) -> Frame:
        """A YUV picture converted on the host to Encoding.DISPLAY; other frames as they are. Slow, for stills."""
        if self.yuv is None:
            return self
        right = None if self.right is None else display_rgb(self.yuv, self.right)
        pixels = display_rgb(self.yuv, self.pixels)
        return replace(self, pixels=pixels, right=right, encoding=Encoding.DISPLAY, yuv=None, lease=None)

    def _turned(self, pixels: NDArray[Any]) -> tuple[YuvFormat | None, NDArray[Any]]:
        if self.yuv is not None:
            return turned(self.yuv, pixels, self.orientation)
        unpacked = unpack(pixels, self.packing, self.width)
        return None, np.ascontiguousarray(upright(unpacked, self.orientation))


def check_frame(frame: object) -> None:
    """Raises SourceError, with the remedy, for an array or a file name in the place of a frame."""
    if isinstance(frame, Frame):
        return
    given = f"an array {frame.shape} {frame.dtype}" if isinstance(frame, np.ndarray) else f"a {type(frame).__name__}"
    raise SourceError(
        f"an engine draws a Frame, not {given}; call groundglass.render, or make "
        "Frame(rgb, Encoding.DISPLAY, depth_m=depth_m) of (H, W, 3) uint8"
    )
