"""A camera with the controls of a V4L2 driver, whose gain has no unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from exposure_camera import ExposureCamera
from groundglass.capture.live.v4l2.controls import DriverControl
from groundglass.capture.live.v4l2.exposure import ABSOLUTE, EXPOSURES, GAINS, MAINS, Exposure
from groundglass.controls import Control, Number
from groundglass.frame import Frame
from linuxpy.video import raw

TIME, LINES, GAIN = ABSOLUTE, EXPOSURES[1], GAINS[1]
LINE_S = 1 / 30 / 1000


class Gain(NamedTuple):
    """The range of a gain, the value of 0 EV, and the EV of each value."""

    minimum: int
    maximum: int
    base: int
    ev: Callable[[int], float]


GAINS_OF_CAMERAS = {
    "linear": Gain(16, 1023, 16, lambda value: np.log2(value / 16)),
    "linear from 0": Gain(0, 255, 0, lambda value: np.log2(1 + value / 16)),
    "logarithmic, 0.1 dB": Gain(0, 480, 0, lambda value: value * 0.1 / 6.02),
    "logarithmic, 0.3 dB, in the middle": Gain(0, 240, 40, lambda value: (value - 40) * 0.3 / 6.02),
    "inverse": Gain(0, 232, 0, lambda value: np.log2(256 / (256 - value))),
    "in whole stops": Gain(0, 5, 0, float),
    "weak": Gain(0, 100, 0, lambda value: value / 100),
    "without effect": Gain(0, 255, 20, lambda value: 0.0),
}


class GainCamera(ExposureCamera):
    """10 bits, at 1/100 s. `time` is the control of its time: in 0.1 ms, in lines (LINES), or None."""

    def __init__(
        self, gain: Gain | None, delay: int = 2, *, noise: float = 1.0, time: int | None = TIME, mains: int = 0
    ) -> None:
        super().__init__(delay, noise=noise)
        integer = int(raw.CtrlType.INTEGER)
        self._time, self._gain = time, gain
        self.values = {MAINS: mains}
        controls = {MAINS: DriverControl(MAINS, integer, "Power Line Frequency", 0, 2, 1, True)}
        if time is not None:
            self.values[time] = 100 if time == TIME else round(0.01 / LINE_S)
            controls[time] = DriverControl(time, integer, "Exposure", 1, 10_000 if time == TIME else 1000, 1, True)
        if gain is not None:
            self.values[GAIN] = gain.base
            controls[GAIN] = DriverControl(GAIN, integer, "Gain", gain.minimum, gain.maximum, 1, True)
        self._noted: dict[int, int] = {}
        exposure = Exposure.of(controls, lambda number: (self.values | self._noted)[number], self._noted.__setitem__)
        assert exposure is not None
        self.exposure = exposure
        self.exposure.restart(self.fps)
        self.writes: list[dict[int, int]] = []

    def controls(self) -> Iterable[Control]:
        control = self.exposure.control()

        def put(ev: float) -> None:
            self.requests.append(ev)
            control.set(ev)

        values = (control.minimum, control.maximum, control.step)
        limits = dict(zip(("minimum", "maximum", "step"), values, strict=True))
        yield Number(control.name, control.title, control.group, **limits, get=control.get, set=put)

    @property
    def present_ev(self) -> float:
        """The true exposure of the controls."""
        time_s, gain_ev = self._exposures[-1]
        return float(np.log2(time_s / 0.01) + gain_ev)

    def put_by_user(self, value: int) -> None:
        self._noted[GAIN] = value
        self.exposure.user_set(GAIN)

    def _apply(self) -> None:
        if self._noted:
            self.writes.append(dict(self._noted))
            self.values |= self._noted
            self._noted.clear()
            time_s = 0.01
            if self._time is not None:
                time_s = self.values[self._time] * (1e-4 if self._time == TIME else LINE_S)
            self._exposures[-1] = time_s, 0.0 if self._gain is None else self._gain.ev(self.values[GAIN])
            self.exposure.changed(self._index - 1)

    def _exposed(self, frame: Frame) -> Frame:
        return self.exposure.exposed(frame)
