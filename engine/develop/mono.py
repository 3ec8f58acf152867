"""From the mosaic of a monochrome sensor to scene RGB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compute.planes import Planes


class DemosaicMono:
    """Fills `scene`, three planes, from `mosaic`, both of one size: every photosite becomes a grey pixel."""

    def __init__(self, mosaic: Planes, scene: Planes) -> None:
        self.mosaic, self.scene = mosaic, scene

    @property
    def output(self) -> Planes:
        return self.scene

    def run(self, matrix: NDArray[np.float64], encoded: bool) -> None:
        """Queues the kernel. `matrix` (3, 3) converts linear camera RGB to scene RGB; its row sums are the scene RGB of
        grey. If `encoded`, the mosaic is in the domain of kernels/encoding.h.
        """
        red, green, blue = (float(row_sum) for row_sum in matrix.sum(axis=1))
        self.mosaic.run(
            "demosaic_mono.cl", "demosaic_mono", mosaic=self.mosaic.buffer, scene=self.scene.buffer,
            encoded=int(encoded), red=red, green=green, blue=blue,
        )  # fmt: skip

    def release(self) -> None:
        """Does nothing: the stage owns no buffers."""
