"""Features of GenICam's Standard Features Naming Convention (SFNC), and their older names in GigE Vision cameras."""

from __future__ import annotations

from .features import Features, Value

EXPOSURE = ("ExposureTime", "ExposureTimeAbs", "ExposureTimeRaw")  # microseconds; Raw in the camera's steps
GAIN = ("Gain", "GainAbs", "GainRaw")
FRAME_RATE = ("AcquisitionFrameRate", "AcquisitionFrameRateAbs")
RESULTING_RATE = ("ResultingFrameRate", "BslResultingAcquisitionFrameRate", "ResultingFrameRateAbs")
RATE_ENABLE = ("AcquisitionFrameRateEnable", "AcquisitionFrameRateEnabled")
BALANCE = ("BalanceRatio", "BalanceRatioAbs")
# What makes a feature writable: these features, if the camera has them, must have these values.
_REQUIRED: tuple[tuple[tuple[str, ...], tuple[str, ...], Value], ...] = (
    (EXPOSURE, ("ExposureAuto",), "Off"),
    (GAIN, ("GainAuto",), "Off"),
    (BALANCE, ("BalanceWhiteAuto",), "Off"),
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
