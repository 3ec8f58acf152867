"""Contrast: a power function around 18 % grey."""

import numpy as np
from look_support import HALF_STEP, draw_pass, scene_of, shown


def test_contrast_is_a_power_function_around_grey() -> None:
    scene = scene_of(brightest=0.6)
    expected = shown(0.18 * (scene.astype(float) / 0.18) ** 1.4)
    np.testing.assert_allclose(draw_pass(scene, "contrast", contrast=1.4), expected, atol=HALF_STEP)


def test_contrast_keeps_black_and_middle_grey() -> None:
    scene = np.array([[[0.0] * 3, [0.18] * 3]], dtype=np.float32)
    np.testing.assert_allclose(draw_pass(scene, "contrast", contrast=1.7), shown(scene), atol=HALF_STEP)
