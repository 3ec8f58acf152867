"""Reading the tags of a DNG. Each test writes a DNG with a few photosites."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from dng_support import (
    ANALOG_BALANCE,
    AS_SHOT_NEUTRAL,
    AS_SHOT_WHITE_XY,
    CAMERA_CALIBRATION_1,
    COLOR_MATRIX_1,
    COLOR_MATRIX_2,
    FORWARD_MATRIX_1,
    ILLUMINANT_1,
    ILLUMINANT_2,
    LINEARIZATION_TABLE,
    NOISE_PROFILE,
    XTRANS_PHOTOSITES,
    crop,
    gain_map,
    opcodes,
    places,
    ramp,
    rationals,
    write_and_read,
    write_dng,
)
from groundglass.camera import Calibration, CameraProfile, NoiseProfile
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.formats.raw import read_raw
from groundglass.frame import Encoding, Frame

COLOR = np.array([[0.9, -0.3, -0.1], [-0.4, 1.2, 0.2], [-0.05, 0.15, 0.6]])
WARM = np.array([[1.1, -0.4, -0.05], [-0.35, 1.15, 0.25], [0.0, 0.1, 0.5]])
FORWARD = np.array([[0.6, 0.25, 0.1142], [0.2, 0.75, 0.05], [0.0, 0.1, 0.7249]])
WHOLE = (0, 0, 64, 96)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Frame]:
    """Writes a DNG with the given tags and reads it."""
    return partial(write_and_read, tmp_path)


# Geometry


@pytest.mark.parametrize("active", [None, (0, 0, 60, 90), (1, 2, 61, 91), (3, 3, 63, 95)])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (1, 0), (4, 5), (7, 3)])
def test_the_default_crop_is_relative_to_the_active_area_and_keeps_the_colour_of_each_photosite(
    read: Callable[..., Frame], active: tuple[int, int, int, int] | None, left: int, top: int
) -> None:
    frame = read(*crop(left, top, 41, 30), samples=places(), active_area=active, black=(1, 2, 3, 4))
    first_row, first_column = (active or WHOLE)[0] + top, (active or WHOLE)[1] + left
    assert frame.size == (41, 30)
    np.testing.assert_array_equal(frame.pixels, places()[first_row : first_row + 30, first_column : first_column + 41])
    assert frame.cfa == Cfa("RGGB").cropped(left, top)
    black = np.array([[1, 2], [3, 4]])
    expected = [black[(y + top) % 2, (x + left) % 2] for y in (0, 1) for x in (0, 1)]
    assert list(frame.profile.black) == expected


def test_the_xtrans_phase_follows_the_crop(read: Callable[..., Frame]) -> None:
    frame = read(*crop(4, 5, 40, 30), samples=places(), active_area=(1, 2, 61, 91), photosites=XTRANS_PHOTOSITES)
    photosites = np.tile(np.reshape(XTRANS_PHOTOSITES, (6, 6)), (4, 4))
    np.testing.assert_array_equal(frame.cfa.channels(), photosites[5:11, 4:10])
    assert frame.pixels[0, 0] == places()[6, 6]


def test_the_quad_bayer_phase_follows_the_crop(read: Callable[..., Frame]) -> None:
    quad = tuple(np.repeat(np.repeat([[1, 0], [2, 1]], 2, axis=0), 2, axis=1).ravel())
    frame = read(*crop(3, 2, 40, 30), samples=places(), photosites=quad)
    assert frame.cfa == Cfa("GRBG", block=2).cropped(4, 2)
    assert frame.pixels[0, 0] == places()[2, 4]


@pytest.mark.parametrize(
    ("requested", "size", "first"),
    [
        ((2.5, 3.5, 40.4, 20.6), (40, 21), (3, 4)),  # fractions of photosites are rounded
        ((90, 60, 400, 300), (6, 4), (90, 60)),  # clipped at the edge
        ((200, 60, 10, 10), (96, 64), (0, 0)),  # outside: the whole picture
        ((0, 0, 0, 10), (96, 64), (0, 0)),
    ],
)
def test_unusual_crops(
    read: Callable[..., Frame], requested: tuple[float, ...], size: tuple[int, int], first: tuple[int, int]
) -> None:
    frame = read(*crop(*requested), samples=places())
    assert frame.size == size
    assert frame.pixels[0, 0] == places()[first[1], first[0]]


def test_the_pixel_aspect_ratio_does_not_move_the_crop(read: Callable[..., Frame]) -> None:
    assert read(*crop(4, 2, 40, 30), rationals(50718, (2, 1), signed=False), samples=places()).size == (40, 30)


@pytest.mark.parametrize("active", [(5, 5, 5, 50), (0, 0, 0, 0)])
def test_an_empty_active_area_is_the_whole_picture(
    read: Callable[..., Frame], active: tuple[int, int, int, int]
) -> None:
    assert read(active_area=active).size == (96, 64)


# Levels


def test_a_linearization_table_is_applied_exactly_once(read: Callable[..., Frame]) -> None:
    table = (np.arange(4096) * 3).astype(np.uint16)
    frame = read((LINEARIZATION_TABLE, "H", 4096, tuple(table.tolist())), white=12285)
    assert frame.pixels[:2, :2].tolist() == [[1500, 1800], [2100, 2400]]
    assert frame.profile.white == 12285


def photosite_blacks(frame: Frame) -> np.ndarray:
    """(H, W) black level of each photosite: the level of its filter plus the black map."""
    y, x = np.mgrid[: frame.height, : frame.width]
    level = np.reshape(frame.profile.black, (2, 2))[y % 2, x % 2]
    return level if frame.profile.black_map is None else level + frame.profile.black_map


def test_a_single_black_level_applies_to_all_photosites(read: Callable[..., Frame]) -> None:
    frame = read((50713, "H", 2, (1, 1)), (50714, "H", 1, 64))
    assert frame.profile.black == (64, 64, 64, 64)
    assert frame.profile.black_map is None


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (2, 2), (4, 4), (3, 5), (1, 8)])
@pytest.mark.parametrize("deltas", [False, True])
def test_black_levels_with_any_repeat_with_and_without_row_and_column_deltas(
    read: Callable[..., Frame], shape: tuple[int, int], deltas: bool
) -> None:
    count = shape[0] * shape[1]
    levels = np.arange(60, 60 + count)
    tags = [(50713, "H", 2, shape), (50714, "H", count, tuple(levels.tolist())), *crop(5, 3, 40, 30)]
    by_column, by_row = np.arange(90) / 8, 5 - np.arange(60) / 4
    if deltas:
        tags += [rationals(50715, by_column), rationals(50716, by_row)]
    frame = read(*tags, active_area=(1, 2, 61, 92))
    expected = np.tile(levels.reshape(shape), (64, 96))[3:33, 5:45].astype(float)
    if deltas:
        expected += by_row[3:33, None] + by_column[5:45]
    np.testing.assert_allclose(photosite_blacks(frame), expected, atol=1e-4)
    assert (frame.profile.black_map is None) == (max(shape) <= 2 and not deltas)


def test_black_deltas_with_a_wrong_length_are_ignored(read: Callable[..., Frame]) -> None:
    assert read(rationals(50715, np.ones(7)), rationals(50716, np.ones(7))).profile.black_map is None


def test_a_white_level_below_the_black_level_is_refused(read: Callable[..., Frame]) -> None:
    with pytest.raises(SourceError, match=r"a\.dng: white level 100 is not above black level 200"):
        read(white=100, black=(200, 200, 200, 200))


# Linear DNG


def test_levels_balance_and_crop_apply_to_a_linear_dng(read: Callable[..., Frame]) -> None:
    black, white = np.array([100, 120, 140]), (1100, 1120, 4140)
    numbers = np.random.default_rng(1).integers(100, 1100, (64, 96, 3)).astype(np.uint16)
    tags = ((50713, "H", 2, (1, 1)), (50714, "H", 3, tuple(black.tolist())), *crop(5, 3, 40, 30))
    frame = read(*tags, samples=numbers, white=white, neutral=(0.5, 1.0, 0.625), active_area=(1, 2, 61, 92))
    assert frame.encoding is Encoding.SCENE
    expected = (numbers[4:34, 7:47] - black) / (np.array(white) - black) * (2, 1, 1.6)
    np.testing.assert_allclose(frame.pixels, expected, rtol=1e-4, atol=1e-4)
    assert frame.profile.white_balance == (1.0, 1.0, 1.0)


def test_a_linear_dng_reports_the_temperature_of_its_file(read: Callable[..., Frame]) -> None:
    mosaic = read(rationals(COLOR_MATRIX_1, COLOR))
    linear = read(rationals(COLOR_MATRIX_1, COLOR), samples=np.full((64, 96, 3), 500, np.uint16))
    assert linear.profile.temperature() == pytest.approx(mosaic.profile.temperature())
    np.testing.assert_allclose(linear.profile.camera_to_scene, mosaic.profile.camera_to_scene, atol=1e-9)
    balanced = [frame.profile.at_temperature(3200) for frame in (mosaic, linear)]
    camera_balance = np.array(mosaic.profile.white_balance)
    assert np.array(balanced[1].white_balance) * camera_balance == pytest.approx(balanced[0].white_balance)


def test_gain_maps_of_a_linear_dng_apply_to_planes(read: Callable[..., Frame]) -> None:
    gains = np.stack([np.full((2, 2), gain) for gain in (1.5, 1.25)], axis=-1)
    frame = read(
        opcodes(2, gain_map(gains, WHOLE, plane=0, planes=2)),
        samples=np.full((64, 96, 3), 1000, np.uint16), white=4000, neutral=(1, 1, 1),
    )  # fmt: skip
    np.testing.assert_allclose(frame.pixels[10, 10], (0.375, 0.3125, 0.25), rtol=1e-5)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_floating_point_samples_keep_their_value(read: Callable[..., Frame], kind: type) -> None:
    frame = read(samples=np.full((64, 96, 3), 0.25, kind), white=1, neutral=(1, 1, 1))
    np.testing.assert_allclose(frame.pixels, 0.25, atol=1e-4)
    mosaic = read(samples=np.full((64, 96), 0.25, kind), white=1)
    light = (mosaic.pixels[0, 0] - mosaic.profile.black[0]) / mosaic.profile.span
    assert light == pytest.approx(0.25, abs=1e-4)


# Exposure, noise, orientation


def test_the_exposure_offset_of_the_profile_is_added(read: Callable[..., Frame]) -> None:
    assert read(rationals(51109, [0.25]), exposure_ev_100=-78).profile.exposure_ev == pytest.approx(-0.53)


def test_noise_is_the_mean_over_planes(read: Callable[..., Frame]) -> None:
    assert read((NOISE_PROFILE, "d", 2, (0.004, 1e-5))).profile.noise == NoiseProfile(0.004, 1e-5)
    by_plane = (0.004, 1e-5, 0.002, 2e-5, 0.006, 3e-5)
    noise = read((NOISE_PROFILE, "d", 6, by_plane)).profile.noise
    assert (noise.shot, noise.read) == (pytest.approx(0.004), pytest.approx(2e-5))
    assert read().profile.noise is None


@pytest.mark.parametrize("broken", [(float("nan"), 0.0), (-1.0, 0.0), (0.0, 0.0), (float("inf"), 1.0)])
def test_an_invalid_noise_profile_is_ignored(read: Callable[..., Frame], broken: tuple[float, float]) -> None:
    assert read((NOISE_PROFILE, "d", 2, broken)).profile.noise is None


# Colour


def test_two_calibration_illuminants_are_interpolated(read: Callable[..., Frame]) -> None:
    matrices = (rationals(COLOR_MATRIX_1, WARM), rationals(COLOR_MATRIX_2, COLOR))
    frame = read(*matrices, (ILLUMINANT_1, "H", 1, 17), (ILLUMINANT_2, "H", 1, 21))
    expected = CameraProfile(calibrations=(Calibration(2856, WARM), Calibration(6504, COLOR))).balanced((2, 1, 1.6))
    assert [calibration.temperature_k for calibration in frame.profile.calibrations] == [2856, 6504]
    np.testing.assert_allclose(frame.profile.camera_to_scene, expected.camera_to_scene, atol=1e-9)
    swapped = (rationals(COLOR_MATRIX_1, COLOR), rationals(COLOR_MATRIX_2, WARM))
    again = read(*swapped, (ILLUMINANT_1, "H", 1, 21), (ILLUMINANT_2, "H", 1, 17))
    np.testing.assert_allclose(again.profile.camera_to_scene, expected.camera_to_scene, atol=1e-9)


@pytest.mark.parametrize("illuminants", [(21, 21), (21, 0), (21, 255), (0, 0)])
def test_equal_or_unknown_illuminants_give_one_calibration(
    read: Callable[..., Frame], illuminants: tuple[int, int]
) -> None:
    tags = (rationals(COLOR_MATRIX_1, COLOR), rationals(COLOR_MATRIX_2, WARM))
    frame = read(*tags, (ILLUMINANT_1, "H", 1, illuminants[0]), (ILLUMINANT_2, "H", 1, illuminants[1]))
    assert len(frame.profile.calibrations) == 1
    np.testing.assert_allclose(frame.profile.calibrations[0].xyz_to_camera, COLOR, atol=1e-9)


def test_forward_matrix_analog_balance_and_camera_calibration(read: Callable[..., Frame]) -> None:
    individual = np.array([[1.05, 0.02, 0.0], [0.0, 0.98, 0.01], [0.03, 0.0, 1.1]])
    analog = np.array([1.5, 1.0, 0.8])
    frame = read(
        rationals(COLOR_MATRIX_1, COLOR), rationals(FORWARD_MATRIX_1, FORWARD),
        rationals(CAMERA_CALIBRATION_1, individual), rationals(ANALOG_BALANCE, analog, signed=False),
    )  # fmt: skip
    (calibration,) = frame.profile.calibrations
    np.testing.assert_allclose(calibration.individual, np.diag(analog) @ individual, atol=1e-9)
    np.testing.assert_allclose(calibration.xyz_to_camera, np.diag(analog) @ individual @ COLOR, atol=1e-9)
    np.testing.assert_allclose(calibration.camera_to_xyz_d50, FORWARD, atol=1e-9)


def test_a_calibration_with_another_signature_is_ignored(read: Callable[..., Frame]) -> None:
    individual = rationals(CAMERA_CALIBRATION_1, np.diag((1.2, 1, 1)))
    assert (
        read(individual, (50931, "s", 0, "one"), (50932, "s", 0, "another")).profile.calibrations[0].individual is None
    )
    assert (
        read(individual, (50931, "s", 0, "one"), (50932, "s", 0, "one")).profile.calibrations[0].individual is not None
    )


def test_white_balance_from_a_chromaticity(read: Callable[..., Frame]) -> None:
    xy = (0.4476, 0.4074)
    white = rationals(AS_SHOT_WHITE_XY, xy, signed=False)
    frame = read(rationals(COLOR_MATRIX_1, COLOR), white, without=(AS_SHOT_NEUTRAL,))
    assert frame.profile.temperature() == pytest.approx((2854.8, -0.05), abs=0.1)


def test_the_default_white_balance_is_daylight(read: Callable[..., Frame]) -> None:
    frame = read(rationals(COLOR_MATRIX_1, COLOR), without=(AS_SHOT_NEUTRAL,))
    assert frame.profile.temperature()[0] == pytest.approx(6504, abs=1)


@pytest.mark.parametrize("broken", [np.zeros((3, 3)), np.ones((3, 3))])
def test_a_singular_matrix_falls_back_to_the_matrix_of_libraw(read: Callable[..., Frame], broken: np.ndarray) -> None:
    profile = read(rationals(COLOR_MATRIX_1, broken)).profile
    assert np.isfinite(profile.camera_to_scene).all()
    assert profile.camera_to_scene.sum(axis=1) == pytest.approx(np.ones(3))


def test_rationals_with_a_zero_denominator_are_ignored(read: Callable[..., Frame]) -> None:
    matrix = [n for _ in range(9) for n in (1, 0)]
    frame = read((COLOR_MATRIX_1, "2i", 9, matrix), (AS_SHOT_NEUTRAL, "2I", 3, [1, 0] * 3))
    assert np.isfinite(frame.profile.camera_to_scene).all()
    assert np.isfinite(frame.profile.white_balance).all()


# Malformed files


def test_tags_with_a_wrong_type_or_count_are_ignored(read: Callable[..., Frame]) -> None:
    frame = read(
        (50714, "s", 0, "many"), (50719, "d", 2, (float("nan"), 1.0)),
        (50720, "d", 2, (10.0, 10.0)), (COLOR_MATRIX_2, "H", 3, (1, 2, 3)), (51009, "H", 2, (1, 2)),
    )  # fmt: skip
    assert frame.size == (96, 64)
    assert frame.profile.black == (0, 0, 0, 0)


def test_random_bytes_in_the_directory_give_a_frame_or_a_clear_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Random bytes replace bytes of the tags."""
    tags = (
        opcodes(2, gain_map(np.full((2, 2, 1), 1.5), WHOLE)),
        *crop(4, 2, 40, 30),
        (NOISE_PROFILE, "d", 2, (1.0, 1.0)),
    )
    intact = write_dng(tmp_path / "intact.dng", ramp(22, 24), tags=tags).read_bytes()
    random = np.random.default_rng(7)
    survived = unclear = 0
    for _ in range(150):
        broken = bytearray(intact)
        for offset in random.integers(8, len(intact) - 22 * 24 * 2, 3):
            broken[offset] = random.integers(256)
        path = tmp_path / "broken.dng"
        path.write_bytes(broken)
        try:
            survived += read_raw(path).pixels.size > 0
        except SourceError as error:
            unclear += "broken.dng: " not in str(error) or "\n" in str(error)
    assert unclear == 0
    assert survived > 50
    assert "tifffile" not in capfd.readouterr().err.lower()


def test_a_warp_per_colour_gives_the_lateral_chromatic_aberration(read: Callable[..., Frame]) -> None:
    warp = struct.pack(">I20d", 3, *(1.0005, 0, 0, 0, 0, 0), *(1, 0, 0, 0, 0, 0), *(0.9997, 0, 0, 0, 0, 0), 0.5, 0.5)
    assert read(opcodes(3, (1, warp))).profile.lateral == pytest.approx((0.5, -0.3))
    assert read().profile.lateral is None
