"""Split toning: tints of the shadows and the highlights, at the same luminance."""

import numpy as np
import pytest
from groundglass.look.reference import LUMINANCE, PASSES
from look_support import ENCODED, draw_pass, scene_of, shown

TINTS = {"shadow_hue": 215.0, "shadow_amount": 0.5, "highlight_hue": 38.0, "highlight_amount": 0.4, "balance": 0.3}
RAMP = np.repeat(np.linspace(0.0, 1.0, 65), 3).reshape(1, 65, 3)


def test_the_gpu_draws_the_formula() -> None:
    scene = scene_of((30, 30)) * 0.9
    expected = shown(PASSES["split_tone"](scene.astype(float), **TINTS))
    np.testing.assert_allclose(draw_pass(scene, "split_tone", **TINTS), expected, atol=ENCODED)


def test_without_amounts_nothing_changes() -> None:
    scene = scene_of()
    np.testing.assert_allclose(draw_pass(scene, "split_tone"), shown(scene), atol=ENCODED)


@pytest.mark.parametrize("balance", [-0.9, 0.0, 0.9])
def test_split_toning_keeps_luminance_black_and_white(balance: float) -> None:
    toned = PASSES["split_tone"](RAMP, **{**TINTS, "balance": balance})
    np.testing.assert_allclose(toned @ LUMINANCE, RAMP @ LUMINANCE, atol=1e-9)
    np.testing.assert_allclose(toned[0, [0, -1]], RAMP[0, [0, -1]], atol=1e-9)


def test_shadows_are_blue_and_highlights_orange() -> None:
    toned = PASSES["split_tone"](RAMP, **TINTS)[0]
    assert toned[4, 2] > toned[4, 0]
    assert toned[40, 0] > toned[40, 2]
