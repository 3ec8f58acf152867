"""Toning: the tint of a chemical bath at unchanged luminance."""

import numpy as np
import pytest
from groundglass.look.reference import BATHS, LUMINANCE, PASSES
from look_support import ENCODED, draw_pass, scene_of, shown

RAMP = np.repeat(np.linspace(0.0, 1.0, 65), 3).reshape(1, 65, 3)


@pytest.mark.parametrize("bath", BATHS)
@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
def test_the_gpu_draws_the_formula(bath: str, amount: float) -> None:
    scene = np.concatenate([scene_of((9, 65)), RAMP.astype(np.float32)])
    expected = shown(PASSES["toning"](scene.astype(float), bath=bath, amount=amount))
    np.testing.assert_allclose(draw_pass(scene, "toning", bath=bath, amount=amount), expected, atol=ENCODED)


@pytest.mark.parametrize("bath", BATHS)
def test_toning_keeps_luminance_and_black(bath: str) -> None:
    toned = PASSES["toning"](RAMP, bath=bath, amount=1.0)
    np.testing.assert_allclose(toned @ LUMINANCE, RAMP @ LUMINANCE, atol=1e-4)
    assert toned.min() >= 0.0
    assert toned[0, 0].max() == 0.0


def test_sepia_is_warm_blue_is_cold_and_selenium_tints_only_shadows() -> None:
    sepia, selenium, blue = (PASSES["toning"](RAMP, bath=bath, amount=1.0)[0] for bath in BATHS)
    assert (sepia[20] / sepia[20, 1])[0] > 1.0 > (sepia[20] / sepia[20, 1])[2]
    assert (blue[20] / blue[20, 1])[2] > 1.0 > (blue[20] / blue[20, 1])[0]
    assert np.ptp(selenium[4]) / selenium[4, 1] > 4.0 * np.ptp(selenium[50]) / selenium[50, 1]
