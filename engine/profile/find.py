"""Where a ColorChecker Classic lies in a picture: flat areas the shape of squares, in a lattice of six by four.

Both stay what they are in any view of the chart: a square seen from afar is a parallelogram, however it is turned, and
squares in a plane form a lattice that one homography maps. What the colours are is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .homography import homography, through

COLUMNS, ROWS = 6, 4
MIN_FOUND = 12  # patches of the 24 that must be seen; those as dark as the frame are not
LONG_SIDES = (
    640,
    1280,
    320,
    160,
)  # pixels of the picture in which areas are sought: noise averages, then small charts are seen
FAR = 14.0  # sides of a patch, to the farthest of the others
STEP = 0.25  # maximum distance of a patch from its lattice point, in cells
CERTAIN_SHARE = 20  # patches in a rectangle, after which no other steps are tried from one of them
SHIFTS = 16  # rectangles of a lattice that are kept, for patches that were not seen, or areas beside the chart
NEIGHBOURS = 6  # candidates for the next patch of a row or a column
BESIDE = 5  # patches that must be seen among nine, the one that is begun with in their middle
MIN_SIDE = 32  # pixels of a picture in which a chart may be seen
MAX_AREAS = 400  # areas of which lattices are begun, the largest first: foliage and bricks have thousands
SURE = 2.0  # deviations of the noise in the mean of six: one pixel in 2000 of a flat area


@dataclass(frozen=True, slots=True, eq=False)
class _Areas:
    """Flat areas the shape of squares: middles (N, 2), in pixels, and how many pixels each has, (N,)."""

    middles: NDArray[np.float64]
    sizes: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rectangle:
    """Six by four cells of a lattice, or four by six if `is_upright`: those (N, 2) in which areas `seen` (N,) lie."""

    cells: NDArray[np.intp]
    seen: NDArray[np.intp]
    is_upright: bool

    @property
    def patches(self) -> int:
        return len(self.seen)

    def corners(self, areas: _Areas) -> NDArray[np.float64]:
        """(4, 2) in pixels, the long side first."""
        places = np.array([(0, 0), (COLUMNS, 0), (COLUMNS, ROWS), (0, ROWS)], np.float64)
        if self.is_upright:
            places = np.stack([ROWS - places[:, 1], places[:, 0]], axis=1)
        return through(homography(np.asarray(self.cells + 0.5, np.float64), areas.middles[self.seen]), places)


def find_charts(light: NDArray[np.float64]) -> Iterator[list[NDArray[np.float64]]]:
    """Corners (4, 2) of rectangles of six by four patches in linear light (H, W, 3), in pixels, as many as are found in
    the picture at each of several sizes.

    Each rectangle comes twice, turned by half: its first corner is that of the dark skin patch in one of both.
    """
    for factor in dict.fromkeys(max(1, round(max(light.shape[:2]) / long_side)) for long_side in LONG_SIDES):
        height, width = (side // factor for side in light.shape[:2])
        if min(height, width) < MIN_SIDE:
            continue
        blocks = light[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
        areas = _areas(blocks.mean(axis=(1, 3)))
        found = [factor * rectangle.corners(areas) for rectangle in _lattices(areas)]
        yield [np.roll(corners, turn, axis=0) for corners in found for turn in (0, 2)]


def _areas(light: NDArray[np.float64]) -> _Areas:
    """An area is flat where light differs from one pixel to the next by little more than noise makes it differ."""
    relative = np.clip(light / np.maximum(np.percentile(light, 99, axis=(0, 1)), 1e-9), 0, 1)
    # Noise is to be about the same in bright and dark: it grows as the root of light, but has a part that does not.
    even = np.sqrt(relative + 0.02 + 4 * np.median(np.abs(np.diff(relative, axis=1))))
    changes = np.concatenate([even[1:-1, 2:] - even[1:-1, :-2], even[2:, 1:-1] - even[:-2, 1:-1]], axis=2)
    noise = np.maximum(np.median(np.abs(changes), axis=(0, 1)) / 0.6745, 0.01)  # deviations of a normal distribution
    flat = ((changes / noise) ** 2).mean(axis=2) < SURE**2
    labels, count = _labelled(flat)
    y, x = np.nonzero(flat)
    area = labels[y, x]
    pixels = np.bincount(area, minlength=count).astype(np.float64)
    middle = [np.bincount(area, place, count) / pixels for place in (x, y)]
    xx, xy, yy = (
        np.bincount(area, one * other, count) / pixels - middle[i] * middle[j]
        for one, other, i, j in ((x, x, 0, 0), (x, y, 0, 1), (y, y, 1, 1))
    )
    xx, yy = xx + 1 / 12, yy + 1 / 12  # a pixel is a square, too
    # A parallelogram of area A has moments of determinant (A / 12)**2 whatever its shape; all else has larger ones.
    determinant = np.maximum(xx * yy - xy**2, 1e-9)
    compact = pixels / (12 * np.sqrt(determinant))
    trace = xx + yy
    stretch = (trace + np.sqrt(np.maximum(trace**2 - 4 * determinant, 0))) / (2 * np.sqrt(determinant))
    keep = (pixels >= 16) & (pixels < flat.size / 24) & (compact > 0.88) & (compact < 1.1) & (stretch < 2.5)
    return _Areas(np.stack(middle, axis=1)[keep] + 1.5, pixels[keep])


def _labelled(flat: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """The number of the connected area in which each pixel of `flat` (H, W) lies, and how many there are.

    Runs of a row are joined to those of the row above by taking the smaller of both numbers until nothing changes.
    """
    height, width = flat.shape
    edges = np.diff(np.pad(flat, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    run = np.zeros((height, width + 1), np.intp)
    run[row, first] = 1
    run = np.where(flat, np.cumsum(run[:, :width].ravel()).reshape(height, width) - 1, -1)
    both = flat[1:] & flat[:-1]
    pairs = np.unique(np.stack([run[:-1][both], run[1:][both]], axis=1), axis=0)
    root = np.arange(len(end))
    while True:
        low = np.minimum(root[pairs[:, 0]], root[pairs[:, 1]])
        before = root.copy()
        for side in (0, 1):
            np.minimum.at(root, root[pairs[:, side]], low)
            np.minimum.at(root, pairs[:, side], low)
        root = root[root]
        if (root == before).all():
            break
    _, number = np.unique(root, return_inverse=True)
    return np.where(flat, number[run], -1) if len(end) else run, int(number.max(initial=-1)) + 1


def _lattices(areas: _Areas) -> list[_Rectangle]:
    """The fullest rectangles of every lattice."""
    found = []
    taken = np.zeros(len(areas.sizes), bool)
    for seed in np.argsort(-areas.sizes)[:MAX_AREAS]:
        if taken[seed]:
            continue
        best: list[_Rectangle] = []
        for along, down in _axes(areas, seed):
            rectangles = _rectangles(*_grown(areas, seed, along, down))
            if rectangles and (not best or rectangles[0].patches > best[0].patches):
                best = rectangles
            if best and best[0].patches >= CERTAIN_SHARE:
                break
        if best:
            taken[best[0].seen] = True
            found += best[:SHIFTS]
    return found


def _axes(areas: _Areas, seed: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Steps to two neighbours of like size that may be those along a row and down a column."""
    side = np.sqrt(areas.sizes[seed])
    steps = areas.middles - areas.middles[seed]
    length = np.hypot(*steps.T)
    like = (areas.sizes > 0.4 * areas.sizes[seed]) & (areas.sizes < 2.5 * areas.sizes[seed])
    near = np.flatnonzero(like & (length > 0.8 * side) & (length < 2.8 * side))
    near = near[np.argsort(length[near])][:NEIGHBOURS]
    for first in near:
        for other in near:
            turn = steps[first, 0] * steps[other, 1] - steps[first, 1] * steps[other, 0]
            if turn > 0.75 * length[first] * length[other] and 0.55 < length[first] / length[other] < 1.8:
                yield steps[first], steps[other]


def _grown(
    areas: _Areas, seed: int, along: NDArray[np.float64], down: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The lattice of two steps from an area, refitted after each extension by one cell."""
    columns = [np.append(along, 0), np.append(down, 0), np.append(areas.middles[seed], 1)]
    to_cells = np.linalg.inv(np.stack(columns, axis=1))
    side = np.sqrt(areas.sizes[seed])
    like = (areas.sizes > 0.2 * side**2) & (areas.sizes < 5 * side**2)
    near = np.flatnonzero(like & (np.hypot(*(areas.middles - areas.middles[seed]).T) < FAR * side))
    middles = areas.middles[near]
    cells, seen = np.empty((0, 2), np.intp), np.empty(0, np.intp)
    for reach in range(1, COLUMNS):
        places = through(to_cells, middles)
        nearest = np.round(places)
        off = np.hypot(*(places - nearest).T)
        inside = np.flatnonzero((off < STEP) & (np.abs(nearest) <= reach).all(axis=1))
        inside = inside[np.argsort(off[inside])]
        _, first = np.unique(nearest[inside], axis=0, return_index=True)  # one area a cell, the nearest
        seen = inside[first]
        cells = nearest[seen].astype(np.intp)
        if len(seen) < BESIDE:
            return cells[:0], seen[:0]
        to_cells = homography(middles[seen], cells.astype(np.float64), plain=len(seen) < 8)
    return cells, near[seen]


def _rectangles(cells: NDArray[np.intp], seen: NDArray[np.intp]) -> list[_Rectangle]:
    """Every rectangle of six by four cells, either way, that holds enough patches; those with most first."""
    found = []
    low, high = cells.min(axis=0, initial=COLUMNS), cells.max(axis=0, initial=-COLUMNS)
    for is_upright in (False, True):
        size = np.array((ROWS, COLUMNS) if is_upright else (COLUMNS, ROWS))
        first, last = np.minimum(low, high - size + 1), np.maximum(low, high - size + 1)
        for x in range(first[0], last[0] + 1):
            for y in range(first[1], last[1] + 1):
                own = cells - (x, y)
                inside = ((own >= 0) & (own < size)).all(axis=1)
                if inside.sum() >= MIN_FOUND:
                    found.append(_Rectangle(own[inside], seen[inside], is_upright))
    return sorted(found, key=lambda rectangle: -rectangle.patches)
