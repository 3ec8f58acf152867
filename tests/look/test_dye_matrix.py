"""Dye matrix: mixes the square roots of the channels; each row sums to 1."""

import numpy as np
from look_support import ENCODED, MATRIX, SHARES, draw_pass, scene_of, shown


def test_square_roots_are_mixed_by_the_matrix() -> None:
    scene = scene_of()
    expected = shown(np.maximum(np.sqrt(scene) @ MATRIX.T, 0.0) ** 2)
    np.testing.assert_allclose(draw_pass(scene, "dye_matrix", **SHARES), expected, atol=ENCODED)


def test_grey_stays_grey() -> None:
    grey = np.repeat(np.linspace(0.0, 1.0, 8), 3).reshape(1, 8, 3).astype(np.float32)
    np.testing.assert_allclose(draw_pass(grey, "dye_matrix", **SHARES), shown(grey), atol=ENCODED)
