"""Pictures under the suffix of another kind, and beginnings of files that are cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.capture.metadata import read_metadata
from groundglass.errors import SourceError
from groundglass.formats.picture_kind import EXR, HEIF, TIFF, begins_like_a_picture, kind_of
from groundglass.frame import Encoding
from PIL import Image

PIXELS = np.full((32, 48, 3), (200, 60, 50), np.uint8)


def heic(path: Path) -> Path:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(PIXELS)).save(path, quality=-1, chroma=444, format="HEIF")
    return path


def exr(path: Path) -> Path:
    openexr = pytest.importorskip("OpenEXR")
    made = path.with_suffix(".exr")
    channels = {"RGB": np.full((32, 48, 3), 0.25, np.float32)}
    openexr.File({"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}, channels).write(str(made))
    return made.rename(path)


def first(path: Path):
    with open_source(path) as source:
        return next(iter(source))


@pytest.mark.parametrize("name", ["photo.jpg", "photo.PNG", "photo.tif", "photo.webp", "photo", "photo.bin"])
def test_a_heic_under_another_name_is_shown(tmp_path: Path, name: str) -> None:
    frame = first(heic(tmp_path / "a.heic").rename(tmp_path / name))
    assert frame.encoding is Encoding.DISPLAY
    assert np.abs(frame.pixels.astype(int) - PIXELS).max() <= 2
    assert (frame.depth_m, frame.depth_noise) == (None, 0.0)


@pytest.mark.parametrize("name", ["light.png", "light.jpg", "light", "light.tiff", "light.heic"])
def test_an_exr_under_another_name_is_scene_light(tmp_path: Path, name: str) -> None:
    frame = first(exr(tmp_path / name))
    assert frame.encoding is Encoding.SCENE
    np.testing.assert_allclose(frame.pixels[3, 4], 0.25)


@pytest.mark.parametrize("name", ["deep.jpg", "deep.png", "deep.heic", "deep", "deep.exr"])
def test_a_float_tiff_under_another_name_is_scene_light(tmp_path: Path, name: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((32, 48, 3), 1.5, np.float32), photometric="rgb")
    frame = first((tmp_path / "a.tif").rename(tmp_path / name))
    assert frame.encoding is Encoding.SCENE
    np.testing.assert_array_equal(frame.pixels[3, 4], 1.5)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_pillows_formats_are_found_by_content_as_before(tmp_path: Path, form: str) -> None:
    try:
        Image.fromarray(PIXELS).save(tmp_path / "a.tif", form, quality=95)
    except (OSError, KeyError):
        pytest.skip(f"this Pillow does not write {form}")
    assert np.abs(first(tmp_path / "a.tif").pixels.astype(int) - PIXELS).max() < 40


def test_info_names_the_kind_of_the_content(tmp_path: Path) -> None:
    path = heic(tmp_path / "a.heic").rename(tmp_path / "a.jpg")
    assert read_metadata(str(path))["format"] == "HEIF"


@pytest.mark.parametrize("share", [0.02, 0.5])
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.webp", "a.jpg", "a.gif"])
def test_a_picture_that_is_cut_off_is_called_so(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / name, **({"compression": "tiff_lzw"} if name == "a.tif" else {}))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: round(share * len(content))])
    with pytest.raises(SourceError, match="damaged or cut off"):
        first(tmp_path / name)


def test_the_first_bytes_distinguish_kinds(tmp_path: Path) -> None:
    def kind(begin: bytes) -> str:
        (tmp_path / "a.PNG").write_bytes(begin)
        return kind_of(tmp_path / "a.PNG")

    box = b"\0\0\0\x18ftyp%b\0\0\0\0%b%b"
    assert kind(b"\x76\x2f\x31\x01\2\0\0\0") == EXR
    assert [kind(magic) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")] == [TIFF] * 4
    assert [kind(box % (brand, b"mif1", b"heic")) for brand in (b"heic", b"mif1", b"heix", b"msf1")] == [HEIF] * 4
    assert kind(box % (b"mif1", b"avif", b"miaf")) == ".png"
    assert kind(box % (b"isom", b"mp42", b"avc1")) == ".png"
    assert kind(b"") == kind(b"\0\0\0\x08ftyp") == kind(b"\xff\xff\xff\xffftyp") == ".png"
    assert kind_of(tmp_path / "missing.JPG") == ".jpg"
    assert not begins_like_a_picture(tmp_path / "a.PNG")
