"""Monochrome: a weighted sum of the channels behind a colour filter."""

import numpy as np
import pytest
from groundglass.look.reference import FILTERS, PASSES
from look_support import ENCODED, draw_pass, scene_of, shown


@pytest.mark.parametrize("name", FILTERS)
def test_the_gpu_draws_the_formula(name: str) -> None:
    scene = scene_of()
    values = {"red": 0.4, "green": 0.7, "blue": -0.1, "filter": name}
    drawn = draw_pass(scene, "monochrome", **values)
    np.testing.assert_allclose(drawn, shown(PASSES["monochrome"](scene.astype(float), **values)), atol=ENCODED)
    assert np.ptp(drawn, axis=-1).max() < ENCODED


@pytest.mark.parametrize("name", FILTERS)
def test_grey_keeps_its_brightness(name: str) -> None:
    grey = np.repeat(np.linspace(0.0, 1.0, 8), 3).reshape(1, 8, 3).astype(np.float32)
    np.testing.assert_allclose(draw_pass(grey, "monochrome", filter=name), shown(grey), atol=ENCODED)


def test_a_filter_darkens_the_colours_that_it_absorbs() -> None:
    sky, leaf = np.array([[[0.15, 0.22, 0.4]]], np.float32), np.array([[[0.1, 0.2, 0.05]]], np.float32)
    skies = [draw_pass(sky, "monochrome", filter=name)[0, 0, 0] for name in ("blue", "none", "yellow", "orange", "red")]
    assert np.diff(skies).max() < 0.0
    leaves = [draw_pass(leaf, "monochrome", filter=name)[0, 0, 0] for name in ("none", "green")]
    assert leaves[1] > leaves[0]


def test_channel_weights_that_sum_to_zero_stay_finite() -> None:
    drawn = draw_pass(scene_of(), "monochrome", red=0.5, green=-0.5, blue=0.0)
    assert np.isfinite(drawn).all()
