"""Packing and unpacking of samples."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.packing import Packing, pack, unpack

WIDTHS = (*range(1, 20), 64, 67)


def samples(packing: Packing, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(width).integers(0, 1 << packing.bits, (height, width), dtype=np.uint16)


@pytest.mark.parametrize("packing", Packing)
def test_unpacking_restores_the_samples_at_every_width(packing: Packing) -> None:
    for width in WIDTHS:
        given = samples(packing, 3, width)
        packed = pack(given, packing)
        np.testing.assert_array_equal(unpack(packed, packing, width), given)
        if packing is not Packing.U16:
            assert (packed.dtype, packed.shape) == (np.uint8, (3, packing.row_bytes(width)))


@pytest.mark.parametrize("packing", [packing for packing in Packing if packing is not Packing.U16])
def test_padding_after_a_row_is_ignored(packing: Packing) -> None:
    given = samples(packing, 4, 13)
    padded = np.pad(pack(given, packing), ((0, 0), (0, 7)), constant_values=255)
    np.testing.assert_array_equal(unpack(padded, packing, 13), given)


@pytest.mark.parametrize(
    ("packing", "numbers", "expected"),
    [
        # MIPI CSI-2 specification, RAW10, RAW12 and RAW14: upper bits first, the first sample's lower bits lowest.
        (Packing.RAW10, [0x3FF, 0x000, 0x155, 0x2AA], [0xFF, 0x00, 0x55, 0xAA, 0b10_01_00_11]),
        (Packing.RAW12, [0xABC, 0x123], [0xAB, 0x12, 0x3C]),
        # V4L2_PIX_FMT_SRGGB14P: byte 4 is G1[1:0] R0[5:0], 5 is R2[3:0] G1[5:2], 6 is G3[5:0] R2[5:4].
        (
            Packing.RAW14,
            [0x3FFF, 0x0001, 0x2A95, 0x1540],
            [0xFF, 0x00, 0xAA, 0x55, 0b01_111111, 0b0101_0000, 0b000000_01],
        ),
        # GenICam PFNC: a stream of bits, least significant first.
        (Packing.P10, [0x3FF, 0x000, 0x155, 0x2AA], [0xFF, 0x03, 0x50, 0x95, 0xAA]),
        (Packing.P12, [0xABC, 0x123], [0xBC, 0x3A, 0x12]),
        # GigE Vision 2, Mono10Packed and Mono12Packed: the lower bits of two samples between their upper bits.
        (Packing.GEV10, [0x3FD, 0x00A], [0xFF, 0b0010_0001, 0x02]),
        (Packing.GEV12, [0xABC, 0x123], [0xAB, 0x3C, 0x12]),
        (Packing.U8, [0x12, 0x34], [0x12, 0x34]),
    ],
)
def test_the_bytes_match_the_standard(packing: Packing, numbers: list[int], expected: list[int]) -> None:
    assert pack(np.array([numbers], np.uint16), packing).tolist() == [expected]


@pytest.mark.parametrize(
    ("packing", "width", "row_bytes"),
    [
        (Packing.RAW10, 5, 10),
        (Packing.RAW12, 3, 6),
        (Packing.RAW14, 5, 14),
        (Packing.P10, 5, 7),
        (Packing.P12, 3, 5),
        (Packing.GEV10, 3, 5),
        (Packing.GEV12, 4, 6),
        (Packing.U16, 3, 6),
    ],
)
def test_mipi_rows_end_with_a_whole_group_and_bit_streams_with_a_byte(
    packing: Packing, width: int, row_bytes: int
) -> None:
    assert packing.row_bytes(width) == row_bytes


def test_swapped_packing_swaps_the_bytes() -> None:
    swapped = pack(np.array([[0x1234, 0xABCD]], np.uint16), Packing.U16_SWAPPED)
    np.testing.assert_array_equal(swapped.view(np.uint16), [[0x3412, 0xCDAB]])
