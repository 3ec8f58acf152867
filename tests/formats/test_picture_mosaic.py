"""Mosaics inside picture files, white levels below the nominal one, and files recognized by their content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.formats.picture_mosaic import read_picture_mosaic
from groundglass.frame import Encoding
from PIL import Image

Y, X = np.mgrid[0:64, 0:96]
MOSAIC = np.where((Y % 2 == 0) & (X % 2 == 0), 0.3, np.where((Y + X) % 2 == 1, 0.9, 0.6)) * (0.2 + 0.8 * X / 96)


def pgm(path: Path, samples: np.ndarray, maximum: int) -> None:
    rows = samples.astype(">u2" if maximum > 255 else np.uint8).tobytes()
    path.write_bytes(b"P5\n# made by a tool\n%d %d\n%d\n" % (*samples.shape[::-1], maximum) + rows)


@pytest.mark.parametrize(
    ("suffix", "bits"), [("pgm", 8), ("pgm", 10), ("pgm", 12), ("png", 8), ("png", 12), ("tif", 16)]
)
def test_the_mosaic_in_a_picture_file_has_its_size_and_values(tmp_path: Path, suffix: str, bits: int) -> None:
    samples = (MOSAIC * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    path = tmp_path / f"cal.{suffix}"
    if suffix == "pgm":
        pgm(path, samples, 2**bits - 1)
    elif suffix == "png":
        Image.fromarray(samples).save(path)
    else:
        tifffile.imwrite(path, samples)
    for source in (path, tmp_path):
        with open_source(source, raw_format=f"bggr{bits}", raw_black=2) as opened:
            frame = next(iter(opened))
        assert (frame.encoding, frame.cfa, frame.profile.white) == (Encoding.MOSAIC, Cfa("BGGR"), 2**bits - 1)
        np.testing.assert_array_equal(frame.pixels, samples)


def test_a_mosaic_of_more_bits_and_a_colour_picture_are_refused(tmp_path: Path) -> None:
    pgm(tmp_path / "a.pgm", (MOSAIC * 1023).astype(np.uint16), 1023)
    with pytest.raises(SourceError, match=r"more than 8 bits \(255\); try --raw-format rggb10"):
        open_source(tmp_path / "a.pgm", raw_format="rggb8")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    with pytest.raises(SourceError, match="not a grey picture"):
        open_source(tmp_path / "a.png", raw_format="rggb8")
    cut = (tmp_path / "a.pgm").read_bytes()[:-9]
    (tmp_path / "b.pgm").write_bytes(cut)
    with pytest.raises(SourceError, match=r"b\.pgm: the file is cut off"):
        open_source(tmp_path / "b.pgm", raw_format="rggb10")


@pytest.mark.parametrize(
    ("name", "hinted"), [("cal.pgm", "rggb8"), ("cal.BGGR.pgm", "bggr8"), ("x_bayer_GRBG8.png", "grbg8")]
)
def test_a_grey_picture_that_is_a_mosaic_gets_a_hint(
    tmp_path: Path, name: str, hinted: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray((MOSAIC * 255).astype(np.uint8)).save(tmp_path / name)
    open_source(tmp_path / name).close()
    assert f"may be a mosaic; try --raw-format {hinted}" in capfd.readouterr().err


def test_photographs_get_no_hint(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 96)).astype(np.uint8)
    for name, grey in (("a.png", noise), ("b.png", (255 * X / 96).astype(np.uint8)), ("c.png", noise // 64 * 64)):
        Image.fromarray(grey).save(tmp_path / name)
        open_source(tmp_path / name).close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("level", "raw_format"), [(1020, "rggb12"), (3967, "rggb14"), (250, "mono10"), (12000, "bggr16")]
)
def test_a_white_level_below_the_nominal_one_is_proposed_and_used(
    tmp_path: Path, level: int, raw_format: str, capfd: pytest.CaptureFixture[str]
) -> None:
    light = np.random.default_rng(1).normal(0.6, 0.25, (240, 320)) * level
    np.clip(light, 20, level).astype("<u2").tofile(tmp_path / "a.raw")
    options = {"raw_format": raw_format, "raw_size": "320x240"}
    open_source(tmp_path / "a.raw", **options).close()
    message = capfd.readouterr().err
    assert f"a.raw: saturates at {level}, but white is" in message
    assert f"--raw-white {level}" in message
    with open_source(tmp_path / "a.raw", **options, raw_white=level) as source:
        assert next(iter(source)).profile.white == level
    assert capfd.readouterr().err == ""


def test_a_mosaic_without_a_spike_below_white_gets_no_proposal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    light = np.random.default_rng(1).normal(0.5, 0.2, (240, 320))
    for name, numbers in (
        ("a", light.clip(0, 1) * 4095),
        ("b", light.clip(0, 10) * 2000),
        ("c", np.full_like(light, 900)),
    ):
        numbers.clip(0, 4095).astype("<u2").tofile(tmp_path / f"{name}.raw")
        open_source(tmp_path / f"{name}.raw", raw_format="rggb12", raw_size="320x240").close()
    assert capfd.readouterr().err == ""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    with open_source(tmp_path / "a.png", raw_white=9) as source, pytest.raises(SourceError, match="is not a mosaic"):
        next(iter(source))


@pytest.mark.parametrize(("row_bytes", "count"), [(256, 1), (208, 1), (224, 1), (256, 3), (224, 5)])
def test_padded_rows_are_proposed_as_a_stride_before_other_sizes(tmp_path: Path, row_bytes: int, count: int) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(row_bytes * 72 * count))
    options = {"raw_format": "rggb10", "raw_size": "100x72"}
    with pytest.raises(SourceError, match=rf"try --raw-stride (\d+ or --raw-stride )?{row_bytes}\b"):
        open_source(tmp_path / "a.raw", **options)
    with open_source(tmp_path / "a.raw", **options, raw_stride=row_bytes) as source:
        assert len(list(source)) == count


@pytest.mark.parametrize(
    ("begin", "name"),
    [
        (b"\xff\x0a", "JPEG XL"),
        (b"8BPS", "Photoshop"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"words\n", "text"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, begin: bytes, name: str) -> None:
    (tmp_path / "a.xyz").write_bytes(begin + (b"" if name == "text" else bytes(200)))
    with pytest.raises(SourceError, match=rf"a\.xyz: is a.* {name}"):
        open_source(tmp_path / "a.xyz")


@pytest.mark.parametrize("suffix", ["tga", "ico", "pcx", "dds", "foo"])
def test_a_picture_with_any_suffix_is_shown(tmp_path: Path, suffix: str) -> None:
    options = {"sizes": [(8, 6)]} if suffix == "ico" else {}  # older Pillows write only the usual sizes of icons
    Image.new("RGB", (8, 6), (9, 8, 7)).save(tmp_path / f"a.{suffix}", "PNG" if suffix == "foo" else None, **options)
    with open_source(tmp_path / f"a.{suffix}") as source:
        assert source.size == (8, 6)


@pytest.mark.parametrize("maximum", [255, 1023, 4095])
@pytest.mark.parametrize("is_text", [False, True])
def test_the_white_level_and_the_hint_of_a_pgm_come_from_its_header(
    tmp_path: Path, maximum: int, is_text: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    samples = np.tile([[maximum // 3, maximum], [maximum, maximum // 4]], (20, 20))
    head = f"P{2 if is_text else 5}\n40 40\n{maximum}\n".encode()
    kind = np.uint8 if maximum == 255 else np.dtype(">u2")
    path = tmp_path / "a.pgm"
    path.write_bytes(
        head + (" ".join(map(str, samples.ravel())).encode() if is_text else samples.astype(kind).tobytes())
    )
    frame = read_picture_mosaic(path, "rggb16")
    np.testing.assert_array_equal(frame.pixels, samples)
    assert frame.profile.white == maximum
    open_source(path).close()
    assert f"try --raw-format rggb{maximum.bit_length()} " in capfd.readouterr().err


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_a_mosaic_in_three_equal_channels(tmp_path: Path, suffix: str) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (8, 10)).astype(np.uint8)
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_picture_mosaic(tmp_path / f"a{suffix}", "rggb8").pixels, grey)
    Image.fromarray(np.stack([grey, grey, grey // 2], axis=2)).save(tmp_path / f"b{suffix}")
    with pytest.raises(SourceError, match="not a grey picture"):
        read_picture_mosaic(tmp_path / f"b{suffix}", "rggb8")


def test_a_mosaic_where_low_numbers_are_bright(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 4095, (8, 10)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", 65535 - grey, photometric="miniswhite", metadata=None)
    np.testing.assert_array_equal(read_picture_mosaic(tmp_path / "a.tif", "rggb12").pixels, grey)


@pytest.mark.parametrize("text", ["P2\n4 4\n255\n1 2 3", "P2\n4 4\n255\n1 2 x 4 5 6 7 8 9 10 11 12 13 14 15 16"])
def test_a_damaged_pgm_of_text_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.pgm").write_text(text)
    with pytest.raises(SourceError, match=r"a\.pgm: the (file is cut off|picture is damaged)"):
        read_picture_mosaic(tmp_path / "a.pgm", "rggb8")
