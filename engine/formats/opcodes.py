"""The opcodes of a DNG (Adobe DNG specification 1.6, chapter 7): corrections that a camera specifies.

Supported: gain maps (lens shading), radial vignetting, curves of sample values (tables and polynomials), offsets and
gains of rows and columns, defective photosites, and lateral chromatic aberration, which is the difference between the
planes of a warp. The lists are big-endian in every file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .areas import Area, photosites

NAMES = {
    1: "WarpRectilinear",
    2: "WarpFisheye",
    3: "FixVignetteRadial",
    4: "FixBadPixelsConstant",
    5: "FixBadPixelsList",
    6: "TrimBounds",
    7: "MapTable",
    8: "MapPolynomial",
    9: "GainMap",
    10: "DeltaPerRow",
    11: "DeltaPerColumn",
    12: "ScalePerRow",
    13: "ScalePerColumn",
    14: "WarpRectilinear2",
}
MAX_OPCODES = 64
MAX_DEGREE = 8  # maximum degree of a polynomial
TABLE_ENTRIES = 65536  # length of a whole table; the last entry of a shorter table repeats
MAX_GAIN = 1000.0  # a larger gain is invalid
MAX_COEFFICIENT = 1e9  # a polynomial or a grid with a larger number is invalid


@dataclass(frozen=True, slots=True, eq=False)
class GainMap:
    """Bilinear gains on a coarse grid, (V, H, P) float32, for every `pitch`th row and column of `area`.

    `spacing` and `origin` (vertical, horizontal) place the grid in the picture, whose sides have the length 1. The map
    applies to `planes` planes, starting at `plane`; its last plane of gains repeats if P is smaller.
    """

    area: Area
    plane: int
    planes: int
    pitch: tuple[int, int]
    spacing: tuple[float, float]
    origin: tuple[float, float]
    gains: NDArray[np.float32]

    def at(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int], plane: int
    ) -> NDArray[np.float32]:
        """(len(rows), len(columns)) float32 gains for photosites of `plane` in a picture of `shape`."""
        gains = self.gains[:, :, min(plane - self.plane, self.gains.shape[2] - 1)]
        low, high, fraction = _between(rows, shape[0], self.spacing[0], self.origin[0], gains.shape[0])
        by_row = gains[low] * (1 - fraction[:, None]) + gains[high] * fraction[:, None]
        low, high, fraction = _between(columns, shape[1], self.spacing[1], self.origin[1], gains.shape[1])
        return np.asarray(by_row[:, low] * (1 - fraction) + by_row[:, high] * fraction)


def _between(
    photosites: NDArray[np.intp], side: int, spacing: float, origin: float, points: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The two grid points around the centre of each photosite, and the fraction of the way between them."""
    position = np.clip(((photosites + 0.5) / side - origin) / spacing, 0, points - 1)
    low = np.minimum(position.astype(np.intp), max(points - 2, 0))
    return low, np.minimum(low + 1, points - 1), (position - low).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Vignette:
    """Radial gain 1 + k0 r^2 + k1 r^4 + ... + k4 r^10, with r = 1 at the corner most distant from `centre`.

    `centre` is in fractions of the sides.
    """

    coefficients: tuple[float, ...]
    centre: tuple[float, float]  # x, y


@dataclass(frozen=True, slots=True)
class Warp:
    """Source positions of each plane: six numbers per plane, four radial (r^0, r^2, r^4, r^6) and two tangential.

    `centre` is in fractions of the sides. The factor of red or blue relative to green is lateral chromatic aberration.
    """

    planes: tuple[tuple[float, ...], ...]
    centre: tuple[float, float]  # x, y

    @property
    def lateral(self) -> tuple[float, float] | None:
        """Magnification of red and blue relative to green at half the radius, in thousandths; None unless RGB."""
        if len(self.planes) != 3:
            return None
        red, green, blue = (sum(k * 0.25**n for n, k in enumerate(plane[:4])) for plane in self.planes)
        # The warp gives source positions: a factor above green's reads at a larger distance from the centre.
        return (1000 * (red / green - 1), 1000 * (blue / green - 1)) if green > 0 else None


@dataclass(frozen=True, slots=True)
class BadConstant:
    """Every photosite with this value is defective."""

    constant: int


@dataclass(frozen=True, slots=True, eq=False)
class BadPixels:
    """Defective photosites, (N, 2) int64 rows and columns, and defective areas, (M, 4) int64 as in `Area`."""

    points: NDArray[np.int64]
    areas: NDArray[np.int64]

    def mark(self, marked: NDArray[np.bool_], top: int, left: int) -> None:
        """Sets the defective photosites in `marked`, (H, W), whose corner is at row `top` and column `left`."""
        photosites = self.points - (top, left)
        photosites = photosites[((photosites >= 0) & (photosites < marked.shape)).all(axis=1)]
        marked[photosites[:, 0], photosites[:, 1]] = True
        if not len(self.areas):
            return
        # A two-dimensional prefix sum marks any number of areas at once: +1 at the first corner, -1 at each end.
        first = np.clip(self.areas[:, :2] - (top, left), 0, marked.shape)
        end = np.maximum(np.clip(self.areas[:, 2:] - (top, left), 0, marked.shape), first)
        steps = np.zeros((marked.shape[0] + 1, marked.shape[1] + 1), np.int32)
        for rows, columns, step in ((first, first, 1), (end, end, 1), (first, end, -1), (end, first, -1)):
            np.add.at(steps, (rows[:, 0], columns[:, 1]), step)
        marked |= steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Replaces the light, 0 to 1, of `planes` planes from `plane` on, at every `pitch`th row and column of `area`.

    `numbers` are the coefficients of a polynomial, constant first, or, of a `table`, the outputs of the
    16-bit inputs from 0 on.
    """

    area: Area
    plane: int
    planes: int
    pitch: tuple[int, int]
    numbers: NDArray[np.float64]
    table: bool

    def of(self, light: NDArray[np.float32], first: tuple[int, int]) -> NDArray[np.float32]:
        """The new light, (rows, columns, planes); `first` are the numbers of the first row and column in the area."""
        clipped = np.clip(light, 0.0, 1.0)
        if self.table:
            entries = np.arange(len(self.numbers)) / (TABLE_ENTRIES - 1)
            return np.interp(clipped, entries, self.numbers).astype(np.float32)
        return np.asarray(np.polynomial.polynomial.polyval(clipped, self.numbers), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Lines(Curve):
    """Multiplies the light of each row (`axis` 0) or column (1) by its own number, or `adds` it."""

    axis: int
    adds: bool

    def of(self, light: NDArray[np.float32], first: tuple[int, int]) -> NDArray[np.float32]:
        start = first[self.axis]
        numbers = self.numbers[start : start + light.shape[self.axis]].astype(np.float32)
        by_line = numbers[:, None, None] if self.axis == 0 else numbers[:, None]
        return light + by_line if self.adds else light * by_line


Action = GainMap | Vignette | Curve | Warp | BadConstant | BadPixels


@dataclass(frozen=True, slots=True, eq=False)
class Opcode:
    """One entry of OpcodeList 1, 2 or 3. `action` is None if the opcode is not supported or is `broken`.

    `optional` is the file's flag that the picture may be shown without this opcode.
    """

    stage: int
    number: int
    optional: bool
    action: Action | None
    broken: bool = False

    @property
    def name(self) -> str:
        return NAMES.get(self.number, f"opcode {self.number}")


def parse_opcodes(stage: int, data: bytes) -> list[Opcode]:
    """The opcodes of OpcodeList `stage`, up to the end of `data` or MAX_OPCODES."""
    found: list[Opcode] = []
    if len(data) < 4:
        return found
    count = int.from_bytes(data[:4], "big")
    offset = 4
    for _ in range(min(count, MAX_OPCODES)):
        if offset + 16 > len(data):
            break
        number, _version, flags, size = struct.unpack_from(">4I", data, offset)
        payload = data[offset + 16 : offset + 16 + size]
        offset += 16 + size
        action, broken = None, len(payload) < size
        if number in _READERS and not broken:
            try:
                action = _READERS[number](payload)
            except (struct.error, ValueError):
                broken = True
        found.append(Opcode(stage, number, bool(flags & 1), action, broken))
    return found


def _read_gain_map(payload: bytes) -> GainMap:
    top, left, bottom, right, plane, planes, row_pitch, column_pitch, rows, columns = struct.unpack_from(
        ">10I", payload
    )
    *grid, map_planes = struct.unpack_from(">4dI", payload, 40)
    count = rows * columns * map_planes
    if not 0 < count <= (len(payload) - 76) // 4 or not row_pitch or not column_pitch or not planes:
        raise ValueError("the map has no points")
    gains = np.frombuffer(payload, ">f4", count, 76).astype(np.float32).reshape(rows, columns, map_planes)
    spacing_v, spacing_h, origin_v, origin_h = grid
    if rows == 1:
        spacing_v, origin_v = 1.0, 0.0
    if columns == 1:
        spacing_h, origin_h = 1.0, 0.0
    if not (_is_usual(grid) and spacing_v > 0 and spacing_h > 0):
        raise ValueError("the grid is invalid")
    if not (np.isfinite(gains).all() and gains.min() >= 0 and 0 < gains.max() <= MAX_GAIN):
        raise ValueError("a gain is not in 0..MAX_GAIN")
    return GainMap(
        Area(top, left, bottom, right), plane, planes, (row_pitch, column_pitch), (spacing_v, spacing_h),
        (origin_v, origin_h), gains,
    )  # fmt: skip


def _is_usual(numbers: Sequence[float] | NDArray[np.float64]) -> bool:
    """Whether all numbers are finite, also as float32 and in a product."""
    return bool((np.abs(numbers) <= MAX_COEFFICIENT).all())


def _read_vignette(payload: bytes) -> Vignette:
    numbers = struct.unpack_from(">7d", payload)
    if not _is_usual(numbers):
        raise ValueError("a coefficient is not finite, or too large")
    radii = np.linspace(0, 1, 65)
    gains = _radial(numbers[:5], radii**2)
    if gains.min() <= 0 or gains.max() > MAX_GAIN:
        raise ValueError("the vignetting is invalid")
    if not (0 <= numbers[5] <= 1 and 0 <= numbers[6] <= 1):
        raise ValueError("the centre is outside the picture")
    return Vignette(numbers[:5], (numbers[5], numbers[6]))


def _radial(coefficients: Sequence[float], squared: NDArray[np.floating]) -> NDArray[np.float32]:
    gains = np.ones_like(squared, dtype=np.float32)
    power = np.ones_like(squared, dtype=np.float32)
    for coefficient in coefficients:
        power = power * squared.astype(np.float32)
        gains += np.float32(coefficient) * power
    return gains


def _read_warp(payload: bytes) -> Warp:
    (planes,) = struct.unpack_from(">I", payload)
    if not 1 <= planes <= 4:
        raise ValueError("the number of planes is not 1 to 4")
    numbers = struct.unpack_from(f">{6 * planes + 2}d", payload, 4)
    if not _is_usual(numbers):
        raise ValueError("a coefficient is not finite, or too large")
    split = tuple(tuple(numbers[6 * plane : 6 * plane + 6]) for plane in range(planes))
    return Warp(split, (numbers[-2], numbers[-1]))


def _read_curve(payload: bytes, *, table: bool) -> Curve:
    top, left, bottom, right, plane, planes, row_pitch, column_pitch, count = struct.unpack_from(">9I", payload)
    numbers = np.frombuffer(payload, ">u2" if table else ">f8", count if table else count + 1, 36).astype(np.float64)
    if not row_pitch or not column_pitch or not planes or not len(numbers) or not _is_usual(numbers):
        raise ValueError("the curve is invalid")
    if not table and count > MAX_DEGREE:
        raise ValueError("the degree is too high")
    area, pitch = Area(top, left, bottom, right), (row_pitch, column_pitch)
    return Curve(area, plane, planes, pitch, numbers / 65535.0 if table else numbers, table)


def _read_lines(payload: bytes, *, axis: int, adds: bool) -> Lines:
    top, left, bottom, right, plane, planes, row_pitch, column_pitch, count = struct.unpack_from(">9I", payload)
    length, pitch = ((bottom - top, row_pitch), (right - left, column_pitch))[axis]
    numbers = np.frombuffer(payload, ">f4", count, 36).astype(np.float64)
    if not row_pitch or not column_pitch or not planes or count != -(-length // pitch) or not _is_usual(numbers):
        raise ValueError("the numbers do not fit the area")
    area = Area(top, left, bottom, right)
    return Lines(area, plane, planes, (row_pitch, column_pitch), numbers, False, axis, adds)


def _read_bad_constant(payload: bytes) -> BadConstant:
    constant, _bayer_phase = struct.unpack_from(">2I", payload)
    return BadConstant(constant)


def _read_bad_pixels(payload: bytes) -> BadPixels:
    _bayer_phase, points, areas = struct.unpack_from(">3I", payload)
    if 12 + 8 * points + 16 * areas > len(payload):
        raise ValueError("the list is shorter than its count")
    flat = np.frombuffer(payload, ">u4", 2 * points + 4 * areas, 12)
    whole = flat.astype(np.int64)
    return BadPixels(whole[: 2 * points].reshape(-1, 2), whole[2 * points :].reshape(-1, 4))


_READERS: dict[int, Callable[[bytes], Action]] = {
    1: _read_warp,
    3: _read_vignette,
    4: _read_bad_constant,
    5: _read_bad_pixels,
    7: partial(_read_curve, table=True),
    8: partial(_read_curve, table=False),
    9: _read_gain_map,
    10: partial(_read_lines, axis=0, adds=True),
    11: partial(_read_lines, axis=1, adds=True),
    12: partial(_read_lines, axis=0, adds=False),
    13: partial(_read_lines, axis=1, adds=False),
}


def apply_gains(
    gains: NDArray[np.float32], action: Action, crop: Area, picture: Area, channels: NDArray[np.intp] | None
) -> None:
    """Multiplies `gains`, (H, W) of `crop` or (H, W, 3), by the gains of a map or a vignette.

    The coordinates of `action` refer to `picture`; both areas are in photosites of the file. For a map with colour
    planes, `channels` is the (n, n) block of the mosaic's channels at the corner of `crop`; None if the mosaic is
    plane 0.
    """
    if isinstance(action, Vignette):
        _apply_vignette(gains, action, crop, picture)
    elif isinstance(action, GainMap):
        _apply_map(gains, action, crop, picture, channels)


def _apply_map(
    gains: NDArray[np.float32], gain_map: GainMap, crop: Area, picture: Area, channels: NDArray[np.intp] | None
) -> None:
    rows = photosites(
        gain_map.area.top, gain_map.area.bottom, gain_map.pitch[0], (picture.top, picture.bottom), crop.top
    )
    columns = photosites(
        gain_map.area.left, gain_map.area.right, gain_map.pitch[1], (picture.left, picture.right), crop.left
    )
    rows, columns = rows[rows < crop.shape[0]], columns[columns < crop.shape[1]]
    if not len(rows) or not len(columns):
        return
    view = gains[rows[0] :: gain_map.pitch[0], columns[0] :: gain_map.pitch[1]][: len(rows), : len(columns)]
    in_picture = rows + crop.top - picture.top, columns + crop.left - picture.left
    mosaic_plane = gains.ndim == 2 and channels is None
    for plane in range(gain_map.plane, min(gain_map.plane + gain_map.planes, 1 if mosaic_plane else 3)):
        found = gain_map.at(*in_picture, picture.shape, plane)
        if mosaic_plane:
            view *= found
        elif gains.ndim == 3:
            view[..., plane] *= found
        elif channels is not None:
            block = len(channels)
            view *= np.where(channels[np.ix_(rows % block, columns % block)] == plane, found, np.float32(1))


def apply_curve(light: NDArray[np.float32], curve: Curve, crop: Area, picture: Area) -> None:
    """Replaces the light, (H, W, planes) of `crop`, where the curve applies; its area refers to `picture`."""
    rows = photosites(curve.area.top, curve.area.bottom, curve.pitch[0], (picture.top, picture.bottom), crop.top)
    columns = photosites(curve.area.left, curve.area.right, curve.pitch[1], (picture.left, picture.right), crop.left)
    rows, columns = rows[rows < crop.shape[0]], columns[columns < crop.shape[1]]
    if not len(rows) or not len(columns):
        return
    view = light[rows[0] : crop.shape[0] : curve.pitch[0], columns[0] : crop.shape[1] : curve.pitch[1]]
    view = view[: len(rows), : len(columns), curve.plane : curve.plane + curve.planes]
    corner = rows[0] + crop.top - picture.top - curve.area.top, columns[0] + crop.left - picture.left - curve.area.left
    view[:] = curve.of(view, (corner[0] // curve.pitch[0], corner[1] // curve.pitch[1]))


def _apply_vignette(gains: NDArray[np.float32], vignette: Vignette, crop: Area, picture: Area) -> None:
    height, width = picture.shape
    x, y = vignette.centre[0] * width, vignette.centre[1] * height
    max_squared = max(x, width - x) ** 2 + max(y, height - y) ** 2
    rows = np.arange(crop.top, crop.bottom) - picture.top + 0.5 - y
    columns = np.arange(crop.left, crop.right) - picture.left + 0.5 - x
    squared = (rows**2 / max_squared).astype(np.float32)[:, None] + (columns**2 / max_squared).astype(np.float32)
    found = _radial(vignette.coefficients, squared)
    gains *= found if gains.ndim == 2 else found[..., None]
