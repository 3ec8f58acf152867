"""Steady cadence, with a simulated display and source."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from groundglass.display.pacing import Pacing

DISPLAY_S = 1 / 60


class Display:
    """A display whose swap waits for the next refresh, or returns at once, and counts the refreshes of each frame."""

    def __init__(self, period_s: float = DISPLAY_S, *, waits: bool = True) -> None:
        self.period_s, self.waits = period_s, waits
        self.shown: list[float] = []

    def swap(self, began_s: float) -> float:
        refresh = math.floor(began_s / self.period_s + 1e-9) + 1
        self.shown.append(refresh if self.waits else began_s / self.period_s)
        return refresh * self.period_s if self.waits else began_s + 0.0022

    def steps(self) -> list[float]:
        return [after - before for before, after in pairwise(self.shown)]


def play(
    fps: float,
    display: Display,
    *,
    frames: int = 600,
    jitter_s: float = 0.003,
    work_s: float = 0.008,
    slow: dict[int, float] | None = None,
) -> tuple[list[float], Pacing]:
    """Shows `frames`, of which those in `slow` take longer by its seconds. Returns the latencies in seconds."""
    random = np.random.default_rng(7)
    pacing, now_s, latencies = Pacing(1 / fps, DISPLAY_S), 0.0, []
    for index in range(frames):
        arrived_s = 0.4 + index / fps + random.uniform(0, 0.0005)
        now_s = max(now_s, arrived_s) + work_s + random.uniform(0, jitter_s) + (slow or {}).get(index, 0.0)
        began_s = max(pacing.show_at(index, arrived_s, now_s), now_s)
        now_s = display.swap(began_s)
        pacing.swapped(began_s, now_s)
        latencies.append(now_s - arrived_s)
    return latencies, pacing


@pytest.mark.parametrize(
    ("fps", "cadence"), [(24, [2, 3]), (25, [2, 3, 2, 3, 2]), (30, [2]), (20, [3]), (50, [1, 1, 1, 1, 2])]
)
@pytest.mark.parametrize("work_s", [0.002, 0.0065, 0.0081, 0.0115])
def test_the_cadence_is_steady_at_any_phase(fps: float, cadence: list[int], work_s: float) -> None:
    display = Display()
    latencies, pacing = play(fps, display, work_s=work_s)
    assert pacing.is_locked
    steps = display.steps()[300:]
    repeated = [steps[index : index + len(cadence)] for index in range(0, len(steps) - len(cadence), len(cadence))]
    assert all(part == repeated[0] for part in repeated)
    assert sorted(repeated[0]) == sorted(cadence)
    # The refresh that the rate forces, and one for the jitter.
    assert max(latencies[300:]) <= work_s + 0.004 + 2 * DISPLAY_S


def test_without_pacing_the_jitter_breaks_the_cadence() -> None:
    display = Display()
    random = np.random.default_rng(7)
    for index in range(300):
        display.swap(0.4 + index / 24 + 0.0081 + random.uniform(0, 0.003))
    assert sum(first + second != 5 for first, second in pairwise(display.steps())) > 10


def test_a_drift_of_the_rates_costs_one_frame_at_a_time() -> None:
    display = Display(DISPLAY_S * 1.0005)
    play(24, display, frames=1200)
    pairs = [sum(display.steps()[index : index + 2]) for index in range(300, 1198)]
    assert sum(pair != 5 for pair in pairs) <= 12
    assert set(pairs) <= {4, 5, 6}


@pytest.mark.parametrize("fps", [24, 25, 30])
def test_without_a_display_to_wait_for_the_frames_are_shown_at_the_rate_of_the_source(fps: float) -> None:
    display = Display(waits=False)
    latencies, _ = play(fps, display, jitter_s=0.006)
    intervals_s = np.array(display.steps()[100:]) * DISPLAY_S
    assert (np.abs(intervals_s - 1 / fps) > 0.002).mean() < 0.02
    assert np.percentile(latencies, 95) <= 0.008 + 0.006 + 0.0035


def test_a_late_frame_is_shown_at_once_and_the_delay_stays_within_a_frame() -> None:
    pacing = Pacing(1 / 24, DISPLAY_S)
    assert pacing.show_at(0, 1.0, 1.2) == 1.2
    assert pacing.show_at(1, 1.0 + 1 / 24, 1.05) == pytest.approx(1.0 + 2 / 24, abs=0.005)


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("slow", [{0: 0.2}, {0: 0.1, 1: 0.1, 2: 0.1}, {0: 0.1, 100: 0.1, 160: 0.05}])
def test_a_few_slow_frames_delay_the_others_for_a_moment_only(slow: dict[int, float], waits: bool) -> None:
    display = Display(waits=waits)
    latencies, _ = play(24, display, frames=340, slow=slow)
    assert np.median(latencies[200:]) <= 0.008 + 0.003 + (2 * DISPLAY_S if waits else 0.0035)


@pytest.mark.parametrize("period_s", [None, 1 / 60, 1 / 59, 1 / 120])
def test_a_source_as_fast_as_the_display_is_not_paced(period_s: float | None) -> None:
    assert Pacing(period_s, DISPLAY_S).show_at(0, 1.0, 1.004) == 1.004
