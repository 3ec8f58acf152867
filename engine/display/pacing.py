"""Steady cadence: when to show each frame of a source that is slower than the display.

A display shows a frame for a whole number of its periods: 24 frames a second on 60 Hz for 2 and 3 alternately, 25 for
2, 2, 3, 2, 3. A frame that is shown as soon as it is ready takes this number from the jitter of the work. Here the
number comes from the two rates, and the jitter decides only when they drift apart.
"""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction

SLOWER = 1.1  # a source with at least this ratio of frame period and display period is paced
MAX_DENOMINATOR = 12  # ratio of the periods: 25 on 60 Hz is 12/5, 24 on 144 Hz is 6
FOLLOWS, ADAPTS = 0.1, 0.01  # fractions of a deviation by which a clock's time and period are corrected
MAX_DRIFT = 0.02  # deviation of a period from its nominal value
RECENT = 48  # frames whose times until they were drawn decide the delay; the longest one is an exception
FORGETS = 0.02  # fraction of a frame period by which the delay decreases with each frame
COHERENT = 0.12  # display periods: maximum deviation of a swap that ended at a refresh
WAITED = 0.1  # display periods: a swap that takes longer may have waited for the display
LOCKED_AFTER, MAX_LOCKED_AFTER = 8, 4096  # such swaps; doubled after each time that they did not end at a refresh
UNLOCKED_AFTER = 60  # frames without one
EARLY, LATE = 0.05, 0.35  # display periods by which a frame may leave its place before the cadence starts again
MARGIN = 0.2  # display periods after a refresh, from which a swap belongs to the next


class _Clock:
    """Events with a steady period and jitter: their number and smoothed time."""

    def __init__(self, period_s: float) -> None:
        self.period_s = self._nominal_s = period_s
        self.count, self.at_s = 0, -math.inf

    def deviation_s(self, at_s: float, steps: int) -> float:
        return at_s - (self.at_s + steps * self.period_s)

    def advance(self, at_s: float, steps: int) -> None:
        """An event, `steps` after the latest, came at about `at_s`."""
        deviation_s = self.deviation_s(at_s, steps)
        self.count += steps
        self.at_s += steps * self.period_s + FOLLOWS * deviation_s
        period_s = self.period_s + ADAPTS * deviation_s / steps
        self.period_s = min(max(period_s, self._nominal_s * (1 - MAX_DRIFT)), self._nominal_s * (1 + MAX_DRIFT))

    def restart(self, at_s: float) -> None:
        self.at_s, self.period_s = at_s, self._nominal_s


class Pacing:
    """Chooses the time of each swap. Times are `time.perf_counter()` seconds.

    The delay is the second longest recent time from a frame's arrival until it is drawn, at most one frame period. One
    slow frame, such as the first one, delays those after it only for a moment. If swaps wait for the display, each
    frame is shown at the refresh that the cadence gives it; else at its arrival plus the delay. Without a source's
    period, or with one close to the display's, a frame is shown at once.
    """

    def __init__(self, source_period_s: float | None, display_period_s: float) -> None:
        self._display = _Clock(display_period_s)
        self._source = _Clock(source_period_s or display_period_s)
        self._ratio = Fraction(self._source.period_s / display_period_s).limit_denominator(MAX_DENOMINATOR)
        self.is_active = self._source.period_s >= SLOWER * display_period_s
        self._index = -1
        self._delay_s = 0.0
        self._recent_s: deque[float] = deque(maxlen=RECENT)
        self._place: Fraction | None = None  # the latest frame, in refreshes; never a whole number
        self._waits = 0
        self._no_waits = 0
        self._lock_after = LOCKED_AFTER

    def show_at(self, index: int, arrived_s: float, ready_s: float) -> float:
        """The time to start the swap of frame `index`, which arrived at `arrived_s` and is drawn at `ready_s`."""
        if not self.is_active:
            return ready_s
        steps, self._index = index - self._index, index
        period_s = self._source.period_s
        if steps < 1 or abs(self._source.deviation_s(arrived_s, steps)) > period_s / 2:
            self._source.restart(arrived_s)
            self._place = None
        else:
            self._source.advance(arrived_s, steps)
        due_s = self._source.at_s
        self._recent_s.append(min(max(ready_s - due_s, 0.0), period_s))
        longest_s = sorted(self._recent_s)[-1 if len(self._recent_s) < RECENT else -2]
        self._delay_s = max(longest_s, self._delay_s - FORGETS * period_s)
        if not self.is_locked:
            self._place = None
            return max(due_s + self._delay_s, ready_s)
        refresh = math.ceil(self._placed(due_s + self._delay_s, steps))
        began_s = self._display.at_s + (refresh - 1 - self._display.count + MARGIN) * self._display.period_s
        return max(began_s, ready_s)

    def swapped(self, began_s: float, ended_s: float) -> None:
        """A swap has returned. One that waited for the display returns at a refresh."""
        period_s = self._display.period_s
        self._no_waits += 1
        if ended_s - began_s < WAITED * period_s:
            if self._no_waits > UNLOCKED_AFTER:
                self._waits = 0
            return
        steps = round((ended_s - self._display.at_s) / period_s) if self._waits else 0
        if steps < 1 or abs(self._display.deviation_s(ended_s, steps)) > COHERENT * period_s:
            if self.is_locked:
                self._lock_after = min(2 * self._lock_after, MAX_LOCKED_AFTER)
            self._display.restart(ended_s)
            self._waits = 0
        else:
            self._display.advance(ended_s, steps)
        self._waits, self._no_waits = self._waits + 1, 0

    @property
    def is_locked(self) -> bool:
        """Whether swaps wait for the display, so that its refreshes are known."""
        return self._waits >= self._lock_after

    def _placed(self, want_s: float, steps: int) -> Fraction:
        """The place of a frame that should be shown from `want_s` on: that of the cadence, or a new start."""
        wanted = self._display.count + (want_s - self._display.at_s) / self._display.period_s
        parts = self._ratio.denominator
        place = None if self._place is None else self._place + steps * self._ratio
        if place is None or not -EARLY <= place - wanted <= 1 / parts + LATE:
            place = Fraction(2 * math.ceil(wanted * parts - 0.5) + 1, 2 * parts)
        self._place = place
        return place
