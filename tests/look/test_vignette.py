"""Vignette: cos^4 of the field angle; it depends only on the position relative to the frame size."""

import numpy as np
from look_support import HALF_STEP, draw_pass, shown, srgb_decoded


def flat(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 0.5, dtype=np.float32)


def test_the_vignette_matches_its_formula() -> None:
    width, height, corner_light, radius = 24, 16, 0.4, 0.3
    y, x = np.mgrid[:height, :width] + 0.5
    r2 = ((2 * x - width) ** 2 + (2 * y - height) ** 2) / (width**2 + height**2)
    falloff = 1 + (corner_light**-0.5 - 1) * np.maximum(r2 - radius**2, 0) / (1 - radius**2)
    drawn = draw_pass(flat(width, height), "vignette", corner_light=corner_light, radius=radius)
    np.testing.assert_allclose(drawn, shown(flat(width, height) / falloff[..., None] ** 2), atol=HALF_STEP)


def test_vignette_is_symmetric() -> None:
    drawn = draw_pass(flat(31, 20), "vignette", corner_light=0.5)
    np.testing.assert_allclose(drawn, drawn[::-1], atol=1e-5)
    np.testing.assert_allclose(drawn, drawn[:, ::-1], atol=1e-5)


def test_half_size_is_the_downsampled_full_size() -> None:
    full = srgb_decoded(draw_pass(flat(96, 64), "vignette", corner_light=0.3))
    half = srgb_decoded(draw_pass(flat(48, 32), "vignette", corner_light=0.3))
    np.testing.assert_allclose(half, full.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3)), atol=1e-3)
