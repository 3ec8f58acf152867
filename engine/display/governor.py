"""Holds the frame rate: chooses the scale of the picture from the measured work of its frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median

SCALES = (1.0, 0.75, 0.5, 0.375, 0.25)  # fractions of the frame's size
OVERLOAD = 0.95  # fraction of the frame period: with more work, frames are late
TARGET = 0.85  # the maximum expected fraction of another scale
WINDOW, WINDOW_S = 8, 0.5  # minimum number of frames, and seconds, in the median of the work
FIXED = 0.5  # the part of the work that is expected not to grow with the scale
START_S = 0.5  # at the start caches are filled and programs are loaded: such frames are not usual
RAISE_AFTER_S = 1.0  # duration of headroom before a raise,
DOUBTFUL_AFTER_S = 8.0  # if the work is expected between the target and an overload,
AFTER_FAILURE_S, MAX_AFTER_FAILURE_S = 60.0, 600.0  # and after a raise that overloads, doubled by each
HELD_S = 10.0  # a raise that lasts this long was successful


class Governor:
    """Chooses one of `SCALES` so that the work of a frame fits into `period_s` seconds.

    `scale` is the scale to draw at. `prepare` receives the scale of the next step, with each frame until it returns
    true: then no frame waits for memory or compilation, and the step is made. What a larger scale costs is known only
    after a raise. A raise that overloads is taken back, and the next one waits long, so the scale does not oscillate.
    """

    def __init__(self, period_s: float, prepare: Callable[[float], bool], *, start: float = 1.0) -> None:
        self.scale = start
        self._period_s, self._prepare = period_s, prepare
        self._measured: deque[tuple[float, float]] = deque()  # the end and the work of the last frames
        self._work_s = 0.0  # their median, at the last choice
        self._growth: dict[tuple[float, float], float] = {}  # measured work at the second scale over that at the first
        self._minimum_s: dict[float, float] = {}  # the smallest work at a scale
        self._before: tuple[float, float] | None = None  # scale and work before a raise
        self._began_s: float | None = None
        self._next: float | None = None
        self._headroom_since_s: float | None = None
        self._raised_s: float | None = None  # the time of a raise that is on trial
        self._raise_after_s = RAISE_AFTER_S

    def measure(self, work_s: float, now_s: float, *, is_usual: bool = True) -> None:
        """Takes the work of a frame at `scale`, in seconds without waiting for the display; may change `scale`.

        The work of a frame that is not usual, because something else is prepared meanwhile, does not count, nor does
        that of the frames before it.
        """
        if self._began_s is None:
            self._began_s = now_s
        if not is_usual:
            self._measured.clear()
        elif now_s - self._began_s >= START_S:
            self._measured.append((now_s, work_s))
            while len(self._measured) > WINDOW and self._measured[1][0] <= now_s - WINDOW_S:
                self._measured.popleft()
            if len(self._measured) >= WINDOW and self._measured[0][0] <= now_s - WINDOW_S:
                self._choose(now_s)
        if self._next is not None and self._prepare(self._next):
            self._step(self._next, now_s)

    def _choose(self, now_s: float) -> None:
        work_s = self._work_s = median(work_s for _, work_s in self._measured)
        self._minimum_s[self.scale] = min(work_s, self._minimum_s.get(self.scale, work_s))
        if self._before is not None:
            (scale, before_s), self._before = self._before, None
            self._growth[self.scale, scale] = before_s / work_s
        if self._raised_s is not None and now_s - self._raised_s >= HELD_S:
            self._raised_s, self._raise_after_s = None, RAISE_AFTER_S
        if work_s > OVERLOAD * self._period_s:
            self._next, self._headroom_since_s = self._lower(work_s), None
            return
        higher = min((scale for scale in SCALES if scale > self.scale), default=self.scale)
        expected_s = work_s * (FIXED + (1.0 - FIXED) * (higher / self.scale) ** 2)
        share = min(expected_s, self._minimum_s.get(higher, expected_s)) / self._period_s
        patience_s = self._raise_after_s if share <= TARGET else max(DOUBTFUL_AFTER_S, self._raise_after_s)
        if higher == self.scale or share > OVERLOAD:
            self._next = self._headroom_since_s = None
        elif self._headroom_since_s is None:
            self._headroom_since_s = now_s
        elif now_s - self._headroom_since_s >= patience_s:
            self._next = higher

    def _lower(self, work_s: float) -> float | None:
        """The largest scale that is expected to fit, or the smallest; None at the smallest."""
        lower = [scale for scale in SCALES if scale < self.scale]
        fitting = (scale for scale in lower if self._expected_s(work_s, scale) <= TARGET * self._period_s)
        return next(fitting, lower[-1] if lower else None)

    def _expected_s(self, work_s: float, scale: float) -> float:
        """Expected work at a smaller scale: by the measured growth, else in proportion to the pixels."""
        return work_s * self._growth.get((self.scale, scale), (scale / self.scale) ** 2)

    def _step(self, scale: float, now_s: float) -> None:
        if scale > self.scale:
            self._raised_s, self._before = now_s, (self.scale, self._work_s)
        else:
            if self._raised_s is not None:
                self._raise_after_s = min(max(2.0 * self._raise_after_s, AFTER_FAILURE_S), MAX_AFTER_FAILURE_S)
            self._raised_s = self._before = None
        self.scale, self._next, self._headroom_since_s = scale, None, None
        self._measured.clear()
