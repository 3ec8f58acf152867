"""From an X-Trans mosaic to scene RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.planes import Planes
from .pattern import TextureEstimates

OTHERS = np.array([[1, 2], [0, 2], [0, 1]])  # the colours that lack at a site of red, green and blue, in this order


class DemosaicXTrans:
    """Fills `scene`, three planes, from `mosaic`, both of one size; the mosaic's border does not matter."""

    def __init__(self, mosaic: Planes, scene: Planes) -> None:
        self.mosaic, self.scene = mosaic, scene
        self._balanced = Planes(mosaic.device, *mosaic.size, 1)
        self._estimates = TextureEstimates(self._balanced, side=6, count=2)

    def run(
        self, cfa: Cfa, gains: tuple[float, float, float], matrix: NDArray[np.float64], encoded: bool = True
    ) -> None:
        """Queues the kernels. The mosaic is linear light, to be multiplied by the `gains` of red, green and blue.

        `matrix` (3, 3) takes white-balanced linear camera RGB to scene RGB. `encoded` has the colours estimated in the
        domain of kernels/encoding.h, from which the result is decoded; without it, in the mosaic's own.
        """
        camera = [float(entry) for entry in matrix.ravel()]
        pitch, colours, source = self.mosaic.layout.pitch, self._estimates.colours, "demosaic_xtrans.cl?SIDE=6"
        self._estimates.prepare(cfa, np.moveaxis(OTHERS[cfa.channels()], -1, 0))
        self.mosaic.run(
            source, "xtrans_balance", self.mosaic.buffer, colours, self._balanced.buffer, pitch, int(encoded), *gains
        )
        self._estimates.run(self.scene)
        self.mosaic.run(
            source, "xtrans_finish", self._balanced.buffer, colours, self.scene.buffer, pitch,
            self.scene.layout.stride, int(encoded), *camera,
        )  # fmt: skip

    def release(self) -> None:
        """Gives its buffers back; harmless when done twice."""
        self._estimates.release()
        self._balanced.release()
