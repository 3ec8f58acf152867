"""Metered exposure that follows the light smoothly.

The meter measures the light of the input frame, not the developed picture. So there is no feedback loop that could
oscillate: in constant light the exposure goes directly to its value and stays there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..colour.white import REC2020_TO_XYZ
from ..errors import GroundglassError
from ..frame import Encoding, Frame
from .levels import clips
from .raw_samples import sample_raw

AUTO = "auto"  # centre-weighted for raw frames; pictures are exposed already
MODES = ("centre-weighted", "average", "spot", "highlight-weighted")
OLD_MODES = {"centre": "centre-weighted", "highlights": "highlight-weighted"}  # former name: present name
GREY = 0.18  # target light of the metered area: a grey card, ISO 2720's calibration within its tolerance
WHITE = 1.0  # target light of the brightest parts for `highlight-weighted`
BRIGHTEST = 0.99  # quantile for `highlight-weighted`: brighter parts, such as lamps, may clip
SPOT = 0.06  # diameter of the spot, as a fraction of the picture's width
CENTRE = 0.28  # standard deviation of the weights of `centre-weighted`, as a fraction of the picture's width
MAX_EV = 8.0  # up or down
FOLLOW_S = 0.5  # time constant of live exposure
# A larger error for two frames is a step of the light: a share of it is corrected in each frame.
STEP_EV, STEP_SHARE = 1.0, 0.5
# A sensor value from which on light is lost, and the share of the metered area that makes a reading "at least this".
# With a right exposure less is clipped, so that a smaller exposure is not followed by a larger one.
CLIPPED, CLIPPED_AREA, CLIPPED_HIGHLIGHTS = 0.97, 0.6, 0.05
CLIPPED_STEP_EV = 3.0  # the camera's exposure is lowered by so much more
START_EV, STOP_EV = 0.15, 0.03  # hysteresis: the error that starts a change, and the error at which it stops


@dataclass(frozen=True, slots=True)
class Metering:
    """The metering mode; `spot` is its centre (x, y): fractions of the upright picture, from the top left."""

    mode: str
    spot: tuple[float, float] = (0.5, 0.5)

    @classmethod
    def parse(cls, text: str) -> Metering | None:
        """Parses "off", "auto", a mode of MODES or OLD_MODES, or "spot:0.4,0.5". None for "off".

        Raises GroundglassError for any other text.
        """
        lowered = text.strip().lower()
        lowered = OLD_MODES.get(lowered, lowered)
        if lowered == "off":
            return None
        if lowered in (AUTO, *MODES):
            return cls(lowered)
        if match := re.fullmatch(r"spot:(\d?\.?\d+),(\d?\.?\d+)", lowered):
            spot = float(match[1]), float(match[2])
            if max(spot) <= 1.0:
                return cls("spot", spot)
            raise GroundglassError(f"metering '{text}': X and Y must be from 0 to 1; try spot:0.4,0.5")
        raise GroundglassError(f"metering '{text}' is invalid; use off, auto, {', '.join(MODES)} or spot:0.4,0.5")

    def of(self, frame: Frame) -> Metering | None:
        """The metering of a frame, which `auto` selects; None for a picture with `auto`."""
        if self.mode != AUTO:
            return self
        return Metering(MODES[0]) if frame.encoding is Encoding.MOSAIC else None


class Reading(NamedTuple):
    """A metered exposure in stops. If `is_clipped`, the light is brighter than metered."""

    ev: float
    is_clipped: bool = False

    @property
    def wanted_ev(self) -> float:
        """The exposure at which a camera gives a better reading."""
        return self.ev - CLIPPED_STEP_EV if self.is_clipped else self.ev


class Exposure:
    """Meters successive frames. Exposure follows the light smoothly; it adapts at once for a still, and if the source
    starts or jumps back.
    """

    def __init__(self) -> None:
        self._ev = 0.0
        self.wanted_ev = 0.0  # what a camera should expose for: without delay; see `Reading`
        self._moves = self._is_far = self._is_step = self._was_clipped = False
        self._last: Frame | None = None
        self._metering: Metering | None = None

    def of(self, frame: Frame, profile: CameraProfile, metering: Metering | None) -> float:
        """The stops that brighten an upright `frame`, balanced by `profile`; 0 without `metering`."""
        metering = None if metering is None else metering.of(frame)
        last, before = self._last, self._metering
        self._last, self._metering = frame, metering
        if metering is None:
            self._ev = self.wanted_ev = 0.0
        elif last is None or frame.pixels is not last.pixels or metering != before:
            elapsed_s = 0.0 if last is None or frame.size != last.size else frame.time_s - last.time_s
            reading = meter(frame, profile, metering)
            if reading is not None:
                is_revealed = self._was_clipped and not reading.is_clipped  # before, the picture had no detail to keep
                self._was_clipped = reading.is_clipped
                follows = elapsed_s > 0 and not is_revealed
                self._ev = self._follow(reading.ev, elapsed_s) if follows else reading.ev
                self.wanted_ev = reading.wanted_ev
            elif elapsed_s <= 0:
                self._ev = self.wanted_ev = 0.0
        return self._ev

    def _follow(self, target: float, elapsed_s: float) -> float:
        error = target - self._ev
        was_far, self._is_far = self._is_far, abs(error) > STEP_EV
        self._is_step = abs(error) > STOP_EV and (self._is_step or (self._is_far and was_far))
        self._moves = abs(error) > (STOP_EV if self._moves else START_EV)
        share = 1 - math.exp(-elapsed_s / FOLLOW_S)
        share = max(share, STEP_SHARE) if self._is_step else share
        return self._ev + error * share if self._moves else self._ev


def meter(frame: Frame, profile: CameraProfile, metering: Metering) -> Reading | None:
    """The exposure, within +-MAX_EV, for an upright `frame` balanced by `profile`; None for a dark frame.

    `centre-weighted`, `average` and `spot` set the weighted mean lightness (the cube root of luminance, as in CIE L*)
    to that of a grey card; a mean of luminance would give a bright sky too much weight. `highlight-weighted` sets the
    brightest hundredth of the picture to white.
    """
    samples = sample_raw(frame)
    light = luminance(samples, frame, profile)
    if not light.size:
        return None
    area = weights(light.shape, frame, metering)
    if metering.mode == "highlight-weighted":
        measured, target, limit = float(np.quantile(light, BRIGHTEST)), WHITE, CLIPPED_HIGHLIGHTS
    else:
        measured, target, limit = float(np.average(np.cbrt(light), weights=area)) ** 3, GREY, CLIPPED_AREA
    if measured <= target * 2.0 ** -(2 * MAX_EV):
        return None
    clipped = float(np.average(samples.max(axis=2) >= CLIPPED, weights=area))
    return Reading(min(max(math.log2(target / measured), -MAX_EV), MAX_EV), clipped > limit)


def luminance(samples: NDArray[np.float64], frame: Frame, profile: CameraProfile) -> NDArray[np.float64]:
    """(rows, columns) scene luminance, at least 0, of (rows, columns, 3) samples of the frame."""
    if frame.encoding is not Encoding.MOSAIC:  # a picture is already balanced
        balance = np.array(profile.white_balance) / frame.profile.white_balance
    else:
        balance = np.array((1.0, 1.0, 1.0) if frame.cfa.kind == "mono" else clips(profile))
    matrix = profile.camera_to_scene * balance * 2.0**profile.exposure_ev
    return np.asarray(np.maximum(samples @ (REC2020_TO_XYZ[1] @ matrix), 0.0))


def weights(shape: tuple[int, ...], frame: Frame, metering: Metering) -> NDArray[np.float64]:
    """(rows, columns) weights of the metering mode; at least one is positive."""
    return _weights(shape, frame.height / frame.width, metering)


@lru_cache(8)
def _weights(shape: tuple[int, ...], aspect: float, metering: Metering) -> NDArray[np.float64]:
    rows, columns = shape
    x = (np.arange(columns) + 0.5) / columns - metering.spot[0]
    y = ((np.arange(rows) + 0.5) / rows - metering.spot[1]) * aspect
    distance = np.hypot(x[None, :], y[:, None])  # relative to the picture's width
    if metering.mode == "average":
        return np.ones(shape)
    if metering.mode == "spot":
        return np.asarray(distance <= max(SPOT / 2, float(distance.min())), np.float64)
    return np.asarray(np.exp(-0.5 * (distance / CENTRE) ** 2))
