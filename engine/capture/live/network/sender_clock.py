"""The capture time of pictures of a stream."""

from __future__ import annotations

import time

from ...clock import TickClock

MAX_DELAY_S = 1.0  # a picture that seems to be on its way for longer comes from a sender whose clock is wrong


class SenderClock:
    """Maps time stamps of a stream to the clock of `time.perf_counter`.

    RTCP reports the sender's wall clock. If it agrees with that of this machine, as with NTP on both, a picture has the
    time of its capture. Without it the stream's time stamps are mapped by the arrivals: the shortest delay is missing.
    """

    def __init__(self, time_base_s: float) -> None:
        self._time_base_s = time_base_s
        self._arrivals = TickClock(1.0 / time_base_s)
        self._agrees: bool | None = None

    def captured_s(self, ticks: int, arrived_s: float, zero_s: float | None) -> float:
        """The time of a picture stamped `ticks`. `zero_s` is `epoch_of` the sender's report, None without one."""
        mapped_s = self._arrivals.captured_s(ticks, arrived_s)
        if zero_s is None:
            return mapped_s
        sent_s = zero_s + ticks * self._time_base_s
        if self._agrees is None:
            self._agrees = 0.0 <= arrived_s - sent_s <= MAX_DELAY_S
        return min(sent_s, arrived_s) if self._agrees else mapped_s


def epoch_of(realtime_us: int) -> float:
    """A time in microseconds since 1970, UTC, on the clock of `time.perf_counter`."""
    return realtime_us * 1e-6 - (time.time() - time.perf_counter())
