"""The accuracy of a rendering, as PSNR against the ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CROP = 16  # pixels at the border that are not compared: the scene beyond is unknown
BAND = 8  # pixels from a depth edge
EDGE_RATIO = 1.05  # a larger ratio of the depths of two neighbours is a depth edge
Picture = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Score:
    """PSNR in dB, with gamma 1/2.2: of the whole picture, and within 8 px of depth edges (nan without depth edges)."""

    whole_db: float
    edges_db: float


def compare(rendered: Picture, ground_truth: Picture, depth_m: NDArray[np.floating] | None = None) -> Score:
    """Compares scene-linear pictures (H, W, 3); `depth_m` (H, W) gives the depth edges."""
    inner = (slice(CROP, -CROP), slice(CROP, -CROP))
    squares = ((_encoded(rendered) - _encoded(ground_truth))[inner] ** 2).mean(axis=2)
    if depth_m is None:
        return Score(_db(squares), float("nan"))
    return Score(_db(squares), _db(squares[_near_edges(depth_m)[inner]]))


def _encoded(picture: Picture) -> Picture:
    return np.asarray(np.clip(picture, 0, 1) ** (1 / 2.2))


def _db(squares: Picture) -> float:
    return float(-10 * np.log10(squares.mean())) if squares.size else float("nan")


def _near_edges(depth_m: NDArray[np.floating]) -> NDArray[np.bool_]:
    near = np.zeros(depth_m.shape, bool)
    for axis in (0, 1):
        before, after = np.moveaxis(depth_m, axis, 0)[:-1], np.moveaxis(depth_m, axis, 0)[1:]
        edge = np.maximum(before, after) > EDGE_RATIO * np.minimum(before, after)
        marked = np.moveaxis(near, axis, 0)
        marked[:-1] |= edge
        marked[1:] |= edge
    height, width = depth_m.shape
    rows, columns = np.nonzero(near)
    band = np.zeros_like(near)
    for dy in range(-BAND, BAND + 1):
        for dx in range(-BAND, BAND + 1):
            if dx * dx + dy * dy <= BAND * BAND:
                y, x = rows + dy, columns + dx
                inside = (y >= 0) & (x >= 0) & (y < height) & (x < width)
                band[y[inside], x[inside]] = True
    return band
