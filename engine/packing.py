"""How the samples of a mosaic lie in bytes, and the way to whole numbers and back on the host.

The kernels of kernels/levels.cl read the same packings on the device, so that only the packed bytes travel there.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import SourceError


class Packing(enum.Enum):
    """How samples lie. Each row starts on a byte; what a row has beyond its last sample is padding."""

    U16 = "u16"  # a sample in a 16-bit word of this machine's byte order: (H, W) uint16
    U16_SWAPPED = "u16-swapped"  # the other byte order
    U8 = "u8"
    RAW10 = "raw10"  # MIPI CSI-2: four samples' upper 8 bits, then a byte of their lower 2 bits each
    RAW12 = "raw12"  # MIPI CSI-2: two samples' upper 8 bits, then a byte of their lower 4 bits each
    P10 = "10p"  # GenICam PFNC Mono10p, BayerRG10p: one stream of bits, least significant first
    P12 = "12p"  # GenICam PFNC Mono12p, BayerRG12p

    @property
    def bits(self) -> int:
        """Bits that a sample takes in the file."""
        return 16

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of `width` samples, without padding."""
        return 2 * width


def unpack(packed: NDArray[Any], packing: Packing, width: int) -> NDArray[np.uint16]:
    """(H, W) uint16 from rows of bytes (H, row_bytes) uint8, or from U16 itself, which is returned as it is."""
    if packing is Packing.U16:
        return packed
    raise SourceError(f"packing {packing.value} is not read yet")
