"""A camera whose mosaic follows its own exposure and gain some frames late, with noise and clipping."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from groundglass.camera import CameraProfile
from groundglass.capture import EXPOSURE_CONTROL, BaseSource, Timing
from groundglass.capture.live.exposure import ExposureProgram, FrameExposures
from groundglass.controls import Control, Number
from groundglass.frame import Frame

FULL_WELL_E, READ_NOISE_E = 10_000.0, 3.0
PROFILE = CameraProfile(black=(64.0, 64.0, 64.0, 64.0), white=1023.0)
FPS = 30.0


class ExposureCamera(BaseSource):
    """10 bits, at 1/100 s and no gain; at most 1/30 s and 4 EV of gain. `scene_ev` is the light of the scene.

    The luminances of the scene are spread over five stops; their lightness is that of a grey card at 0 EV. An exposure
    that is set before frame n is read shows in frame n + `delay`. `ignores` is a camera that ignores its control.
    `clean` is the latest frame without noise, and `time_s, gain_ev` its exposure.
    """

    name, timing, fps, size = "camera", Timing.LIVE, FPS, (96, 64)

    def __init__(self, delay: int = 2, *, noise: float = 1.0, ignores: bool = False) -> None:
        self.scene_ev = 0.0
        self._delay, self._noise, self._ignores = delay, noise, ignores
        self._random = np.random.default_rng(5)
        width, height = self.size
        spread = 2.0 ** self._random.uniform(-3.0, 2.0, (height // 4, width // 4))
        spread *= 0.18 / np.cbrt(spread).mean() ** 3
        self._light = np.kron(spread, np.ones((4, 4)))
        self._program = ExposureProgram(0.01, 1e-5, 1 / FPS, 0.0, 4.0)
        self._set_ev: float | None = None
        self._exposures = deque([(0.01, 0.0)] * (delay + 1))  # this frame's and the next ones'
        self.frame_exposures = FrameExposures()
        self.requests: list[float] = []
        self._index = 0

    def controls(self) -> Iterable[Control]:
        minimum, maximum = self._program.limits_ev
        limits = {"minimum": minimum, "maximum": maximum, "step": 0.1, "unit": "EV"}
        yield Number(EXPOSURE_CONTROL, "Camera exposure", "camera", **limits, get=self._get, set=self._set)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            yield self.read()

    def read(self) -> Frame:
        self._apply()
        self.time_s, self.gain_ev = (0.01, 0.0) if self._ignores else self._exposures[0]
        self._exposures.append(self._exposures[-1])
        self._exposures.popleft()
        time_s, index = self._index / FPS, self._index
        self._index += 1
        self.clean = replace(self._mosaic(noise=0.0), time_s=time_s)
        return self._exposed(replace(self._mosaic(self._noise), index=index, time_s=time_s))

    def _apply(self) -> None:
        """Takes a new exposure before a frame is read."""
        if self._set_ev is not None:
            self._exposures[-1] = self._program.divide(self._set_ev)
            self.frame_exposures.changed(self._get(), self._index - 1)
            self._set_ev = None

    def _exposed(self, frame: Frame) -> Frame:
        return self.frame_exposures.exposed(frame)

    def _mosaic(self, noise: float) -> Frame:
        gain = 2.0**self.gain_ev
        electrons = self._light * (FULL_WELL_E * 2.0**self.scene_ev * self.time_s / 0.01)
        variance = noise**2 * (electrons + READ_NOISE_E**2)
        electrons = electrons + np.sqrt(variance) * self._random.standard_normal(electrons.shape)
        steps = np.round(electrons / FULL_WELL_E * gain * (PROFILE.white - 64.0) + 64.0)
        return Frame(np.clip(steps, 0, PROFILE.white).astype(np.uint16), profile=PROFILE, name=self.name)

    def _get(self) -> float:
        time_s, gain_ev = self._exposures[-1] if self._set_ev is None else self._program.divide(self._set_ev)
        return float(np.log2(time_s / 0.01) + gain_ev)

    def _set(self, ev: float) -> None:
        self._set_ev = ev
        self.requests.append(ev)
