"""Finds a ColorChecker Classic in a picture as a lattice of six by four flat square areas.

The search holds for any view of the chart: a distant square is a parallelogram, and a homography maps the squares of a
plane to a lattice. It does not use the colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .homography import homography, through

COLUMNS, ROWS = 6, 4
MIN_FOUND = 12  # minimum number of the 24 patches; those as dark as the frame are not visible
# Long sides of the searched picture in pixels: the smaller sizes average noise, the larger ones show small charts.
LONG_SIDES = (640, 1280, 320, 160)
MAX_DISTANCE = 14.0  # between two patches of a chart, in sides of a patch
MAX_DEVIATION = 0.25  # maximum distance of a patch from its lattice point, in cells
SUFFICIENT_PATCHES = 20  # patches in a rectangle that end the search from a seed
SHIFTS = 16  # rectangles kept per lattice, which may lack patches or include areas outside the chart
NEIGHBOURS = 6  # candidates for the next patch in a row or a column
MIN_AROUND_SEED = 5  # minimum number of patches among the nine around the seed
MIN_SIDE = 32  # minimum side of a searched picture in pixels
MAX_AREAS = 400  # maximum number of seeds, the largest first: foliage and bricks have thousands of areas
FLAT_LIMIT = 2.0  # noise deviations, as RMS of six differences: one pixel in 2000 of a flat area exceeds it


@dataclass(frozen=True, slots=True, eq=False)
class _Areas:
    """Flat square areas: their centres (N, 2) in pixels, and their numbers of pixels, (N,)."""

    centres: NDArray[np.float64]
    sizes: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rectangle:
    """Six by four lattice cells, or four by six if `is_upright`. The areas `members` (N,) are in `cells` (N, 2)."""

    cells: NDArray[np.intp]
    members: NDArray[np.intp]
    is_upright: bool

    @property
    def patches(self) -> int:
        return len(self.members)

    def corners(self, areas: _Areas) -> NDArray[np.float64]:
        """(4, 2) in pixels, the long side first."""
        rectangle = np.array([(0, 0), (COLUMNS, 0), (COLUMNS, ROWS), (0, ROWS)], np.float64)
        if self.is_upright:
            rectangle = np.stack([ROWS - rectangle[:, 1], rectangle[:, 0]], axis=1)
        return through(homography(np.asarray(self.cells + 0.5, np.float64), areas.centres[self.members]), rectangle)


def find_charts(light: NDArray[np.float64]) -> Iterator[list[NDArray[np.float64]]]:
    """Yields the rectangles of six by four patches in linear light (H, W, 3), for each of several picture sizes.

    A rectangle is its corners (4, 2) in pixels. Each is listed twice, once rotated by 180 degrees: one of the two
    starts at the dark skin patch.
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
    """The flat square areas of `light`. Flat means that neighbouring pixels differ by little more than the noise."""
    relative = np.clip(light / np.maximum(np.percentile(light, 99, axis=(0, 1)), 1e-9), 0, 1)
    # Variance stabilization: noise grows with the root of light, plus a constant part.
    stabilized = np.sqrt(relative + 0.02 + 4 * np.median(np.abs(np.diff(relative, axis=1))))
    changes = np.concatenate(
        [stabilized[1:-1, 2:] - stabilized[1:-1, :-2], stabilized[2:, 1:-1] - stabilized[:-2, 1:-1]], axis=2
    )
    noise = np.maximum(np.median(np.abs(changes), axis=(0, 1)) / 0.6745, 0.01)  # deviations of a normal distribution
    flat = ((changes / noise) ** 2).mean(axis=2) < FLAT_LIMIT**2
    labels, count = _labelled(flat)
    y, x = np.nonzero(flat)
    area = labels[y, x]
    pixels = np.bincount(area, minlength=count).astype(np.float64)
    centre = [np.bincount(area, axis, count) / pixels for axis in (x, y)]
    xx, xy, yy = (
        np.bincount(area, first * second, count) / pixels - centre[i] * centre[j]
        for first, second, i, j in ((x, x, 0, 0), (x, y, 0, 1), (y, y, 1, 1))
    )
    xx, yy = xx + 1 / 12, yy + 1 / 12  # the moment of a square pixel itself
    # The moments of a parallelogram of area A have the determinant (A / 12)**2; other shapes have a larger one.
    determinant = np.maximum(xx * yy - xy**2, 1e-9)
    compact = pixels / (12 * np.sqrt(determinant))
    trace = xx + yy
    stretch = (trace + np.sqrt(np.maximum(trace**2 - 4 * determinant, 0))) / (2 * np.sqrt(determinant))
    keep = (pixels >= 16) & (pixels < flat.size / 24) & (compact > 0.88) & (compact < 1.1) & (stretch < 2.5)
    return _Areas(np.stack(centre, axis=1)[keep] + 1.5, pixels[keep])


def _labelled(flat: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """Labels the connected areas of `flat` (H, W), -1 elsewhere, and counts them.

    Adjoining runs of neighbouring rows take the smaller of their two labels until no label changes.
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
    """The rectangles with the most patches, of every lattice."""
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
            if best and best[0].patches >= SUFFICIENT_PATCHES:
                break
        if best:
            taken[best[0].members] = True
            found += best[:SHIFTS]
    return found


def _axes(areas: _Areas, seed: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yields the steps to two neighbours of similar size: candidates for the next patch in the row and the column."""
    side = np.sqrt(areas.sizes[seed])
    steps = areas.centres - areas.centres[seed]
    length = np.hypot(*steps.T)
    similar = (areas.sizes > 0.4 * areas.sizes[seed]) & (areas.sizes < 2.5 * areas.sizes[seed])
    near = np.flatnonzero(similar & (length > 0.8 * side) & (length < 2.8 * side))
    near = near[np.argsort(length[near])][:NEIGHBOURS]
    for first in near:
        for other in near:
            turn = steps[first, 0] * steps[other, 1] - steps[first, 1] * steps[other, 0]
            if turn > 0.75 * length[first] * length[other] and 0.55 < length[first] / length[other] < 1.8:
                yield steps[first], steps[other]


def _grown(
    areas: _Areas, seed: int, along: NDArray[np.float64], down: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Extends a lattice from the area `seed` by one cell at a time and refits it. Returns cells and areas."""
    columns = [np.append(along, 0), np.append(down, 0), np.append(areas.centres[seed], 1)]
    to_cells = np.linalg.inv(np.stack(columns, axis=1))
    side = np.sqrt(areas.sizes[seed])
    similar = (areas.sizes > 0.2 * side**2) & (areas.sizes < 5 * side**2)
    near = np.flatnonzero(similar & (np.hypot(*(areas.centres - areas.centres[seed]).T) < MAX_DISTANCE * side))
    centres = areas.centres[near]
    cells, members = np.empty((0, 2), np.intp), np.empty(0, np.intp)
    for radius in range(1, COLUMNS):
        positions = through(to_cells, centres)
        nearest = np.round(positions)
        deviation = np.hypot(*(positions - nearest).T)
        inside = np.flatnonzero((deviation < MAX_DEVIATION) & (np.abs(nearest) <= radius).all(axis=1))
        inside = inside[np.argsort(deviation[inside])]
        _, first = np.unique(nearest[inside], axis=0, return_index=True)  # the nearest area per cell
        members = inside[first]
        cells = nearest[members].astype(np.intp)
        if len(members) < MIN_AROUND_SEED:
            return cells[:0], members[:0]
        to_cells = homography(centres[members], cells.astype(np.float64), affine=len(members) < 8)
    return cells, near[members]


def _rectangles(cells: NDArray[np.intp], members: NDArray[np.intp]) -> list[_Rectangle]:
    """The rectangles of six by four or four by six cells with at least MIN_FOUND patches, most patches first."""
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
                    found.append(_Rectangle(own[inside], members[inside], is_upright))
    return sorted(found, key=lambda rectangle: -rectangle.patches)
