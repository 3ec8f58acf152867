"""A small picture of a frame's brightness, made on the host within a millisecond: to see what moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frame import Encoding, Frame
from ..packing import Packing, unpack

CELLS = 96  # maximum cells along the longer side
_ROWS = 4  # minimum rows that are read of a cell
_FLOOR = 0.1  # brightness relative to the mean that is added before the logarithm: noise in shadows stays small
# (samples, bytes) of a group, and the bytes with the upper 8 bits of its samples: their lower bits are not needed.
_UPPER_BYTES = {
    Packing.RAW10: (5, (0, 1, 2, 3)),
    Packing.RAW12: (3, (0, 1)),
    Packing.GEV10: (3, (0, 2)),
    Packing.GEV12: (3, (0, 2)),
}


def small_luma(frame: Frame) -> NDArray[np.float32]:
    """(h, w) float32: the logarithm of the brightness of square cells relative to the mean, at most CELLS per side.

    A gain of the camera changes nothing. The frame's orientation is not applied. Cells at the right and the bottom that
    are not whole are left out. Each cell is a multiple of the CFA block, so a mosaic leaves no pattern.
    """
    side = len(frame.cfa.channels()) if frame.encoding is Encoding.MOSAIC else 1
    cell = side * max(1, -(-max(frame.size) // (CELLS * side)))
    rows, columns = max(frame.height // cell, 1), max(frame.width // cell, 1)
    cell_rows, cell_columns = min(cell, frame.height), min(cell, frame.width)
    numbers, black = _samples(frame, _rows_of(rows, cell_rows, side))
    wide = numbers[:, : columns * cell_columns].reshape(rows, -1, columns * cell_columns)
    summed = wide.sum(axis=1, dtype=np.float32)
    light = summed.reshape(rows, columns, cell_columns).mean(axis=2) / wide.shape[1] - black
    light = np.maximum(np.nan_to_num(light, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    mean = float(light.mean())
    return np.log(light / mean + _FLOOR, dtype=np.float32) if mean > 0 else np.zeros((rows, columns), np.float32)


def _rows_of(rows: int, cell: int, side: int) -> NDArray[np.intp]:
    """The rows that are read of each cell: whole blocks of the CFA, evenly spaced."""
    blocks = max(cell // side, 1)
    count = min(blocks, max(-(-_ROWS // side), 1))
    starts = ((np.arange(count) + 0.5) * blocks / count).astype(np.intp) * side
    inside = (starts[:, None] + np.arange(min(side, cell))).ravel()
    return np.asarray((np.arange(rows)[:, None] * cell + inside).ravel())


def _samples(frame: Frame, rows: NDArray[np.intp]) -> tuple[NDArray[Any], float]:
    """(len(rows), width or more) samples of a frame's brightness, and the sample of black."""
    if frame.yuv is not None:
        return frame.yuv.planes(frame.pixels)[0][rows], frame.yuv.luma_levels[0]
    if frame.encoding is not Encoding.MOSAIC:
        return frame.pixels[rows, :, 1], 0.0
    black, packed = float(np.mean(frame.profile.black)), frame.pixels[rows]
    if frame.packing not in _UPPER_BYTES:
        return unpack(packed, frame.packing, frame.width), black
    group_bytes, upper = _UPPER_BYTES[frame.packing]
    groups = -(-frame.width // len(upper))
    whole = packed[:, : groups * group_bytes]
    if whole.shape[1] < groups * group_bytes:  # the last group of a row is incomplete
        whole = np.pad(whole, ((0, 0), (0, groups * group_bytes - whole.shape[1])))
    upper_bits = whole.reshape(len(rows), groups, group_bytes)[:, :, list(upper)]
    return upper_bits.reshape(len(rows), -1), black / (1 << frame.packing.bits - 8)
