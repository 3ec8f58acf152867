"""Headerless mosaics: what the user says must fit what the file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.errors import SourceError
from groundglass.frame import Encoding


def write(path: Path, samples: list[int], dtype: str = "<u2") -> Path:
    np.array(samples, dtype).tofile(path)
    return path


def test_words_are_little_endian_and_white_is_the_top_of_the_bits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [1, 256, 4095, 0, 2, 3])
    frame = next(iter(open_source(path, raw_format="gbrg12", raw_size="3x2", raw_black=64)))
    assert frame.pixels.tolist() == [[1, 256, 4095], [0, 2, 3]]
    assert frame.pixels.dtype == np.uint16
    assert frame.encoding is Encoding.MOSAIC
    assert frame.cfa.pattern == "GBRG"
    assert frame.profile.white == 4095
    assert frame.profile.black == (64, 64, 64, 64)


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_eight_bits_may_be_bytes_or_words(tmp_path: Path, dtype: str) -> None:
    path = write(tmp_path / "a.raw", [1, 2, 255, 4], dtype)
    frame = next(iter(open_source(path, raw_format="rggb8", raw_size=(2, 2))))
    assert frame.pixels.tolist() == [[1, 2], [255, 4]]
    assert frame.pixels.dtype == np.uint16
    assert frame.profile.white == 255


def test_wrong_length_names_both_lengths_and_a_likely_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0] * (96 * 64))
    with pytest.raises(SourceError, match=r"12288 bytes is not 64x64 rggb12 \(8192 bytes\); try --raw-size 96x64"):
        open_source(path, raw_format="rggb12", raw_size="64x64")


def test_bytes_said_to_be_words_and_packed_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="try --raw-format bggr8"):
        open_source(write(tmp_path / "a.raw", [0] * 96, "u1"), raw_format="bggr12", raw_size="12x8")
    with pytest.raises(SourceError, match="looks packed"):
        open_source(write(tmp_path / "b.raw", [0] * 144, "u1"), raw_format="bggr12", raw_size="12x8")


def test_values_above_the_bits_name_a_format_that_fits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 5000])
    with pytest.raises(SourceError, match=r"holds the value 5000, more than 12 bits \(4095\); try --raw-format rggb13"):
        open_source(path, raw_format="rggb12", raw_size="2x2")


@pytest.mark.parametrize("raw_format", ["rgbg12", "rggb7", "rggb17", "rggb", "12"])
def test_malformed_format(tmp_path: Path, raw_format: str) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match=r"raw format '.*try rggb12"):
        open_source(path, raw_format=raw_format, raw_size="2x2")


@pytest.mark.parametrize("raw_size", ["1920", "0x4", "1920x", "ax2", "-3x4"])
def test_malformed_size(tmp_path: Path, raw_size: str) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match="try 1920x1080"):
        open_source(path, raw_format="rggb12", raw_size=raw_size)


def test_format_and_size_and_black_go_together(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0, 1, 2, 3])
    with pytest.raises(SourceError, match="needs --raw-size"):
        open_source(path, raw_format="rggb12")
    with pytest.raises(SourceError, match="need --raw-format"):
        open_source(path, raw_size="2x2")
    with pytest.raises(SourceError, match="outside 0"):
        open_source(path, raw_format="rggb12", raw_size="2x2", raw_black=4095)


# White balance


def balance_of(path: Path, raw_wb: str | tuple[float, float, float], **options: object) -> tuple[float, float, float]:
    said = {"raw_format": "rggb12", "raw_size": "4x2", **options}
    return next(iter(open_source(path, raw_wb=raw_wb, **said))).profile.white_balance


def test_green_is_the_measure_of_the_multipliers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [0] * 8)
    assert balance_of(path, "4, 2,3.2") == pytest.approx((2.0, 1.0, 1.6))
    assert balance_of(path, (2, 1, 1.6)) == pytest.approx((2.0, 1.0, 1.6))
    assert next(iter(open_source(path, raw_format="rggb12", raw_size="4x2"))).profile.white_balance == (1, 1, 1)


@pytest.mark.parametrize("raw_wb", ["", "2,1", "2,1,1,1", "2,0,1", "-2,1,1", "2,nan,1", "inf,1,1", "2;1;1", "white"])
def test_malformed_multipliers(tmp_path: Path, raw_wb: str) -> None:
    with pytest.raises(SourceError, match="is not three multipliers above 0; try 2,1"):
        balance_of(write(tmp_path / "a.raw", [0] * 8), raw_wb)


@pytest.mark.parametrize(
    ("order", "samples"),
    [
        ("rggb", [400, 200, 420, 220, 200, 100, 180, 90]),
        ("bggr", [100, 200, 90, 180, 200, 400, 220, 420]),
        ("grbg", [200, 400, 220, 420, 100, 200, 90, 180]),
    ],
)
def test_grey_is_the_mean_of_the_light_above_black(tmp_path: Path, order: str, samples: list[int]) -> None:
    path = write(tmp_path / "a.raw", [sample + 64 for sample in samples])
    measured = balance_of(path, "grey", raw_format=f"{order}12", raw_black=64)
    assert measured == pytest.approx((200 / 410, 1.0, 200 / 95))


def test_a_clipped_lamp_has_no_say_in_grey(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [400, 200, 3000, 4095, 200, 100, 4095, 2000])
    assert balance_of(path, "grey") == pytest.approx((0.5, 1.0, 2.0))


def test_an_odd_edge_is_left_out_of_grey(tmp_path: Path) -> None:
    path = write(tmp_path / "a.raw", [400, 200, 9, 200, 100, 9, 9, 9, 9])
    assert balance_of(path, "grey", raw_size="3x3") == pytest.approx((0.5, 1.0, 2.0))


def test_where_there_is_no_light_there_is_no_grey(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no light above black.*--raw-wb R,G,B"):
        balance_of(write(tmp_path / "a.raw", [64] * 8), "grey", raw_black=64)
    with pytest.raises(SourceError, match=r"every part of it is clipped.*--raw-wb R,G,B"):
        balance_of(write(tmp_path / "b.raw", [4095] * 8), "grey")


def test_a_sequence_keeps_the_grey_of_its_first_mosaic(tmp_path: Path) -> None:
    write(tmp_path / "1.raw", [400, 200, 200, 100])
    write(tmp_path / "2.raw", [100, 200, 200, 400])
    with open_source(tmp_path, raw_format="rggb12", raw_size="2x2", raw_wb="grey") as source:
        assert [frame.profile.white_balance for frame in source] == [(0.5, 1.0, 2.0)] * 2


def test_a_folder_of_mosaics_is_a_sequence(tmp_path: Path) -> None:
    for number in (10, 9):
        write(tmp_path / f"f{number}.raw", [number, 1, 2, 3])
    (tmp_path / "notes.txt").write_text("not a frame")
    with open_source(tmp_path, raw_format="rggb12", raw_size="2x2") as source:
        assert [int(frame.pixels[0, 0]) for frame in source] == [9, 10]


def test_four_orders_of_one_photograph(data_dir: Path) -> None:
    """The files are one picture with its sites permuted inside each 2x2 block: red is the same wherever it lies."""
    red_planes = []
    for order in ("rggb", "bggr", "gbrg", "grbg"):
        path = data_dir / "raw" / f"still_768x512_{order}.raw"
        frame = next(iter(open_source(path, raw_format=f"{order}14", raw_size="768x512", raw_black=616)))
        red_planes.append(frame.pixels[frame.cfa.red_y :: 2, frame.cfa.red_x :: 2])
    for plane in red_planes[1:]:
        assert np.array_equal(plane, red_planes[0])
