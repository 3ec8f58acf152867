"""What cameras with an exposure control share: an exposure is divided into time and gain, and each frame reports its
exposure.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...camera import CameraProfile
from ...frame import Encoding, Frame
from ...packing import Packing, unpack

# Frames from a change to the first that shows it: at least, expected, at most. A sensor takes a new exposure time at
# its next frame, which is read out one frame later.
UNKNOWN_DELAY = (1, 2, 6)
VISIBLE_EV = 0.3  # a smaller change is not looked for in the picture
MEASURED_EV = 0.12  # change of the picture from one frame to the next that shows a change of unknown size
LEARNED_EV = 0.5  # the delay is not learned from a smaller change
MAX_CONTRADICTIONS = 2
CLIPPED = -0.08  # a level above is that of a clipped picture
DARK_STEPS, DARK = 8, -9.0  # a level below these steps of the sensor, or below this EV, is darkness
GAMMA = 2.2  # approximate gamma of Y'CbCr
ROWS, COLUMNS = 16, 64  # samples of a frame


@dataclass(frozen=True, slots=True)
class ExposureProgram:
    """Divides an exposure: time first, then gain, which is never below `base_gain_ev`.

    Times in seconds, gains in EV. `max_s` is best the time of a frame, so that the rate is held. Under lights that
    flicker at `mains_hz`, 50 or 60, a time of half a period or more is a whole number of half periods.
    """

    base_s: float
    min_s: float
    max_s: float
    base_gain_ev: float = 0.0
    max_gain_ev: float = 0.0
    mains_hz: int = 0

    @property
    def limits_ev(self) -> tuple[float, float]:
        """The lowest and the highest exposure, relative to the base."""
        spare_ev = max(self.max_gain_ev - self.base_gain_ev, 0.0)
        return math.log2(self.min_s / self.base_s), math.log2(self.max_s / self.base_s) + spare_ev

    def divide(self, ev: float) -> tuple[float, float]:
        """The time in seconds and the gain in EV of the exposure `ev`, relative to the base."""
        wanted_s = self.base_s * 2.0**ev
        time_s = min(max(wanted_s, self.min_s), self.max_s)
        if self.mains_hz:
            half_periods = math.floor(time_s * 2 * self.mains_hz * (1 + 1e-9))
            time_s = half_periods / (2 * self.mains_hz) if half_periods else time_s
        gain_ev = self.base_gain_ev + max(math.log2(wanted_s / time_s), 0.0)
        return time_s, max(min(gain_ev, self.max_gain_ev), self.base_gain_ev)


class _Level(NamedTuple):
    """The middle light of a frame as the camera sends it, in EV below white: from `dark` up to 0."""

    ev: float
    dark: float

    @property
    def is_limit(self) -> bool:
        return self.ev > CLIPPED or self.ev <= self.dark

    def shows(self, before: _Level, delta_ev: float) -> bool | None:
        """Whether the light has changed by about `delta_ev` since `before`; None if this cannot be seen."""
        if delta_ev < 0 and before.ev > CLIPPED:  # it was brighter than white, by an unknown amount
            return True if self.ev <= CLIPPED else None
        if delta_ev > 0 and before.ev <= before.dark:
            return True if self.ev > self.dark + VISIBLE_EV else None
        visible_ev = min(delta_ev, -before.ev) if delta_ev > 0 else max(delta_ev, before.dark - before.ev)
        if abs(visible_ev) < VISIBLE_EV:
            return None
        return (self.ev - before.ev) / visible_ev > 0.5


class Lesson(NamedTuple):
    """A change of unknown size: `learn` takes the measured EV and returns the exposure of the frame."""

    rises: bool
    is_known: bool  # it was measured before
    learn: Callable[[float], float]


class _Change(NamedTuple):
    after: int  # the number of the last frame before the camera was given the exposure
    ev: float
    lesson: Lesson | None


class FrameExposures:
    """Finds which exposure each frame has: a camera shows a change some frames after it was set.

    Cameras differ in this delay, and a wrong guess is a flash. So the frames are measured: the first whose level has
    moved by more than half of the change has it. The delay that was seen is expected of the next changes, within a
    frame. It counts for a small change, which no frame shows. Changes that no frame shows, twice, are those of a camera
    that ignores its control: its frames keep the exposure that they had.

    A change of unknown size (`Lesson`) is measured: the frame that shows it has the exposure that leaves the picture as
    bright as it was.

    For the thread that reads frames.
    """

    def __init__(self) -> None:
        self.restart(0.0)

    def restart(self, ev: float) -> None:
        """The camera was opened: its frames have `ev`, and their numbers start again."""
        self._changes: deque[_Change] = deque()
        self._ev = self._set_ev = ev  # exposure of the latest frame, and the control's value for it
        self._before_contradictions = ev
        self._contradictions = 0
        self._level: _Level | None = None
        self._level_before: _Level | None = None  # level of the last frame before the next change can begin
        self._is_measured = False
        self._first, self._expected, self._last = UNKNOWN_DELAY
        self._profiles: tuple[CameraProfile, CameraProfile] | None = None  # the camera's, and with the exposure

    @property
    def is_steady(self) -> bool:
        """Whether the latest frame had the exposure that was set last, and shows where a change can be measured."""
        return not self._changes and self._level is not None and not self._level.is_limit

    def changed(self, ev: float, after: int, lesson: Lesson | None = None) -> None:
        """The camera was given `ev` after frame number `after`."""
        if lesson is not None or ev != (self._changes[-1].ev if self._changes else self._set_ev):
            self._changes.append(_Change(after, ev, lesson))

    def exposed(self, frame: Frame) -> Frame:
        """The frame with its exposure subtracted from that of its profile. For frames in the order of their numbers."""
        level = _level_of(frame)
        while self._changes and self._has_begun(self._changes[0], frame.index, level):
            change = self._changes.popleft()
            ev = change.ev if change.lesson is None else self._learned(change.lesson, change.ev, level)
            if self._level is not None:
                moved = self._level.ev + ev - self._set_ev
                self._level = self._level._replace(ev=min(max(moved, self._level.dark), 0.0))
            if self._contradictions < MAX_CONTRADICTIONS:
                self._ev = ev
            elif change.lesson is None:
                self._ev = self._before_contradictions
            else:
                self._ev += ev - self._set_ev
                self._before_contradictions += ev - self._set_ev
            self._set_ev = ev
            self._profiles = None
        self._level = level
        if self._ev == 0.0:
            return frame
        if self._profiles is None or self._profiles[0] is not frame.profile:
            profile = replace(frame.profile, exposure_ev=frame.profile.exposure_ev - self._ev)
            self._profiles = frame.profile, profile
        return replace(frame, profile=self._profiles[1])

    def _has_begun(self, change: _Change, index: int, level: _Level | None) -> bool:
        """Whether the frame with this number and level has the changed exposure."""
        delay = index - change.after
        if delay <= self._first:
            self._level_before = self._level
        if delay < self._first:
            return False
        delta_ev = change.ev - self._set_ev
        if change.lesson is not None and self._moved_ev(level) is not None:
            return self._shows(change.lesson, delta_ev, delay, level)
        is_shown = None if level is None or self._level is None else level.shows(self._level, delta_ev)
        if is_shown is None:  # too early an exposure would be taken for a change of a clipped or dark scene
            return delay >= (self._last if level is not None and level.is_limit else self._expected)
        if is_shown:
            self._contradictions = 0
            if abs(delta_ev) >= LEARNED_EV:
                self._expect(delay)
            return True
        if delay < self._last:
            return False
        if change.lesson is not None:
            return True
        self._before_contradictions = self._before_contradictions if self._contradictions else self._ev
        self._contradictions += 1
        self._first, self._expected, self._last = UNKNOWN_DELAY
        return True

    def _shows(self, lesson: Lesson, delta_ev: float, delay: int, level: _Level | None) -> bool:
        """Whether a frame shows a change of unknown size, or would show it by now. `delta_ev` is expected."""
        is_small = lesson.is_known and abs(delta_ev) < VISIBLE_EV
        moved_ev = (self._moved_ev(level) or 0.0) * (1 if lesson.rises else -1)
        self._is_measured = moved_ev > max(MEASURED_EV, abs(delta_ev) / 2 if lesson.is_known else 0.0)
        if self._is_measured and moved_ev >= LEARNED_EV:
            self._expect(delay)
        return self._is_measured or delay >= (self._expected if is_small else self._last)

    def _learned(self, lesson: Lesson, expected_ev: float, level: _Level | None) -> float:
        """The exposure after a change of unknown size, from the picture where it can be measured.

        A change too small to be seen in one frame is measured over all frames in which it may have begun.
        """
        moved_ev = self._moved_ev(level)
        if moved_ev is None or level is None:
            return expected_ev
        if not self._is_measured and self._level_before is not None and not self._level_before.is_limit:
            moved_ev = level.ev - self._level_before.ev
        return lesson.learn(moved_ev)

    def _moved_ev(self, level: _Level | None) -> float | None:
        """The change of the picture since the frame before; None if this cannot be measured."""
        before = self._level
        if level is None or before is None or level.is_limit or before.is_limit:
            return None
        return level.ev - before.ev

    def _expect(self, delay: int) -> None:
        self._first, self._expected, self._last = max(delay - 1, 1), delay, delay + 1


def _level_of(frame: Frame) -> _Level | None:
    """The level of a mosaic or a Y'CbCr picture, from samples over all of it; None for other frames."""
    if frame.yuv is not None:
        luma = frame.yuv.planes(frame.pixels)[0]
        samples = luma[:: _step(len(luma), ROWS), :: _step(luma.shape[1], COLUMNS)]
        (black, white), gamma = frame.yuv.luma_levels, GAMMA
        steps = 255.0
    elif frame.encoding is Encoding.MOSAIC:
        samples = _mosaic_samples(frame)
        black, white, gamma = sum(frame.profile.black) / 4, frame.profile.white, 1.0
        steps = white - black
    else:
        return None
    dark = max(gamma * math.log2(DARK_STEPS / steps), DARK)
    # The mean of the middle quarter: like a median, but not rounded to a step of the sensor.
    low, high = samples.size * 3 // 8, samples.size * 5 // 8
    middle = np.partition(samples, (low, high), axis=None)[low : high + 1]
    light = (float(middle.mean()) - black) / (white - black)
    return _Level(min(max(gamma * math.log2(max(light, 1e-9)), dark), 0.0), dark)


def _mosaic_samples(frame: Frame) -> NDArray[np.uint16]:
    rows = frame.pixels[:: _step(frame.height, ROWS)]
    if frame.packing is Packing.U16:
        return np.asarray(rows[:, :: _step(frame.width, COLUMNS)])
    count, group_bytes = frame.packing.group
    groups = max(frame.width // count, 1)
    few = rows[:, : groups * group_bytes].reshape(len(rows), groups, group_bytes)[:, :: _step(groups, COLUMNS // count)]
    return unpack(np.ascontiguousarray(few).reshape(len(rows), -1), frame.packing, few.shape[1] * count)


def _step(length: int, samples: int) -> int:
    """An odd step, so that all colours of a mosaic are sampled."""
    return max(length // samples, 1) | 1
