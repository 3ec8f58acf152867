"""The aperture divided into quadrants. `best` composites the layers for each quadrant alone (`kernels/sectors.h`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .shape import SIDE, STEPS_PER_PX, SUMS

SECTORS = 4
SHARE_PX = 6.0  # radius of the disc that decides on the shares of the sectors
_GAUGES, _OFFSETS, _COUNTS, _SUMS = SIDE**2, 2 * SIDE**2, 4 * SIDE**2, 4 * SIDE**2 + SUMS  # where they begin in a cell


def with_sectors(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """((1 + SECTORS) cells, CELL_FLOATS): the `table` of a `Shape`, followed by those of the quadrants.

    A quadrant has the taps of its part of the disc and the pixel itself. Each turn by 90 degrees is the next quadrant.
    """
    pairs = table[:, _OFFSETS:_COUNTS].view(np.int32).reshape(len(table), -1, 2)
    across, down = pairs[..., 0], pairs[..., 1]
    parts = [table]
    for _ in range(SECTORS):
        parts.append(_quadrant(table, pairs, ((across > 0) & (down >= 0)) | ((across == 0) & (down == 0))))
        across, down = -down, across
    return np.concatenate(parts)


def _quadrant(table: NDArray[np.float32], pairs: NDArray[np.int32], chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    cells = len(table)
    taps = table[:, _GAUGES:_OFFSETS][chosen].reshape(cells, -1)
    radii = np.arange(SUMS) / STEPS_PER_PX
    part = np.zeros_like(table)
    part[:, _GAUGES : _GAUGES + taps.shape[1]] = taps
    part[:, _OFFSETS : _OFFSETS + 2 * taps.shape[1]] = pairs[chosen].reshape(cells, -1).view(np.float32)
    counts = np.stack([np.searchsorted(row, radii, "right") for row in taps])
    part[:, _COUNTS:_SUMS] = counts.astype(np.int32).view(np.float32)
    covered = np.clip(SHARE_PX + 0.5 - taps, 0.0, 1.0).sum(axis=1) - 1 + 1 / SECTORS
    share = covered / table[:, _SUMS + 2 * int(SHARE_PX * STEPS_PER_PX)]
    part[:, _SUMS], part[:, _SUMS + 1] = share, 1 / share
    return part
