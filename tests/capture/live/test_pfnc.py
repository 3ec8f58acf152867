"""Pixel formats of machine-vision cameras: names, bytes to frames, and what shares the driver's memory."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.capture.live.vision.pfnc import parse_format
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame
from groundglass.packing import Packing, pack, unpack
from groundglass.yuv import YuvLayout, YuvMatrix

SIZE = (16, 6)


@pytest.mark.parametrize(
    ("name", "pattern", "bits", "packing"),
    [
        ("Mono8", "MONO", 8, Packing.U8),
        ("Mono14", "MONO", 14, Packing.U16),
        ("BayerRG16", "RGGB", 16, Packing.U16),
        ("BayerBG10p", "BGGR", 10, Packing.P10),
        ("BayerGR12p", "GRBG", 12, Packing.P12),
        ("BayerGB10Packed", "GBRG", 10, Packing.GEV10),
        ("Mono12Packed", "MONO", 12, Packing.GEV12),
    ],
)
def test_a_mosaic_is_a_frame_of_the_drivers_bytes(name: str, pattern: str, bits: int, packing: Packing) -> None:
    samples = np.random.default_rng(1).integers(0, 1 << bits, SIZE[::-1], dtype=np.uint16)
    data = pack(samples, packing).view(np.uint8).ravel()
    found = parse_format(name)
    assert found is not None
    fields, is_shared = found.fields(data, SIZE)
    frame = Frame(**fields)
    assert is_shared
    assert np.shares_memory(frame.pixels, data)
    assert (frame.cfa.pattern, frame.packing, frame.size) == (pattern, packing, SIZE)
    assert found.white == 2**bits - 1
    np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, frame.width), samples)


@pytest.mark.parametrize("name", ["BayerRG12", "BayerRG12p", "Mono8"])
def test_padding_between_rows_is_skipped(name: str) -> None:
    found = parse_format(name)
    assert found is not None
    samples = np.random.default_rng(1).integers(0, 1 << found.bits, SIZE[::-1], dtype=np.uint16)
    packed = pack(samples, found.packing).view(np.uint8).reshape(SIZE[1], -1)
    data = np.pad(packed, ((0, 0), (0, 4)), constant_values=255).ravel()
    for given in (data, data[:-4]):  # the last row may end without padding
        frame = Frame(**found.fields(given, SIZE, padding=4)[0])
        assert frame.size == SIZE
        np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, frame.width), samples)


@pytest.mark.parametrize(
    ("name", "letters", "bits"),
    [
        ("RGB8", "RGB", 8),
        ("BGR8Packed", "BGR", 8),
        ("BGRa8", "BGRA", 8),
        ("RGB12", "RGB", 12),
        ("RGB16Packed", "RGB", 16),
    ],
)
def test_a_picture_is_red_green_blue(name: str, letters: str, bits: int) -> None:
    found = parse_format(name)
    assert found is not None
    words = np.random.default_rng(1).integers(0, 1 << bits, (SIZE[1], SIZE[0], len(letters)), dtype=np.uint16)
    data = words.astype(np.uint8 if bits == 8 else np.uint16).view(np.uint8).ravel()
    fields, is_shared = found.fields(data, SIZE)
    frame = Frame(**fields)
    assert frame.encoding is Encoding.DISPLAY
    assert is_shared == (letters == "RGB" and bits in (8, 16)) == np.shares_memory(frame.pixels, data)
    expected = words[..., [letters.index(letter) for letter in "RGB"]] << (16 - bits if bits > 8 else 0)
    np.testing.assert_array_equal(frame.pixels, expected)


def test_y_cbcr_goes_to_the_device_as_it_is() -> None:
    data = np.arange(2 * 16 * 6, dtype=np.uint8)
    for name, layout, matrix, is_full in (
        ("YUV422Packed", YuvLayout.UYVY, YuvMatrix.BT601, True),
        ("YCbCr709_422_8", YuvLayout.YUYV, YuvMatrix.BT709, False),
    ):
        found = parse_format(name)
        assert found is not None
        frame = Frame(**found.fields(data, SIZE)[0])
        assert np.shares_memory(frame.pixels, data)
        assert frame.size == SIZE
        yuv = frame.yuv_format
        assert (yuv.layout, yuv.matrix, yuv.full_range) == (layout, matrix, is_full)


@pytest.mark.parametrize("name", ["Mono1p", "BayerRG14p", "Mono8s", "Coord3D_ABC32f", "JPEG", "RGB8_Planar"])
def test_other_formats_are_not_offered(name: str) -> None:
    assert parse_format(name) is None


def test_incomplete_images_and_rows_that_end_inside_a_byte_are_refused() -> None:
    found = parse_format("BayerRG12p")
    assert found is not None
    found.check_width(16)
    with pytest.raises(SourceError, match="do not end with a byte; choose a multiple of 4"):
        found.check_width(15)
    with pytest.raises(SourceError, match="100 bytes are not 16x6 BayerRG12p"):
        found.fields(np.zeros(100, np.uint8), SIZE)
