"""What every depth map goes through: holes filled, turned and sized as its picture is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..orientation import upright

FAR_M = 10_000.0  # beyond it every lens is at infinity, and float32 arithmetic stays harmless
EDGE_RATIO = 1.1  # neighbours whose distances differ by more belong to two things
ASPECT_RATIO = 1.05  # a map whose sides differ by more from the picture's was made for another field of view

SENSOR_NOISE = 0.02  # standard deviation of a depth sensor's distance, relative to it
GREY_NOISE = 0.01  # the same of a relative map's greys, of all that lies between its brightest and its darkest


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """(H, W) float32 metres, all above 0 and finite, and their standard deviation relative to the distance."""

    depth_m: NDArray[np.float32]
    noise: float = 0.0


def whole_depth(depth_m: NDArray[Any]) -> NDArray[np.float32] | None:
    """(H, W) float32 with a distance everywhere, at most 10 km, or None where no pixel has one.

    A hole takes the farther of the two known pixels beside it in its row, because most holes are what the nearer
    thing hides from a depth sensor; a row without any takes from the rows above and below likewise.
    """
    with np.errstate(over="ignore"):  # what float32 does not hold is beyond 10 km too
        known_m = np.array(depth_m, np.float32, order="C")
    known_m[~(known_m > 0)] = 0.0
    np.minimum(known_m, FAR_M, out=known_m)
    if not known_m.any():
        return None
    if not known_m.all():
        _fill_rows(known_m)
        _fill_empty_rows(known_m)
    return known_m


def relative_noise(depth_m: NDArray[np.float32]) -> float:
    """The standard deviation, relative to the distance, of a map whose greys follow 1/distance: where half is nearer.

    Phones and networks make such maps, soft at their edges and wrong by a grey or two of the 8 bits.
    """
    step = 1 + min(depth_m.shape) // 256
    few_m = depth_m[::step, ::step]
    share = GREY_NOISE * (1.0 / float(few_m.min()) - 1.0 / float(few_m.max())) * float(np.median(few_m))
    return min(max(share, GREY_NOISE / 2), 5 * GREY_NOISE)


def stored_orientation(upright_m: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """An upright (H, W) map as a file of this EXIF orientation would store it."""
    quarter_turns = {6: 8, 8: 6}  # each undoes the other; every other orientation undoes itself
    return upright(upright_m, quarter_turns.get(orientation, orientation))


def check_shape(name: str, depth_m: NDArray[np.float32], size: tuple[int, int]) -> None:
    """SourceError where a map's sides do not have the ratio of the picture's `size`, (width, height), within 5 %."""
    rows, columns = depth_m.shape
    width, height = size
    stretched = columns * height / (rows * width)
    # A map of few samples cannot have the very ratio: one sample more or less is no other field of view.
    within = max(ASPECT_RATIO, 1.0 + 1.0 / min(rows, columns))
    if not 1.0 / within <= stretched <= within:
        raise SourceError(
            f"{name}: a map of {columns}x{rows} does not have the shape of the picture, {width}x{height}; "
            "give one that covers the whole picture and no more"
        )


def resized(depth_m: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize to (width, height): bilinear in 1/distance on a surface, the nearest sample across an edge.

    Averaging over an edge would put pixels where there is nothing, halfway between two things.
    """
    width, height = size
    rows, columns = depth_m.shape
    if (columns, rows) == size:
        return depth_m
    y0, y1, along_y = _neighbours(height, rows)
    x0, x1, along_x = _neighbours(width, columns)
    near_y, near_x = np.where(along_y < 0.5, y0, y1), np.where(along_x < 0.5, x0, x1)
    corners = [depth_m[np.ix_(y, x)] for y in (y0, y1) for x in (x0, x1)]
    on_surface = np.maximum.reduce(corners) <= EDGE_RATIO * np.minimum.reduce(corners)
    top_left, top_right, bottom_left, bottom_right = (np.reciprocal(corner) for corner in corners)
    top = top_left + (top_right - top_left) * along_x
    bottom = bottom_left + (bottom_right - bottom_left) * along_x
    smooth = np.reciprocal(top + (bottom - top) * along_y[:, None])
    return np.where(on_surface, smooth, depth_m[np.ix_(near_y, near_x)])


def _neighbours(count: int, samples: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Of each of `count` pixel centres: the samples before and after it, and how far it is between them, 0..1."""
    centre = np.clip((np.arange(count) + 0.5) * (samples / count) - 0.5, 0.0, samples - 1.0)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, samples - 1), (centre - before).astype(np.float32)


def _fill_rows(known_m: NDArray[np.float32]) -> None:
    """Zeros become the farther of the nearest known pixels to the left and right; rows without any stay zero."""
    width = known_m.shape[1]
    with_holes = np.flatnonzero(~known_m.all(axis=1))
    rows_m = known_m[with_holes]
    is_known = rows_m > 0
    first = np.arange(len(rows_m))[:, None] * width  # of each row, in the flat array
    place = first + np.arange(width)
    left = np.maximum.accumulate(np.where(is_known, place, first), axis=1)
    right = np.minimum.accumulate(np.where(is_known, place, first + width - 1)[:, ::-1], axis=1)[:, ::-1]
    # A known pixel is its own neighbour on both sides.
    known_m[with_holes] = np.maximum(rows_m.take(left), rows_m.take(right))


def _fill_empty_rows(known_m: NDArray[np.float32]) -> None:
    """Rows of zeros become the farther, pixel for pixel, of the nearest rows above and below that are none."""
    full = np.flatnonzero(known_m.any(axis=1))
    empty = np.flatnonzero(~known_m.any(axis=1))
    above = np.maximum(np.searchsorted(full, empty) - 1, 0)
    below = np.minimum(np.searchsorted(full, empty), len(full) - 1)
    known_m[empty] = np.maximum(known_m[full[above]], known_m[full[below]])
