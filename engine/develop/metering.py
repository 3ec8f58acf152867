"""Exposure: by hand, or metered and followed smoothly.

What is metered is the light of the frame as it came, not the picture that was made of it. So there is no loop that
could swing: where the light stands still, the exposure goes straight to its value and stays there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..colour.white import REC2020_TO_XYZ
from ..errors import GroundglassError
from ..frame import Encoding, Frame
from .levels import clips
from .raw_samples import sample_raw

MODES = ("centre-weighted", "average", "spot", "highlight-weighted")
OLD_MODES = {"centre": "centre-weighted", "highlights": "highlight-weighted"}  # by the name that they had before
GREY = 0.18  # the light that a metered area is given: that of a grey card, ISO 2720's calibration within its tolerance
WHITE = 1.0  # and the one that `highlight-weighted` gives the brightest parts
BRIGHTEST = 0.99  # of the picture's places: what is brighter may clip, such as lamps
SPOT = 0.06  # of the picture's width across
CENTRE = 0.28  # of the picture's width: the standard deviation of the weights of `centre-weighted`
MAX_EV = 8.0  # up or down
FOLLOW_S = 0.5  # in which most of a change of light is followed
START_EV, STOP_EV = 0.15, 0.03  # a change that sets it going, and how near it comes before it rests


@dataclass(frozen=True, slots=True)
class Metering:
    """How exposure is metered; `place`, fractions of the upright picture from the top left, is where `spot` looks."""

    mode: str
    spot: tuple[float, float] = (0.5, 0.5)

    @classmethod
    def parse(cls, text: str) -> Metering | None:
        """From "off", one of MODES or OLD_MODES, or "spot:0.4,0.5"; else a GroundglassError."""
        lowered = text.strip().lower()
        lowered = OLD_MODES.get(lowered, lowered)
        if lowered == "off":
            return None
        if lowered in MODES:
            return cls(lowered)
        if found := re.fullmatch(r"spot:(\d?\.?\d+),(\d?\.?\d+)", lowered):
            spot = float(found[1]), float(found[2])
            if max(spot) <= 1.0:
                return cls("spot", spot)
            raise GroundglassError(f"metering '{text}': a place is a fraction of the picture; try spot:0.4,0.5")
        raise GroundglassError(f"metering '{text}' is not understood; use off, {', '.join(MODES)} or spot:0.4,0.5")


class Exposure:
    """Exposes frame after frame: at once where a source begins or jumps back, and a still; else smoothly."""

    def __init__(self) -> None:
        self._ev = 0.0
        self._moves = False
        self._last: Frame | None = None
        self._metering: Metering | None = None

    def of(self, frame: Frame, profile: CameraProfile, metering: Metering | None) -> float:
        """The stops that brighten an upright `frame`, balanced by `profile`; 0 without `metering`."""
        last, before = self._last, self._metering
        self._last, self._metering = frame, metering
        if metering is None:
            self._ev = 0.0
        elif last is None or frame.pixels is not last.pixels or metering != before:
            passed_s = 0.0 if last is None or frame.size != last.size else frame.time_s - last.time_s
            wanted = metered_ev(frame, profile, metering)
            if wanted is not None:
                self._ev = self._followed(wanted, passed_s) if passed_s > 0 else wanted
            elif passed_s <= 0:
                self._ev = 0.0
        return self._ev

    def _followed(self, wanted: float, passed_s: float) -> float:
        self._moves = abs(wanted - self._ev) > (STOP_EV if self._moves else START_EV)
        return self._ev + (wanted - self._ev) * (1 - math.exp(-passed_s / FOLLOW_S)) if self._moves else self._ev


def metered_ev(frame: Frame, profile: CameraProfile, metering: Metering) -> float | None:
    """The stops that give an upright `frame`, balanced by `profile`, the right brightness; None where it is all dark.

    `centre-weighted`, `average` and `spot` bring the weighted mean of the lightness (the cube root of luminance, as in
    CIE L*) to that of a grey card: of luminance itself a bright sky would have more than its share.
    `highlight-weighted` brings the brightest hundredth of the picture to white. Within MAX_EV.
    """
    light = luminance(frame, profile)
    if not light.size:
        return None
    if metering.mode == "highlight-weighted":
        measured, wanted = float(np.quantile(light, BRIGHTEST)), WHITE
    else:
        lightness = np.average(np.cbrt(light), weights=weights(light.shape, frame, metering))
        measured, wanted = float(lightness) ** 3, GREY
    if measured <= wanted * 2.0 ** -(2 * MAX_EV):
        return None
    return min(max(math.log2(wanted / measured), -MAX_EV), MAX_EV)


def luminance(frame: Frame, profile: CameraProfile) -> NDArray[np.float64]:
    """(rows, columns) of the scene light at places spread evenly over the frame, 0 and more."""
    if frame.encoding is not Encoding.MOSAIC:  # it has its own balance already
        balance = np.array(profile.white_balance) / frame.profile.white_balance
    else:
        balance = np.array((1.0, 1.0, 1.0) if frame.cfa.kind == "mono" else clips(profile))
    matrix = profile.camera_to_scene * balance * 2.0**profile.exposure_ev
    return np.asarray(np.maximum(sample_raw(frame) @ matrix.T @ REC2020_TO_XYZ[1], 0.0))


def weights(shape: tuple[int, ...], frame: Frame, metering: Metering) -> NDArray[np.float64]:
    """(rows, columns), of which some are more than 0."""
    rows, columns = shape
    aspect = frame.height / frame.width
    x = (np.arange(columns) + 0.5) / columns - metering.spot[0]
    y = ((np.arange(rows) + 0.5) / rows - metering.spot[1]) * aspect
    away = np.hypot(x[None, :], y[:, None])  # parts of the picture's width
    if metering.mode == "average":
        return np.ones(shape)
    if metering.mode == "spot":
        return np.asarray(away <= max(SPOT / 2, float(away.min())), np.float64)
    return np.asarray(np.exp(-0.5 * (away / CENTRE) ** 2))
