"""Exposure: one EV doubles the light."""

import numpy as np
import pytest
from groundglass.look.reference import LUMINANCE, PASSES
from look_support import ENCODED, HALF_STEP, draw_pass, scene_of, shown


def test_one_ev_doubles_scene_light() -> None:
    scene = scene_of(brightest=0.4)
    np.testing.assert_allclose(draw_pass(scene, "exposure", exposure_ev=1.0), shown(scene * 2.0), atol=HALF_STEP)


def test_the_default_exposure_changes_nothing() -> None:
    scene = scene_of()
    np.testing.assert_allclose(draw_pass(scene, "exposure"), shown(scene), atol=HALF_STEP)


@pytest.mark.parametrize(("warmth", "tint"), [(0.5, 0.0), (0.0, -0.4), (-1.0, 1.0)])
def test_warmth_and_tint_are_channel_ratios_in_stops_and_keep_the_luminance_of_grey(warmth: float, tint: float) -> None:
    red, green, blue = PASSES["exposure"](np.full(3, 0.3), exposure_ev=0.0, warmth=warmth, tint=tint)
    assert np.log2(red / blue) == pytest.approx(warmth)
    assert np.log2(np.sqrt(red * blue) / green) == pytest.approx(tint)
    assert np.array([red, green, blue]) @ LUMINANCE == pytest.approx(0.3)
    scene = scene_of(brightest=0.3)
    expected = shown(PASSES["exposure"](scene.astype(float), exposure_ev=0.5, warmth=warmth, tint=tint))
    drawn = draw_pass(scene, "exposure", exposure_ev=0.5, warmth=warmth, tint=tint)
    np.testing.assert_allclose(drawn, expected, atol=ENCODED)
