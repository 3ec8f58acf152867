"""White balance: as shot, as told, or as the picture says."""

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
from .raw_samples import sample_raw

Multipliers = tuple[float, float, float]  # of red, green, blue; green is 1

EXAMPLES = "as-shot, auto, 5200K, 5200K,+10, 2,1,1.6 or grey:0.4,0.5"
CLIPPED, DARK = 0.98, 0.002  # parts of the white level beyond which a block tells no colour
MINKOWSKI = 4  # between the mean of a scene (1) and its brightest part (infinity)
EXTREME = 6.0  # no light on a scene asks for more of one channel than so many times green
PATCH = 0.02  # of the picture's width: what is picked as grey
FOLLOW_S = 0.7  # in which a live picture follows most of a change of light
DEAD_BAND = 0.03  # a change of balance that nobody sees, and that would make a picture swim


@dataclass(frozen=True, slots=True)
class Setting:
    """What the user asked for: `values` are kelvin and tint, multipliers, or the place that shall be grey."""

    kind: Literal["as-shot", "auto", "temperature", "multipliers", "grey"]
    values: tuple[float, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Setting:
        """From "as-shot", "auto", "5200K", "5200K,+10", "2,1,1.6" or "grey:0.4,0.5"; else a GroundglassError."""
        lowered = text.strip().lower()
        if lowered in ("as-shot", "auto"):
            return cls("as-shot" if lowered == "as-shot" else "auto")
        number = r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)"
        if found := re.fullmatch(rf"{number}k(?:,{number})?", lowered):
            return cls("temperature", (float(found[1]), float(found[2] or 0.0)))
        if found := re.fullmatch(rf"gr[ea]y:{number},{number}", lowered):
            x, y = float(found[1]), float(found[2])
            if 0 <= x <= 1 and 0 <= y <= 1:
                return cls("grey", (x, y))
            raise GroundglassError(f"white balance '{text}': a place is a fraction of the picture; try grey:0.4,0.5")
        if found := re.fullmatch(rf"{number},{number},{number}", lowered):
            multipliers = tuple(float(one) for one in found.groups())
            if min(multipliers) > 0:
                return cls("multipliers", multipliers)
        raise GroundglassError(f"white balance '{text}' is not understood; use {EXAMPLES}")


class WhiteBalance:
    """Balances frame after frame as one setting says.

    `auto` follows the light of a live source smoothly, and at once where a source begins or jumps back; a picked grey
    is measured in the first frame and kept.
    """

    def __init__(self, setting: str) -> None:
        self._setting = Setting.parse(setting)
        self._applied: tuple[CameraProfile, CameraProfile] | None = None  # as it came, and as it was balanced
        self._kept: Multipliers | None = None
        self._last: Frame | None = None

    def of(self, frame: Frame) -> CameraProfile:
        """The profile of an upright `frame`, balanced. GroundglassError where the setting cannot be met."""
        kind, values = self._setting.kind, self._setting.values
        if kind == "as-shot" or frame.cfa.kind == "mono":
            return frame.profile
        if kind in ("temperature", "multipliers"):
            if self._applied is None or self._applied[0] is not frame.profile:  # some milliseconds, once a source
                profile = frame.profile
                balanced = profile.at_temperature(*values) if kind == "temperature" else profile.balanced(values)
                self._applied = profile, balanced
            return self._applied[1]
        if kind == "grey":
            self._kept = self._kept or grey_at(frame, *values)
        else:
            self._kept = self._followed(frame)
        return frame.profile.balanced(self._kept)

    def _followed(self, frame: Frame) -> Multipliers:
        last, self._last = self._last, frame
        if last is None or self._kept is None:
            return auto_balance(frame)
        if frame.pixels is last.pixels:  # drawn once more, or through another lens beside it
            return self._kept
        wanted, passed_s = auto_balance(frame), frame.time_s - last.time_s
        if passed_s <= 0 or frame.size != last.size:
            return wanted
        step = np.log(wanted) - np.log(self._kept)
        if np.abs(step).max() < DEAD_BAND:
            return self._kept
        return _multipliers(np.exp(np.log(self._kept) + (1 - math.exp(-passed_s / FOLLOW_S)) * step))


def auto_balance(frame: Frame) -> Multipliers:
    """The multipliers that make the scene's light grey, by shades of grey (G. D. Finlayson and E. Trezzi, "Shades of
    grey and colour constancy", CIC 2004): the Minkowski mean of each channel, over what is neither clipped nor dark.

    A picture of which nothing tells a colour keeps the balance that it has.
    """
    blocks = sample_raw(frame).reshape(-1, 3)
    telling = (blocks.max(axis=1) < CLIPPED) & (blocks.mean(axis=1) > DARK)
    if not telling.any():
        return frame.profile.white_balance
    light = np.maximum(blocks[telling], 0.0)
    mean = np.mean(light**MINKOWSKI, axis=0) ** (1 / MINKOWSKI)
    if mean.min() <= 0:
        return frame.profile.white_balance
    return _multipliers(np.clip(mean[1] / mean, 1 / EXTREME, EXTREME))


def grey_at(frame: Frame, x: float, y: float) -> Multipliers:
    """The multipliers that make grey what lies at the fraction (x, y), from the top left, of an upright frame.

    The mean of a patch of a fiftieth of the width, its clipped parts aside. GroundglassError where it is all clipped,
    or too dark to have a colour.
    """
    half = max(frame.width * PATCH / 2, 2.0 * len(frame.cfa.channels()))
    left, top = (max(int(place * side - half), 0) for place, side in ((x, frame.width), (y, frame.height)))
    blocks = sample_raw(frame, (left, top, left + int(2 * half), top + int(2 * half))).reshape(-1, 3)
    unclipped = blocks[blocks.max(axis=1) < CLIPPED] if len(blocks) else blocks
    where = f"{frame.name or 'frame'}: at {x:.2f},{y:.2f}"
    if not len(unclipped):
        raise GroundglassError(f"{where} it is clipped, so it has no colour left; pick a darker place as grey")
    mean = unclipped.mean(axis=0)
    if mean.min() <= DARK / 4:
        raise GroundglassError(f"{where} it is too dark to have a colour; pick a brighter place as grey")
    return _multipliers(mean[1] / mean)


def _multipliers(balance: NDArray[np.float64]) -> Multipliers:
    red, green, blue = (float(one) for one in balance)
    return red / green, 1.0, blue / green
