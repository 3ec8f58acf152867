"""Saturation: scales the distance from grey of the same luminance."""

import numpy as np
import pytest
from look_support import HALF_STEP, LUMINANCE, draw_pass, scene_of, shown


@pytest.mark.parametrize("saturation", [0.0, 0.6, 1.0, 1.5])
def test_saturation_scales_the_distance_from_grey(saturation: float) -> None:
    scene = scene_of()
    luminance = (scene @ LUMINANCE)[..., None]
    expected = shown(luminance + (scene - luminance) * saturation)
    np.testing.assert_allclose(draw_pass(scene, "saturation", saturation=saturation), expected, atol=HALF_STEP)


def test_saturation_zero_gives_grey() -> None:
    picture = draw_pass(scene_of(), "saturation", saturation=0.0)
    assert np.ptp(picture, axis=-1).max() < 1e-3


@pytest.mark.parametrize(("shadows", "highlights"), [(-0.8, 0.5), (0.6, -1.0)])
def test_saturation_differs_in_shadows_and_highlights(shadows: float, highlights: float) -> None:
    scene = scene_of((20, 20)).astype(float)
    luminance = (scene @ LUMINANCE)[..., None]
    kept = 1.0 + shadows * (1.0 - np.sqrt(luminance)) ** 2 + highlights * luminance
    expected = shown(luminance + (scene - luminance) * np.maximum(kept, 0.0))
    drawn = draw_pass(scene, "saturation", shadows=shadows, highlights=highlights)
    np.testing.assert_allclose(drawn, expected, atol=HALF_STEP)
