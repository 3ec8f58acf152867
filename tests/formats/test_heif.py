"""HEIC pictures and their depth images."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.metadata import read_metadata
from groundglass.depth.maps import FAR_M
from groundglass.errors import MissingExtraError, SourceError
from groundglass.formats.heif import metres
from groundglass.frame import Encoding
from PIL import Image, ImageCms

GREYS = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)


@pytest.fixture
def heif() -> Any:
    return pytest.importorskip("pillow_heif")


def write(heif: Any, path: Path, picture: Image.Image, **options: Any) -> Path:
    heif.from_pillow(picture).save(path, quality=-1, chroma=444, matrix_coefficients=0, **options)
    return path


def test_disparity_has_the_unit_inverse_metre() -> None:
    metadata = {"representation_type": 1, "d_min": 0.5, "d_max": 2.5}
    assert metres(GREYS, metadata) == pytest.approx(1 / (0.5 + GREYS / 255 * 2), rel=1e-6)
    assert metres(GREYS.astype(np.uint16) * 257, metadata) == pytest.approx(1 / (0.5 + GREYS / 255 * 2), rel=1e-6)


def test_inverse_distance_and_distance_span_near_to_far() -> None:
    metadata = {"z_near": 0.5, "z_far": 4.0}
    inverse = metres(GREYS, metadata | {"representation_type": 0})
    assert inverse == pytest.approx(1 / (0.25 + GREYS / 255 * 1.75), rel=1e-6)
    assert metres(GREYS, metadata | {"representation_type": 2}) == pytest.approx(0.5 + GREYS / 255 * 3.5, rel=1e-6)


@pytest.mark.parametrize(
    "metadata",
    [{}, {"d_min": 3.0, "d_max": 1.0}, {"d_min": np.nan, "d_max": 2.0}, {"d_min": -4.0, "d_max": 2.0},
     {"representation_type": 0}, {"representation_type": 0, "z_near": 2.0, "z_far": 1.0}],
)  # fmt: skip
def test_invalid_depth_metadata_gives_the_default_portrait_range(metadata: dict[str, float]) -> None:
    depth_m = metres(GREYS, metadata)
    assert depth_m is not None
    assert (depth_m.max(), depth_m.min()) == pytest.approx((5.0, 0.5))
    assert depth_m[1, 2] == depth_m.min()  # bright is near


def test_zero_disparity_is_at_the_maximum_distance() -> None:
    depth_m = metres(GREYS, {"representation_type": 1, "d_min": 0.0, "d_max": 1.0})
    assert depth_m is not None
    assert depth_m[0, 0] == FAR_M


def test_a_heic_file_is_a_picture_without_depth(heif: Any, tmp_path: Path) -> None:
    colours = np.random.default_rng(3).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    frame = next(iter(open_source(write(heif, tmp_path / "a.heic", Image.fromarray(colours)))))
    assert (frame.encoding, frame.size, frame.depth_m) == (Encoding.DISPLAY, (48, 32), None)
    assert frame.pixels.dtype == np.uint8
    assert np.abs(frame.pixels.astype(int) - colours).max() <= 1


def test_orientation_is_applied_once(heif: Any, tmp_path: Path) -> None:
    picture = Image.new("RGB", (48, 32), (200, 20, 20))
    picture.paste((20, 20, 200), (0, 0, 24, 32))
    exif = Image.Exif()
    exif[0x0112] = 6
    frame = next(iter(open_source(write(heif, tmp_path / "a.heic", picture, exif=exif.tobytes())))).upright()
    assert frame.size == (32, 48)
    assert frame.pixels[4, 16, 2] > 150  # the left side becomes the top
    assert frame.pixels[44, 16, 0] > 150


def test_the_icc_profile_is_applied(heif: Any, tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    colours = Image.new("RGB", (32, 32), (200, 100, 50))
    frame = next(iter(open_source(write(heif, tmp_path / "a.heic", colours, icc_profile=profile))))
    assert np.abs(frame.pixels.astype(int) - (200, 100, 50)).max() <= 1


def test_ten_bits_are_kept(heif: Any, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    stored = heif.from_bytes("RGB;16", (64, 64), np.repeat(ramp[..., None], 3, 2).tobytes())
    stored.save(tmp_path / "a.heif", quality=-1, chroma=444)
    frame = next(iter(open_source(tmp_path / "a.heif")))
    assert frame.pixels.dtype == np.uint16
    assert np.abs(frame.pixels[..., 1].astype(int) - ramp).max() < 400
    assert len(np.unique(frame.pixels)) > 500


def test_a_broken_file_gives_one_line(heif: Any, tmp_path: Path) -> None:
    intact = write(heif, tmp_path / "a.heic", Image.new("RGB", (64, 64), (9, 99, 199))).read_bytes()
    for content in (b"no picture", intact[:40], intact[: len(intact) // 2], intact[:-8]):
        (tmp_path / "b.heic").write_bytes(content)
        with pytest.raises(SourceError, match=r"b\.heic: ") as raised:
            next(iter(open_source(tmp_path / "b.heic")))
        assert "\n" not in str(raised.value)


def test_the_error_for_a_missing_library_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    (tmp_path / "a.heic").write_bytes(b"anything")
    with pytest.raises(MissingExtraError, match=r"a\.heic: needs pillow-heif; pip install groundglass\[heif\]"):
        open_source(tmp_path / "a.heic")


def test_a_real_portrait(heif: Any, data_dir: Path) -> None:
    path = data_dir / "depth" / "pug.heic"
    with open_source(path) as source:
        frame = next(iter(source))
    assert frame.size == (4032, 3024)
    assert frame.depth_m is not None
    # The file specifies 1.498 to 4.383 in 1/metre. The wall in the background is far, the blanket in front is near.
    assert (frame.depth_m.min(), frame.depth_m.max()) == pytest.approx((1 / 4.3828125, 1 / 1.498046875), rel=1e-5)
    rows, columns = frame.depth_m.shape
    assert frame.depth_m[rows // 10, columns // 2] > 0.6 > 0.4 > frame.depth_m[rows * 3 // 4, columns // 3]
    with open_source(path, depth_range="1..4") as source:
        spread_m = next(iter(source)).depth_m
    assert spread_m is not None
    assert (spread_m.min(), spread_m.max()) == pytest.approx((1, 4))
    metadata = read_metadata(str(path))
    assert metadata["exposure_s"] == pytest.approx(1 / 121)
    assert metadata["depth_m"] == pytest.approx([0.228, 0.668], abs=1e-3)
