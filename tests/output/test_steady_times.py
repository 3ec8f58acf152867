"""The times of a recording follow the frames, not the moments at which their pictures are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.output.steady_times import SteadyTimes

RATE = 30.0
LATE_S = 0.004 + 0.02 * np.random.default_rng(1).random(60)  # from the frame to its picture
BEGAN_S = 1000.0


def test_pictures_are_as_even_as_their_frames() -> None:
    frames_s = BEGAN_S + np.arange(60) / RATE
    times = SteadyTimes(BEGAN_S + LATE_S[0])
    recorded_s = [times.of(frame_s, frame_s + late_s) for frame_s, late_s in zip(frames_s, LATE_S, strict=True)]
    np.testing.assert_allclose(np.diff(recorded_s), 1 / RATE, atol=1e-6)
    assert recorded_s[0] == 0


def test_a_frame_that_is_drawn_again_advances_by_the_clock() -> None:
    times = SteadyTimes(BEGAN_S)
    assert [times.of(BEGAN_S, BEGAN_S + 0.1 * n) for n in range(4)] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert times.of(BEGAN_S + 0.32, BEGAN_S + 0.33) == pytest.approx(0.32)


def test_a_frame_shown_for_long_before_leaves_no_gap() -> None:
    times = SteadyTimes(BEGAN_S)
    assert times.of(BEGAN_S - 60, BEGAN_S) == 0
    assert times.of(BEGAN_S + 0.01, BEGAN_S + 0.03) == pytest.approx(0.03)
    assert times.of(BEGAN_S + 0.05, BEGAN_S + 0.06) == pytest.approx(0.07)


def test_another_clock_continues() -> None:
    times = SteadyTimes(BEGAN_S)
    for number in range(3):
        times.of(BEGAN_S + number, BEGAN_S + number)
    assert times.of(7.0, BEGAN_S + 3) == pytest.approx(3)
    assert times.of(7.5, BEGAN_S + 3.6) == pytest.approx(3.5)


def test_times_never_decrease() -> None:
    times = SteadyTimes(BEGAN_S)
    times.of(BEGAN_S, BEGAN_S)
    assert times.of(BEGAN_S, BEGAN_S + 0.3) == pytest.approx(0.3)
    assert times.of(BEGAN_S + 0.1, BEGAN_S + 0.31) == pytest.approx(0.3)
