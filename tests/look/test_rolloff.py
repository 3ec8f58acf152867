"""Roll-off: identity below its start, a hyperbola below white above it."""

import numpy as np
from look_support import HALF_STEP, draw_pass, scene_of, shown


def test_below_the_start_nothing_changes() -> None:
    scene = scene_of(brightest=0.7)
    np.testing.assert_allclose(draw_pass(scene, "rolloff", start=0.7), shown(scene), atol=HALF_STEP)


def test_above_the_start_a_hyperbola_approaches_white() -> None:
    scene = np.repeat(np.array([0.5, 0.8, 1.0, 2.0, 50.0]), 3).reshape(1, 5, 3).astype(np.float32)
    over = np.maximum(scene - 0.5, 0.0)
    expected = shown(np.minimum(scene, 0.5) + over * 0.5 / (over + 0.5))
    np.testing.assert_allclose(draw_pass(scene, "rolloff", start=0.5), expected, atol=HALF_STEP)
    assert draw_pass(scene, "rolloff", start=0.5).max() < 1.0
