"""From an X-Trans mosaic to scene RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.planes import Planes
from .demosaic_textures import DemosaicTextures


class DemosaicXTrans:
    """Fills `scene`, three planes, from `mosaic`, both of one size; the mosaic's border is not read."""

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
        limit: float = 1.0,
    ) -> None:
        """Queues the kernels. The mosaic is linear light; it is multiplied by the `gains` of red, green and blue.

        The result is clipped at `limit`: with gains of at least 1 that is the level of the first channel to clip, so
        that clipped white stays white. `matrix` (3, 3) converts white-balanced linear camera RGB to scene RGB. If
        `encoded`, colours are estimated in the domain of kernels/encoding.h and the result is decoded; otherwise they
        are estimated in the mosaic's own domain.
        """
        self.mosaic.run(
            "xtrans.cl?SIDE=6", "xtrans_balance", mosaic=self.mosaic.buffer, colours=self._demosaic.prepare(cfa),
            balanced=self._balanced.buffer, encoded=int(encoded), limit=limit, red=gains[0], green=gains[1],
            blue=gains[2],
        )  # fmt: skip
        self._demosaic.run(cfa, matrix, encoded)

    def release(self) -> None:
        """Releases its buffers; safe to call twice."""
        self._demosaic.release()
        self._balanced.release()
