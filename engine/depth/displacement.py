"""Displacement of pictures and depth maps by the motion of blocks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_ROWS = 16  # rows of a matrix product: a longer one runs in several threads, which wait for each other


def moved(key: Array, dx: Array, dy: Array) -> Array:
    """The (h, w) picture `key`, displaced in its pixels by the motion of blocks (rows, columns), interpolated linearly.

    Its border is repeated.
    """
    height, width = key.shape
    x = interpolated(dx, key.shape) + np.arange(width, dtype=np.float32)
    y = interpolated(dy, key.shape) + np.arange(height, dtype=np.float32)[:, None]
    np.clip(x, 0, width - 1, out=x)
    np.clip(y, 0, height - 1, out=y)
    column, row = x.astype(np.intp), y.astype(np.intp)
    share_x, share_y = (x - column).astype(np.float32), (y - row).astype(np.float32)
    row *= width
    row += column
    flat = key.ravel()
    top = _between(flat, row, share_x)
    row += width
    top += (_between(flat, row, share_x) - top) * share_y
    return top


def _between(flat: Array, at: NDArray[np.intp], share: Array) -> Array:
    """Values between those `at` and those after them; at the end the share is 0."""
    first = flat.take(at, mode="clip")
    first += (flat.take(at + 1, mode="clip") - first) * share
    return first


class MapMover:
    """Finds for each sample of a depth map its nearest sample in the map before: between two there may be no surface.

    It keeps its memory: new pages take longer than the arithmetic. Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()

    def positions(self, dx: Array, dy: Array, shape: tuple[int, ...]) -> NDArray[np.intp]:
        """(h, w) of `shape`: positions in the raveled map before, by the motion of blocks in samples.

        Valid until the next call.
        """
        if shape != self._shape:
            self._shape = shape
            self._place = np.empty(shape, np.float32)
            self._column, self._row = np.empty(shape, np.intp), np.empty(shape, np.intp)
        height, width = shape
        self._find(dx, np.arange(width, dtype=np.float32), width, self._column)
        self._find(dy, np.arange(height, dtype=np.float32)[:, None], height, self._row)
        self._row *= width
        self._row += self._column
        return self._row

    def _find(self, displacement: Array, origin: Array, side: int, found: NDArray[np.intp]) -> None:
        place = self._place
        np.add(interpolated(displacement, self._shape), origin + np.float32(0.5), out=place)
        np.clip(place, 0, side - 1, out=place)
        found[...] = place


def interpolated(per_block: Array, shape: tuple[int, ...]) -> Array:
    """(h, w) of `shape`: values of blocks, linear between their centres."""
    down = block_weights(shape[0], per_block.shape[0]) @ per_block
    groups = np.zeros((-(-shape[0] // _ROWS) * _ROWS, down.shape[1]), np.float32)
    groups[: shape[0]] = down
    across = groups.reshape(-1, _ROWS, down.shape[1]) @ block_weights(shape[1], per_block.shape[1]).T
    return np.asarray(across.reshape(-1, shape[1])[: shape[0]])


@lru_cache(maxsize=16)
def block_weights(pixels: int, blocks: int) -> Array:
    """(pixels, blocks): the weights of blocks at each pixel, linear between their centres."""
    centre = np.clip((np.arange(pixels) + 0.5) * blocks / pixels - 0.5, 0, blocks - 1)
    return np.asarray(np.maximum(1 - np.abs(centre[:, None] - np.arange(blocks)), 0), np.float32)
