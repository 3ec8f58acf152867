"""A mosaic's numbers to scene RGB on the device: the stages of the raw development, in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile, NoiseProfile
from ..cfa import Cfa
from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Frame
from ..packing import unpack
from .aberration import Aberration, Shift, Shifts, parse_aberration
from .aberration_estimate import estimate_aberration
from .defects import Defects
from .demosaic import Demosaic, demosaiced_size
from .denoise import Denoise
from .development import Development
from .highlights import Highlights
from .levels import cfa_gains, clips
from .linearize import Linearize
from .mono import DemosaicMono
from .noise import estimate_noise
from .remosaic import Remosaic
from .temporal import Temporal
from .xtrans import DemosaicXTrans


class MosaicChain:
    """Develops mosaics of one size, packing and kind of sensor by the stages that one development asks for."""

    def __init__(self, device: Device, frame: Frame, development: Development) -> None:
        kind = frame.cfa.kind
        is_binned = _is_binned(frame, development)
        self._linearize = Linearize(device, frame, binned=is_binned)
        mosaic = self._linearize.mosaic
        self.scene = Planes(device, *self.size_of(frame, development), 3)
        self._remosaic = self._defects = self._highlights = self._temporal = self._denoise = self._aberration = None
        if kind == "quad" and not is_binned:
            self._remosaic = Remosaic(mosaic)
            mosaic = self._remosaic.output
        if _corrects_defects(frame, development):
            self._defects = Defects(mosaic)
        if kind in ("bayer", "quad") and development.highlights == "rebuild":
            self._highlights = Highlights(mosaic)
        if development.temporal > 0:
            self._temporal = Temporal(mosaic)
            mosaic = self._temporal.output
        if development.denoise > 0:
            self._denoise = Denoise(mosaic)
            mosaic = self._denoise.output
        if kind in ("bayer", "quad") and development.aberration != "off":
            self._aberration = Aberration(mosaic)
            mosaic = self._aberration.output
        self._noise: NoiseProfile | None = None
        self._shifts: Shifts | None = None
        self._demosaic: Demosaic | DemosaicMono | DemosaicXTrans
        if kind == "mono":
            self._demosaic = DemosaicMono(mosaic, self.scene)
        elif kind == "xtrans":
            self._demosaic = DemosaicXTrans(mosaic, self.scene)
        else:
            self._demosaic = Demosaic(mosaic, self.scene, development.demosaic)

    @staticmethod
    def key(frame: Frame, development: Development) -> tuple[Any, ...]:
        """What another frame and development must have in common with these to go through the same chain."""
        return (
            *(frame.size, frame.packing, frame.pixels.strides, frame.cfa.kind),
            *(development.demosaic, development.quad, development.highlights),
            *(
                development.temporal > 0,
                development.denoise > 0,
                development.aberration,
                _corrects_defects(frame, development),
            ),
        )

    @staticmethod
    def size_of(frame: Frame, development: Development) -> tuple[int, int]:
        """(width, height) of the scene planes."""
        width, height = (side // 2 for side in frame.size) if _is_binned(frame, development) else frame.size
        is_bayer = frame.cfa.kind in ("bayer", "quad")
        return demosaiced_size(width, height, development.demosaic) if is_bayer else (width, height)

    def run(self, frame: Frame, profile: CameraProfile, matrix: NDArray[np.float64], development: Development) -> None:
        """Queues the kernels that fill `scene` from `frame`, balanced as `profile` says; `matrix` (3, 3) takes
        white-balanced camera RGB to scene RGB.
        """
        # X-Trans is balanced, and encoded, by its demosaic: its array is not the 2x2 of the others.
        encoded = frame.cfa.kind != "xtrans"
        self._linearize.run(frame, profile, clip=encoded and self._highlights is None, encoded=encoded)
        cfa = frame.cfa
        if self._remosaic is not None:
            self._remosaic.run(cfa, encoded)
        if cfa.kind == "quad":
            cfa = Cfa(cfa.pattern)
        if self._defects is not None:
            self._defects.set_listed(frame.profile.defects)
            self._defects.run(cfa, detect=development.defects == "auto")
        if self._highlights is not None:
            gain_map = None if _is_binned(frame, development) else profile.gain_map
            self._highlights.run(cfa, clips(profile), encoded, gain_map)
        gains = cfa_gains(profile, cfa)
        if self._temporal is not None:
            self._temporal.run(cfa, self._noise_of(frame), gains, development.temporal, encoded=encoded)
        if self._denoise is not None:
            self._denoise.run(cfa, self._noise_of(frame), gains, development.denoise, encoded=encoded)
        if self._aberration is not None:
            self._aberration.run(cfa, self._shifts_of(frame, development))
        if isinstance(self._demosaic, DemosaicXTrans):
            self._demosaic.run(cfa, clips(profile), matrix)
        elif isinstance(self._demosaic, DemosaicMono):
            self._demosaic.run(matrix, encoded)
        else:
            self._demosaic.run(cfa, matrix, encoded)

    def _noise_of(self, frame: Frame) -> NoiseProfile:
        """What the camera's profile says, or what the first frame shows."""
        if frame.profile.noise is not None:
            return frame.profile.noise
        if self._noise is None:
            self._noise = estimate_noise(unpack(frame.pixels, frame.packing, frame.width), frame.profile, frame.cfa)
        return self._noise

    def _shifts_of(self, frame: Frame, development: Development) -> Shifts:
        """What is asked for, what the lens's maker says, or what the first frame shows."""
        if self._shifts is None:
            self._shifts = parse_aberration(development.aberration)
        if self._shifts is None and frame.profile.lateral is not None:
            red, blue = frame.profile.lateral
            self._shifts = Shift(red / 1000), Shift(blue / 1000)
        if self._shifts is None:
            numbers = unpack(frame.pixels, frame.packing, frame.width)
            black, white = float(np.mean(frame.profile.black)), frame.profile.white
            self._shifts = estimate_aberration((numbers - np.float32(black)) / np.float32(white - black), frame.cfa)
        return self._shifts

    def release(self) -> None:
        stages = (
            *(self._demosaic, self._aberration, self._denoise, self._temporal),
            *(self._highlights, self._defects, self._remosaic, self._linearize),
        )
        for stage in stages:
            if stage is not None:
                stage.release()
        self.scene.release()


def _corrects_defects(frame: Frame, development: Development) -> bool:
    is_listed = development.defects == "listed" and frame.profile.defects is not None
    return frame.cfa.kind != "xtrans" and (is_listed or development.defects == "auto")


def _is_binned(frame: Frame, development: Development) -> bool:
    return frame.cfa.kind == "quad" and development.quad == "bin"
