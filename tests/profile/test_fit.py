"""Camera profile fit: colour differences compared with published values, and recovery of a known camera."""

from __future__ import annotations

import numpy as np
import pytest
from chart_support import CAMERA_TO_SCENE
from groundglass.colour.difference import REFERENCE_LAB, delta_e00, lab_of_scene, scene_of_lab
from groundglass.errors import GroundglassError
from groundglass.profile.fit import PLACES, fit

BALANCE = np.array([2.0, 1.0, 1.6])

# G. Sharma, W. Wu, E. N. Dalal 2005, table 1: two Lab colours and their CIEDE2000.
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((50.0, 2.5, 0.0), (50.0, 3.1736, 0.5854), 1.0000),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def measured(scene_rgb: np.ndarray, exposure: float = 0.4) -> np.ndarray:
    """Camera RGB that the known camera measures for scene light."""
    return exposure * scene_rgb @ np.linalg.inv(CAMERA_TO_SCENE).T / BALANCE


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_colour_differences_match_the_published_values(first: tuple, second: tuple, expected: float) -> None:
    forward, backward = (delta_e00(np.array([a]), np.array([b]))[0] for a, b in ((first, second), (second, first)))
    assert forward == pytest.approx(expected, abs=1e-4)
    assert backward == pytest.approx(expected, abs=1e-4)


def test_scene_white_has_lightness_100() -> None:
    assert np.allclose(lab_of_scene(np.ones((1, 3))), [(100, 0, 0)], atol=1e-9)


def test_lab_conversions_are_inverse() -> None:
    assert np.allclose(lab_of_scene(scene_of_lab(REFERENCE_LAB)), REFERENCE_LAB)


@pytest.mark.parametrize("exposure", [0.01, 0.4, 3.0])
def test_a_known_camera_is_recovered(exposure: float) -> None:
    fitted = fit(measured(scene_of_lab(REFERENCE_LAB), exposure))
    # The grey patches of the chart are not exactly grey.
    assert np.allclose(fitted.model.white_balance, BALANCE, rtol=0.02)
    assert np.allclose(fitted.model.camera_to_scene, CAMERA_TO_SCENE, atol=0.03)
    assert np.allclose(fitted.model.falling, 0, atol=0.02)
    assert fitted.delta_e.mean() < 0.6


def test_the_fit_keeps_white() -> None:
    random = np.random.default_rng(0)
    model = fit(measured(scene_of_lab(REFERENCE_LAB)) * random.normal(1, 0.05, (24, 3))).model
    assert np.allclose(model.camera_to_scene.sum(axis=1), 1)
    assert model.white_balance[1] == 1


def test_uneven_light_is_separated_from_colour() -> None:
    falling = np.array([0.2, -0.45])
    light = scene_of_lab(REFERENCE_LAB)
    even, uneven = fit(measured(light)), fit(measured(light * np.exp(PLACES @ falling)[:, None]))
    assert np.allclose(uneven.model.falling, falling, atol=0.02)
    assert np.allclose(uneven.model.camera_to_scene, even.model.camera_to_scene, atol=0.01)
    assert uneven.delta_e.mean() == pytest.approx(even.delta_e.mean(), abs=0.05)


def test_left_out_patches_have_a_larger_error_than_fitted_patches() -> None:
    random = np.random.default_rng(1)
    for _ in range(3):
        fitted = fit(measured(scene_of_lab(REFERENCE_LAB)) * random.normal(1, 0.06, (24, 3)))
        assert fitted.left_out.mean() > fitted.delta_e.mean() > 1


@pytest.mark.parametrize("patch", [4, 14, 20])
def test_a_left_out_patch_does_not_affect_its_prediction(patch: int) -> None:
    """The left-out error of an altered patch equals its error under a model fitted to the other patches."""
    camera_rgb = measured(scene_of_lab(REFERENCE_LAB)) * np.random.default_rng(2).normal(1, 0.03, (24, 3))
    camera_rgb[patch] *= (1.5, 0.7, 1.2)
    others = np.arange(24) != patch
    lab = fit(camera_rgb, others).model.lab(camera_rgb)
    expected = delta_e00(lab, REFERENCE_LAB)[patch]
    assert fit(camera_rgb).left_out[patch] == pytest.approx(expected, rel=1e-3)


def test_patches_that_are_not_usable_are_not_used() -> None:
    camera_rgb = measured(scene_of_lab(REFERENCE_LAB))
    usable = np.ones(24, bool)
    usable[[3, 18]] = False
    clean = fit(camera_rgb, usable)
    camera_rgb[[3, 18]] = np.nan
    fitted = fit(camera_rgb, usable)
    assert np.allclose(fitted.model.camera_to_scene, clean.model.camera_to_scene)
    assert np.array_equal(np.isnan(fitted.delta_e), ~usable)
    assert np.array_equal(np.isnan(fitted.left_out), ~usable)


@pytest.mark.parametrize("lost", [range(11), (19, 20)])
def test_too_few_patches_are_refused(lost: range) -> None:
    usable = np.ones(24, bool)
    usable[list(lost)] = False
    with pytest.raises(GroundglassError, match=r"only \d+ patches .*; expose the chart darker or brighter"):
        fit(measured(scene_of_lab(REFERENCE_LAB)), usable)
