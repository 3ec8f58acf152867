"""The colour of a camera at any white, compared with the formulas of the DNG specification."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020, Calibration, CameraProfile, NoiseProfile
from groundglass.colour.white import (
    D50,
    D65,
    REC2020_TO_XYZ,
    XYZ_TO_REC2020,
    adaptation,
    temperature_of,
    white_of,
    xyz_of,
)
from groundglass.errors import GroundglassError, SourceError

COOL = Calibration(6500.0, np.array([[0.9, -0.3, -0.1], [-0.4, 1.2, 0.2], [-0.05, 0.15, 0.6]]))
WARM = Calibration(2850.0, np.array([[1.1, -0.4, -0.05], [-0.35, 1.15, 0.25], [0.0, 0.1, 0.5]]))
DUAL = CameraProfile(calibrations=(WARM, COOL))
FORWARD = np.array([[0.6, 0.25, 0.1142], [0.2, 0.75, 0.05], [0.0, 0.1, 0.7249]])


def neutral_of(profile: CameraProfile) -> np.ndarray:
    return 1 / np.array(profile.white_balance)


@pytest.mark.parametrize(
    ("xy", "kelvin", "tint"),
    [
        # CIE 15: illuminants A and D65, and black bodies of 4000 and 10000 K; Ohno's Duv of D65 is 0.0032.
        ((0.44758, 0.40745), 2856, 0.0),
        ((0.31271, 0.32902), 6504, 9.6),
        ((0.38045, 0.37675), 4000, 0.0),
        ((0.28063, 0.28829), 10000, 0.0),
    ],
)
def test_known_lights_have_their_temperature(xy: tuple[float, float], kelvin: float, tint: float) -> None:
    assert temperature_of(xy) == (pytest.approx(kelvin, rel=1e-3), pytest.approx(tint, abs=0.3))


@pytest.mark.parametrize("kelvin", [2000, 2856, 4000, 6504, 12000, 25000])
@pytest.mark.parametrize("tint", [-150, -10, 0, 10, 20])
def test_a_white_and_its_temperature_are_inverse(kelvin: float, tint: float) -> None:
    assert temperature_of(white_of(kelvin, tint)) == pytest.approx((kelvin, tint), rel=1e-6, abs=1e-6)


def test_a_tint_is_a_distance_in_uv_and_a_positive_tint_is_greener() -> None:
    def uv(xy: tuple[float, float]) -> np.ndarray:
        x, y = xy
        return np.array([4 * x, 6 * y]) / (-2 * x + 12 * y + 3)

    step = uv(white_of(5000, 30)) - uv(white_of(5000))
    assert np.hypot(*step) == pytest.approx(0.01)
    assert step[1] > 0
    red, green, blue = XYZ_TO_REC2020 @ adaptation(white_of(5000), D65) @ xyz_of(white_of(5000, 30))
    assert green > max(red, blue)


@pytest.mark.parametrize("kelvin", [1999, 25001, float("nan")])
def test_the_error_of_a_temperature_names_the_range(kelvin: float) -> None:
    with pytest.raises(GroundglassError, match=r"is outside 2000\.\.25000 K; .*daylight 5500 K"):
        DUAL.at_temperature(kelvin)


def test_the_error_of_a_tint_names_the_range() -> None:
    with pytest.raises(GroundglassError, match=r"tint 151 is outside -150\.\.150"):
        DUAL.at_temperature(5000, 151)


def test_a_light_beyond_the_spectrum_is_an_error() -> None:
    assert temperature_of(white_of(5000, 150)) == pytest.approx((5000, 150))
    with pytest.raises(GroundglassError, match="2000 K with a tint of 100 is not a real light; use a lower tint"):
        white_of(2000, 100)


def test_rec2020_follows_from_its_primaries() -> None:
    # ITU-R BT.2020: the row of luminance.
    assert REC2020_TO_XYZ[1] == pytest.approx((0.2627, 0.6780, 0.0593), abs=1e-4)
    rec709_to_xyz = REC2020_TO_XYZ @ REC709_TO_REC2020
    assert rec709_to_xyz[1] == pytest.approx((0.2126, 0.7152, 0.0722), abs=1e-4)


def test_adaptation_maps_white_to_white() -> None:
    assert adaptation(D50, D65) @ xyz_of(D50) == pytest.approx(xyz_of(D65))
    assert adaptation(D65, D65) == pytest.approx(np.eye(3), abs=1e-12)


def test_a_light_between_two_calibrations_mixes_them_by_inverse_temperature() -> None:
    middle = 2 / (1 / WARM.temperature_k + 1 / COOL.temperature_k)
    profile = DUAL.at_temperature(middle)
    expected = (WARM.xyz_to_camera + COOL.xyz_to_camera) / 2 @ xyz_of(white_of(middle))
    assert neutral_of(profile) == pytest.approx(expected / expected[1])


@pytest.mark.parametrize(("kelvin", "nearest"), [(2300.0, WARM), (2850.0, WARM), (6500.0, COOL), (15000.0, COOL)])
def test_beyond_both_ends_the_nearer_calibration_applies(kelvin: float, nearest: Calibration) -> None:
    alone = replace(DUAL, calibrations=(nearest,))
    np.testing.assert_allclose(
        DUAL.at_temperature(kelvin).camera_to_scene, alone.at_temperature(kelvin).camera_to_scene, atol=1e-9
    )


@pytest.mark.parametrize("kelvin", [2000.0, 2850.0, 3600.0, 5003.0, 6500.0, 9000.0])
@pytest.mark.parametrize("tint", [-40.0, 0.0, 20.0])
def test_the_temperature_of_a_balance_made_from_a_temperature_is_the_same(kelvin: float, tint: float) -> None:
    profile = DUAL.at_temperature(kelvin, tint)
    assert profile.temperature() == pytest.approx((kelvin, tint), rel=1e-6, abs=1e-5)
    again = DUAL.balanced(profile.white_balance)
    assert again.white_balance == profile.white_balance
    np.testing.assert_allclose(again.camera_to_scene, profile.camera_to_scene, atol=1e-8)


@pytest.mark.parametrize("profile", [DUAL, replace(DUAL, calibrations=(COOL,)), CameraProfile()])
@pytest.mark.parametrize("kelvin", [2400.0, 6504.0, 20000.0])
def test_balanced_white_is_scene_white(profile: CameraProfile, kelvin: float) -> None:
    assert profile.at_temperature(kelvin).camera_to_scene.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-12)


def test_a_colour_under_another_light_is_adapted_by_bradford() -> None:
    """The scene shows a surface under a lamp as under D65."""
    lamp = white_of(2850)
    surface_xyz = np.array([0.3, 0.2, 0.04])
    profile = replace(DUAL, calibrations=(WARM,)).at_white(lamp)
    balanced = WARM.xyz_to_camera @ surface_xyz * profile.white_balance / (WARM.xyz_to_camera @ xyz_of(lamp))[1]
    expected = XYZ_TO_REC2020 @ adaptation(lamp, D65) @ surface_xyz
    assert profile.camera_to_scene @ balanced == pytest.approx(expected, abs=1e-9)


def test_a_forward_matrix_is_preferred() -> None:
    profile = replace(DUAL, calibrations=(replace(COOL, camera_to_xyz_d50=FORWARD),)).balanced((2, 1, 1.5))
    to_d50 = FORWARD * (xyz_of(D50) / FORWARD.sum(axis=1))[:, None]
    assert profile.camera_to_scene == pytest.approx(XYZ_TO_REC2020 @ adaptation(D50, D65) @ to_d50)


def test_one_forward_matrix_applies_to_both_lights_and_two_are_mixed() -> None:
    warm, cool = replace(WARM, camera_to_xyz_d50=FORWARD), replace(COOL, camera_to_xyz_d50=FORWARD)
    pinker = replace(warm, camera_to_xyz_d50=FORWARD + np.outer((1, 0, 0), (0.2, -0.2, 0)))
    matrices = [
        replace(DUAL, calibrations=pair).at_temperature(2850).camera_to_scene
        for pair in ((warm, cool), (warm, COOL), (WARM, cool), (pinker, cool))
    ]
    for same in matrices[1:3]:
        np.testing.assert_allclose(same, matrices[0], atol=1e-12)
    assert np.abs(matrices[3] - matrices[0]).max() > 0.1


@pytest.mark.parametrize("forward", [None, FORWARD])
def test_the_individual_calibration_of_a_camera_does_not_change_the_scene(forward: np.ndarray | None) -> None:
    """A camera with a linear mix of the model's channels gives the same scene as the model."""
    mix = np.array([[1.1, 0.05, 0.0], [0.02, 0.95, 0.01], [0.0, 0.03, 1.2]])
    model = Calibration(5000.0, COOL.xyz_to_camera, forward)
    own = replace(model, xyz_to_camera=mix @ model.xyz_to_camera, individual=mix)
    rgb, light = np.array([0.3, 0.4, 0.2]), white_of(5000)
    scenes = []
    for calibration, numbers in ((model, rgb), (own, mix @ rgb)):
        profile = CameraProfile(calibrations=(calibration,)).at_white(light)
        green = (calibration.xyz_to_camera @ xyz_of(light))[1]
        scenes.append(profile.camera_to_scene @ (numbers * profile.white_balance / green))
    if forward is None:
        assert scenes[1] == pytest.approx(scenes[0])
    else:  # the forward matrix preserves colour, not brightness
        assert scenes[1] / scenes[1].sum() == pytest.approx(scenes[0] / scenes[0].sum())


def test_a_rescaled_calibration_is_the_same_camera_with_other_gains() -> None:
    gains = (2.0, 1.0, 1.5)
    calibrations = (replace(WARM, camera_to_xyz_d50=FORWARD), replace(COOL, camera_to_xyz_d50=FORWARD))
    plain = replace(DUAL, calibrations=calibrations).at_temperature(4000)
    scaled = replace(
        DUAL, calibrations=tuple(calibration.rescaled(gains) for calibration in calibrations)
    ).at_temperature(4000)
    assert np.array(scaled.white_balance) * gains == pytest.approx(plain.white_balance)
    np.testing.assert_allclose(scaled.camera_to_scene, plain.camera_to_scene, atol=1e-9)


def test_without_calibrations_the_present_white_counts_as_daylight() -> None:
    matrix = np.array([[1.34, -0.30, -0.04], [-0.12, 1.36, -0.24], [0.02, -0.38, 1.36]])
    profile = CameraProfile(white_balance=(2.0, 1.0, 1.6), camera_to_scene=matrix)
    assert profile.temperature() == pytest.approx(temperature_of(D65))
    same = profile.at_temperature(*profile.temperature())
    assert same.white_balance == pytest.approx((2.0, 1.0, 1.6))
    np.testing.assert_allclose(same.camera_to_scene, matrix, atol=1e-9)
    warmer = profile.at_temperature(9000)  # a bluer light setting makes the picture redder
    assert warmer.white_balance[0] > 2.0
    assert warmer.white_balance[2] < 1.6
    assert warmer.temperature() == pytest.approx((9000, 0), abs=1e-4)
    assert profile.at_temperature(6504, 60).white_balance[0] > profile.at_temperature(6504).white_balance[0]
    assert profile.balanced((3, 2, 4)).white_balance == (1.5, 1.0, 2.0)
    np.testing.assert_array_equal(profile.balanced((3, 2, 4)).camera_to_scene, matrix)


def test_a_balance_without_a_real_light_keeps_the_matrix() -> None:
    profile = DUAL.at_temperature(5000)
    odd = profile.balanced((0.01, 1, 60))
    assert odd.white_balance == (0.01, 1.0, 60.0)
    np.testing.assert_array_equal(odd.camera_to_scene, profile.camera_to_scene)
    with pytest.raises(GroundglassError, match=r"white balance 0\.01, 1, 60: no light is white with it"):
        odd.temperature()


@pytest.mark.parametrize("multipliers", [(1, 1), (1, 0, 1), (1, -1, 1), (1, float("nan"), 1), (float("inf"), 1, 1)])
def test_multipliers_must_be_three_numbers_above_0(multipliers: tuple[float, ...]) -> None:
    with pytest.raises(GroundglassError, match="is not three numbers above 0"):
        DUAL.balanced(multipliers)


def test_a_light_without_signal_in_a_channel_is_an_error() -> None:
    blind = Calibration(6500.0, np.array([[0.9, -0.3, -0.1], [-0.4, 1.2, 0.2], [0.5, -0.9, 0.6]]))
    with pytest.raises(GroundglassError, match="has no signal for it in some channel"):
        CameraProfile(calibrations=(blind,)).at_temperature(2500)
    with pytest.raises(GroundglassError, match="singular"):
        CameraProfile(camera_to_scene=np.ones((3, 3)) / 3).at_temperature(5000)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_profile_has_finite_numbers(number: float) -> None:
    """The error names the kind of the number, where it would become a gain, a matrix or a level."""
    for name, wrong in (
        ("black level", {"black": (0.0, number, 0.0, 0.0)}),
        ("white level", {"white": number}),
        ("white balance", {"white_balance": (1.0, 1.0, number)}),
        ("exposure", {"exposure_ev": number}),
        ("noise", {"noise": NoiseProfile(number, 0.0)}),
        ("lateral aberration", {"lateral": (0.0, number)}),
        ("colour matrix", {"camera_to_scene": np.full((3, 3), number)}),
    ):
        with pytest.raises(SourceError, match=f"its {name}.* is not finite"):
            CameraProfile(**wrong)


@pytest.mark.parametrize(
    "matrix", [np.zeros((3, 3)), np.ones((3, 3)), np.full((3, 3), np.nan), np.full((3, 3), np.inf)]
)
def test_a_singular_or_infinite_matrix_is_an_error(matrix: np.ndarray) -> None:
    for wrong in ({"xyz_to_camera": matrix}, {"camera_to_xyz_d50": matrix}, {"individual": matrix}):
        with pytest.raises(SourceError, match="singular or not finite"):
            replace(COOL, **wrong)


@pytest.mark.parametrize(
    ("black", "white", "is_valid"), [((64.0,), 65.0, True), ((64.0,), 64.0, False), ((1.0, 9.0, 1.0, 1.0), 5.0, False)]
)
def test_white_is_above_the_black_of_every_channel(black: tuple[float, ...], white: float, is_valid: bool) -> None:
    levels = (black * 4)[:4]
    if is_valid:
        assert CameraProfile(black=levels, white=white).span == white - max(levels)
        return
    with pytest.raises(SourceError, match="is not above black level"):
        CameraProfile(black=levels, white=white)
