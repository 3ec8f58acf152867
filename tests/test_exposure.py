"""Exposure: one EV doubles the light."""

import numpy as np
from look_support import HALF_STEP, draw_pass, scene_of, shown


def test_one_ev_doubles_scene_light() -> None:
    scene = scene_of(brightest=0.4)
    np.testing.assert_allclose(draw_pass(scene, "exposure", exposure_ev=1.0), shown(scene * 2.0), atol=HALF_STEP)


def test_no_exposure_changes_nothing() -> None:
    scene = scene_of()
    np.testing.assert_allclose(draw_pass(scene, "exposure"), shown(scene), atol=HALF_STEP)
