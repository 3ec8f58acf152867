"""Holds the frame rate: chooses the scale of the picture from the measured work of its frames."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from statistics import median

SCALES = (1.0, 0.75, 0.5, 0.375, 0.25)  # fractions of the frame's size
OVERLOAD = 0.95  # fraction of the frame period: with more work, frames are late
TARGET = 0.85  # the maximum expected fraction of a smaller scale
HEADROOM = 0.75  # the maximum expected fraction of a larger scale
WINDOW = 8  # frames in the median of the work
RAISE_AFTER_S = 1.0  # duration of headroom before a raise; doubled after each raise that overloads
MAX_RAISE_AFTER_S = 60.0
HELD_S = 10.0  # a raise that lasts this long was successful


class Governor:
    """Chooses one of `SCALES` so that the work of a frame fits into `period_s` seconds.

    `scale` is the scale to draw at. `prepare` receives the scale of the next step, with each frame until it returns
    true: then no frame waits for memory or compilation, and the step is made. A raise that overloads is taken back, and
    the next one waits twice as long, so the scale does not oscillate.
    """

    def __init__(self, period_s: float, prepare: Callable[[float], bool], *, start: float = 1.0) -> None:
        self.scale = start
        self._period_s, self._prepare = period_s, prepare
        self._work_s: deque[float] = deque(maxlen=WINDOW)
        self._growth: dict[tuple[float, float], float] = {}  # measured work at the second scale over that at the first
        self._before: tuple[float, float] | None = None  # scale and work before the last step
        self._next: float | None = None
        self._headroom_since_s: float | None = None
        self._raised_s = -math.inf
        self._raise_after_s = RAISE_AFTER_S

    def measure(self, work_s: float, now_s: float) -> None:
        """Takes the work of a frame at `scale`, in seconds without waiting for the display; may change `scale`."""
        self._work_s.append(work_s)
        if len(self._work_s) == WINDOW:
            self._choose(median(self._work_s), now_s)
        if self._next is not None and self._prepare(self._next):
            self._step(self._next, now_s)

    def _choose(self, work_s: float, now_s: float) -> None:
        if self._before is not None:
            (scale, before_s), self._before = self._before, None
            self._growth[scale, self.scale] = work_s / before_s
            self._growth[self.scale, scale] = before_s / work_s
        if now_s - self._raised_s >= HELD_S:
            self._raise_after_s = RAISE_AFTER_S
        if work_s > OVERLOAD * self._period_s:
            self._next, self._headroom_since_s = self._lower(work_s), None
            return
        higher = min((scale for scale in SCALES if scale > self.scale), default=self.scale)
        if higher == self.scale or self._expected_s(work_s, higher) > HEADROOM * self._period_s:
            self._next = self._headroom_since_s = None
        elif self._headroom_since_s is None:
            self._headroom_since_s = now_s
        elif now_s - self._headroom_since_s >= self._raise_after_s:
            self._next = higher

    def _lower(self, work_s: float) -> float | None:
        """The largest scale that is expected to fit, or the smallest; None at the smallest."""
        lower = [scale for scale in SCALES if scale < self.scale]
        fitting = (scale for scale in lower if self._expected_s(work_s, scale) <= TARGET * self._period_s)
        return next(fitting, lower[-1] if lower else None)

    def _expected_s(self, work_s: float, scale: float) -> float:
        """Expected work at another scale: by the measured growth, else in proportion to the pixels."""
        return work_s * self._growth.get((self.scale, scale), (scale / self.scale) ** 2)

    def _step(self, scale: float, now_s: float) -> None:
        if scale > self.scale:
            self._raised_s = now_s
        elif now_s - self._raised_s < HELD_S:
            self._raise_after_s = min(2.0 * self._raise_after_s, MAX_RAISE_AFTER_S)
        self._before = (self.scale, median(self._work_s))
        self.scale, self._next, self._headroom_since_s = scale, None, None
        self._work_s.clear()
