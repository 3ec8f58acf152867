"""The brightness of the frames of a simulated camera whose light changes, with auto exposure."""

from __future__ import annotations

from dataclasses import replace

import groundglass as gg
import numpy as np
from exposure_camera import ExposureCamera
from groundglass.controls import Controls
from groundglass.develop.metering import Exposure, Metering, meter
from groundglass.tools.exposure import ExposureTool
from live_engine import drawn_of, tool_context, unused_engine

BEFORE, AFTER = 20, 30  # frames


class AutoExposure:
    """Auto exposure of a camera, with a picture that is metered but not developed."""

    def __init__(self, camera: ExposureCamera, mode: str = "centre-weighted") -> None:
        engine = unused_engine(development=gg.Development(metering=mode))
        self._camera, self._metering, self._exposure = camera, Metering.parse(mode), Exposure()
        self._tool = ExposureTool(tool_context(engine, camera, print, Controls()))
        self._drawn = drawn_of(camera.read())

    def errors(self, light_ev: list[float]) -> np.ndarray:
        """The brightness of each frame above that of a grey card, in EV, without the noise of the frame."""
        shown = []
        for scene_ev in light_ev:
            self._camera.scene_ev = scene_ev
            frame = self._camera.read()
            applied_ev = self._exposure.of(frame, frame.profile, self._metering)
            wanted_ev = self._exposure.wanted_ev
            self._tool.on_frame(replace(self._drawn, frame=frame, exposure_ev=applied_ev, wanted_ev=wanted_ev))
            shown.append(applied_ev - meter(self._camera.clean, frame.profile, self._metering).ev)
        return np.array(shown)


def errors(camera: ExposureCamera, light_ev: list[float], mode: str = "centre-weighted") -> np.ndarray:
    """`AutoExposure.errors` from the start."""
    return AutoExposure(camera, mode).errors(light_ev)


def frames_until_right(error: np.ndarray) -> int:
    """Frames after which the brightness stays within 0.2 EV."""
    outside = np.nonzero(np.abs(error) > 0.2)[0]
    return int(outside[-1]) + 1 if len(outside) else 0
