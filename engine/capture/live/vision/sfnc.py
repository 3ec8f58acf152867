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
from ..exposure import FrameExposures
from .exposure import VisionExposure
from .features import Features, Limits, Value
from .names import BALANCE, EXPOSURE, FRAME_RATE, GAIN, write

GROUP = "camera"
REFRESH_S = 0.5  # interval at which the values of automatic functions are read
MAX_STEP = 0.1
AUTOMATIC = ("camera_auto_exposure", "camera_auto_gain")

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
        self._settings: dict[str, _Setting | VisionExposure] = {}
        self._exposure: VisionExposure | None = None
        self._values: dict[str, Value] = {}
        self._wanted: dict[str, Value] = {}
        self._pending: dict[str, Value] = {}
        self._controls: tuple[Control, ...] = ()
        self._was_auto = False
        self._ev = 0.0  # the exposure at the last refresh
        self._refresh_due_s = 0.0
        self.frames = FrameExposures()

    def __call__(self) -> tuple[Control, ...]:
        return self._controls

    def attach(self, features: Features) -> None:
        """The camera was opened. Raises SourceError if it does not answer."""
        if not self._controls:
            self._controls = tuple(self._build(features))
        with self._lock:
            self._pending = {**self._wanted, **self._pending}
        self._refresh(features)
        self.frames.restart(self._ev)

    def apply(self, features: Features, after: int) -> bool:
        """Sets what was requested since the last call, after frame number `after`; returns whether something was set.

        A value that the camera refuses is replaced by the camera's own.
        """
        with self._lock:
            pending, self._pending = self._pending, {}
        for name, value in pending.items():
            try:
                self._settings[name].write(features, value)
            except SourceError:  # the control shows the value that the camera has; a camera that is gone is seen later
                self._wanted.pop(name, None)
        self._was_auto &= EXPOSURE_CONTROL not in pending
        if pending or (self._was_auto and perf_counter() >= self._refresh_due_s):
            self._refresh(features)
            self.frames.changed(self._ev, after)
        return bool(pending)

    @property
    def exposure_s(self) -> float:
        """The exposure time; 0 if it is unknown."""
        return 0.0 if self._exposure is None else self._exposure.time_s

    def _build(self, features: Features) -> Iterator[Control]:
        if features.first(*EXPOSURE):
            self._exposure = self._settings[EXPOSURE_CONTROL] = VisionExposure(features)
            yield self._number(EXPOSURE_CONTROL, "Camera exposure", self._exposure.limits(features), 0.0)
        for name, title, names in _NUMBERS:
            yield from self._found_number(features, name, title, _Setting(features.first(*names)))
        if features.has("BalanceRatioSelector"):
            for colour in features.choices("BalanceRatioSelector"):
                balance = _Setting(features.first(*BALANCE), "BalanceRatioSelector", colour)
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

    def _refresh(self, features: Features) -> None:
        """Reads all values from the camera."""
        values: dict[str, Value] = {}
        for name, setting in self._settings.items():
            try:
                values[name] = setting.read(features)
            except SourceError:
                continue  # not available in this state of the camera: the last value stays
        if self._exposure is not None and EXPOSURE_CONTROL in values:
            is_auto = any(values.get(name, "Off") != "Off" for name in AUTOMATIC)
            if is_auto or self._was_auto:
                self._exposure.rebase(features, self._ev)
                values[EXPOSURE_CONTROL] = self._ev
            self._was_auto, self._ev = is_auto, float(values[EXPOSURE_CONTROL])
        with self._lock:
            self._values.update({name: value for name, value in values.items() if name not in self._pending})
        self._refresh_due_s = perf_counter() + REFRESH_S
