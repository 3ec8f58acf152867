"""Clipped channels rebuilt from those that still live, before the mosaic becomes a picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes

TILE = 16  # sites; kernels/highlights.cl holds the same number
STEP = 4  # from a level of the pyramids to the next; kernels/highlights.cl likewise
DEEP = 1  # the level, of 64 sites a tile, over which light runs out to white
COLOURS = 4, 3  # floats of a tile, and which of them says how much is known: red, green, blue, known
WHITES = 3, 1  # how white, known, the part where all is clipped


class Highlights:
    """Rebuilds, in place, the clipped sites of Bayer mosaics of one size; `output` is the mosaic itself.

    The light of a clipped site goes on in the colour of the unclipped light around it, with the white in it that two
    channels tell of, as bright as the channels beside it say that have not clipped. Where all have, it is as bright as
    it must be for all to clip, and runs out to white.
    """

    def __init__(self, mosaic: Planes) -> None:
        self.output = mosaic
        device, (width, height) = mosaic.device, mosaic.size
        sizes = [(-(-width // TILE), -(-height // TILE))]
        while sizes[-1] != (1, 1):
            sizes.append((-(-sizes[-1][0] // STEP), -(-sizes[-1][1] // STEP)))
        tiles = [across * down for across, down in sizes]
        self._levels = [(sum(tiles[:level]), *size) for level, size in enumerate(sizes)]  # start, across, down
        self._colours, self._whites = (device.allocate(4 * stride * sum(tiles)) for stride, _ in (COLOURS, WHITES))
        self._gains: Planes | None = None
        self._gain_map: NDArray[np.float32] | None = None  # what _gains holds

    def run(
        self,
        cfa: Cfa,
        clips: tuple[float, float, float],
        encoded: bool,
        gain_map: NDArray[np.float32] | None = None,
    ) -> None:
        """Queues the kernels. `clips` is the light at which red, green and blue sites clip, times `gain_map` (H, W)
        where sites have gains of their own; no site may have been cut below that. `encoded` says that the mosaic is in
        the domain of kernels/encoding.h.
        """
        mosaic, (width, height) = self.output, self.output.size
        buffers = (mosaic.buffer, mosaic.buffer, self._colours, self._whites)  # without gains nobody reads the second
        source = "highlights.cl"
        if gain_map is not None:
            source = "highlights.cl?SHADED=1"
            buffers = (mosaic.buffer, self._uploaded(gain_map).buffer, self._colours, self._whites)
        _, across, down = self._levels[0]
        camera = (cfa.red_x, cfa.red_y, *clips, int(encoded))
        tiles = (*buffers, mosaic.layout.pitch, across, width, height, *camera)
        self._run_small(source, "tile_colour", (across, down), *tiles)
        self._spread(self._colours, *COLOURS)
        self._run_small(source, "tile_white", (across, down), *tiles)
        self._spread(self._whites, *WHITES)
        level = min(DEEP, len(self._levels) - 1)
        mosaic.run(
            source, "rebuild", *buffers, mosaic.layout.pitch, across, down, *self._levels[level],
            float(TILE * STEP**level), *camera,
        )  # fmt: skip
        mosaic.mirror()

    def _spread(self, grid: Buffer, stride: int, known: int) -> None:
        """What is known of some tiles of `grid`, to all of them."""
        steps = list(pairwise(self._levels))
        for fine, coarse in steps:
            self._run_small("highlights.cl", "push", coarse[1:], grid, stride, known, *fine, *coarse)
        self._run_small("highlights.cl", "whole", (1, 1), grid, stride, known, self._levels[-1][0])
        for fine, coarse in reversed(steps):
            self._run_small("highlights.cl", "pull", fine[1:], grid, stride, known, *fine, *coarse)

    def _run_small(self, source: str, kernel: str, items: tuple[int, int], *arguments: object) -> None:
        self.output.device.run(source, kernel, (-(-items[0] // 8) * 8, items[1]), (8, 1), *arguments)

    def _uploaded(self, gain_map: NDArray[np.float32]) -> Planes:
        """The gains on the device, border mirrored; they travel again only when they change."""
        if self._gains is None:
            self._gains = Planes(self.output.device, *self.output.size, 1)
        if self._gain_map is not gain_map:
            self._gains.write(np.asarray(gain_map, np.float32)[..., None])
            self._gains.mirror()
            self._gain_map = gain_map  # kept alive, so that no other array takes its identity
        return self._gains

    def release(self) -> None:
        """Gives back what it holds besides the mosaic; harmless when done twice."""
        for buffer in (self._colours, self._whites):
            self.output.device.release(buffer)
        if self._gains is not None:
            self._gains.release()
