"""White balance: as shot, set by the user, or estimated from the picture."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..errors import GroundglassError
from ..frame import Frame
from .auto_balance import CLIPPED, DARK, Multipliers, estimate_light
from .raw_samples import sample_raw

EXAMPLES = "as-shot, auto, 5200K, 5200K,+10, 2,1,1.6 or grey:0.4,0.5"
PATCH = 0.02  # width of the grey patch, as a fraction of the picture's width
FOLLOW_S = 0.7  # time constant of live white balance
MEASURE_S = 0.1  # interval of its measurements, which take a few milliseconds
DEAD_BAND = 0.03  # log ratio; a smaller change is invisible, and following it makes the colours drift


@dataclass(frozen=True, slots=True)
class Setting:
    """The requested white balance: `values` are kelvin and tint, multipliers, or the position of the grey patch."""

    kind: Literal["as-shot", "auto", "temperature", "multipliers", "grey"]
    values: tuple[float, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Parses "as-shot", "auto", "5200K", "5200K,+10", "2,1,1.6" or "grey:0.4,0.5"; else a GroundglassError."""
        lowered = text.strip().lower()
        if lowered in ("as-shot", "auto"):
            return cls("as-shot" if lowered == "as-shot" else "auto")
        number = r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)"
        if match := re.fullmatch(rf"{number}k(?:,{number})?", lowered):
            return cls("temperature", (float(match[1]), float(match[2] or 0.0)))
        if match := re.fullmatch(rf"gr[ea]y:{number},{number}", lowered):
            x, y = float(match[1]), float(match[2])
            if 0 <= x <= 1 and 0 <= y <= 1:
                return cls("grey", (x, y))
            raise GroundglassError(f"white balance '{text}': X and Y must be from 0 to 1; try grey:0.4,0.5")
        if match := re.fullmatch(rf"{number},{number},{number}", lowered):
            multipliers = tuple(float(multiplier) for multiplier in match.groups())
            if min(multipliers) > 0:
                return cls("multipliers", multipliers)
        raise GroundglassError(f"white balance '{text}' is invalid; use {EXAMPLES}")


class WhiteBalance:
    """Applies one white balance setting to successive frames.

    `auto` follows a live source's light smoothly. It adapts at once if the source starts or jumps back. A picked grey
    is measured in the first frame only.
    """

    def __init__(self, setting: str) -> None:
        self._setting = Setting.parse(setting)
        self._applied: tuple[CameraProfile, CameraProfile] | None = None  # original and balanced
        self._kept: Multipliers | None = None
        self._last: Frame | None = None
        self._target: Multipliers = (1.0, 1.0, 1.0)  # the latest measurement, at `_measured_s` of the source
        self._measured_s = 0.0

    def of(self, frame: Frame) -> CameraProfile:
        """The balanced profile of an upright `frame`. GroundglassError if the picked grey has no usable colour."""
        kind, values = self._setting.kind, self._setting.values
        if kind == "as-shot" or frame.cfa.kind == "mono":
            return frame.profile
        if kind in ("temperature", "multipliers"):
            if self._applied is None or self._applied[0] is not frame.profile:  # a few milliseconds, once per source
                profile = frame.profile
                balanced = profile.at_temperature(*values) if kind == "temperature" else profile.balanced(values)
                self._applied = profile, balanced
            return self._applied[1]
        if kind == "grey":
            self._kept = self._kept or grey_at(frame, *values)
        else:
            self._kept = self._follow(frame)
        return frame.profile.balanced(self._kept)

    def _follow(self, frame: Frame) -> Multipliers:
        last, self._last = self._last, frame
        if last is None or self._kept is None:
            return self._measured(frame)
        if frame.pixels is last.pixels:  # the same frame, drawn again or with other settings
            return self._kept
        elapsed_s = frame.time_s - last.time_s
        if elapsed_s <= 0 or frame.size != last.size:
            return self._measured(frame)
        if frame.time_s - self._measured_s >= MEASURE_S:
            self._measured(frame)
        step = np.log(self._target) - np.log(self._kept)
        if np.abs(step).max() < DEAD_BAND:
            return self._kept
        return _multipliers(np.exp(np.log(self._kept) + (1 - math.exp(-elapsed_s / FOLLOW_S)) * step))

    def _measured(self, frame: Frame) -> Multipliers:
        self._target, self._measured_s = estimate_light(frame).multipliers, frame.time_s
        return self._target


def grey_at(frame: Frame, x: float, y: float) -> Multipliers:
    """The multipliers that make the patch at (x, y) grey: fractions of the upright frame, from the top left.

    The mean of a patch of a fiftieth of the width, without clipped blocks. GroundglassError if all of it is clipped or
    it is too dark.
    """
    half = max(frame.width * PATCH / 2, 2.0 * len(frame.cfa.channels()))
    left, top = (max(int(fraction * side - half), 0) for fraction, side in ((x, frame.width), (y, frame.height)))
    blocks = sample_raw(frame, (left, top, left + int(2 * half), top + int(2 * half))).reshape(-1, 3)
    unclipped = blocks[blocks.max(axis=1) < CLIPPED] if len(blocks) else blocks
    patch = f"{frame.name or 'frame'}: the grey patch at {x:.2f},{y:.2f}"
    if not len(unclipped):
        raise GroundglassError(f"{patch} is clipped; pick a darker patch")
    mean = unclipped.mean(axis=0)
    if mean.min() <= DARK / 4:
        raise GroundglassError(f"{patch} is too dark; pick a brighter patch")
    return _multipliers(mean[1] / mean)


def _multipliers(balance: NDArray[np.float64]) -> Multipliers:
    red, green, blue = (float(multiplier) for multiplier in balance)
    return red / green, 1.0, blue / green
