"""The exposure of control values whose unit is unknown."""

from __future__ import annotations

import pytest
from groundglass.capture.live.response import LearnedResponse, ProportionalResponse, Range


def test_values_are_those_that_a_driver_accepts() -> None:
    values = Range(10, 99, 20)
    assert [values.nearest(value) for value in (-5, 19, 21, 62, 500)] == [10, 10, 30, 70, 90]


def test_a_time_is_in_proportion() -> None:
    times = ProportionalResponse(Range(1, 10_000), 100)
    assert (times.value(2.0), times.value(-9.0), times.value(20.0)) == (400, 1, 10_000)
    assert times.ev(50) == -1.0


def test_untried_values_are_approached_and_tried_ones_interpolated() -> None:
    gains = LearnedResponse(Range(0, 160), 0)
    assert gains.value(2.0) == 0
    assert gains.value(2.0, explores=True) == 10  # a part of the range
    gains.learn(0, 10, 0.5)
    assert gains.value(2.0, explores=True) == 30  # where 1 EV more is expected
    assert gains.value(0.25, explores=True) == gains.value(0.25) == 5
    gains.learn(10, 30, 1.5)
    assert gains.ev(20) == pytest.approx(1.25)
    assert gains.value(1.25) == 20
    assert (gains.knows(30), gains.knows(31), gains.max_ev) == (True, False, None)


def test_a_gain_without_effect_is_left_alone() -> None:
    gains = LearnedResponse(Range(0, 160), 20)
    tried = [20]
    while not gains.is_useless:
        tried.append(gains.value(3.0, explores=True))
        gains.learn(tried[-2], tried[-1], 0.01)
    assert len(tried) <= 5
    assert tried[-1] == 160
    assert gains.value(3.0, explores=True) == 20


def test_a_measurement_that_contradicts_is_doubted_once() -> None:
    gains = LearnedResponse(Range(0, 160), 0)
    gains.learn(0, 80, 2.0)
    gains.learn(80, 0, 1.0)  # the light has changed at the same time
    assert gains.ev(80) == 2.0
    gains.learn(0, 80, 2.0)
    gains.learn(80, 0, -0.5)
    assert gains.ev(80) == 2.0
    gains.learn(0, 80, 0.5)  # twice: it is so
    assert gains.ev(80) == 0.5


def test_a_change_against_the_value_counts_as_none() -> None:
    gains = LearnedResponse(Range(0, 160), 0)
    gains.learn(0, 10, -3.0)
    assert gains.ev(10) == 0.0


def test_a_gain_of_the_user_is_the_new_base() -> None:
    gains = LearnedResponse(Range(0, 160), 0)
    gains.learn(0, 80, 2.0)
    gains.rebase(40)
    assert (gains.base, gains.ev(40), gains.ev(0), gains.value(1.0)) == (40, 0.0, -1.0, 80)


def test_a_time_in_an_unknown_unit_is_in_proportion_until_measured() -> None:
    lines = LearnedResponse(Range(1, 1000), 100, is_proportional=True)
    assert (lines.value(1.0), lines.value(-2.0), lines.ev(200)) == (200, 25, 1.0)
    lines.learn(100, 200, 2.0)  # more than in proportion
    assert (lines.value(1.0), lines.value(2.0), lines.ev(50)) == (141, 200, -1.0)


def test_points_do_not_grow_without_limit() -> None:
    gains = LearnedResponse(Range(0, 1000), 0)
    for value in range(1, 200):
        gains.learn(value - 1, value, 0.01)
    assert gains.ev(0) == 0.0
    assert gains.ev(199) == pytest.approx(1.99, abs=0.1)
