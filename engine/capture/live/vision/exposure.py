"""The exposure of a machine-vision camera: its time, and its gain where the camera gives it in dB."""

from __future__ import annotations

import math

from ..exposure import ExposureProgram
from .features import Features, Limits, Value
from .names import EXPOSURE, FRAME_RATE, GAIN, RATE_ENABLE, write

EV_DB = 20 * math.log10(2)  # gain of one EV
SLOWEST_FPS = 30.0  # a camera without a set rate is not exposed for longer than this
SHORTEST_US = 1e-6


class VisionExposure:
    """An exposure in EV relative to that of the camera when this was made. Every method may raise SourceError."""

    def __init__(self, features: Features) -> None:
        """Raises SourceError if the camera has no exposure."""
        self._time, gain = features.first(*EXPOSURE), features.first(*GAIN)
        self._gain = gain if gain and features.limits(gain).unit.lower() == "db" else ""
        self.time_s = 0.0
        self._base_us, self._base_gain_ev = self._read(features)

    def limits(self, features: Features) -> Limits:
        minimum, maximum = self._program(features).limits_ev
        return Limits(minimum, maximum, 0.0, "EV")

    def read(self, features: Features) -> float:
        time_us, gain_ev = self._read(features)
        return math.log2(time_us / self._base_us) + gain_ev - self._base_gain_ev

    def write(self, features: Features, ev: Value) -> None:
        """Changes the time first, up to that of a frame, then the gain."""
        time_s, gain_ev = self._program(features).divide(float(ev))
        write(features, self._time, time_s * 1e6)
        if self._gain:
            write(features, self._gain, gain_ev * EV_DB)

    def rebase(self, features: Features, ev: float) -> None:
        """The camera's present exposure becomes `ev`."""
        time_us, self._base_gain_ev = self._read(features)
        self._base_us = time_us / 2.0**ev

    def _read(self, features: Features) -> tuple[float, float]:
        """The time in microseconds, and the gain in EV. Raw steps count as microseconds, which most cameras have."""
        time_us = max(features.number(self._time), SHORTEST_US)
        self.time_s = time_us * 1e-6
        return time_us, features.number(self._gain) / EV_DB if self._gain else 0.0

    def _program(self, features: Features) -> ExposureProgram:
        limits, switch, rate = features.limits(self._time), features.first(*RATE_ENABLE), features.first(*FRAME_RATE)
        fps = features.number(rate) if rate and switch and features.get(switch) else SLOWEST_FPS
        longest_us = min(limits.maximum, max(1e6 / fps, self._base_us))
        max_gain_ev = features.limits(self._gain).maximum / EV_DB if self._gain else self._base_gain_ev
        shortest_us = max(limits.minimum, SHORTEST_US)
        base_s, shortest_s, longest_s = self._base_us * 1e-6, shortest_us * 1e-6, max(longest_us, shortest_us) * 1e-6
        return ExposureProgram(base_s, shortest_s, longest_s, self._base_gain_ev, max_gain_ev)
