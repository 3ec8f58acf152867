"""The aperture divided into quadrants. `best` composites the layers for each quadrant alone (`kernels/sectors.h`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .shape import COUNTS_AT, OFFSETS_AT, SIDE, STEPS_PER_PX, SUMS, SUMS_AT, TAPS_AT, ranks

SECTORS = 4
SHARE_PX = 6.0  # radius of the disc that decides on the shares of the sectors
SECTOR_TAPS = (SIDE**2 - 1) // SECTORS + 1
SECTOR_FLOATS = 3 * SECTOR_TAPS + SUMS + 2


def sector_tables(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """(SECTORS, cells, SECTOR_FLOATS) float32 from the `table` of a `Shape`, as described in `kernels/aperture.h`.

    A sector has the taps of its quadrant and the pixel itself. Each turn by 90 degrees is the next sector.
    """
    cells = len(table)
    half = table[: (cells + 1) // 2]  # opposite cells are the same
    pairs = half[:, OFFSETS_AT:COUNTS_AT].view(np.int32).reshape(len(half), -1, 2)
    order = np.argsort(_quadrants(pairs[:, 1:]), axis=1, kind="stable") + 1  # the first tap is the pixel itself
    own = np.zeros((len(half), SECTORS, 1), np.intp)
    order = np.concatenate([own, order.reshape(len(half), SECTORS, -1)], axis=2).reshape(len(half), -1)
    taps = np.take_along_axis(half[:, TAPS_AT:OFFSETS_AT], order, axis=1).reshape(-1, SECTOR_TAPS)
    offsets = np.take_along_axis(pairs, order[..., None], axis=1).reshape(len(taps), -1)
    counts = ranks(taps, np.arange(SUMS) / STEPS_PER_PX, "right").astype(np.int32)
    covered = np.clip(SHARE_PX + 0.5 - taps, 0.0, 1.0).sum(axis=1) - 1 + 1 / SECTORS
    share = covered / np.repeat(half[:, SUMS_AT + 2 * int(SHARE_PX * STEPS_PER_PX)], SECTORS)
    parts = [taps, offsets.view(np.float32), counts.view(np.float32), np.stack([share, 1 / share], axis=1)]
    sectors = np.concatenate(parts, axis=1, dtype=np.float32).reshape(len(half), SECTORS, -1).swapaxes(0, 1)
    return np.ascontiguousarray(np.concatenate([sectors, sectors[:, : cells // 2][:, ::-1]], axis=1))


def _quadrants(pairs: NDArray[np.int32]) -> NDArray[np.uint8]:
    """The quadrant, 0 to 3, of each offset (..., 2) across and down, none of which is zero."""
    across, down = pairs[..., 0], pairs[..., 1]
    return np.select(
        [(across > 0) & (down >= 0), (across >= 0) & (down < 0), (across < 0) & (down <= 0)],
        [np.uint8(0), np.uint8(1), np.uint8(2)], np.uint8(3),
    )  # fmt: skip
