"""Steps of the light with a V4L2 camera whose gain has no unit: its effect is learned from the picture."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("linuxpy", reason="linuxpy is not installed")

from exposure_steps import AFTER, BEFORE, AutoExposure, frames_until_right
from gain_camera import GAIN, GAINS_OF_CAMERAS, LINES, TIME, Gain, GainCamera

TIME_EV = np.log2(100 / 30)  # from 1/100 s to the time of a frame
CAMERAS = [*((gain, TIME) for gain in GAINS_OF_CAMERAS), ("linear from 0", LINES), ("inverse", None)]


def correct(auto: AutoExposure, before_ev: float, after_ev: float) -> None:
    """A step of the light is corrected well."""
    after = auto.errors([before_ev] * BEFORE + [after_ev] * AFTER)[BEFORE:]
    assert frames_until_right(after) <= 10
    assert (after * np.sign(after_ev - before_ev)).min() > -0.2


@pytest.mark.parametrize(("gain", "time"), CAMERAS)
def test_a_step_is_corrected_by_a_gain_without_a_unit(gain: str, time: int | None) -> None:
    camera = GainCamera(GAINS_OF_CAMERAS[gain], time=time)
    auto = AutoExposure(camera)
    correct(auto, 0.0, -4.0)
    able_ev = (0.0 if time is None else TIME_EV) + GAINS_OF_CAMERAS[gain].ev(GAINS_OF_CAMERAS[gain].maximum)
    if gain == "without effect":
        assert camera.values[GAIN] == 20
    else:
        assert camera.present_ev > min(able_ev, 4.0) - (1.0 if gain == "in whole stops" else 0.4)
    assert camera.exposure.get() == pytest.approx(camera.present_ev, abs=0.2)  # it was measured right
    writes = len(camera.writes)
    auto.errors([-4.0] * 10)
    assert len(camera.writes) == writes  # it rests
    correct(auto, -4.0, 0.0)
    assert abs(camera.present_ev) < 0.5
    writes = len(camera.writes)
    correct(auto, 0.0, -4.0)  # what was learned is used
    assert len(camera.writes) - writes <= 3


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_the_delay_of_a_camera_without_a_time_is_found(delay: int) -> None:
    correct(AutoExposure(GainCamera(GAINS_OF_CAMERAS["linear from 0"], delay, time=None)), 0.0, -4.0)


def test_the_gain_fills_the_steps_of_times_that_do_not_flicker() -> None:
    camera = GainCamera(GAINS_OF_CAMERAS["linear from 0"], mains=1)
    correct(AutoExposure(camera), 0.0, -4.0)
    assert camera.values[TIME] == 300  # three half waves of 50 Hz
    assert camera.present_ev == pytest.approx(4.0, abs=0.4)


def test_the_brightness_is_right_although_the_light_changed_while_the_gain_was_learned() -> None:
    camera = GainCamera(GAINS_OF_CAMERAS["linear from 0"])
    auto = AutoExposure(camera)
    auto.errors([0.0] * BEFORE + [-4.0] * 7 + [-2.0] * 6 + [-5.0] * 8)
    for light_ev in (-3.0, 0.0, -4.0):
        error = auto.errors([light_ev] * 2 * AFTER)
        assert np.abs(error[-20:]).max() < 0.2


def test_a_gain_of_the_user_is_kept() -> None:
    camera = GainCamera(GAINS_OF_CAMERAS["linear from 0"])
    auto = AutoExposure(camera)
    correct(auto, 0.0, -4.0)
    camera.put_by_user(100)
    auto.errors([-4.0] * 2 * AFTER)
    assert camera.values[GAIN] == 100
    correct(auto, -4.0, 0.0)
    assert camera.values[GAIN] == 100


def test_a_camera_with_a_time_alone_changes_that() -> None:
    camera = GainCamera(None)
    correct(AutoExposure(camera), 0.0, -4.0)
    assert camera.present_ev == pytest.approx(TIME_EV, abs=0.02)


def test_a_range_of_one_value_is_not_a_gain() -> None:
    camera = GainCamera(Gain(3, 3, 3, lambda value: 0.0))
    assert camera.exposure.control().maximum == pytest.approx(TIME_EV, abs=0.02)
