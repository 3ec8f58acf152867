"""The clock of a driver is mapped to `time.perf_counter`."""

from __future__ import annotations

import time

import numpy as np
import pytest
from groundglass.capture.clock import TickClock, monotonic_to_perf_counter


def test_the_monotonic_clock_is_mapped() -> None:
    before_s = time.perf_counter()
    mapped_s = monotonic_to_perf_counter(time.monotonic())
    assert before_s - 0.1 < mapped_s < time.perf_counter() + 0.1


def test_different_clocks_are_mapped_by_the_shortest_reading() -> None:
    now_s = [100.0]
    delays = iter([0.5, 0.0, 0.0, 0.25, 0.5] * 2)

    def perf_counter() -> float:
        now_s[0] += 0.001
        return now_s[0]

    def monotonic() -> float:
        now_s[0] += next(delays)
        return now_s[0] - 40.0

    mapped_s = monotonic_to_perf_counter(5.0, monotonic=monotonic, perf_counter=perf_counter)
    assert mapped_s == pytest.approx(45.0, abs=0.002)


def mapping_errors_s(
    clock: TickClock, *, seconds: float, rate: float, drift: float = 0.0, bits: int = 64
) -> np.ndarray:
    """Errors of the mapped times of frames that arrive 1 ms plus a random delay after capture."""
    rng = np.random.default_rng(5)
    captured_s = 50.0 + np.arange(0, seconds, 1 / 60)
    arrived_s = captured_s + 0.001 + rng.exponential(0.004, captured_s.size)
    ticks = np.round((captured_s - 20.0) * rate * (1 + drift)).astype(np.int64) % 2**bits if bits < 63 else None
    if ticks is None:
        ticks = np.round((captured_s - 20.0) * rate * (1 + drift)).astype(np.int64)
    mapped_s = [clock.captured_s(int(t), float(a)) for t, a in zip(ticks, arrived_s, strict=True)]
    assert (np.array(mapped_s) <= arrived_s + 1e-9).all()
    return np.array(mapped_s) - captured_s


def test_a_tick_counter_is_mapped_to_within_the_shortest_delay() -> None:
    errors_s = mapping_errors_s(TickClock(1e6), seconds=5, rate=1e6)
    assert (abs(errors_s[60:] - 0.001) < 0.001).all()
    assert errors_s[60:].std() < 1e-4  # the error of the arrival time is 4 ms


def test_the_time_continues_when_a_counter_wraps() -> None:
    errors_s = mapping_errors_s(TickClock(90_000, bits=20), seconds=60, rate=90_000, bits=20)
    assert (abs(errors_s[60:] - 0.001) < 0.001).all()


def test_clock_drift_is_compensated() -> None:
    errors_s = mapping_errors_s(TickClock(1e6), seconds=300, rate=1e6, drift=50e-6)
    assert abs(errors_s[60:]).max() < 0.004


def test_a_restarted_counter_is_mapped_again() -> None:
    clock = TickClock(1e6)
    clock.captured_s(5_000_000, 10.0)
    assert clock.captured_s(0, 20.0) == pytest.approx(20.0)


def test_a_tick_rate_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        TickClock(0)
