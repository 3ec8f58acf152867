"""From an X-Trans mosaic to scene RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.planes import Planes
from .demosaic_textures import DemosaicTextures


class DemosaicXTrans:
    """Fills `scene`, three planes, from `mosaic`, both of one size; the mosaic's border does not matter."""

    def __init__(self, mosaic: Planes, scene: Planes) -> None:
        self.mosaic, self.scene = mosaic, scene
        self._balanced = Planes(mosaic.device, *mosaic.size, 1)
        self._demosaic = DemosaicTextures(self._balanced, scene, side=6)

    @property
    def output(self) -> Planes:
        return self.scene

    def run(
        self,
        cfa: Cfa,
        gains: tuple[float, float, float],
        matrix: NDArray[np.float64],
        encoded: bool = True,
        most: float = 1.0,
    ) -> None:
        """Queues the kernels. The mosaic is linear light, to be multiplied by the `gains` of red, green and blue.

        What then exceeds `most` is cut: with gains of at least 1, where the first channel clips, so that clipped
        white stays white. `matrix` (3, 3) takes white-balanced linear camera RGB to scene RGB. `encoded` has the
        colours estimated in the domain of kernels/encoding.h, from which the result is decoded; without it, in the
        mosaic's own.
        """
        self.mosaic.run(
            "xtrans.cl?SIDE=6", "xtrans_balance", mosaic=self.mosaic.buffer, colours=self._demosaic.prepare(cfa),
            balanced=self._balanced.buffer, encoded=int(encoded), most=most, red=gains[0], green=gains[1],
            blue=gains[2],
        )  # fmt: skip
        self._demosaic.run(cfa, matrix, encoded)

    def release(self) -> None:
        """Gives its buffers back; harmless when done twice."""
        self._demosaic.release()
        self._balanced.release()
