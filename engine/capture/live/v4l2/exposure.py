"""The exposure control of a V4L2 camera, in EV relative to the exposure at which it was opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from linuxpy.video import raw

from ....controls import Number
from ...source import EXPOSURE_CONTROL
from ..exposure import ExposureProgram, FrameExposures

if TYPE_CHECKING:
    from .controls import DriverControl

ABSOLUTE = int(raw.ControlID.EXPOSURE_ABSOLUTE)
EXPOSURES = (ABSOLUTE, int(raw.ControlID.EXPOSURE))
AUTO = int(raw.ControlID.EXPOSURE_AUTO)
MAINS = int(raw.ControlID.POWER_LINE_FREQUENCY)
MAINS_HZ = {1: 50, 2: 60}  # entries of the control's menu; 0 is off, 3 is the camera's own detection
MANUAL = int(raw.ExposureAutoType.MANUAL)
SHUTTER_PRIORITY = int(raw.ExposureAutoType.SHUTTER_PRIORITY)
ABSOLUTE_S = 1e-4  # unit of EXPOSURE_ABSOLUTE; that of EXPOSURE is unknown
STEP_EV = 0.1
MAX_EV = 20.0


class Exposure:
    """Exposure in EV. The first change ends the camera's automatic exposure and starts from its last time.

    Only the time is changed: V4L2 does not report the unit of a gain. `restart`, `changed` and `frames` belong to the
    thread that reads frames.
    """

    def __init__(
        self,
        control: DriverControl,
        others: Mapping[int, DriverControl],
        value: Callable[[int], int],
        put: Callable[[int, int], None],
    ) -> None:
        self.id = control.id
        self.frames = FrameExposures()
        self._control, self._automatic, self._mains = control, others.get(AUTO), others.get(MAINS)
        self._value, self._put = value, put
        self._at_opening = max(value(control.id), 1)
        self._frame_s: float | None = None

    @classmethod
    def of(
        cls,
        controls: Mapping[int, DriverControl],
        value: Callable[[int], int],
        put: Callable[[int, int], None],
    ) -> Exposure | None:
        """The exposure of a camera with these controls; None if it has none in proportion to light."""
        control = next((controls[number] for number in EXPOSURES if number in controls), None)
        if control is None or control.maximum < 1:
            return None
        return cls(control, controls, value, put)

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
            help="the time only: V4L2 does not report the unit of the gain, which stays as it is set",
        )

    def get(self) -> float:
        """EV relative to the opening; 0 while the camera sets its exposure itself."""
        if self._is_automatic():
            return 0.0
        return math.log2(max(self._value(self.id), 1) / self._at_opening)

    def set(self, ev: float) -> None:
        if self._automatic is not None and self._is_automatic():
            self._at_opening = max(self._value(self.id), 1)
            self._put(self._automatic.id, MANUAL)
        wanted = self._program().divide(ev)[0] / ABSOLUTE_S
        steps = round((wanted - self._control.minimum) / self._control.step)
        value = self._control.minimum + steps * self._control.step
        self._put(self.id, min(max(value, self._control.minimum, 1), self._control.maximum))

    def restart(self, fps: float | None) -> None:
        """The camera was opened and delivers `fps`: its frames have the present exposure."""
        self._frame_s = 1 / fps if fps else None
        self.frames.restart(self.get())

    def changed(self, after: int) -> None:
        """The driver was given values after frame number `after`."""
        self.frames.changed(self.get(), after)

    def _program(self) -> ExposureProgram:
        """A unit that is unknown counts as that of EXPOSURE_ABSOLUTE, without the limits of known times."""
        base_s, longest_s = self._at_opening * ABSOLUTE_S, self._control.maximum * ABSOLUTE_S
        mains_hz = 0
        if self.id == ABSOLUTE:
            longest_s = longest_s if self._frame_s is None else min(longest_s, max(self._frame_s, base_s))
            mains_hz = 0 if self._mains is None else MAINS_HZ.get(self._value(self._mains.id), 0)
        shortest_s = max(self._control.minimum, 1) * ABSOLUTE_S
        return ExposureProgram(base_s, shortest_s, max(longest_s, shortest_s), mains_hz=mains_hz)

    def _is_automatic(self) -> bool:
        return self._automatic is not None and self._value(self._automatic.id) not in (MANUAL, SHUTTER_PRIORITY)
