"""From the mosaic of a sensor without filters to scene RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute.planes import Planes


class DemosaicMono:
    """Fills `scene`, three planes, from `mosaic`, both of one size: every site becomes a grey pixel."""

    def __init__(self, mosaic: Planes, scene: Planes) -> None:
        self.mosaic, self.scene = mosaic, scene

    @property
    def output(self) -> Planes:
        return self.scene

    def run(self, matrix: NDArray[np.float64], encoded: bool) -> None:
        """Queues the kernel. `matrix` (3, 3) takes linear camera RGB to scene RGB: of light without colour it leaves
        the sums of its rows, so that what it takes for grey is grey. `encoded` says that the mosaic is in the domain
        of kernels/encoding.h.
        """
        red, green, blue = (float(row_sum) for row_sum in matrix.sum(axis=1))
        self.mosaic.run(
            "demosaic_mono.cl", "demosaic_mono", mosaic=self.mosaic.buffer, scene=self.scene.buffer,
            encoded=int(encoded), red=red, green=green, blue=blue,
        )  # fmt: skip

    def release(self) -> None:
        """Nothing is held; harmless twice."""
