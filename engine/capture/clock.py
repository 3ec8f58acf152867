"""Maps a driver's clock to `time.perf_counter`, for `Frame.captured_s`."""

from __future__ import annotations

import time
from collections.abc import Callable

WINDOW_S = 10.0  # a crystal with an error of 50 ppm drifts 0.5 ms in this time
RESTART_S = 1.0  # a clock that jumps back by more was restarted
MEASUREMENTS = 5


def monotonic_to_perf_counter(
    monotonic_s: float,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    perf_counter: Callable[[], float] = time.perf_counter,
) -> float:
    """A time of CLOCK_MONOTONIC, in seconds, on the clock of `time.perf_counter`.

    V4L2 and libcamera stamp frames with CLOCK_MONOTONIC. On Linux both clocks are the same. Elsewhere their offset is
    measured by the shortest of several readings.
    """
    readings = []
    for _ in range(MEASUREMENTS):
        before_s = perf_counter()
        now_s = monotonic()
        after_s = perf_counter()
        readings.append((after_s - before_s, (before_s + after_s) / 2 - now_s))
    return monotonic_s + min(readings)[1]


class TickClock:
    """Maps a camera's tick counter of unknown start to `time.perf_counter`.

    A frame never arrives before its capture. The minimum difference of arrival and ticks is therefore the offset of the
    clocks plus the minimum delay. The minimum of the last 10 to 20 s follows a drifting crystal. `bits` is the width
    of a counter that wraps. Used by one thread.
    """

    def __init__(self, ticks_per_s: float, bits: int = 64) -> None:
        if not ticks_per_s > 0:
            raise ValueError(f"ticks_per_s {ticks_per_s:g} is not a clock rate; give a number above 0")
        self._ticks_per_s = ticks_per_s
        self._period = 1 << bits
        self._ticks: int | None = None  # unwrapped
        self._window_end_s = 0.0
        self._offset_s = 0.0  # minimum of the current window
        self._previous_s = 0.0  # minimum of the previous window

    def captured_s(self, ticks: int, arrived_s: float) -> float:
        """The capture time of a frame with the timestamp `ticks` that arrived at `arrived_s`; at most `arrived_s`."""
        unwrapped = self._unwrapped(ticks)
        device_s = unwrapped / self._ticks_per_s
        offset_s = arrived_s - device_s
        restarted = self._ticks is not None and (unwrapped - self._ticks) / self._ticks_per_s < -RESTART_S
        if self._ticks is None or restarted:
            self._offset_s = self._previous_s = offset_s
            self._window_end_s = arrived_s + WINDOW_S
        elif arrived_s >= self._window_end_s:
            self._previous_s, self._offset_s = self._offset_s, offset_s
            self._window_end_s = arrived_s + WINDOW_S
        self._offset_s = min(self._offset_s, offset_s)
        self._ticks = unwrapped
        return device_s + min(self._offset_s, self._previous_s)

    def _unwrapped(self, ticks: int) -> int:
        """`ticks` without wrap-around: the candidate closest to the previous value."""
        if self._ticks is None:
            return ticks
        half = self._period // 2
        return self._ticks + (ticks - self._ticks + half) % self._period - half
