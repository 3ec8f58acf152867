"""Colour matrix and print matrix: rows that sum to 1."""

import numpy as np
import pytest
from look_support import HALF_STEP, draw_pass, scene_of, shown

SHARES = {
    "green_to_red": 0.1,
    "blue_to_red": -0.05,
    "red_to_green": 0.08,
    "blue_to_green": 0.03,
    "red_to_blue": -0.02,
    "green_to_blue": 0.2,
}
MATRIX = np.array([[0.95, 0.1, -0.05], [0.08, 0.89, 0.03], [-0.02, 0.2, 0.82]])


@pytest.mark.parametrize("name", ["color_matrix", "print_matrix"])
def test_channels_mix_by_their_shares(name: str) -> None:
    scene = scene_of()
    np.testing.assert_allclose(draw_pass(scene, name, **SHARES), shown(scene @ MATRIX.T), atol=HALF_STEP)


@pytest.mark.parametrize("name", ["color_matrix", "print_matrix"])
def test_grey_stays_grey(name: str) -> None:
    grey = np.repeat(np.linspace(0.0, 1.0, 8), 3).reshape(1, 8, 3).astype(np.float32)
    np.testing.assert_allclose(draw_pass(grey, name, **SHARES), shown(grey), atol=HALF_STEP)
