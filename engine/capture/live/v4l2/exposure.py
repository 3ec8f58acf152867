"""The exposure control of a V4L2 camera, in EV relative to the exposure at which it was opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from linuxpy.video import raw

from ....controls import Number
from ....frame import Frame
from ...source import EXPOSURE_CONTROL
from ..exposure import ExposureProgram, FrameExposures, Lesson
from ..response import LearnedResponse, ProportionalResponse, Range

if TYPE_CHECKING:
    from .controls import DriverControl

ABSOLUTE = int(raw.ControlID.EXPOSURE_ABSOLUTE)
EXPOSURES = (ABSOLUTE, int(raw.ControlID.EXPOSURE))
GAINS = (int(raw.ControlID.ANALOGUE_GAIN), int(raw.ControlID.GAIN))
AUTO, AUTO_GAIN = int(raw.ControlID.EXPOSURE_AUTO), int(raw.ControlID.AUTOGAIN)
MAINS = int(raw.ControlID.POWER_LINE_FREQUENCY)
MAINS_HZ = {1: 50, 2: 60}  # entries of the control's menu; 0 is off, 3 is the camera's own detection
MANUAL = int(raw.ExposureAutoType.MANUAL)
SHUTTER_PRIORITY = int(raw.ExposureAutoType.SHUTTER_PRIORITY)
ABSOLUTE_S = 1e-4  # unit of EXPOSURE_ABSOLUTE; that of EXPOSURE is unknown
STEP_EV = 0.1
MAX_EV = 20.0
MAX_GAIN_EV = 8.0  # assumed of a gain whose greatest value was not tried
NEAR_EV = 0.25  # a gain this close to the wanted one is not changed
MAX_TRIALS = 12  # for one exposure, as many untried gains


class Exposure:
    """Exposure in EV: the time first, then the gain. The first change ends the automatic functions of the camera, and
    starts from their last values.

    V4L2 does not report the unit of a gain, nor that of a time other than EXPOSURE_ABSOLUTE. Their effect is learned:
    after a change of one of them alone the picture is measured. Untried gains are tried one after the other. A gain
    that the user sets is the new lowest one. `restart`, `changed` and `exposed` belong to the thread that reads frames.
    """

    def __init__(
        self,
        controls: Mapping[int, DriverControl],
        value: Callable[[int], int],
        put: Callable[[int, int], None],
    ) -> None:
        """Reads and notes values with `value` and `put`. `controls` has one of EXPOSURES or GAINS."""
        self._time = next((controls[number] for number in EXPOSURES if number in controls), None)
        self._gain = next((controls[number] for number in GAINS if number in controls), None)
        self._controls, self._value, self._put = controls, value, put
        self._frames = FrameExposures()
        self._frame_s: float | None = None
        self._wanted_ev: float | None = None  # None until `set`, and when the user has set a gain
        self._trials = 0
        self._rests, self._is_gain_of_user = True, False
        self._times = None if self._time is None else _time_response(self._time, value(self._time.id))
        self._gains = None if self._gain is None else LearnedResponse(_range(self._gain), value(self._gain.id))
        self._latest = self._values()

    @classmethod
    def of(
        cls,
        controls: Mapping[int, DriverControl],
        value: Callable[[int], int],
        put: Callable[[int, int], None],
    ) -> Exposure | None:
        """The exposure of a camera with these controls; None if it has neither a time nor a gain."""
        usable = {
            number: control
            for number, control in controls.items()
            if number not in (*EXPOSURES, *GAINS) or control.maximum > max(control.minimum, 0)
        }
        return cls(usable, value, put) if usable.keys() & {*EXPOSURES, *GAINS} else None

    @property
    def time_id(self) -> int | None:
        """The driver's control that this one replaces."""
        return None if self._time is None else self._time.id

    def control(self) -> Number:
        minimum, maximum = self._program().limits_ev
        return Number(
            *(EXPOSURE_CONTROL, "Camera exposure", "camera"),
            minimum=max(minimum, -MAX_EV),
            maximum=min(maximum, MAX_EV),
            step=STEP_EV,
            unit="EV",
            get=self.get,
            set=self.set,
            help="the time, up to that of a frame, then the gain, whose effect is measured in the picture",
        )

    def get(self) -> float:
        """EV relative to the opening; 0 while the camera sets its exposure itself."""
        return 0.0 if self._is_automatic() else self._ev(*self._values())

    def set(self, ev: float) -> None:
        if self._is_automatic() and self._time is not None:
            self._times = _time_response(self._time, self._value(self._time.id))
            self._put(AUTO, MANUAL)
        if self._gain is not None and self._gains is not None and self._is_on(AUTO_GAIN):
            self._gains.rebase(self._value(self._gain.id))
            self._put(AUTO_GAIN, 0)
        self._wanted_ev, self._trials, self._rests = ev, 0, False
        self._approach(ev, explores=False)

    def user_set(self, number: int) -> None:
        """The user has set this control of the driver."""
        if self._gain is not None and number == self._gain.id:
            self._wanted_ev, self._is_gain_of_user = None, True

    def restart(self, fps: float | None) -> None:
        """The camera was opened and delivers `fps`: its frames have the present exposure."""
        self._frame_s = 1 / fps if fps else None
        self._latest = self._values()
        self._frames.restart(self.get())

    def changed(self, after: int) -> None:
        """The driver was given values after frame number `after`."""
        before, self._latest, self._rests = self._latest, self._values(), False
        if self._is_gain_of_user and self._gains is not None:
            self._gains.rebase(self._latest[1])
            self._is_gain_of_user = False
            self._frames.restart(self.get())
            return
        self._frames.changed(self.get(), after, None if self._is_automatic() else self._lesson(before, self._latest))

    def exposed(self, frame: Frame) -> Frame:
        """The frame with its exposure. Tries another gain if the wanted exposure is not reached."""
        frame = self._frames.exposed(frame)
        wanted_ev = self._wanted_ev
        if wanted_ev is not None and not self._rests and self._frames.is_steady:
            self._rests = self._trials >= MAX_TRIALS or not self._approach(wanted_ev, explores=True)
            self._trials += 1
        return frame

    def _approach(self, ev: float, explores: bool) -> bool:
        """Notes the time and the gain for `ev`; only one of them if it `explores`, so that its effect can be measured.

        Returns whether something was noted.
        """
        program = self._program()
        time_s, gain_ev = program.divide(ev)
        is_noted = False
        if self._time is not None and self._times is not None:
            is_noted = self._note(self._time.id, self._times.value(math.log2(time_s / program.base_s)))
        if self._gain is None or self._gains is None or (explores and is_noted):
            return is_noted
        present = self._value(self._gain.id)
        is_near = present != self._gains.base and abs(self._gains.ev(present) - gain_ev) <= NEAR_EV
        if gain_ev < NEAR_EV:
            return self._note(self._gain.id, self._gains.base) or is_noted
        return (not is_near and self._note(self._gain.id, self._gains.value(gain_ev, explores))) or is_noted

    def _note(self, number: int, value: int) -> bool:
        if value == self._value(number):
            return False
        self._put(number, value)
        return True

    def _lesson(self, before: tuple[int, int], after: tuple[int, int]) -> Lesson | None:
        """What the picture can teach about a change; None if all of it is known, or two unknown values changed."""
        learned = [
            (response, old, new)
            for response, old, new in zip((self._times, self._gains), before, after, strict=True)
            if isinstance(response, LearnedResponse) and old != new
        ]
        if len(learned) != 1:
            return None
        response, old, new = learned[0]
        known_ev = self._ev(*after) - self._ev(*before) - (response.ev(new) - response.ev(old))

        def learn(measured_ev: float) -> float:
            response.learn(old, new, measured_ev - known_ev)
            return self._ev(*after)

        rises = new > old if known_ev == 0.0 else self._ev(*after) >= self._ev(*before)
        return Lesson(rises, response.knows(new), learn)

    def _ev(self, time: int, gain: int) -> float:
        time_ev = 0.0 if self._times is None else self._times.ev(time)
        return time_ev + (0.0 if self._gains is None else self._gains.ev(gain))

    def _values(self) -> tuple[int, int]:
        """Time and gain; 0 for one that is missing, and the gain of 0 EV while the camera sets it itself."""
        time = 0 if self._time is None else self._value(self._time.id)
        if self._gain is None or self._gains is None:
            return time, 0
        return time, self._gains.base if self._is_on(AUTO_GAIN) else self._value(self._gain.id)

    def _program(self) -> ExposureProgram:
        """A time in an unknown unit has no limits but those of the driver, and counts as one second at the opening."""
        max_gain_ev = 0.0
        if self._gains is not None:
            max_gain_ev = 0.0 if self._gains.is_useless else self._gains.max_ev or MAX_GAIN_EV
        if self._time is None or self._times is None:
            return ExposureProgram(1.0, 1.0, 1.0, max_gain_ev=max_gain_ev)
        values = _range(self._time)
        if self._time.id != ABSOLUTE:
            shortest_s, longest_s = (2.0 ** self._times.ev(value) for value in values[:2])
            return ExposureProgram(1.0, shortest_s, longest_s, max_gain_ev=max_gain_ev)
        base_s = ABSOLUTE_S / 2.0 ** self._times.ev(1)
        shortest_s, longest_s = values.minimum * ABSOLUTE_S, values.maximum * ABSOLUTE_S
        longest_s = longest_s if self._frame_s is None else min(longest_s, max(self._frame_s, base_s))
        mains_hz = MAINS_HZ.get(self._value(MAINS), 0) if MAINS in self._controls else 0
        return ExposureProgram(base_s, shortest_s, max(longest_s, shortest_s), 0.0, max_gain_ev, mains_hz)

    def _is_automatic(self) -> bool:
        """Whether the camera sets the time itself."""
        return self._time is not None and AUTO in self._controls and self._value(AUTO) not in (MANUAL, SHUTTER_PRIORITY)

    def _is_on(self, number: int) -> bool:
        return number in self._controls and bool(self._value(number))


def _range(control: DriverControl) -> Range:
    """The values of a control; the least time is not 0."""
    is_time = control.id in EXPOSURES
    return Range(max(control.minimum, control.step) if is_time else control.minimum, control.maximum, control.step)


def _time_response(control: DriverControl, base: int) -> ProportionalResponse | LearnedResponse:
    if control.id == ABSOLUTE:
        return ProportionalResponse(_range(control), base)
    return LearnedResponse(_range(control), max(base, 1), is_proportional=True)
