"""Preparation of depth maps: fills holes, rotates the map and resizes it to its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..orientation import upright

NEAR_M = 1e-4  # a nearer limit of a map's range is invalid
FAR_M = 10_000.0  # equivalent to infinity for every lens, and safe in float32
EDGE_RATIO = 1.1  # neighbours with a larger ratio of distances belong to two objects
ASPECT_RATIO = 1.05  # a map whose aspect ratio differs by more from the picture's has another field of view

SENSOR_NOISE = 0.02  # standard deviation of a depth sensor's distance, relative to it
GREY_NOISE = 0.01  # the same for a relative map's greys, as a fraction of their range


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """(H, W) float32 metres, all positive and finite, and their standard deviation relative to the distance."""

    depth_m: NDArray[np.float32]
    noise: float = 0.0


def whole_depth(depth_m: NDArray[Any]) -> NDArray[np.float32] | None:
    """(H, W) float32 with a distance everywhere, at most 10 km, or None if the map has no valid pixel.

    A hole takes the farther of the two adjacent known pixels in its row, since most holes of a sensor are occlusions.
    Rows without any known pixel take values from the rows above and below in the same way.
    """
    with np.errstate(over="ignore"):  # values beyond float32 exceed 10 km too
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
    """Standard deviation, relative to the distance, of a map whose greys are linear in 1/distance, at its median.

    Phones and networks produce such maps, with soft edges and errors of one or two of 256 grey levels.
    """
    step = 1 + min(depth_m.shape) // 256
    few_m = depth_m[::step, ::step]
    share = GREY_NOISE * (1.0 / float(few_m.min()) - 1.0 / float(few_m.max())) * float(np.median(few_m))
    return min(max(share, GREY_NOISE / 2), 5 * GREY_NOISE)


def stored_orientation(upright_m: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """An upright (H, W) map in the storage order of a file with this EXIF orientation."""
    quarter_turns = {6: 8, 8: 6}  # inverse of each other; every other orientation is its own inverse
    return upright(upright_m, quarter_turns.get(orientation, orientation))


def check_shape(
    name: str, samples: NDArray[np.float32], size: tuple[int, int], remedy: str = "", kind: str = "map"
) -> None:
    """Raises SourceError if the map's aspect ratio differs by more than 5 % from that of the picture's `size`, (width,
    height). `remedy` is an option that may help, `kind` what the map is.
    """
    rows, columns = samples.shape
    width, height = size
    stretched = columns * height / (rows * width)
    # Rounding of a small map's size changes its ratio: a difference of one sample is allowed.
    within = max(ASPECT_RATIO, 1.0 + 1.0 / min(rows, columns))
    if not 1.0 / within <= stretched <= within:
        raise SourceError(
            f"{name}: a {kind} of {columns}x{rows} does not have the shape of the picture, {width}x{height}; "
            f"use a {kind} that covers exactly the picture{f', or its part with {remedy}' if remedy else ''}"
        )


def resized(depth_m: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resizes to (width, height): bilinear in 1/distance on a surface, nearest sample across an edge.

    Averaging across an edge would create distances between the two objects, where there is no surface.
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
    """For each of `count` pixel centres: the samples before and after it, and its position between them, 0..1."""
    centre = np.clip((np.arange(count) + 0.5) * (samples / count) - 0.5, 0.0, samples - 1.0)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, samples - 1), (centre - before).astype(np.float32)


def _fill_rows(known_m: NDArray[np.float32]) -> None:
    """Zeros become the farther of the nearest known pixels to the left and right; rows without any stay zero."""
    width = known_m.shape[1]
    with_holes = np.flatnonzero(~known_m.all(axis=1))
    rows_m = known_m[with_holes]
    is_known = rows_m > 0
    first = np.arange(len(rows_m))[:, None] * width  # start of each row in the flat array
    index = first + np.arange(width)
    left = np.maximum.accumulate(np.where(is_known, index, first), axis=1)
    right = np.minimum.accumulate(np.where(is_known, index, first + width - 1)[:, ::-1], axis=1)[:, ::-1]
    # A known pixel is its own neighbour on both sides.
    known_m[with_holes] = np.maximum(rows_m.take(left), rows_m.take(right))


def _fill_empty_rows(known_m: NDArray[np.float32]) -> None:
    """Fills rows of zeros, pixel by pixel, with the farther of the nearest non-zero rows above and below."""
    full = np.flatnonzero(known_m.any(axis=1))
    empty = np.flatnonzero(~known_m.any(axis=1))
    above = np.maximum(np.searchsorted(full, empty) - 1, 0)
    below = np.minimum(np.searchsorted(full, empty), len(full) - 1)
    known_m[empty] = np.maximum(known_m[full[above]], known_m[full[below]])
