"""Mattes in files: greys, alpha, and the matte of a phone's portrait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.errors import SourceError
from groundglass.formats.matte_files import read_matte
from heif_support import heic_with_auxiliary
from PIL import Image

GREYS = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (16, 1))
SHARES = GREYS / 255


@pytest.fixture
def heif() -> Any:
    return pytest.importorskip("pillow_heif")


def portrait(heif: Any, path: Path, size: tuple[int, int] = (64, 32)) -> Path:
    path.write_bytes(heic_with_auxiliary(heif, Image.new("RGB", size, (200, 90, 20)), Image.fromarray(GREYS)))
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_greys_of_every_depth_are_fractions_of_white(tmp_path: Path, dtype: Any) -> None:
    np.save(
        tmp_path / "m.npy",
        SHARES.astype(dtype) if dtype is np.float32 else (SHARES * np.iinfo(dtype).max).astype(dtype),
    )
    np.testing.assert_allclose(read_matte(tmp_path / "m.npy"), SHARES, atol=1 / 255)
    if dtype is not np.float32:
        Image.fromarray((SHARES * np.iinfo(dtype).max).astype(dtype)).save(tmp_path / "m.png")
        np.testing.assert_allclose(read_matte(tmp_path / "m.png"), SHARES, atol=1 / 255)


def test_a_picture_with_transparency_gives_its_alpha(tmp_path: Path) -> None:
    rgba = np.dstack([np.full((16, 32, 3), 77, np.uint8), GREYS])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    np.testing.assert_allclose(read_matte(tmp_path / "a.png"), SHARES, atol=1e-6)
    frame = next(iter(open_source(tmp_path / "a.png")))
    assert frame.matte is not None
    np.testing.assert_allclose(frame.matte, SHARES, atol=1e-6)
    Image.fromarray(rgba).save(tmp_path / "a.tif")
    assert next(iter(open_source(tmp_path / "a.tif"))).pixels.shape == (16, 32, 3)


def test_an_opaque_picture_has_no_matte(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (9, 9, 9, 255)).save(tmp_path / "a.png")
    assert next(iter(open_source(tmp_path / "a.png"))).matte is None


def test_the_matte_of_a_portrait_is_read(heif: Any, tmp_path: Path) -> None:
    path = portrait(heif, tmp_path / "a.heic")
    np.testing.assert_allclose(read_matte(path), SHARES, atol=2 / 255)
    frame = next(iter(open_source(path)))
    assert frame.matte is not None
    assert frame.size == (64, 32)
    np.testing.assert_allclose(frame.matte, SHARES, atol=2 / 255)
    assert next(iter(open_source(path, matte="none"))).matte is None


def test_another_auxiliary_image_is_not_a_matte(heif: Any, tmp_path: Path) -> None:
    picture = heic_with_auxiliary(
        heif, Image.new("RGB", (64, 32)), Image.fromarray(GREYS), "urn:com:apple:photo:2020:aux:hdrgainmap"
    )
    (tmp_path / "a.heic").write_bytes(picture)
    assert next(iter(open_source(tmp_path / "a.heic"))).matte is None
    with pytest.raises(SourceError, match=r"a\.heic: holds no portrait matte; name a grey picture"):
        read_matte(tmp_path / "a.heic")


def test_a_real_portrait_without_a_matte(heif: Any, data_dir: Path) -> None:
    with pytest.raises(SourceError, match=r"pug\.heic: holds no portrait matte"):
        read_matte(data_dir / "depth" / "pug.heic")


def test_a_wrong_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (9, 9, 3)).astype(np.uint8)).save(tmp_path / "rgb.png")
    np.save(tmp_path / "metres.npy", np.full((4, 4), 3.0))
    np.save(tmp_path / "nan.npy", np.full((4, 4), np.nan))
    np.save(tmp_path / "cube.npy", np.zeros((4, 4, 4)))
    for name, reason in {
        "missing.png": "no such matte; give a grey picture",
        "text.png": "not a matte that can be read .*; save it as a grey PNG",
        "rgb.png": "a coloured picture is not a matte; save it as grey",
        "metres.npy": "has values from 3 to 3; give the part of each pixel",
        "nan.npy": "has values from nan to nan",
        "cube.npy": r"float64 values of shape \(4, 4, 4\) are not a matte",
    }.items():
        with pytest.raises(SourceError, match=rf"{name}:? {reason}") as raised:
            read_matte(tmp_path / name)
        assert "\n" not in str(raised.value)
