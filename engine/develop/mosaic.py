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
from .intake import Intake


class MosaicChain:
    """Develops mosaics of one size, packing and kind of sensor by the stages that one development asks for."""

    def __init__(self, device: Device, frame: Frame, development: Development) -> None:
        self._intake = Intake(device, frame)
        mosaic = self._intake.mosaic
        self.scene = Planes(device, *demosaiced_size(*mosaic.size, development.demosaic), 3)
        self._demosaic = Demosaic(mosaic, self.scene, development.demosaic)

    @staticmethod
    def key(frame: Frame, development: Development) -> tuple[Any, ...]:
        """What another frame and development must have in common with these to go through the same chain."""
        return frame.size, frame.packing, frame.cfa.kind, development.demosaic

    @staticmethod
    def size_of(frame: Frame, development: Development) -> tuple[int, int]:
        """(width, height) of the scene planes."""
        return demosaiced_size(*frame.size, development.demosaic)

    def run(self, frame: Frame, profile: CameraProfile, matrix: NDArray[np.float64], development: Development) -> None:
        """Queues the kernels that fill `scene` from `frame`, balanced as `profile` says; `matrix` (3, 3) takes
        white-balanced camera RGB to scene RGB.
        """
        self._intake.run(frame, profile, clip=development.highlights == "clip")
        cfa = Cfa(frame.cfa.pattern)
        self._demosaic.run(cfa, matrix, encoded=True)

    def release(self) -> None:
        self._demosaic.release()
        self.scene.release()
        self._intake.release()
