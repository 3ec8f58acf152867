"""Controls of a machine-vision camera by the names of GenICam's Standard Features Naming Convention (SFNC), and by the
older names of GigE Vision cameras.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from ....controls import Choice, Control, Number
from ....errors import SourceError
from ...source import EXPOSURE_CONTROL
from .features import Features, Limits, Value

EXPOSURE = ("ExposureTime", "ExposureTimeAbs", "ExposureTimeRaw")  # microseconds; Raw in the camera's steps
GAIN = ("Gain", "GainAbs", "GainRaw")
FRAME_RATE = ("AcquisitionFrameRate", "AcquisitionFrameRateAbs")
RESULTING_RATE = ("ResultingFrameRate", "BslResultingAcquisitionFrameRate", "ResultingFrameRateAbs")
RATE_ENABLE = ("AcquisitionFrameRateEnable", "AcquisitionFrameRateEnabled")
GROUP = "camera"
REFRESH_S = 0.5  # interval at which the values of automatic functions are read
MAX_STEP = 0.1

# Control, title, possible features.
_NUMBERS = (
    ("camera_gain", "Camera gain", GAIN),
    ("camera_gamma", "Camera gamma", ("Gamma",)),
    ("camera_frame_rate", "Camera frame rate", FRAME_RATE),
)
_CHOICES = (
    ("camera_auto_exposure", "Camera auto exposure", ("ExposureAuto",)),
    ("camera_auto_gain", "Camera auto gain", ("GainAuto",)),
    ("camera_auto_white_balance", "Camera auto white balance", ("BalanceWhiteAuto",)),
    ("camera_test_image", "Camera test image", ("TestPattern", "TestImageSelector")),
)
_BALANCE = ("BalanceRatio", "BalanceRatioAbs")
# What makes a feature writable: these features, if the camera has them, must have these values.
_REQUIRED: tuple[tuple[tuple[str, ...], tuple[str, ...], Value], ...] = (
    (EXPOSURE, ("ExposureAuto",), "Off"),
    (GAIN, ("GainAuto",), "Off"),
    (_BALANCE, ("BalanceWhiteAuto",), "Off"),
    (("Gamma",), ("GammaEnable",), True),
    (FRAME_RATE, RATE_ENABLE, True),
)


def write(features: Features, name: str, value: float) -> None:
    """Sets a number, at the nearest possible value, after the features that it requires. SourceError if refused."""
    for names, required, setting in _REQUIRED:
        switch = features.first(*required) if name in names else ""
        if switch and features.get(switch) != setting:
            features.set(switch, setting)
    limits = features.limits(name)
    value = min(max(value, limits.minimum), limits.maximum)
    if limits.step > 0:
        value = min(limits.minimum + round((value - limits.minimum) / limits.step) * limits.step, limits.maximum)
    features.set(name, round(value) if isinstance(features.get(name), int) else value)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A feature that a control sets, after `selector` is set to `entry`."""

    feature: str
    selector: str = ""
    entry: str = ""

    def read(self, features: Features) -> Value:
        self._select(features)
        value: Value = features.get(self.feature)
        return value

    def write(self, features: Features, value: Value) -> None:
        self._select(features)
        if isinstance(value, str):
            features.set(self.feature, value)
        else:
            write(features, self.feature, float(value))

    def _select(self, features: Features) -> None:
        if self.selector:
            features.set(self.selector, self.entry)


class CameraControls:
    """The controls of a camera, which may be opened again: what was set is then set again.

    The window's thread gets and sets values here. The thread that reads frames passes them to the camera by `apply`,
    since a camera may take long to answer, and the libraries are not for two threads. The exposure's value is in EV
    relative to the exposure of the first opening. While the camera's automatic exposure is on, that reference follows
    it, so that the picture has the brightness that the camera chose.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: dict[str, _Setting] = {}
        self._values: dict[str, Value] = {}
        self._wanted: dict[str, Value] = {}
        self._pending: dict[str, Value] = {}
        self._controls: tuple[Control, ...] = ()
        self._reference = 1.0  # the exposure at 0 EV
        self._was_auto = False
        self._refresh_due_s = 0.0
        self._exposure_ev = 0.0
        self._coming: list[tuple[float, float]] = []  # captured_s of the first frame with another exposure, and its EV

    def __call__(self) -> tuple[Control, ...]:
        return self._controls

    def attach(self, features: Features) -> None:
        """The camera was opened. Raises SourceError if it does not answer."""
        if not self._controls:
            self._controls = tuple(self._build(features))
        with self._lock:
            self._pending = {**self._wanted, **self._pending}
        self._refresh(features)

    def apply(self, features: Features) -> bool:
        """Sets what was requested since the last call; returns whether something was set.

        A value that the camera refuses is replaced by the camera's own.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
        before = self._exposure_s(features) if EXPOSURE_CONTROL in pending else 0.0
        for name, value in pending.items():
            try:
                self._settings[name].write(features, self._to_camera(name, value))
            except SourceError:  # the control shows the value that the camera has; a camera that is gone is seen later
                self._wanted.pop(name, None)
        self._was_auto &= EXPOSURE_CONTROL not in pending
        if pending or (self._was_auto and perf_counter() >= self._refresh_due_s):
            self._refresh(features, before)
        return bool(pending)

    @property
    def exposure_s(self) -> float:
        """The exposure of the control; 0 without one."""
        ev = self._values.get(EXPOSURE_CONTROL)
        return 0.0 if ev is None else self._reference * 2.0 ** float(ev) * 1e-6

    def exposure_ev(self, captured_s: float) -> float:
        """The EV of a frame captured at this time, by `time.perf_counter`. For frames in the order of their time."""
        while self._coming and self._coming[0][0] <= captured_s:
            self._exposure_ev = self._coming.pop(0)[1]
        return self._exposure_ev

    def _build(self, features: Features) -> Iterator[Control]:
        exposure = features.first(*EXPOSURE)
        if exposure:
            self._settings[EXPOSURE_CONTROL] = _Setting(exposure)
            limits, self._reference = features.limits(exposure), max(features.number(exposure), 1e-6)
            ev = Limits(self._ev(max(limits.minimum, 1e-6)), self._ev(max(limits.maximum, 1e-6)), 0.0, "EV")
            yield self._number(EXPOSURE_CONTROL, "Camera exposure", ev, 0.0)
        for name, title, names in _NUMBERS:
            yield from self._found_number(features, name, title, _Setting(features.first(*names)))
        if features.has("BalanceRatioSelector"):
            for colour in features.choices("BalanceRatioSelector"):
                balance = _Setting(features.first(*_BALANCE), "BalanceRatioSelector", colour)
                name = f"camera_{colour.lower()}_balance"
                yield from self._found_number(features, name, f"Camera {colour.lower()} balance", balance)
        for name, title, names in _CHOICES:
            if feature := features.first(*names):
                self._settings[name] = _Setting(feature)
                self._values[name] = features.get(feature)
                getter, setter = partial(self._get_choice, name), partial(self._set, name)
                yield Choice(name, title, GROUP, choices=features.choices(feature), get=getter, set=setter)

    def _found_number(self, features: Features, name: str, title: str, setting: _Setting) -> Iterator[Number]:
        if setting.feature:
            self._settings[name] = setting
            value = float(setting.read(features))
            yield self._number(name, title, features.limits(setting.feature), value)

    def _number(self, name: str, title: str, limits: Limits, value: float) -> Number:
        self._values[name] = value
        span = limits.maximum - limits.minimum
        step = limits.step or (min(MAX_STEP, 10.0 ** math.floor(math.log10(span / 100))) if span > 0 else MAX_STEP)
        return Number(
            *(name, title, GROUP),
            minimum=limits.minimum,
            maximum=limits.maximum,
            step=step,
            unit=limits.unit,
            get=partial(self._get_number, name),
            set=partial(self._set, name),
        )

    def _get_number(self, name: str) -> float:
        return float(self._values[name])

    def _get_choice(self, name: str) -> str:
        return str(self._values[name])

    def _set(self, name: str, value: Value) -> None:
        with self._lock:
            self._values[name] = self._wanted[name] = self._pending[name] = value
            automatic = {EXPOSURE_CONTROL: "camera_auto_exposure", "camera_gain": "camera_auto_gain"}.get(name)
            if automatic:  # a manual value ends the automatic function, also after the camera was away
                self._wanted.pop(automatic, None)

    def _to_camera(self, name: str, value: Value) -> Value:
        return self._reference * 2.0 ** float(value) if name == EXPOSURE_CONTROL else value

    def _ev(self, exposure: float) -> float:
        return math.log2(max(exposure, 1e-6) / self._reference)

    def _exposure_s(self, features: Features) -> float:
        """The exposure now; 0 if it is unknown. Raw steps count as microseconds, which most cameras have."""
        try:
            return features.number(self._settings[EXPOSURE_CONTROL].feature) * 1e-6
        except SourceError:
            return 0.0

    def _refresh(self, features: Features, exposure_before_s: float = 0.0) -> None:
        """Reads all values from the camera. `exposure_before_s` is the exposure before the last change."""
        values: dict[str, Value] = {}
        for name, setting in self._settings.items():
            try:
                values[name] = setting.read(features)
            except SourceError:
                continue  # not available in this state of the camera: the last value stays
        if EXPOSURE_CONTROL in values:
            is_auto = values.get("camera_auto_exposure", "Off") != "Off"
            values[EXPOSURE_CONTROL] = self._follow(float(values[EXPOSURE_CONTROL]), is_auto, exposure_before_s)
        with self._lock:
            self._values.update({name: value for name, value in values.items() if name not in self._pending})
        self._refresh_due_s = perf_counter() + REFRESH_S

    def _follow(self, exposure: float, is_auto: bool, before_s: float) -> float:
        """The exposure control's value for the camera's present exposure."""
        ev = self._coming[-1][1] if self._coming else self._exposure_ev
        if is_auto or self._was_auto:
            self._reference = max(exposure, 1e-6) / 2.0**ev
        elif abs(self._ev(exposure) - ev) > 1e-9:
            ev = self._ev(exposure)
            self._coming.append((perf_counter() + max(before_s, exposure * 1e-6), ev))
        self._was_auto = is_auto
        return ev
