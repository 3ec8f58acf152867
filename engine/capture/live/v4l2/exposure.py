"""The exposure control of a V4L2 camera, in EV relative to the exposure at which it was opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from linuxpy.video import raw

from ....controls import Number
from ...source import EXPOSURE_CONTROL

if TYPE_CHECKING:
    from .controls import DriverControl

EXPOSURES = (int(raw.ControlID.EXPOSURE_ABSOLUTE), int(raw.ControlID.EXPOSURE))
AUTO = int(raw.ControlID.EXPOSURE_AUTO)
MANUAL = int(raw.ExposureAutoType.MANUAL)
SHUTTER_PRIORITY = int(raw.ExposureAutoType.SHUTTER_PRIORITY)
# A sensor takes a new exposure time at its next frame, which is read out one frame later.
DELAY_FRAMES = 2
STEP_EV = 0.1
MAX_EV = 20.0


class Exposure:
    """Exposure in EV. The first change ends the camera's automatic exposure and starts from its last time.

    `take_effect` and `ev_of` belong to the thread that reads frames.
    """

    def __init__(
        self,
        control: DriverControl,
        automatic: DriverControl | None,
        value: Callable[[int], int],
        put: Callable[[int, int], None],
    ) -> None:
        self.id = control.id
        self._control, self._automatic = control, automatic
        self._value, self._put = value, put
        self._at_opening = max(value(control.id), 1)
        self._effects: list[tuple[int, float]] = []  # the first frame of each exposure, and its EV
        self._ev = 0.0

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
        return cls(control, controls.get(AUTO), value, put)

    def control(self) -> Number:
        minimum, maximum = max(self._control.minimum, 1), self._control.maximum
        return Number(
            *(EXPOSURE_CONTROL, "Camera exposure", "camera"),
            minimum=max(math.log2(minimum / self._at_opening), -MAX_EV),
            maximum=min(math.log2(max(maximum, 1) / self._at_opening), MAX_EV),
            step=STEP_EV,
            unit="EV",
            get=self.get,
            set=self.set,
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
        wanted = self._at_opening * 2.0**ev
        steps = round((wanted - self._control.minimum) / self._control.step)
        value = self._control.minimum + steps * self._control.step
        self._put(self.id, min(max(value, self._control.minimum, 1), self._control.maximum))

    def restart(self) -> None:
        """Starts again with a reopened camera: its next frame has the present exposure."""
        self._effects.clear()
        self._ev = self.get()

    def take_effect(self, sequence: int) -> None:
        """Notes that the driver was given values after the frame `sequence`."""
        self._effects.append((sequence + DELAY_FRAMES, self.get()))

    def ev_of(self, sequence: int) -> float:
        """The EV of the frame `sequence`; of increasing numbers."""
        while self._effects and self._effects[0][0] <= sequence:
            self._ev = self._effects.pop(0)[1]
        return self._ev

    def _is_automatic(self) -> bool:
        return self._automatic is not None and self._value(self._automatic.id) not in (MANUAL, SHUTTER_PRIORITY)
