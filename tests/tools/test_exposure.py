"""Steps of the light, as auto exposure corrects them with the exposure and the gain of a camera that answers late."""

from __future__ import annotations

import itertools

import groundglass as gg
import numpy as np
import pytest
from exposure_camera import ExposureCamera
from exposure_steps import AFTER, BEFORE, errors, frames_until_right
from groundglass.controls import Controls
from groundglass.develop.metering import GREY
from groundglass.tools.exposure import ExposureTool
from live_engine import LiveEngine, tool_context
from look_support import context

Y = np.array([0.2627, 0.678, 0.0593])


@pytest.mark.parametrize(
    ("step_ev", "delay"), [*itertools.product((4, -4), range(5)), *itertools.product((2, -2, 6, -6), (0, 2, 4))]
)
def test_a_step_of_the_light_is_corrected_within_ten_frames_without_overshoot(step_ev: float, delay: int) -> None:
    camera = ExposureCamera(delay)
    error = errors(camera, [0.0] * BEFORE + [step_ev] * AFTER)
    after = error[BEFORE:]
    assert np.abs(error[BEFORE - 5 : BEFORE]).max() < 0.05
    assert frames_until_right(after) <= 10
    assert (after * np.sign(step_ev)).min() > -0.2
    assert np.abs(np.diff(after[15:])).max() < 0.01  # it rests
    assert len(camera.requests) <= 2
    assert camera.requests[-1] == pytest.approx(min(-step_ev, 5.74), abs=0.6)


@pytest.mark.parametrize("delay", [0, 2, 4])
def test_steps_that_follow_one_another_are_corrected(delay: int) -> None:
    steps = [4.0, 0.0, -4.0, 2.0, -2.0, 0.0]
    error = errors(ExposureCamera(delay), [0.0] * BEFORE + [ev for ev in steps for _ in range(AFTER)])
    for after in error[BEFORE:].reshape(-1, AFTER):
        assert frames_until_right(after) <= 10


def test_a_small_step_is_smooth_and_a_flash_is_not_followed() -> None:
    camera = ExposureCamera()
    after = errors(camera, [0.0] * BEFORE + [-0.9] * 60)[BEFORE:]
    assert np.abs(np.diff(after)).max() < 0.1
    assert abs(after[-1]) < 0.1
    camera = ExposureCamera()
    error = errors(camera, [0.0] * BEFORE + [4.0] + [0.0] * AFTER)
    assert np.abs(error[BEFORE + 1 :]).max() < 0.4
    assert camera.requests == []


def test_a_slow_change_of_the_light_is_followed_without_pumping() -> None:
    error = errors(ExposureCamera(), [*np.linspace(0, 3, 60), *np.linspace(3, -3, 120)])
    assert np.abs(error).max() < 0.9
    assert np.abs(np.diff(error)).max() < 0.15


def test_the_time_is_changed_before_the_gain_and_digital_gain_does_the_rest() -> None:
    camera = ExposureCamera(noise=0.0)
    errors(camera, [-1.5] * AFTER)
    assert (camera.time_s, camera.gain_ev) == (pytest.approx(0.01 * 2**1.5, rel=0.1), 0.0)
    errors(camera, [-4.0] * AFTER)
    assert (camera.time_s, camera.gain_ev) == (pytest.approx(1 / 30), pytest.approx(4 - np.log2(100 / 30), abs=0.1))
    error = errors(camera, [-8.0] * AFTER)
    assert (camera.time_s, camera.gain_ev) == (pytest.approx(1 / 30), pytest.approx(4.0))
    assert abs(error[-1]) < 0.1


def test_a_camera_that_ignores_its_exposure_does_not_run_away() -> None:
    camera = ExposureCamera(ignores=True)
    error = errors(camera, [0.0] * BEFORE + [-2.0] * 60)
    assert len(camera.requests) <= 3
    assert np.abs(error[-20:]).max() < 0.1


@pytest.mark.parametrize("step_ev", [4, -4])
def test_the_developed_picture_is_right_again(step_ev: float) -> None:
    camera = ExposureCamera(noise=0.0)
    with LiveEngine(gl=context(), look="neutral", development=gg.Development(metering="average")) as engine:
        tool = ExposureTool(tool_context(engine, camera, print, Controls()))
        shown = []
        for number, frame in zip(range(12 + 14), camera, strict=False):
            engine.draw(frame)
            tool.on_frame(engine.drawn)
            shown.append(float(np.cbrt(np.maximum(engine.scene(frame) @ Y, 0)).mean() ** 3))
            camera.scene_ev = step_ev if number >= 11 else 0.0
        error = np.log2(np.array(shown) / GREY)
    assert frames_until_right(error[12:]) <= 10
    assert (error[12:] * np.sign(step_ev)).min() > -0.2
    assert len(camera.requests) in (1, 2)
