"""Deflate and the floating-point predictor of TIFF (Adobe Photoshop TIFF Technical Note 3) and DNG."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

# The predictors by the distance of the differences, in pixels; the last two are those of DNG.
FLOAT_PREDICTORS = {3: 1, 34894: 2, 34895: 4}


def inflated(encoded: bytes, size: int) -> bytes:
    """The first `size` bytes of a zlib stream. Raises ValueError if it has fewer; more are not decompressed."""
    raw = zlib.decompressobj().decompress(encoded, size)
    if len(raw) < size:
        raise ValueError(f"the compressed data hold {len(raw)} of {size} bytes")
    return raw


def integrated(rows: NDArray[np.uint8], distance: int, sample_bytes: int) -> NDArray[np.uint8]:
    """Rows of big-endian samples from rows of differences, in which each byte of the samples has its own plane."""
    count, row_bytes = rows.shape
    padding = -row_bytes % distance
    steps = np.pad(rows, ((0, 0), (0, padding))).reshape(count, -1, distance)
    planes = np.cumsum(steps, axis=1, dtype=np.uint8).reshape(count, -1)[:, :row_bytes]
    return np.ascontiguousarray(planes.reshape(count, sample_bytes, -1).transpose(0, 2, 1)).reshape(count, row_bytes)
