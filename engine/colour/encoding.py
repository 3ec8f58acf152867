"""Transfer functions of pictures and cameras: sRGB, Rec.709, and the log curves of four makers.

`LUT_INPUTS` lists the possible input encodings of a LUT. `PICTURE_INPUTS` encode a finished picture, 0..1. The others
encode scene light, 18 % grey at 0.18, unbounded above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LookError

Light = NDArray[np.float64]

PICTURE_INPUTS = ("srgb", "rec709")
LUT_INPUTS = (*PICTURE_INPUTS, "linear", "logc", "vlog", "slog3", "llog")


@dataclass(frozen=True, slots=True)
class LogCurve:
    """c log10(a x + b) + d above the light `cut`, e x + f below; 0..1 is the full range of code values."""

    cut: float
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def encode(self, light: ArrayLike) -> Light:
        x = np.asarray(light, dtype=np.float64)
        curved = self.c * np.log10(np.maximum(self.a * x + self.b, 1e-9)) + self.d
        return np.where(x > self.cut, curved, self.e * x + self.f)

    def decode(self, encoded: ArrayLike) -> Light:
        y = np.asarray(encoded, dtype=np.float64)
        curved = (10.0 ** ((y - self.d) / self.c) - self.b) / self.a
        return np.where(y > self.e * self.cut + self.f, curved, (y - self.f) / self.e)


LOG_CURVES = {
    # ARRI, "ALEXA Log C Curve - Usage in VFX" (2012), table for linear scene exposure, EI 800.
    "logc": LogCurve(0.010591, 5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809),
    # Panasonic, "V-Log/V-Gamut Reference Manual" (2014).
    "vlog": LogCurve(0.01, 1.0, 0.00873, 0.241514, 0.598206, 5.6, 0.125),
    # Sony, "Technical Summary for S-Gamut3.Cine/S-Log3 and S-Gamut3/S-Log3" (2014).
    "slog3": LogCurve(
        *(0.01125, 1 / 0.19, 0.01 / 0.19, 261.5 / 1023, 420 / 1023),
        *((171.2102946929 - 95.0) / 0.01125 / 1023, 95.0 / 1023),
    ),
    # Leica, "L-Log Reference Manual" (2021).
    "llog": LogCurve(0.006, 1.3, 0.0115, 0.27, 0.6, 8.0, 0.09),
}


def check_input(name: str) -> str:
    """`name` if it is in LUT_INPUTS; otherwise raises LookError."""
    if name not in LUT_INPUTS:
        raise LookError(f"unknown LUT input '{name}'; use one of {', '.join(LUT_INPUTS)}")
    return name


def encode(light: ArrayLike, name: str) -> Light:
    """Encodes linear light for a LUT with the input `name`; PICTURE_INPUTS are clipped to 0..1."""
    match name:
        case "srgb":
            return srgb_encode(np.asarray(light, dtype=np.float64))
        case "rec709":
            return rec709_encode(light)
        case "linear":
            return np.asarray(light, dtype=np.float64)
    return LOG_CURVES[name].encode(light)


def decode(encoded: ArrayLike, name: str) -> Light:
    """The inverse of `encode`."""
    match name:
        case "srgb":
            return srgb_decode(encoded)
        case "rec709":
            return rec709_decode(encoded)
        case "linear":
            return np.asarray(encoded, dtype=np.float64)
    return LOG_CURVES[name].decode(encoded)


def srgb_encode(linear: Light) -> Light:
    """The sRGB transfer function (IEC 61966-2-1), clipped to 0..1."""
    x = np.clip(linear, 0.0, 1.0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


def srgb_decode(display: ArrayLike) -> Light:
    """The inverse of `srgb_encode`: linear light of display values 0..1."""
    s = np.asarray(display, dtype=np.float64)
    return np.where(s <= 0.04045, s / 12.92, ((np.maximum(s, 0.0) + 0.055) / 1.055) ** 2.4)


def rec709_encode(linear: ArrayLike) -> Light:
    """The video camera curve of ITU-R BT.709-6, 1.2, clipped to 0..1."""
    x = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    return np.where(x < 0.018, 4.5 * x, 1.099 * np.maximum(x, 1e-9) ** 0.45 - 0.099)


def rec709_decode(encoded: ArrayLike) -> Light:
    """The inverse of `rec709_encode`."""
    v = np.asarray(encoded, dtype=np.float64)
    return np.where(v < 0.081, v / 4.5, ((np.maximum(v, 0.0) + 0.099) / 1.099) ** (1 / 0.45))
