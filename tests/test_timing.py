"""The clock: milliseconds per stage."""

from __future__ import annotations

import time

import pytest
from groundglass.timing import MAX_MEASUREMENTS, Clock, percentile


def test_percentiles_are_interpolated() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile([4, 1, 3, 2], 0) == 1
    assert percentile([4, 1, 3, 2], 100) == 4
    assert percentile((number for number in (1.0, 2.0)), 95) == pytest.approx(1.95)
    assert percentile([], 50) == 0.0


def test_stages_are_in_the_order_of_a_frame() -> None:
    clock = Clock()
    for milliseconds in (1.0, 2.0, 9.0):
        clock.add("develop", milliseconds)
        clock.add("optics", 10 * milliseconds)
    assert list(clock.stages()) == ["develop", "optics"]
    assert clock.stages()["develop"] == {"p50_ms": 2.0, "p95_ms": 8.3}
    assert clock.median_ms("optics") == 20.0
    assert clock.median_ms("look") == 0.0


def test_host_time_counts_even_if_the_work_fails() -> None:
    clock = Clock()
    with clock.host("present"):
        time.sleep(0.002)
    assert clock.median_ms("present") >= 2
    with pytest.raises(KeyError), clock.host("broken"):
        raise KeyError
    assert list(clock.stages()) == ["present", "broken"]


def test_the_clock_keeps_only_the_newest_measurements() -> None:
    clock = Clock()
    for _ in range(MAX_MEASUREMENTS):
        clock.add("look", 100.0)
    for _ in range(MAX_MEASUREMENTS):
        clock.add("look", 1.0)
    assert clock.stages()["look"] == {"p50_ms": 1.0, "p95_ms": 1.0}
    clock.reset()
    assert clock.stages() == {}
