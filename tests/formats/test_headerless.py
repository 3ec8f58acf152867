"""Headerless mosaics: the given format and size must match the content of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.frame import Encoding
from groundglass.packing import Packing, pack, unpack


def write(path: Path, samples: list[int], dtype: str = "<u2") -> Path:
    np.array(samples, dtype).tofile(path)
    return path


def test_words_are_little_endian_and_white_is_the_maximum_of_the_bits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [1, 256, 4095, 0, 2, 3])
    frame = next(iter(open_source(path, raw_format="gbrg12", raw_size="3x2", raw_black=64)))
    assert frame.pixels.tolist() == [[1, 256, 4095], [0, 2, 3]]
    assert frame.pixels.dtype == np.uint16
    assert frame.encoding is Encoding.MOSAIC
    assert frame.cfa.pattern == "GBRG"
    assert frame.profile.white == 4095
    assert frame.profile.black == (64, 64, 64, 64)


def test_a_wrong_length_names_both_lengths_and_a_likely_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0] * (96 * 64))
    fitting = "try --raw-stride 192 or --raw-size 96x64"
    with pytest.raises(SourceError, match=rf"12288 bytes is not 64x64 rggb12 \(8192 bytes\); {fitting}"):
        open_source(path, raw_format="rggb12", raw_size="64x64")


@pytest.mark.parametrize(("padding", "is_proposed"), [(1024, True), (1025, False)])
def test_a_padding_of_rows_is_at_most_1024_bytes(tmp_path: Path, padding: int, is_proposed: bool) -> None:
    """More is another size: the proposal of a stride would shear the picture."""
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(2 * (5000 + padding)))
    with pytest.raises(SourceError) as refused:
        open_source(path, raw_format="rggb8", raw_size="5000x2")
    assert (f"try --raw-stride {5000 + padding}" in str(refused.value)) is is_proposed


def test_a_file_of_bytes_or_packed_samples_names_its_format(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="try --raw-format bggr8"):
        open_source(write(tmp_path / "a.raw", [0] * 96, "u1"), raw_format="bggr12", raw_size="12x8")
    with pytest.raises(SourceError, match="try --raw-format bggr12-mipi or bggr12p"):
        open_source(write(tmp_path / "b.raw", [0] * 144, "u1"), raw_format="bggr12", raw_size="12x8")


def test_values_above_the_bits_name_a_format_that_fits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 5000])
    with pytest.raises(SourceError, match=r"holds the value 5000, more than 12 bits \(4095\); try --raw-format rggb13"):
        open_source(path, raw_format="rggb12", raw_size="2x2")


@pytest.mark.parametrize("raw_format", ["rgbg12", "rggb7", "rggb17", "rggb", "12"])
def test_a_malformed_format_is_refused(tmp_path: Path, raw_format: str) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match=r"raw format '.*try rggb12"):
        open_source(path, raw_format=raw_format, raw_size="2x2")


@pytest.mark.parametrize("raw_size", ["1920", "0x4", "1920x", "ax2", "-3x4"])
def test_a_malformed_size_is_refused(tmp_path: Path, raw_size: str) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match="try 1920x1080"):
        open_source(path, raw_format="rggb12", raw_size=raw_size)


def test_format_size_and_black_require_each_other(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match="requires --raw-size"):
        open_source(path, raw_format="rggb12")
    with pytest.raises(SourceError, match="require --raw-format"):
        open_source(path, raw_size="2x2")
    with pytest.raises(SourceError, match="outside 0"):
        open_source(path, raw_format="rggb12", raw_size="2x2", raw_black=4095)


@pytest.mark.parametrize(
    ("raw_format", "packing", "pattern", "block", "bits"),
    [
        ("rggb8", Packing.U8, "RGGB", 1, 8), ("bggr8le", Packing.U16, "BGGR", 1, 8),
        ("grbg16be", Packing.U16_SWAPPED, "GRBG", 1, 16), ("rggb10-mipi", Packing.RAW10, "RGGB", 1, 10),
        ("gbrg12-mipi", Packing.RAW12, "GBRG", 1, 12), ("gbrg14-mipi", Packing.RAW14, "GBRG", 1, 14),
        ("rggb10p", Packing.P10, "RGGB", 1, 10),
        ("mono12p", Packing.P12, "MONO", 1, 12), ("quad-bggr10", Packing.U16, "BGGR", 2, 10),
        ("BayerRG12p", Packing.P12, "RGGB", 1, 12), ("BayerGB8", Packing.U8, "GBRG", 1, 8),
        ("BayerGR10Packed", Packing.GEV10, "GRBG", 1, 10), ("mono12packed", Packing.GEV12, "MONO", 1, 12),
        ("Mono10", Packing.U16, "MONO", 1, 10),
    ],
)  # fmt: skip
def test_packed_files_stay_packed(
    tmp_path: Path, raw_format: str, packing: Packing, pattern: str, block: int, bits: int
) -> None:
    numbers = np.random.default_rng(1).integers(0, 1 << bits, (6, 13), dtype=np.uint16)
    path = tmp_path / "a.raw"
    pack(numbers, packing).tofile(path)
    frame = next(iter(open_source(path, raw_format=raw_format, raw_size="13x6")))
    assert (frame.packing, frame.cfa, frame.size) == (packing, Cfa(pattern, block), (13, 6))
    assert frame.profile.white == (1 << bits) - 1
    np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, 13), numbers)


def test_a_length_that_fits_another_packing_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    pack(np.zeros((4, 16), np.uint16), Packing.RAW12).tofile(path)
    with pytest.raises(
        SourceError, match=r"96 bytes is not 16x4 rggb12 \(128 bytes\); try --raw-format rggb12-mipi or"
    ):
        open_source(path, raw_format="rggb12", raw_size="16x4")


def test_a_wrong_byte_order_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [100, 4000, 5, 6], ">u2")
    with pytest.raises(
        SourceError, match=r"more than 12 bits \(4095\); try --raw-format rggb12be, the other byte order"
    ):
        open_source(path, raw_format="rggb12", raw_size="2x2")


@pytest.mark.parametrize("raw_format", ["rggb8p", "rggb16-mipi", "rggb14p", "mono16p"])
def test_a_packing_with_unsupported_bits_is_refused(tmp_path: Path, raw_format: str) -> None:
    with pytest.raises(SourceError, match=r"packs 10 or 12( or 14)? bits, not .*; try rggb12"):
        open_source(write(tmp_path / "a.raw", [0] * 4), raw_format=raw_format, raw_size="2x2")


def test_a_folder_of_mosaics_is_a_sequence(tmp_path: Path) -> None:
    for number in (10, 9):
        write(tmp_path / f"f{number}.raw", [number, 1, 2, 3])
    (tmp_path / "notes.txt").write_text("not a frame")
    with open_source(tmp_path, raw_format="rggb12", raw_size="2x2") as source:
        assert [int(frame.pixels[0, 0]) for frame in source] == [9, 10]


def test_four_filter_orders_of_one_photograph_have_the_same_red(data_dir: Path) -> None:
    """The files contain one picture with the photosites permuted inside each 2x2 block."""
    red_planes = []
    for order in ("rggb", "bggr", "gbrg", "grbg"):
        path = data_dir / "raw" / f"still_768x512_{order}.raw"
        frame = next(iter(open_source(path, raw_format=f"{order}14", raw_size="768x512", raw_black=616)))
        red_planes.append(frame.pixels[frame.cfa.red_y :: 2, frame.cfa.red_x :: 2])
    for plane in red_planes[1:]:
        assert np.array_equal(plane, red_planes[0])


def test_the_last_row_may_end_without_its_padding(tmp_path: Path) -> None:
    numbers = np.arange(12 * 10, dtype="<u2").reshape(10, 12)
    padded = b"".join(row.tobytes() + bytes(8) for row in numbers)
    (tmp_path / "a.raw").write_bytes(padded[:-8])
    with open_source(tmp_path / "a.raw", raw_format="rggb10", raw_size="12x10", raw_stride=32) as source:
        frame = next(iter(source))
    np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, frame.width), numbers)
    (tmp_path / "b.raw").write_bytes(padded[:-7])
    with pytest.raises(SourceError, match="313 bytes is not 12x10"):
        open_source(tmp_path / "b.raw", raw_format="rggb10", raw_size="12x10", raw_stride=32)
