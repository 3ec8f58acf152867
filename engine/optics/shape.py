"""The aperture for the kernels: tables of its shape over the picture, and polynomials of the field.

`kernels/aperture.h` describes the layout of the tables.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kept import Kept
from ..lens import Lens
from .aperture import extent, gauge_table, is_round, open_area, profile

REACH, STEPS_PER_PX, PROFILE = 16, 8, 64  # same values as in kernels/aperture.h
SUMS = STEPS_PER_PX * REACH + 2
SIDE = 2 * REACH + 1
TAPS_AT, OFFSETS_AT, COUNTS_AT = SIDE**2, 2 * SIDE**2, 4 * SIDE**2
SUMS_AT = COUNTS_AT + SUMS
CELL_FLOATS = SUMS_AT + 2 * SUMS
CELLS = (15, 9)  # for a lens whose discs vary over the picture
SHAPES_KEPT = 8  # shapes; 2.5 MB for a lens whose discs vary over the picture
# Coefficients a to d of 1 + a h + b h^2 + c h^3 + d h^4, where h is the distance from the picture's centre, 1 in the
# corners.
OfField = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """`table` and `profile` for the kernels; number of `cells` (across, down); `extent` in radii.

    `opening` and `falloff` are polynomials of the field: factors of the disc radius and of the light.
    """

    table: NDArray[np.float32]
    profile: NDArray[np.float32]
    cells: tuple[int, int]
    extent: float
    rim: float
    opening: OfField
    falloff: OfField
    is_plain: bool


class _Key(NamedTuple):
    lens: Lens
    aspect: float
    native_lens: Lens | None


class _Shapes:
    """The latest shapes. Each is computed once, by the first thread that asks for it; others wait for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Future[Shape]] = OrderedDict()
        self._lock = Lock()  # held only for lookups

    def of(self, key: _Key) -> Shape:
        future, is_new = self._requested(key)
        if is_new:
            self._compute(key, future)
        return future.result()

    def ahead(self, key: _Key) -> None:
        future, is_new = self._requested(key)
        if is_new:
            Thread(target=self._compute, args=(key, future), name="groundglass-shape", daemon=True).start()

    def _requested(self, key: _Key) -> tuple[Future[Shape], bool]:
        """The shape of `key`, the latest from now on, and whether the caller has to compute it."""
        with self._lock:
            is_new = key not in self._kept
            future = self._kept.setdefault(key, Future())
            self._kept.move_to_end(key)
            if len(self._kept) > SHAPES_KEPT:
                self._kept.popitem(last=False)
        return future, is_new

    def _compute(self, key: _Key, future: Future[Shape]) -> None:
        try:
            future.set_result(_make(*key))
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            future.set_exception(error)

    def latest(self) -> Shape | None:
        with self._lock:
            future = next(reversed(self._kept.values()), None)
        return None if future is None else future.result()

    def has(self, key: _Key) -> bool:
        future = self._kept.get(key)
        return future is not None and future.done()


_shapes = _Shapes()
_latest: Kept[Shape] = Kept(SHAPES_KEPT)


def shape_of(lens: Lens, aspect: float, native_lens: Lens | None = None) -> Shape:
    """Shape of a lens at its aperture, for a picture of `aspect` (width over height) with the vignetting of
    `native_lens`.

    It takes some 25 ms for a lens whose discs vary over the picture. The latest shapes are kept.
    """
    return _latest.found((lens, aspect, native_lens), lambda: _shapes.of(_Key(lens, aspect, native_lens)))


def latest_shape() -> Shape | None:
    """The shape that was requested last, perhaps for another picture; None without one. Waits for it."""
    return _shapes.latest()


def has_shape(lens: Lens, aspect: float, native_lens: Lens | None = None) -> bool:
    """Whether `shape_of` would return at once."""
    return _shapes.has(_Key(lens, aspect, native_lens))


def shape_ahead(lens: Lens, aspect: float, native_lens: Lens | None = None) -> None:
    """Computes a shape in a thread, unless it is kept."""
    _shapes.ahead(_Key(lens, aspect, native_lens))


def _make(lens: Lens, aspect: float, native_lens: Lens | None) -> Shape:
    varies = lens.swirl != 1.0 or lens.opening > 1.0 - lens.cats_eye
    cells = CELLS if varies else (1, 1)
    table = _table(gauge_table(lens, REACH, cells, aspect).reshape(-1, SIDE**2).astype(np.float32))
    squares = np.linspace(0.0, 1.0, PROFILE + 1)
    rows = np.stack([profile(lens, np.sqrt(squares), side) for side in (1, -1)]).astype(np.float32)
    height = np.linspace(0.0, 1.0, 33)
    light = _fall_off(lens, height, aspect)
    if native_lens is not None:
        light /= _fall_off(native_lens, height, aspect)
    open_share = open_area(lens, height, 0.0)
    opening, falloff = _of_field(height, np.sqrt(open_share)), _of_field(height, light)
    return Shape(table, rows, cells, extent(lens), _rim(lens), opening, falloff, is_plain(lens))


def is_plain(lens: Lens) -> bool:
    """Whether all its discs are circular, uniform and equal in all colours: the kernels then have no tables."""
    return is_round(lens) and not (_rim(lens) or lens.onion_rings or lens.longitudinal_red or lens.longitudinal_blue)


def _rim(lens: Lens) -> float:
    return (1.0 - lens.onion_rings) * lens.spherical_at_f_number


def _fall_off(lens: Lens, height: NDArray[np.float64], aspect: float) -> NDArray[np.float64]:
    """Light at distances from the centre: natural falloff times rim vignetting."""
    return np.asarray(2.0 ** -lens.vignetting_stops(height, aspect) * open_area(lens, height, 0.0) ** lens.vignetting)


def _of_field(height: NDArray[np.float64], values: NDArray[np.float64]) -> OfField:
    basis = np.stack([height**power for power in (1, 2, 3, 4)], axis=1)
    a, b, c, d = np.linalg.lstsq(basis, values - 1.0, rcond=None)[0]
    return float(a), float(b), float(c), float(d)


def _table(gauges: NDArray[np.float32]) -> NDArray[np.float32]:
    """(cells, CELL_FLOATS) as described in kernels/aperture.h; integers are stored as their bits.

    Opposite cells are the same, so it computes the first half of them.
    """
    cells = len(gauges)
    upper = gauges[: (cells + 1) // 2]
    order = np.argsort(upper, axis=1, kind="stable")
    taps = np.take_along_axis(upper, order, axis=1)
    # From the pixel to the source: the negative of the offset in the source's disc.
    offsets = np.stack([REACH - order % SIDE, REACH - order // SIDE], axis=2).reshape(len(taps), -1)
    radii = np.arange(SUMS) / STEPS_PER_PX
    counts = ranks(taps, radii, "right")
    whole = [part.astype(np.int32).view(np.float32) for part in (offsets, counts)]
    table = np.concatenate([upper, taps, *whole, _sums(taps, radii)], axis=1)
    return np.concatenate([table, table[: cells // 2][::-1]])


def ranks(taps: NDArray[np.float32], radii: NDArray[np.float64], side: Literal["left", "right"]) -> NDArray[np.intp]:
    """(rows, radii): how many of the ascending `taps` of each row are below (`right`: or at) each of the radii.

    One search for all rows: each row has its own range of numbers.
    """
    cells, count = taps.shape
    apart = 4.0 * SIDE * np.arange(cells)[:, None]
    found = np.searchsorted((taps + apart).ravel(), (radii + apart).ravel(), side)
    return np.asarray(found.reshape(cells, -1) - count * np.arange(cells)[:, None])


def _sums(taps: NDArray[np.float32], radii: NDArray[np.float64]) -> NDArray[np.float32]:
    """(cells, 2 SUMS), interleaved: sum over all pixels of the coverage by a disc, and of coverage times g^2.

    Coverage is 1 if g < r - 1/2, and falls to 0 at r + 1/2 as r + 1/2 - g. Sums of sorted powers of g give both.
    """
    whole, partly = (ranks(taps, radii + offset, "left") for offset in (-0.5, 0.5))
    sums = np.zeros((len(taps), taps.shape[1] + 1))
    power = np.ones(taps.shape)
    inside, around = [], []  # by power of g: the sum where the coverage is 1, and where it falls
    for _ in range(4):
        np.cumsum(power, axis=1, out=sums[:, 1:])
        below = np.take_along_axis(sums, whole, axis=1)
        inside.append(below)
        around.append(np.take_along_axis(sums, partly, axis=1) - below)
        power *= taps
    edge = radii + 0.5
    covered = inside[0] + edge * around[0] - around[1]
    squared = inside[2] + edge * around[2] - around[3]
    return np.stack([covered, squared], axis=2).astype(np.float32).reshape(len(taps), -1)
