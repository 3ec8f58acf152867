"""What a raw's first frame tells about sensor and lens where neither its file nor the user says it."""

from __future__ import annotations

import numpy as np

from ..camera import NoiseProfile
from ..frame import Frame
from ..packing import unpack
from .aberration import Shift, Shifts, parse_aberration
from .aberration_estimate import estimate_aberration
from .noise import estimate_noise


class Estimates:
    """The noise and the lateral colour of the frames of one source; measured once, on the first frame that needs it."""

    def __init__(self) -> None:
        self._noise: NoiseProfile | None = None
        self._shifts: Shifts | None = None

    def noise(self, frame: Frame) -> NoiseProfile:
        """What the camera's profile says, or what the first frame shows."""
        if frame.profile.noise is not None:
            return frame.profile.noise
        if self._noise is None:
            self._noise = estimate_noise(unpack(frame.pixels, frame.packing, frame.width), frame.profile, frame.cfa)
        return self._noise

    def shifts(self, frame: Frame, asked: str) -> Shifts:
        """What is `asked` for, what the lens's maker says, or what the first frame shows."""
        if self._shifts is None:
            self._shifts = parse_aberration(asked)
        if self._shifts is None and frame.profile.lateral is not None:
            red, blue = frame.profile.lateral
            self._shifts = Shift(red / 1000), Shift(blue / 1000)
        if self._shifts is None:
            numbers = unpack(frame.pixels, frame.packing, frame.width)
            black, white = float(np.mean(frame.profile.black)), frame.profile.white
            self._shifts = estimate_aberration((numbers - np.float32(black)) / np.float32(white - black), frame.cfa)
        return self._shifts

    def reset(self) -> None:
        """Forgets what was measured: another source begins."""
        self._noise = self._shifts = None
