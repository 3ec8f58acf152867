"""Estimates of noise and lateral colour from the first frame, if neither its file nor the user specifies them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera import NoiseProfile
from ..frame import Frame
from ..kept import Kept
from ..packing import unpack
from .aberration import Shift, Shifts, parse_aberration
from .aberration_estimate import estimate_aberration
from .noise import estimate_noise

KINDS_KEPT = 8  # sizes and filters of mosaics


class Estimates:
    """Noise and lateral colour of one source; each is measured once, on the first frame that requires it.

    To measure lateral colour takes 0.25 s at 1920x1080, and 1 s at 12 Mpx. Stages for such frames at another scale, or
    for a still, use the same estimates.
    """

    def __init__(self) -> None:
        self.reset()

    def noise(self, frame: Frame) -> NoiseProfile:
        """The estimate from the first frame of this kind, for a camera without a noise profile."""
        return self._noise.found(_kind(frame), lambda: estimate_noise(_numbers(frame), frame.profile, frame.cfa))

    def shifts(self, frame: Frame, setting: str) -> Shifts:
        """The shifts of `setting`. For "auto": those in the file's metadata, else the estimate from the first frame."""
        given = parse_aberration(setting)
        if given is not None:
            return given
        if frame.profile.lateral is not None:
            red, blue = frame.profile.lateral
            return Shift(red / 1000), Shift(blue / 1000)
        return self._shifts.found(_kind(frame), lambda: estimate_aberration(_light(frame), frame.cfa))

    def reset(self) -> None:
        """Discards the estimates. Call it when the source changes."""
        self._noise: Kept[NoiseProfile] = Kept(KINDS_KEPT)
        self._shifts: Kept[Shifts] = Kept(KINDS_KEPT)


def _kind(frame: Frame) -> tuple[object, ...]:
    return frame.size, frame.cfa.pattern, frame.cfa.block


def _numbers(frame: Frame) -> NDArray[np.uint16]:
    return unpack(frame.pixels, frame.packing, frame.width)


def _light(frame: Frame) -> NDArray[np.float32]:
    """(H, W), 1 at the white level."""
    black, white = np.float32(np.mean(frame.profile.black)), np.float32(frame.profile.white)
    return (_numbers(frame) - black) / (white - black)
