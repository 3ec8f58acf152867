"""Packed samples of a mosaic: formats, and packing and unpacking on the host.

kernels/linearize.cl unpacks the same formats on the device, so that only the packed bytes are uploaded.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Packing(enum.Enum):
    """A format of packed samples. Each row starts on a byte; bytes after its last sample are padding.

    MIPI CSI-2 (RAW10, RAW12, RAW14) packs whole groups of samples: the last group of a row is complete even if the
    width is not a multiple of the group. GenICam PFNC (P10, P12) is a bit stream, least significant bit first: a row
    ends with the byte that contains the end of its last sample, as a row of GigE Vision (GEV10, GEV12).
    """

    U16 = "u16"  # a sample in a 16-bit word of this machine's byte order: (H, W) uint16
    U16_ROWS = "u16-rows"  # the same words in rows of bytes: a driver's rows may end with padding
    U16_SWAPPED = "u16-swapped"  # the other byte order
    U8 = "u8"  # a sample in a byte
    RAW10 = "raw10"  # four samples' upper 8 bits, then a byte of their lower 2 bits each, the first lowest
    RAW12 = "raw12"  # two samples' upper 8 bits, then a byte of their lower 4 bits each, the first lowest
    RAW14 = "raw14"  # four samples' upper 8 bits, then three bytes of their lower 6 bits each, the first lowest
    P10 = "10p"  # Mono10p, BayerRG10p and similar
    P12 = "12p"  # Mono12p, BayerRG12p and similar
    GEV10 = "10packed"  # Mono10Packed and similar: as GEV12, with lower 2 bits from bit 0 and from bit 4
    GEV12 = "12packed"  # Mono12Packed and similar: between two samples' upper 8 bits their lower 4, the first's lowest

    @property
    def bits(self) -> int:
        """Bits per sample."""
        return _BITS.get(self, 16)

    @property
    def group(self) -> tuple[int, int]:
        """(samples, bytes) of the group after which the bit order repeats."""
        return (2, 3) if self in _GEV else {8: (1, 1), 10: (4, 5), 12: (2, 3), 14: (4, 7), 16: (1, 2)}[self.bits]

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of `width` samples, without further padding."""
        samples, group_bytes = self.group
        whole_groups = -(-width // samples) * group_bytes
        return whole_groups if self in _MIPI else -(-width * group_bytes // samples)


_MIPI = {Packing.RAW10, Packing.RAW12, Packing.RAW14}
_GEV = {Packing.GEV10, Packing.GEV12}
_BITS = {
    **{Packing.U8: 8, Packing.RAW10: 10, Packing.P10: 10, Packing.GEV10: 10},
    **{Packing.RAW12: 12, Packing.P12: 12, Packing.GEV12: 12, Packing.RAW14: 14},
}


def unpack(packed: NDArray[Any], packing: Packing, width: int) -> NDArray[np.uint16]:
    """(H, W) uint16 from rows of bytes (H, row_bytes or more) uint8; U16 itself, (H, W) uint16, is returned as is."""
    match packing:
        case Packing.U16:
            return packed
        case Packing.U16_ROWS:
            return np.ascontiguousarray(packed[:, : 2 * width]).view(np.uint16)
        case Packing.U16_SWAPPED:
            return np.ascontiguousarray(packed[:, : 2 * width]).view(np.uint16).byteswap()
        case Packing.U8:
            return packed[:, :width].astype(np.uint16)
    samples, group_bytes = packing.group
    groups = -(-width // samples)
    whole = np.zeros((len(packed), groups * group_bytes), np.uint8)
    row_bytes = min(packed.shape[1], whole.shape[1])
    whole[:, :row_bytes] = packed[:, :row_bytes]
    grouped = whole.reshape(len(packed), groups, group_bytes).astype(np.uint64)
    rows = np.stack(_from_group(grouped, packing), axis=-1).reshape(len(packed), groups * samples)
    return np.ascontiguousarray(rows[:, :width])


def pack(samples: NDArray[np.uint16], packing: Packing) -> NDArray[Any]:
    """Rows of bytes, (H, row_bytes) uint8, from (H, W) uint16 that fit the packing's bits; U16 returns them as is."""
    height, width = samples.shape
    match packing:
        case Packing.U16:
            return samples
        case Packing.U16_ROWS:
            return samples.view(np.uint8).reshape(height, 2 * width)
        case Packing.U16_SWAPPED:
            return samples.byteswap().view(np.uint8).reshape(height, 2 * width)
        case Packing.U8:
            return samples.astype(np.uint8)
    in_group, group_bytes = packing.group
    groups = -(-width // in_group)
    whole = np.zeros((height, groups * in_group), np.uint64)
    whole[:, :width] = samples
    grouped = whole.reshape(height, groups, in_group)
    rows = np.stack(_to_group(grouped, packing), axis=-1).astype(np.uint8).reshape(height, groups * group_bytes)
    return np.ascontiguousarray(rows[:, : packing.row_bytes(width)])


def _from_group(grouped: NDArray[np.uint64], packing: Packing) -> list[NDArray[np.uint16]]:
    """The samples of each group of bytes, (H, groups, bytes)."""
    count, group_bytes = packing.group
    if packing in (Packing.P10, Packing.P12):
        stream = _joined(grouped[..., i] << np.uint64(8 * i) for i in range(group_bytes))
        mask = np.uint64((1 << packing.bits) - 1)
        return [((stream >> np.uint64(packing.bits * i)) & mask).astype(np.uint16) for i in range(count)]
    low_bits = packing.bits - 8
    if packing in _GEV:
        mask = np.uint64((1 << low_bits) - 1)
        low = [(grouped[..., 1] >> np.uint64(4 * i)) & mask for i in range(count)]
        return [((grouped[..., 2 * i] << np.uint64(low_bits)) | low[i]).astype(np.uint16) for i in range(count)]
    low_stream = _joined(grouped[..., i] << np.uint64(8 * (i - count)) for i in range(count, group_bytes))
    low = [(low_stream >> np.uint64(low_bits * i)) & np.uint64((1 << low_bits) - 1) for i in range(count)]
    return [((grouped[..., i] << np.uint64(low_bits)) | low[i]).astype(np.uint16) for i in range(count)]


def _to_group(grouped: NDArray[np.uint64], packing: Packing) -> list[NDArray[np.uint64]]:
    """The bytes of each group of samples, (H, groups, samples)."""
    count, group_bytes = packing.group
    if packing in (Packing.P10, Packing.P12):
        stream = _joined(grouped[..., i] << np.uint64(packing.bits * i) for i in range(count))
        return [(stream >> np.uint64(8 * i)) & np.uint64(0xFF) for i in range(group_bytes)]
    low_bits = packing.bits - 8
    mask = np.uint64((1 << low_bits) - 1)
    high = [grouped[..., i] >> np.uint64(low_bits) for i in range(count)]
    if packing in _GEV:
        return [high[0], (grouped[..., 0] & mask) | (grouped[..., 1] & mask) << np.uint64(4), high[1]]
    low_stream = _joined((grouped[..., i] & mask) << np.uint64(low_bits * i) for i in range(count))
    return [*high, *((low_stream >> np.uint64(8 * i)) & np.uint64(0xFF) for i in range(group_bytes - count))]


def _joined(parts: Iterable[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The bitwise OR of parts without common bits."""
    return reduce(np.bitwise_or, parts)
