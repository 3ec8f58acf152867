"""Written pictures are complete, keep their bit depth, name their colour space and never replace another still."""

from __future__ import annotations

import builtins
import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from groundglass.errors import MissingExtraError, OutputError
from groundglass.formats import picture_write as snapshot
from groundglass.formats.dng_write import write_dng
from groundglass.frame import Frame
from PIL import Image, ImageCms

GREYS = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
RED_AND_BLUE = np.zeros((16, 32, 3), dtype=np.uint8)
RED_AND_BLUE[:, :16, 0] = 255
RED_AND_BLUE[:, 16:, 2] = 255


def test_png_keeps_every_value_and_is_tagged_srgb(tmp_path: Path) -> None:
    path = snapshot.save(tmp_path / "a.png", GREYS)
    with Image.open(path) as picture:
        assert picture.info["srgb"] == 0
        assert np.array_equal(np.asarray(picture), GREYS)


def test_jpeg_has_full_colour_resolution_and_a_profile(tmp_path: Path) -> None:
    path = snapshot.save(tmp_path / "a.JPG", RED_AND_BLUE[:, 1:])  # the colour edge falls inside a 2x2 chroma block
    with Image.open(path) as picture:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
        assert [component[1:3] for component in picture.layer] == [(1, 1)] * 3
        assert np.abs(np.asarray(picture, dtype=int) - RED_AND_BLUE[:, 1:]).max() <= 12


def test_a_tiff_stores_a_float_picture_in_16_bits(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 65536, dtype=np.float32).reshape(256, 256, 1).repeat(3, axis=2)
    path = snapshot.save(tmp_path / "a.tif", ramp)
    stored = tifffile.imread(path)
    assert stored.dtype == np.uint16
    assert np.array_equal(stored[..., 0].ravel(), np.arange(65536))
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].tags["InterColorProfile"].value


@pytest.mark.parametrize(("name", "white"), [("a.tif", 65535), ("a.png", 255)])
def test_white_stays_white_at_any_bit_depth(tmp_path: Path, name: str, white: int) -> None:
    for picture in (
        np.full((2, 2, 3), 255, np.uint8),
        np.full((2, 2, 3), 65535, np.uint16),
        np.full((2, 2, 3), 1.5, np.float32),
    ):
        path = snapshot.save(tmp_path / name, picture)
        stored = tifffile.imread(path) if name.endswith("tif") else np.asarray(Image.open(path))
        assert (stored == white).all()


def test_an_exr_keeps_scene_linear_values_and_names_its_primaries(tmp_path: Path) -> None:
    openexr = pytest.importorskip("OpenEXR")
    scene_rgb = np.random.default_rng(7).uniform(-0.1, 900.0, (5, 7, 3)).astype(np.float32)
    file = openexr.File(str(snapshot.save(tmp_path / "a.exr", scene_rgb)))
    assert np.array_equal(file.channels()["RGB"].pixels, scene_rgb)
    assert np.allclose(file.header()["chromaticities"], snapshot.REC2020_CHROMATICITIES)
    half = openexr.File(str(snapshot.save(tmp_path / "h.exr", scene_rgb, half=True))).channels()["RGB"].pixels
    assert half.dtype == np.float16
    assert np.allclose(half, scene_rgb, rtol=1e-3, atol=1e-4)


def test_an_exr_of_display_values_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("OpenEXR")
    with pytest.raises(OutputError, match="scene-linear"):
        snapshot.save(tmp_path / "a.exr", GREYS)


def test_the_error_for_missing_openexr_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_openexr(name: str, *args: Any, **options: Any) -> Any:
        if name == "OpenEXR":
            raise ImportError(name)
        return real_import(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without_openexr)
    with pytest.raises(MissingExtraError, match=r"groundglass\[exr\]"):
        snapshot.check_target(tmp_path / "a.exr")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a.gif", "suffix '.gif'"), ("a", "suffix ''"), ("none/a.png", "does not exist"), ("folder.png", "is a folder")],
)
def test_an_invalid_target_is_refused_before_writing(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match=reason) as caught:
        snapshot.check_target(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(OutputError, match=reason):
        snapshot.save(tmp_path / name, GREYS)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".exr", ".dng"])
def test_a_file_is_whole_or_refused_wherever_the_disk_ends(tmp_path: Path, suffix: str) -> None:
    """A limit of the system cuts a write short, as a full disk does. A refused file leaves the old one."""
    resource = pytest.importorskip("resource")
    if suffix == ".exr":
        pytest.importorskip("OpenEXR")
    noise = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    rgb = noise.astype(np.float32) if suffix == ".exr" else noise
    frame = Frame(np.arange(60 * 40, dtype=np.uint16).reshape(40, 60), name="a")
    write = partial(write_dng, frame=frame) if suffix == ".dng" else partial(snapshot.save, rgb=rgb)
    path = write(tmp_path / f"a{suffix}")
    whole = path.read_bytes()
    refused = 0
    for length in (*range(0, len(whole), len(whole) // 24), len(whole) - 1, len(whole)):
        before = path.read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (length, limits[1]))
        try:
            write(path)
        except OutputError:
            refused += 1
            assert path.read_bytes() == before
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.stat().st_size == len(whole)
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert refused >= 24


def test_an_array_that_is_not_a_picture_is_refused(tmp_path: Path) -> None:
    for shape in ((4, 4), (4, 4, 4), (0, 4, 3)):
        with pytest.raises(OutputError, match="is not a picture"):
            snapshot.save(tmp_path / "a.png", np.zeros(shape, np.uint8))
