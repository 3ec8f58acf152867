"""A mosaic's numbers to scene RGB on the device: the stages of the raw development, in their order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..cfa import Cfa
from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Frame
from .demosaic import Demosaic, demosaiced_size
from .development import Development
from .highlights import Highlights
from .intake import Intake
from .levels import clips
from .mono import DemosaicMono
from .remosaic import Remosaic
from .xtrans import DemosaicXTrans


class MosaicChain:
    """Develops mosaics of one size, packing and kind of sensor by the stages that one development asks for."""

    def __init__(self, device: Device, frame: Frame, development: Development) -> None:
        kind = frame.cfa.kind
        self._intake = Intake(device, frame, binned=_is_binned(frame, development))
        mosaic = self._intake.mosaic
        self.scene = Planes(device, *self.size_of(frame, development), 3)
        self._remosaic = self._highlights = None
        if kind == "quad" and not _is_binned(frame, development):
            self._remosaic = Remosaic(mosaic)
            mosaic = self._remosaic.output
        if kind in ("bayer", "quad") and development.highlights == "rebuild":
            self._highlights = Highlights(mosaic)
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
        is_xtrans = frame.cfa.kind == "xtrans"
        self._intake.run(frame, profile, clip=self._highlights is None and not is_xtrans, encoded=not is_xtrans)
        if isinstance(self._demosaic, DemosaicXTrans):
            self._demosaic.run(frame.cfa, clips(profile), matrix)
            return
        if isinstance(self._demosaic, DemosaicMono):
            self._demosaic.run(matrix, encoded=True)
            return
        cfa = Cfa(frame.cfa.pattern)
        if self._remosaic is not None:
            self._remosaic.run(frame.cfa, encoded=True)
        if self._highlights is not None:
            self._highlights.run(cfa, clips(profile), encoded=True)
        self._demosaic.run(cfa, matrix, encoded=True)

    def release(self) -> None:
        for stage in (self._demosaic, self._highlights, self._remosaic, self._intake):
            if stage is not None:
                stage.release()
        self.scene.release()


def _is_binned(frame: Frame, development: Development) -> bool:
    return frame.cfa.kind == "quad" and development.quad == "bin"
