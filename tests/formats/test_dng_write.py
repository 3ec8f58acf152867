"""A DNG that is written here contains the captured mosaic and the metadata of the frame."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
import rawpy
from groundglass.camera import NoiseProfile
from groundglass.capture.metadata import read_metadata
from groundglass.cfa import XTRANS, Cfa
from groundglass.errors import OutputError
from groundglass.formats.capture_metadata import CaptureMetadata
from groundglass.formats.dng_write import illuminant_code, write_dng
from groundglass.formats.raw import read_raw
from groundglass.frame import Encoding, Frame
from groundglass.packing import Packing

WHITE_BALANCE = (2.1, 1.0, 1.55)
CAPTURE = CaptureMetadata("Leica M11", "Noctilux-M 50", 1 / 250, 0.95, 400, 50.0, datetime(2026, 3, 1, 12, 30, 5))


def counts(height: int = 48, width: int = 72) -> np.ndarray:
    return np.random.default_rng(4).integers(100, 4095, (height, width)).astype(np.uint16)


def a_frame(cfa: Cfa | None = None, **also: object) -> Frame:
    profile = gg.CameraProfile(black=(64.0, 66.0, 62.0, 64.0), white=4095.0, white_balance=WHITE_BALANCE)
    return Frame(counts(), cfa=cfa or Cfa("GRBG"), profile=profile, **also)  # type: ignore[arg-type]


def assert_same_picture(frame: Frame, other: Frame) -> None:
    """Asserts equal mosaic, filters, levels, white balance, matrix and orientation."""
    np.testing.assert_array_equal(frame.pixels, other.pixels)
    assert (frame.cfa, frame.orientation) == (other.cfa, other.orientation)
    assert frame.profile.black == pytest.approx(other.profile.black)
    assert frame.profile.white == other.profile.white
    assert frame.profile.exposure_ev == pytest.approx(other.profile.exposure_ev, abs=1e-5)
    if frame.cfa.kind != "mono":
        assert frame.profile.white_balance == pytest.approx(other.profile.white_balance, rel=1e-5)
        np.testing.assert_allclose(frame.profile.camera_to_scene, other.profile.camera_to_scene, atol=2e-4)


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_bayer_mosaic_survives_the_file(tmp_path: Path, pattern: str, orientation: int) -> None:
    frame = a_frame(Cfa(pattern), orientation=orientation)
    path = write_dng(tmp_path / "a.dng", frame)
    assert_same_picture(read_raw(path), frame)
    with rawpy.imread(str(path)) as raw:
        np.testing.assert_array_equal(raw.raw_image_visible, frame.pixels)
        assert raw.sizes.flip == {1: 0, 3: 3, 6: 6, 8: 5}[orientation]
        assert raw.white_level == 4095
        assert np.divide(raw.camera_whitebalance[:3], raw.camera_whitebalance[1]) == pytest.approx(
            WHITE_BALANCE, rel=1e-4
        )
        assert list(raw.color_desc) == list(b"RGBG")


@pytest.mark.parametrize("cfa", [Cfa("RGGB", 2), Cfa("MONO"), Cfa(XTRANS)], ids=["quad", "mono", "xtrans"])
def test_other_mosaics_survive_the_file(tmp_path: Path, cfa: Cfa) -> None:
    frame = replace(a_frame(cfa), profile=replace(a_frame().profile, black=(64.0,) * 4))
    assert_same_picture(read_raw(write_dng(tmp_path / "a.dng", frame)), frame)


def test_packed_samples_are_written_unpacked(tmp_path: Path) -> None:
    plain = np.random.default_rng(1).integers(0, 4096, (60, 96)).astype(np.uint16)
    packed = np.empty((60, 144), np.uint8)
    packed[:, 0::3], packed[:, 1::3] = plain[:, 0::2] >> 4, plain[:, 1::2] >> 4
    packed[:, 2::3] = (plain[:, 0::2] & 15) | ((plain[:, 1::2] & 15) << 4)
    frame = Frame(packed, packing=Packing.RAW12, packed_width=96, profile=gg.CameraProfile(white=4095.0))
    np.testing.assert_array_equal(read_raw(write_dng(tmp_path / "a.dng", frame)).pixels, plain)


def test_corrections_per_photosite_survive_the_file(tmp_path: Path) -> None:
    y, x = np.mgrid[:48, :72]
    gains = (1 + ((x - 36) ** 2 + (y - 24) ** 2) / 4000).astype(np.float32)
    uneven = (0.5 * (np.arange(72) % 3)[None, :] + np.linspace(0, 2, 48)[:, None]).astype(np.float32)
    profile = replace(
        a_frame().profile,
        gain_map=gains,
        black_map=uneven,
        defects=np.array([[3, 5], [70, 40]], np.int32),
        noise=NoiseProfile(2e-4, 3e-6),
        exposure_ev=0.35,
    )
    back = read_raw(write_dng(tmp_path / "a.dng", replace(a_frame(), profile=profile))).profile
    np.testing.assert_allclose(back.gain_map, gains, atol=2e-3)
    black = np.reshape(back.black, (2, 2))[y % 2, x % 2] + back.black_map
    np.testing.assert_allclose(black, np.reshape(profile.black, (2, 2))[y % 2, x % 2] + uneven, atol=0.01)
    assert sorted(map(tuple, back.defects)) == [(3, 5), (70, 40)]
    assert (back.noise.shot, back.noise.read) == (2e-4, 3e-6)
    assert back.exposure_ev == pytest.approx(0.35)


def test_capture_metadata_and_preview_are_written(tmp_path: Path) -> None:
    preview = np.random.default_rng(0).integers(0, 255, (32, 48, 3)).astype(np.uint8)
    path = write_dng(tmp_path / "a.dng", a_frame(), CAPTURE, preview)
    metadata = read_metadata(str(path))
    assert metadata["camera"] == "Leica M11"
    assert_same_picture(read_raw(path), a_frame())
    with rawpy.imread(str(path)) as raw:
        thumb = raw.extract_thumb()
        assert thumb.format in (rawpy.ThumbFormat.BITMAP, rawpy.ThumbFormat.JPEG)


def test_a_temperature_maps_to_the_nearest_standard_illuminant() -> None:
    assert [illuminant_code(kelvin) for kelvin in (2856, 2850, 3200, 5000, 5500, 6504, 9000)] == [
        17,
        3,
        24,
        23,
        1,
        21,
        22,
    ]


def test_a_real_raw_file_survives_the_file(data_dir: Path, tmp_path: Path) -> None:
    source = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    if not source.is_file():
        pytest.skip(f"no {source.name} in the data folder")
    frame = read_raw(source)
    path = write_dng(tmp_path / "again.dng", frame)
    back = read_raw(path)
    assert_same_picture(back, frame)
    assert len(back.profile.calibrations) == len(frame.profile.calibrations)
    for calibration, original in zip(back.profile.calibrations, frame.profile.calibrations, strict=True):
        assert calibration.temperature_k == original.temperature_k
        np.testing.assert_allclose(calibration.xyz_to_camera, original.xyz_to_camera, atol=1e-5)
    with rawpy.imread(str(source)) as before, rawpy.imread(str(path)) as after:
        np.testing.assert_array_equal(before.raw_image_visible, after.raw_image_visible)
        np.testing.assert_allclose(before.color_matrix, after.color_matrix, atol=1e-3)
        np.testing.assert_allclose(before.rgb_xyz_matrix, after.rgb_xyz_matrix, atol=1e-3)
        np.testing.assert_allclose(before.camera_whitebalance, after.camera_whitebalance, rtol=1e-3)


@pytest.mark.parametrize("preview", [True, False])
def test_exiftool_reports_no_error(tmp_path: Path, preview: bool) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool (apt-get install libimage-exiftool-perl)")
    small = np.zeros((16, 24, 3), np.uint8) if preview else None
    path = write_dng(tmp_path / "a.dng", a_frame(orientation=6), CAPTURE, small)
    command = ["exiftool", "-validate", "-warning", "-error", "-a", "-j", "-n", "-all", str(path)]
    metadata = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)[0]
    assert metadata["Validate"].split()[0] == "0", {
        key: metadata[key] for key in metadata if key in ("Error", "Warning")
    }
    assert "Error" not in metadata
    assert metadata["UniqueCameraModel"] == "Leica M11"
    assert metadata["ISO"] == 400
    assert metadata["ExposureTime"] == pytest.approx(1 / 250)
    assert metadata["LensModel"] == "Noctilux-M 50"


def test_a_picture_without_raw_data_is_refused(tmp_path: Path) -> None:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), Encoding.DISPLAY)
    with pytest.raises(OutputError, match="has no raw data"):
        write_dng(tmp_path / "a.dng", frame)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("groundglass.formats.dng_write._write", fails)
    with pytest.raises(OutputError, match="No space left"):
        write_dng(tmp_path / "a.dng", a_frame())
    assert not list(tmp_path.iterdir())
