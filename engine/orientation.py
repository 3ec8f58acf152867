"""EXIF orientations, applied to arrays, to the CFA block of a mosaic and to positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The upright view of a (H, W, ...) array that is stored with this EXIF orientation (1 to 8)."""
    match orientation:
        case 2:
            return stored[:, ::-1]
        case 3:
            return stored[::-1, ::-1]
        case 4:
            return stored[::-1]
        case 5:
            return np.swapaxes(stored, 0, 1)
        case 6:
            return np.rot90(stored, -1)
        case 7:
            return np.swapaxes(stored[::-1, ::-1], 0, 1)
        case 8:
            return np.rot90(stored)
        case _:
            return stored


def first_block(block: NDArray[Any], size: tuple[int, int], orientation: int) -> NDArray[Any]:
    """The repeating (n, n) `block` of a mosaic of `size`, (width, height), after the mosaic is made upright.

    Its first photosite depends on the remainders of the sides divided by n.
    """
    side = len(block)
    width, height = size
    small = np.tile(block, (2, 2))[: side + height % side, : side + width % side]
    return upright(small, orientation)[:side, :side]


def upright_positions(positions: NDArray[np.int32], size: tuple[int, int], orientation: int) -> NDArray[np.int32]:
    """(N, 2) columns and rows in the upright array from those in the stored array of `size`, (width, height)."""
    width, height = size
    x, y = positions[:, 0], positions[:, 1]
    if orientation in (5, 6, 7, 8):
        x, y, width, height = y, x, height, width  # transposed first
    if orientation in (2, 3, 6, 7):
        x = width - 1 - x
    if orientation in (3, 4, 7, 8):
        y = height - 1 - y
    return np.stack([x, y], axis=1).astype(np.int32)
