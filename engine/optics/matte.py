"""A matte: the part of each pixel that the subject covers, from a file, a phone or a program.

It replaces the estimate of the coverage at the edge of the subject, and moves the edge of the depth map there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_matte
from ..compute.device import Device
from ..compute.planes import Planes
from ..compute.tiles import TILE, run_cells, run_tiles

_MATTE = "matte.cl"
_SIDES = 3  # numbers of a tile, as in kernels/matte.h
_SAMPLES = 8  # maximum samples along each axis of a pixel, for mattes larger than the picture


class MatteStage:
    """Resamples mattes to pictures of one size on one device; allocates on construction.

    `planes` has the coverage, one plane with a mirrored border, and `subjects` the table of kernels/matte.h.
    """

    def __init__(self, device: Device, width: int, height: int) -> None:
        self._device = device
        self.planes = Planes(device, width, height, 1)
        self._depth = Planes(device, width, height, 1)
        self._tiles = -(-width // TILE), -(-height // TILE)
        table = 4 * _SIDES * self._tiles[0] * self._tiles[1]
        self._extremes, self.subjects = device.allocate(table), device.allocate(table)
        self._map, self._map_size = device.allocate(4), 1
        self._known: NDArray[np.float32] | None = None
        self._is_new = False

    def load(self, matte: NDArray[np.float32]) -> None:
        """Copies the matte of the following pictures, (h, w) float32 from 0 to 1 of any size, to the device.

        The array loaded last is not copied again. Raises SourceError for values out of range.
        """
        if matte is self._known:
            return
        check_matte("the matte", matte)
        if self._map_size < matte.size:
            self._device.release(self._map)
            self._map, self._map_size = self._device.allocate(4 * matte.size), matte.size
        self._device.write(self._map, np.ascontiguousarray(matte), waits=False)
        self._known, self._is_new = matte, True

    def run(self, depth: Planes) -> Planes:
        """Queues the kernels; returns the distances with the edge of the subject where the matte has it.

        `depth` is one plane of metres. The border of the result is mirrored.
        """
        assert self._known is not None, "run requires a loaded matte"
        layout, (across, down) = self.planes.layout, self._tiles
        if self._is_new:
            self._place(self._known.shape)
        given: dict[str, Any] = {
            **{"depth": depth.buffer, "matte": self.planes.buffer, "tiles_x": across},
            **{"width": layout.width, "height": layout.height, "pitch": layout.pitch},
        }
        run_tiles(self._device, _MATTE, "matte_tiles", self._tiles, tiles=self._extremes, **given)
        run_cells(
            self._device, _MATTE, "matte_sides", self._tiles, tiles=self._extremes, sides=self.subjects,
            tiles_x=across, tiles_y=down,
        )  # fmt: skip
        run_tiles(
            self._device, _MATTE, "matte_depth", self._tiles, sides=self.subjects, placed=self._depth.buffer, **given
        )
        self._depth.mirror()
        return self._depth

    def _place(self, shape: tuple[int, ...]) -> None:
        rows, columns = shape
        step_x, step_y = columns / self.planes.layout.width, rows / self.planes.layout.height
        count = min(max(math.ceil(max(step_x, step_y)), 1), _SAMPLES)
        self.planes.run(
            _MATTE, "matte_place", map=self._map, matte=self.planes.buffer, map_width=columns, map_height=rows,
            step_x=step_x, step_y=step_y, count=count,
        )  # fmt: skip
        self.planes.mirror()
        self._is_new = False

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self.planes.release()
        self._depth.release()
        for buffer in (self._extremes, self.subjects, self._map):
            self._device.release(buffer)
