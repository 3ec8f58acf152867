"""Y'CbCr pictures as cameras and decoders deliver them: layouts, matrices, and conversion on the host.

kernels/yuv.cl converts the same layouts on the device, so that only their own bytes are uploaded.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .checks import SWITCH, WHOLE, check_fields, check_numbers, of_type
from .errors import SourceError
from .orientation import upright


class YuvLayout(enum.Enum):
    """Where the samples of a picture lie. FFmpeg and V4L2 use these names.

    `YUYV`, `UYVY`, `YVYU` and `VYUY` interleave luma and chroma in each row. `NV12`, `NV21`, `NV16` and `NV24` have a
    plane of luma, then a plane of interleaved chroma. `I420`, `I422`, `I440` and `I444` have a plane each of Y, Cb and
    Cr, `YV12` of Y, Cr and Cb. `GREY` has luma only.
    """

    YUYV = "yuyv"
    UYVY = "uyvy"
    YVYU = "yvyu"
    VYUY = "vyuy"
    NV12 = "nv12"
    NV21 = "nv21"
    NV16 = "nv16"
    NV24 = "nv24"
    I420 = "i420"
    YV12 = "yv12"
    I422 = "i422"
    I440 = "i440"
    I444 = "i444"
    GREY = "grey"

    @property
    def shifts(self) -> tuple[int, int]:
        """The base-2 logarithms of luma columns and rows per chroma sample."""
        return _SHIFTS[self.value]

    @property
    def steps(self) -> tuple[int, int]:
        """Samples from one luma sample of a row to the next, and from one Cb sample to the next."""
        return (2, 4) if self.is_packed else (1, 2 if self.value.startswith("nv") else 1)

    @property
    def is_packed(self) -> bool:
        """Whether luma and chroma are in one plane."""
        return self.value in _FIRST_IN_PACKED

    @property
    def is_planar(self) -> bool:
        """Whether Cb and Cr have a plane each."""
        return self.value[0] == "i" or self is YuvLayout.YV12


_SHIFTS = {
    name: shifts
    for shifts, names in {
        (0, 0): "nv24 i444 grey",
        (0, 1): "i440",
        (1, 0): "yuyv uyvy yvyu vyuy nv16 i422",
        (1, 1): "nv12 nv21 i420 yv12",
    }.items()
    for name in names.split()
}
# The positions of Y, Cb and Cr in the first four samples of a packed row.
_FIRST_IN_PACKED = {"yuyv": (0, 1, 3), "uyvy": (1, 0, 2), "yvyu": (0, 3, 1), "vyuy": (1, 2, 0)}
_PLANAR = {(1, 1): "i420", (1, 0): "i422", (0, 1): "i440", (0, 0): "i444"}


class YuvMatrix(enum.Enum):
    """The weights of red and blue in luma, for gamma-encoded RGB (non-constant luminance)."""

    BT601 = (0.299, 0.114)  # standard definition, JPEG and most webcams
    BT709 = (0.2126, 0.0722)  # high definition
    BT2020 = (0.2627, 0.0593)  # ultra-high definition


# The position of the first chroma sample in luma pixels from the first luma sample, (x, y).
SITED_LEFT = (0.0, 0.5)  # MPEG-2, H.264 and later: 4:2:0
SITED_CENTRE = (0.5, 0.5)  # JPEG: 4:2:0
SITED_TOP_LEFT = (0.0, 0.0)  # 4:2:2 and BT.2020


_KINDS = {
    **{"layout": of_type(YuvLayout), "matrix": of_type(YuvMatrix), "full_range": SWITCH},
    **dict.fromkeys(("width", "height", "bits", "low_zeros"), WHOLE),
}


class _Region(NamedTuple):
    """Rows of one plane in the bytes of a picture."""

    first_byte: int
    row_bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class YuvFormat:
    """How the bytes of a `width` x `height` picture are read.

    `layout` orders the samples, `matrix` has the weights of luma. Samples have the `full_range`, or else that of video,
    16 to 235 of 255. The bytes are a C-contiguous (rows, row_bytes) uint8 array of `rows(row_bytes)` rows. A row of
    luma has `row_bytes` bytes: more than its samples need are padding. The planes follow one another without a gap. A
    row of interleaved chroma is as long as a luma row (NV24: twice). A row of planar chroma is as long as a luma row,
    or half of it if the columns are halved, as in V4L2. Odd sides have an incomplete last chroma sample.

    A sample of more than 8 `bits` is a 16-bit word of this machine's byte order, with `low_zeros` unused bits below:
    P010 is NV12 with 10 bits and low_zeros 6. `siting` is the position of the first chroma sample, in luma pixels
    from the first luma sample; None is that of MPEG: left, and between the rows where these are halved. Raises
    SourceError for impossible values.
    """

    layout: YuvLayout
    width: int
    height: int
    matrix: YuvMatrix = YuvMatrix.BT709
    full_range: bool = False
    bits: int = 8
    low_zeros: int = 0
    siting: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_fields("YuvFormat", self, _KINDS)
        if self.siting is None:
            object.__setattr__(self, "siting", (0.0, ((1 << self.layout.shifts[1]) - 1) / 2))
        check_numbers("YuvFormat", "siting", self.siting, 2)
        sides = zip(self.chroma_at, self.layout.shifts, strict=True)
        is_sited = all(abs(at) < 1 << shift if shift else at == 0 for at, shift in sides)
        has_bits = 8 <= self.bits <= 16 and 0 <= self.low_zeros <= (0 if self.bits == 8 else 16 - self.bits)
        if self.width < 1 or self.height < 1 or not has_bits or not is_sited:
            raise SourceError(
                f"a {self.layout.value} picture of {self.width}x{self.height}, {self.bits} bits above {self.low_zeros} "
                f"zeros, chroma at {self.siting} is not valid; give 8 to 16 bits, and a chroma position nearer than "
                "the second chroma sample"
            )

    @property
    def chroma_at(self) -> tuple[float, float]:
        """`siting` as two numbers: YuvFormat sets None to the default."""
        return self.siting or (0.0, 0.0)

    @property
    def sample_bytes(self) -> int:
        """The bytes of a sample: 1, or 2 for more than 8 bits."""
        return 1 if self.bits == 8 else 2

    @property
    def has_chroma(self) -> bool:
        """Whether the picture has colour."""
        return self.layout is not YuvLayout.GREY

    @property
    def chroma_size(self) -> tuple[int, int]:
        """(width, height) of the chroma, rounded up."""
        across, down = self.layout.shifts
        return -(-self.width >> across), -(-self.height >> down)

    @property
    def min_row_bytes(self) -> int:
        """Bytes of a luma row without padding."""
        across = self.layout.shifts[0]
        whole = (-(-self.width >> across)) << across
        return whole * self.sample_bytes * self.layout.steps[0]

    @property
    def row_unit(self) -> int:
        """A row has a multiple of this many bytes, so that its chroma has whole samples."""
        return self.sample_bytes << (self.layout.shifts[0] if self.layout.is_planar else 0)

    def rows(self, row_bytes: int) -> int:
        """The rows of the array that holds the picture: luma rows, then those that the chroma fills."""
        last = self.regions(row_bytes)[-1]
        return -(-(last.first_byte + last.row_bytes * last.rows) // row_bytes)

    def regions(self, row_bytes: int) -> list[_Region]:
        """The planes, in the order of their bytes."""
        luma = _Region(0, row_bytes, self.height)
        across, rows = self.layout.shifts[0], self.chroma_size[1]
        after = row_bytes * self.height
        if not self.has_chroma or self.layout.is_packed:
            return [luma]
        if not self.layout.is_planar:
            return [luma, _Region(after, 2 * row_bytes >> across, rows)]
        chroma_bytes = row_bytes >> across
        return [luma, _Region(after, chroma_bytes, rows), _Region(after + chroma_bytes * rows, chroma_bytes, rows)]

    def starts(self, row_bytes: int) -> tuple[int, int, int]:
        """The bytes of the first Y, Cb and Cr sample. Grey pictures have no chroma: 0."""
        regions, size = self.regions(row_bytes), self.sample_bytes
        if self.layout.is_packed:
            y, cb, cr = _FIRST_IN_PACKED[self.layout.value]
            return y * size, cb * size, cr * size
        if not self.has_chroma:
            return 0, 0, 0
        first = regions[1].first_byte
        second = regions[2].first_byte if self.layout.is_planar else first + size
        swapped = self.layout in (YuvLayout.NV21, YuvLayout.YV12)
        return (0, second, first) if swapped else (0, first, second)

    def check(self, pixels: NDArray[Any], name: str) -> None:
        """Checks that `pixels`, (rows, row_bytes) uint8 and C-contiguous, hold the picture; `name` is for the message.

        Raises SourceError if they do not: kernels would read outside of the array.
        """
        if pixels.dtype != np.uint8 or not pixels.flags.c_contiguous or not _fits(self, pixels.shape):
            raise SourceError(
                f"{name or 'frame'}: {pixels.shape} {pixels.dtype} is not a {self.layout.value} picture of "
                f"{self.width}x{self.height}, {self.bits} bits; give C-contiguous ({self.rows(self.min_row_bytes)}, "
                f"{self.min_row_bytes}) uint8, or longer rows of a multiple of {self.row_unit} bytes"
            )

    def planes(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
        """Views of the samples: luma (H, W), then Cb and Cr (h, w) unless the layout is grey.

        uint8 or uint16, writeable if `pixels` is.
        """
        row_bytes, size = pixels.shape[1], self.sample_bytes
        flat = pixels.reshape(-1).view(np.uint8 if size == 1 else np.uint16)
        regions, starts, steps = self.regions(row_bytes), self.starts(row_bytes), self.layout.steps
        chroma_bytes = regions[-1].row_bytes
        shapes = [((self.height, self.width), (row_bytes, steps[0] * size))]
        if self.has_chroma:
            shapes += [(self.chroma_size[::-1], (chroma_bytes, steps[1] * size))] * 2
        return tuple(
            np.lib.stride_tricks.as_strided(flat[start // size :], shape, strides)
            for start, (shape, strides) in zip(starts, shapes, strict=False)
        )

    @property
    def luma_levels(self) -> tuple[float, float]:
        """Luma of black and of white, as stored."""
        top = float((1 << self.bits) - 1 << self.low_zeros)
        unit = float(1 << (self.bits - 8 + self.low_zeros))  # one step of 8 bits
        return (0.0, top) if self.full_range else (16 * unit, 235 * unit)

    def coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(3, 3) and (3,): encoded RGB, 0 to 1, is matrix @ (Y, Cb, Cr) + offset, with the samples as stored."""
        red, blue = self.matrix.value
        green = 1 - red - blue
        black, white = self.luma_levels
        middle = float(1 << (self.bits - 1 + self.low_zeros))
        luma_gain = 1 / (white - black)
        chroma_gain = 2 * luma_gain if self.full_range else 219 / 112 * luma_gain
        of_cr, of_cb = 1 - red, 1 - blue
        to_rgb = np.array(
            [[1, 0, of_cr], [1, -of_cb * blue / green, -of_cr * red / green], [1, of_cb, 0]],
        ) * (luma_gain, chroma_gain, chroma_gain)
        if not self.has_chroma:
            to_rgb[:, 1:] = 0.0
        return to_rgb, -to_rgb @ (black, middle, middle)


@lru_cache(maxsize=64)
def _fits(form: YuvFormat, shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape holds the picture. Kept for the next frame."""
    row_bytes = shape[1] if len(shape) == 2 else 0
    is_whole = row_bytes >= form.min_row_bytes and row_bytes % form.row_unit == 0
    return is_whole and shape[0] >= form.rows(row_bytes)


def top_rows(form: YuvFormat, pixels: NDArray[np.uint8], rows: int) -> tuple[YuvFormat, NDArray[np.uint8]]:
    """A copy of the first `rows` rows of a picture, in its own layout and with its row length."""
    row_bytes = pixels.shape[1]
    cut = replace(form, height=min(rows, form.height))
    copy = np.zeros((cut.rows(row_bytes), row_bytes), np.uint8)
    flat, to = pixels.reshape(-1), copy.reshape(-1)
    for region, part in zip(form.regions(row_bytes), cut.regions(row_bytes), strict=True):
        length = part.rows * part.row_bytes
        to[part.first_byte : part.first_byte + length] = flat[region.first_byte : region.first_byte + length]
    return cut, copy


def turned(form: YuvFormat, pixels: NDArray[np.uint8], orientation: int) -> tuple[YuvFormat, NDArray[np.uint8]]:
    """The upright picture with planar chroma. Every sample keeps its value, and chroma its place."""
    (x, y), (across, down) = form.chroma_at, form.layout.shifts
    width, height = form.width, form.height
    if orientation in (5, 6, 7, 8):
        x, y, across, down, width, height = y, x, down, across, height, width  # transposed first
    if orientation in (2, 3, 6, 7):
        x = _mirrored(x, width, across)
    if orientation in (3, 4, 7, 8):
        y = _mirrored(y, height, down)
    layout = YuvLayout(_PLANAR[across, down]) if form.has_chroma else YuvLayout.GREY
    made = replace(form, layout=layout, width=width, height=height, siting=(x, y))
    return made, joined(made, [upright(plane, orientation) for plane in form.planes(pixels)])


def _mirrored(at: float, side: int, shift: int) -> float:
    """The first chroma position of a mirrored side."""
    chroma = -(-side >> shift)
    return side - 1 - (((chroma - 1) << shift) + at)


def joined(form: YuvFormat, planes: Iterable[NDArray[Any]]) -> NDArray[np.uint8]:
    """The bytes, (rows, row_bytes) without padding, of luma (H, W), then Cb and Cr (h, w) unless the layout is grey."""
    pixels = np.zeros((form.rows(form.min_row_bytes), form.min_row_bytes), np.uint8)
    for samples, plane in zip(form.planes(pixels), planes, strict=True):
        samples[:] = plane
    return pixels


def encoded_rgb(
    form: YuvFormat, pixels: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """(len(rows), len(columns), 3) encoded RGB, 0 to 1, of some rows and columns; chroma is interpolated."""
    luma, *chroma = form.planes(pixels)
    to_rgb, offset = form.coefficients()
    samples = [luma[rows][:, columns].astype(np.float64)]
    if chroma:
        across, down = (
            _weights(places, side, at, shift)
            for places, side, at, shift in zip(
                (columns, rows), form.chroma_size, form.chroma_at, form.layout.shifts, strict=True
            )
        )
        samples += [_interpolated(plane, down, across) for plane in chroma]
    else:
        samples += [np.zeros_like(samples[0])] * 2
    return np.asarray((np.stack(samples, axis=2) @ to_rgb.T + offset).clip(0.0, 1.0))


def display_rgb(form: YuvFormat, pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """(H, W, 3) uint8, or uint16 for more than 8 bits, display-encoded. Slow: the device does it for a live picture."""
    dtype = np.uint8 if form.bits == 8 else np.uint16
    rgb = np.empty((form.height, form.width, 3), dtype)
    columns = np.arange(form.width)
    for top in range(0, form.height, 64):
        rows = np.arange(top, min(top + 64, form.height))
        rgb[rows] = np.rint(encoded_rgb(form, pixels, rows, columns) * np.iinfo(dtype).max)
    return rgb


class _Weights(NamedTuple):
    """Two chroma samples and the weight of the second, for each place."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    weight: NDArray[np.float64]


def _weights(places: NDArray[np.intp], side: int, first_at: float, shift: int) -> _Weights:
    at = (places - first_at) / (1 << shift)
    before = np.floor(at).astype(np.intp)
    return _Weights(before.clip(0, side - 1), (before + 1).clip(0, side - 1), at - before)


def _interpolated(plane: NDArray[Any], down: _Weights, across: _Weights) -> NDArray[np.float64]:
    upper, lower = (
        rows[:, across.first] * (1 - across.weight) + rows[:, across.second] * across.weight
        for rows in (plane[down.first], plane[down.second])
    )
    weight = down.weight[:, None]
    return np.asarray(upper * (1 - weight) + lower * weight)
