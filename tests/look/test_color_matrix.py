"""Colour matrix and print matrix: each row sums to 1."""

import numpy as np
import pytest
from look_support import HALF_STEP, MATRIX, SHARES, draw_pass, scene_of, shown


@pytest.mark.parametrize("name", ["color_matrix", "print_matrix"])
def test_channels_are_mixed_by_the_matrix(name: str) -> None:
    scene = scene_of()
    np.testing.assert_allclose(draw_pass(scene, name, **SHARES), shown(scene @ MATRIX.T), atol=HALF_STEP)


@pytest.mark.parametrize("name", ["color_matrix", "print_matrix"])
def test_grey_stays_grey(name: str) -> None:
    grey = np.repeat(np.linspace(0.0, 1.0, 8), 3).reshape(1, 8, 3).astype(np.float32)
    np.testing.assert_allclose(draw_pass(grey, name, **SHARES), shown(grey), atol=HALF_STEP)
