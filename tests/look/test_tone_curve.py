"""Tone curve: a ratio of two quadratics for each channel; its result is the square root of display light."""

import numpy as np
import pytest
from look_support import HALF_STEP, draw_pass, scene_of, shown


def curve(scene, grey, toe, shoulder, white, black):
    u = scene / 0.18
    d = shoulder * grey / white
    b = np.maximum(1.0 + shoulder - toe - d, grey / white)
    s = grey * u * (1.0 + shoulder * u) / (toe + b * u + d * u * u)
    return (black + (1.0 - black) * np.minimum(s, 1.0)) ** 2


@pytest.mark.parametrize("shoulder", [0.0, (0.3, 0.1, 0.4), 2.0])
@pytest.mark.parametrize("toe", [0.25, 0.6, 1.0, (0.7, 0.6, 0.5)])
def test_the_tone_curve_matches_its_formula(
    toe: float | tuple[float, ...], shoulder: float | tuple[float, ...]
) -> None:
    scene = scene_of(brightest=3.0)
    values = {"grey": (0.36, 0.35, 0.33), "white": (1.1, 1.05, 0.95), "black": (0.02, 0.03, 0.01)}
    values |= {"toe": toe, "shoulder": shoulder}
    drawn = draw_pass(scene, "tone_curve", **values)
    expected = curve(scene, **{name: np.array(value) for name, value in values.items()})
    np.testing.assert_allclose(drawn, shown(expected), atol=HALF_STEP)


def test_middle_grey_is_drawn_at_the_grey_level() -> None:
    scene = np.full((1, 1, 3), 0.18, dtype=np.float32)
    drawn = draw_pass(scene, "tone_curve", grey=(0.4, 0.4, 0.4))
    np.testing.assert_allclose(drawn, shown(np.full((1, 1, 3), 0.16)), atol=HALF_STEP)


@pytest.mark.parametrize("values", [{"toe": 1.0, "shoulder": 0.0}, {"toe": 1.0, "shoulder": 2.0}, {"toe": 0.25}])
def test_more_light_is_never_darker(values: dict[str, float]) -> None:
    light = np.geomspace(1e-4, 6e4, 400)
    drawn = draw_pass(np.repeat(light, 3).reshape(1, -1, 3).astype(np.float32), "tone_curve", **values)[0, :, 0]
    assert np.diff(drawn).min() >= -1e-6


def test_black_is_lifted_and_infinite_light_is_bounded() -> None:
    scene = np.array([[[0.0] * 3, [np.inf] * 3]], dtype=np.float32)
    drawn = draw_pass(scene, "tone_curve", black=0.1, white=(0.9, 0.9, 0.9))
    ends = np.array([0.1**2, (0.1 + 0.9 * 0.9) ** 2])
    np.testing.assert_allclose(drawn[0, :, 1], shown(np.repeat(ends, 3).reshape(1, 2, 3))[0, :, 1], atol=HALF_STEP)
