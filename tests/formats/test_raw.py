"""Raw stills: small DNGs written here check what LibRaw returns, real files check the colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rawpy
from dng_support import GREEN, XTRANS_PHOTOSITES, places, ramp, write_dng
from groundglass.camera import REC709_TO_REC2020, REC2020_TO_REC709
from groundglass.capture import open_source
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.formats import raw as still
from groundglass.formats.raw import LIBRAW_FLIP_TO_EXIF, camera_to_rec2020, read_raw
from groundglass.frame import Encoding
from groundglass.orientation import upright


@pytest.mark.parametrize(
    ("photosites", "pattern"),
    [((0, 1, 1, 2), "RGGB"), ((2, 1, 1, 0), "BGGR"), ((1, 0, 2, 1), "GRBG"), ((1, 2, 0, 1), "GBRG")],
)
def test_bayer_order_and_black_level_of_each_photosite(
    tmp_path: Path, photosites: tuple[int, ...], pattern: str
) -> None:
    frame = read_raw(write_dng(tmp_path / "a.dng", ramp(), photosites=photosites, black=(10, 20, 30, 40)))
    assert frame.encoding is Encoding.MOSAIC
    assert frame.cfa.pattern == pattern
    assert frame.profile.black == (10, 20, 30, 40)
    assert frame.profile.white == 4095
    assert frame.pixels.dtype == np.uint16
    assert frame.pixels.flags.c_contiguous
    assert frame.pixels[:2, :2].tolist() == [[500, 600], [700, 800]]


def test_the_bayer_order_follows_the_active_area(tmp_path: Path) -> None:
    whole = ramp()
    frame = read_raw(write_dng(tmp_path / "a.dng", whole, active_area=(1, 1, 61, 91)))
    # The active area begins at (1, 1) with red. Each colour must keep its samples, wherever LibRaw begins.
    for colour, expected in (("R", whole[1, 1]), ("B", whole[0, 0])):
        row, column = divmod(frame.cfa.pattern.index(colour), 2)
        assert frame.pixels[row, column] == expected
    assert frame.width < 96
    assert frame.height < 64


def test_white_balance_is_relative_to_green(tmp_path: Path) -> None:
    frame = read_raw(write_dng(tmp_path / "a.dng", ramp(), neutral=(0.5, 1.0, 0.625)))
    assert frame.profile.white_balance == pytest.approx((2.0, 1.0, 1.6), rel=1e-4)


def test_baseline_exposure_is_read(tmp_path: Path) -> None:
    assert read_raw(write_dng(tmp_path / "a.dng", ramp(), exposure_ev_100=-78)).profile.exposure_ev == -0.78


def test_balanced_camera_white_is_scene_white(tmp_path: Path) -> None:
    frame = read_raw(write_dng(tmp_path / "a.dng", ramp()))
    assert frame.profile.camera_to_scene @ np.ones(3) == pytest.approx(np.ones(3), abs=1e-9)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read_from_the_file(tmp_path: Path, orientation: int) -> None:
    assert read_raw(write_dng(tmp_path / "a.dng", ramp(), orientation=orientation)).orientation == orientation


@pytest.mark.parametrize("flip", range(8))
def test_a_flip_code_combines_mirroring_and_transposition(flip: int) -> None:
    """LibRaw's `flip_index`: 4 swaps row and column, then 2 mirrors the stored rows and 1 the stored columns."""
    stored = np.arange(12).reshape(3, 4)
    mirrored = stored[:: -1 if flip & 2 else 1, :: -1 if flip & 1 else 1]
    np.testing.assert_array_equal(upright(stored, LIBRAW_FLIP_TO_EXIF[flip]), mirrored.T if flip & 4 else mirrored)


def test_a_missing_matrix_is_computed_from_xyz() -> None:
    xyz_to_camera = np.array([[0.8, -0.2, -0.05], [-0.4, 1.2, 0.2], [-0.05, 0.2, 0.6], [0, 0, 0]])
    matrix = camera_to_rec2020(np.zeros((3, 4)), xyz_to_camera)
    assert matrix @ np.ones(3) == pytest.approx(np.ones(3), abs=1e-9)
    # Rec.709 green, captured by this camera and balanced so that white is (1, 1, 1), keeps its colour.
    srgb_to_xyz = np.array([[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923]])
    srgb_to_xyz = np.vstack([srgb_to_xyz, [0.0193308, 0.1191948, 0.9505322]])
    white = xyz_to_camera[:3] @ srgb_to_xyz @ np.ones(3)
    green = xyz_to_camera[:3] @ srgb_to_xyz @ np.array([0.0, 1.0, 0.0]) / white
    assert matrix @ green == pytest.approx(REC709_TO_REC2020[:, 1], abs=1e-6)


def test_an_unknown_camera_has_rec709_primaries() -> None:
    assert camera_to_rec2020(np.zeros((3, 4)), np.zeros((4, 3))) == pytest.approx(REC709_TO_REC2020, abs=1e-6)


def test_a_linear_dng_is_balanced_scene_linear_rgb(tmp_path: Path) -> None:
    camera_rgb = np.full((64, 96, 3), 4095, np.uint16) // np.array([2, 1, 1], np.uint16)
    frame = read_raw(write_dng(tmp_path / "a.dng", camera_rgb, neutral=(0.5, 1.0, 1.0)))
    assert frame.encoding is Encoding.SCENE
    assert frame.pixels.dtype == np.float32
    assert frame.pixels[5, 5] == pytest.approx((1.0, 1.0, 1.0), abs=1e-3)


def test_other_sensors(tmp_path: Path) -> None:
    xtrans = read_raw(write_dng(tmp_path / "x.dng", ramp(), photosites=XTRANS_PHOTOSITES))
    assert (xtrans.cfa.kind, xtrans.size) == ("xtrans", (96, 64))
    assert xtrans.cfa.channels().ravel().tolist() == list(XTRANS_PHOTOSITES)
    grey = read_raw(write_dng(tmp_path / "m.dng", ramp(), photosites=None))
    assert (grey.cfa.kind, grey.profile.white_balance) == ("mono", (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(grey.pixels, ramp())
    quad = (0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 2, 2, 1, 1, 2, 2)
    assert read_raw(write_dng(tmp_path / "q.dng", ramp(), photosites=quad)).cfa == Cfa("RGGB", block=2)


@pytest.mark.parametrize("photosites", [(0, 1, 1, 2), (1, 2, 0, 1), XTRANS_PHOTOSITES, None])
@pytest.mark.parametrize("active", [None, (1, 2, 61, 92), (3, 1, 63, 93)])
def test_a_raw_file_without_dng_tags_has_the_filters_of_libraw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photosites: tuple[int, ...] | None, active: tuple[int, ...] | None
) -> None:
    """Every raw file except a DNG lacks these tags."""
    monkeypatch.setattr(still, "read_dng", lambda path: None)
    frame = read_raw(write_dng(tmp_path / "a.dng", places(), photosites=photosites, active_area=active))
    row, column = divmod(int(frame.pixels[0, 0]), 100)
    top, left = (0, 0) if active is None else active[:2]
    block = (
        np.full((1, 1), GREEN) if photosites is None else np.reshape(photosites, (-1, round(len(photosites) ** 0.5)))
    )
    np.testing.assert_array_equal(frame.cfa.channels(), np.roll(block, (top - row, left - column), axis=(0, 1)))
    assert frame.profile.white == 4095


@pytest.mark.parametrize("photosites", [(0, 1, 1, 3), (0, 1, 2, 1), (1, 2, 2, 0)])
def test_unsupported_colour_filters_are_refused(tmp_path: Path, photosites: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match=r"x\.dng: .*colour filters .*; convert the file to linear DNG"):
        read_raw(write_dng(tmp_path / "x.dng", ramp(), photosites=photosites))


def test_a_file_that_is_not_a_raw_file_gives_one_line(tmp_path: Path) -> None:
    noise = tmp_path / "noise.dng"
    noise.write_bytes(np.random.default_rng(1).bytes(5000))
    with pytest.raises(SourceError, match=r"noise\.dng: .*not a raw") as caught:
        read_raw(noise)
    assert "\n" not in str(caught.value)


def test_a_cut_off_file_gives_only_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    intact = write_dng(tmp_path / "intact.dng", np.tile(ramp(), (4, 4))).read_bytes()
    (tmp_path / "cut.dng").write_bytes(intact[: len(intact) // 2])
    with pytest.raises(SourceError, match=r"cut\.dng: the file is cut off"):
        open_source(tmp_path / "cut.dng")
    assert capfd.readouterr().err == ""


def test_the_error_for_a_headerless_file_names_the_options(tmp_path: Path) -> None:
    (tmp_path / "chart.raw").write_bytes(bytes(1920 * 1080 * 2))
    with pytest.raises(SourceError, match="--raw-format rggb12 --raw-size"):
        open_source(tmp_path / "chart.raw")


def test_a_still_is_one_frame(tmp_path: Path) -> None:
    with open_source(write_dng(tmp_path / "a.dng", ramp()), loop=True) as source:
        assert (source.frames, source.fps, source.size) == (1, None, (96, 64))
        assert [frame.index for frame in source] == [0]


def test_a_truncated_camera_file_is_refused(data_dir: Path) -> None:
    with pytest.raises(SourceError, match=r"leica_m10_truncated\.dng: the file is cut off"):
        open_source(data_dir / "raw" / "leica_m10_truncated.dng")


def test_colour_agrees_with_libraw(data_dir: Path) -> None:
    """Compares patches of balanced superpixels, converted by a matrix, with LibRaw after one exposure scale.

    With the matrix of LibRaw they agree within 1 %. This project interpolates between the matrices of two illuminants,
    LibRaw uses one matrix: the results differ by 1.5 % on average.
    """
    path = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    frame = read_raw(path)
    assert (frame.size, frame.cfa.pattern, frame.orientation) == ((4000, 3000), "RGGB", 2)
    camera_rgb = superpixels(frame.pixels)
    balanced = camera_rgb * frame.profile.white_balance / frame.profile.white
    with rawpy.imread(str(path)) as raw:
        libraw_rgb = raw.postprocess(
            gamma=(1, 1), no_auto_bright=True, use_camera_wb=True, output_bps=16, user_flip=0, half_size=True
        )
        libraw_matrix = camera_to_rec2020(raw.color_matrix, raw.rgb_xyz_matrix)
    usable = patches((balanced.max(-1) < 0.95) & (libraw_rgb.min(-1) > 0)) == 1.0
    balanced, libraw_rgb = patches(balanced)[usable], patches(libraw_rgb / 65535.0)[usable]
    assert len(balanced) > 100
    error = {}
    for name, matrix in (("libraw", libraw_matrix), ("interpolated", frame.profile.camera_to_scene)):
        rec709 = balanced @ (REC2020_TO_REC709 @ matrix).T
        scale = (rec709 * libraw_rgb).sum() / (rec709 * rec709).sum()
        error[name] = np.abs(rec709 * scale - libraw_rgb).max(-1) / libraw_rgb.max(-1)
    assert error["libraw"].max() <= 0.01
    assert error["interpolated"].mean() <= 0.02
    assert error["interpolated"].max() <= 0.05


def superpixels(mosaic: np.ndarray) -> np.ndarray:
    """(H/2, W/2, 3) float64: one pixel of each RGGB block."""
    photosites = mosaic.astype(np.float64)
    green = (photosites[0::2, 1::2] + photosites[1::2, 0::2]) / 2
    return np.stack([photosites[0::2, 0::2], green, photosites[1::2, 1::2]], axis=-1)


def patches(plane: np.ndarray, side: int = 50) -> np.ndarray:
    height, width = plane.shape[:2]
    return plane.reshape(height // side, side, width // side, side, *plane.shape[2:]).mean((1, 3))
