"""Estimates of noise and lateral colour from the first frame, if neither its file nor the user specifies them."""

from __future__ import annotations

import numpy as np

from ..camera import NoiseProfile
from ..frame import Frame
from ..packing import unpack
from .aberration import Shift, Shifts, parse_aberration
from .aberration_estimate import estimate_aberration
from .noise import estimate_noise


class Estimates:
    """Noise and lateral colour of one source; each is measured once, on the first frame that requires it."""

    def __init__(self) -> None:
        self._noise: NoiseProfile | None = None
        self._shifts: Shifts | None = None

    def noise(self, frame: Frame) -> NoiseProfile:
        """The estimate from the first frame, for a camera without a noise profile."""
        if self._noise is None:
            self._noise = estimate_noise(unpack(frame.pixels, frame.packing, frame.width), frame.profile, frame.cfa)
        return self._noise

    def shifts(self, frame: Frame, setting: str) -> Shifts:
        """The shifts of `setting`. For "auto": those in the file's metadata, else the estimate from the first frame."""
        if self._shifts is None:
            self._shifts = parse_aberration(setting)
        if self._shifts is None and frame.profile.lateral is not None:
            red, blue = frame.profile.lateral
            self._shifts = Shift(red / 1000), Shift(blue / 1000)
        if self._shifts is None:
            numbers = unpack(frame.pixels, frame.packing, frame.width)
            black, white = float(np.mean(frame.profile.black)), frame.profile.white
            self._shifts = estimate_aberration((numbers - np.float32(black)) / np.float32(white - black), frame.cfa)
        return self._shifts

    def reset(self) -> None:
        """Discards the estimates. Call it when the source changes."""
        self._noise = self._shifts = None
