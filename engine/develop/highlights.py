"""Reconstruction of clipped channels from unclipped ones, before demosaicing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes
from ..compute.sequence import LaunchSequence
from ..compute.tiles import TILE, run_cells, run_tiles

STEP = 4  # size ratio of successive pyramid levels; kernels/highlights.cl defines the same number
DEEP = 1  # the pyramid level, 64 photosites per tile, over which clipped light fades to white
CPU_GROUP = 8  # tiles of a group on a CPU
GROUP = 256  # work-items of a GPU for all pyramid levels but the first
COLOURS = 4, 3  # floats per tile (red, green, blue, weight), and the index of the weight
WHITES = 3, 1  # floats per tile (whiteness, weight, share of fully clipped photosites), and the index of the weight


class Highlights:
    """Rebuilds the clipped photosites of Bayer mosaics of one size in place; `output` is the mosaic itself.

    A clipped photosite gets the colour of the unclipped light in its neighbourhood, mixed with the white that two
    channels determine. Its brightness follows the adjacent unclipped channels. If all channels are clipped, it is as
    bright as necessary for all of them to clip, and fades to white.
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
        self._launches = LaunchSequence(device)
        self._gains: Planes | None = None
        self._gain_map: NDArray[np.float32] | None = None  # the map in _gains

    def run(
        self,
        cfa: Cfa,
        clips: tuple[float, float, float],
        encoded: bool,
        gain_map: NDArray[np.float32] | None = None,
    ) -> None:
        """Queues the kernels. `clips` is the light at which red, green and blue clip. A `gain_map` (H, W) multiplies it
        for each photosite. No photosite may be clipped below that. If `encoded`, the mosaic is in the domain of
        kernels/encoding.h.
        """
        source, gains = "highlights.cl", self.output.buffer  # a placeholder: without SHADED no kernel reads `gains`
        if gain_map is not None:
            source, gains = "highlights.cl?SHADED=1", self._upload(gain_map).buffer
        key = (source, gains, cfa, clips, encoded)
        self._launches.run(key, lambda: self._queue(source, gains, cfa, clips, encoded))

    def _queue(self, source: str, gains: Buffer, cfa: Cfa, clips: tuple[float, float, float], encoded: bool) -> None:
        mosaic, (width, height) = self.output, self.output.size
        _, across, down = self._levels[0]
        common: dict[str, Any] = {
            "mosaic": mosaic.buffer,
            "gains": gains,
            "colours": self._colours,
            "whites": self._whites,
            "pitch": mosaic.layout.pitch,
            "tiles_x": across,
            "red_x": cfa.red_x,
            "red_y": cfa.red_y,
            "clip_red": clips[0],
            "clip_green": clips[1],
            "clip_blue": clips[2],
            "encoded": int(encoded),
        }
        tiles: dict[str, Any] = {"width": width, "height": height, "cpu_group": CPU_GROUP, **common}
        run_tiles(mosaic.device, source, "tile_colour", (across, down), **tiles)
        self._spread(self._colours, *COLOURS)
        run_tiles(mosaic.device, source, "tile_white", (across, down), **tiles)
        self._spread(self._whites, *WHITES)
        level = min(DEEP, len(self._levels) - 1)
        deep, deep_x, deep_y = self._levels[level]
        mosaic.run(
            source, "rebuild", tiles_y=down, deep=deep, deep_x=deep_x, deep_y=deep_y,
            deep_tile=float(TILE * STEP**level), **common,
        )  # fmt: skip
        mosaic.mirror()

    def _spread(self, grid: Buffer, stride: int, known: int) -> None:
        """Interpolates the tiles of `grid` without data from tiles with data (push and pull)."""
        source, device = "highlights.cl", self.output.device
        given: dict[str, Any] = {"grid": grid, "stride": stride, "known": known}
        (fine, fine_x, fine_y), (coarse, coarse_x, coarse_y) = (
            self._levels[0],
            self._levels[min(1, len(self._levels) - 1)],
        )
        pair = {"fine": fine, "fine_x": fine_x, "coarse": coarse, "coarse_x": coarse_x}
        if len(self._levels) > 1:
            run_cells(device, source, "push", (coarse_x, coarse_y), CPU_GROUP, **given, **pair, fine_y=fine_y)
        group = (1 if device.is_cpu else GROUP, 1)
        deep = {"first": coarse, "first_x": coarse_x, "first_y": coarse_y}
        device.launch(source, "push_and_pull", group, group, given | deep)
        if len(self._levels) > 1:
            run_cells(device, source, "pull", (fine_x, fine_y), CPU_GROUP, **given, **pair, coarse_y=coarse_y)

    def _upload(self, gain_map: NDArray[np.float32]) -> Planes:
        """The gains on the device, border mirrored; uploaded only if the map changed."""
        if self._gains is None:
            self._gains = Planes(self.output.device, *self.output.size, 1)
        if self._gain_map is not gain_map:
            self._gains.write(np.asarray(gain_map, np.float32)[..., None])
            self._gains.mirror()
            self._gain_map = gain_map  # keeps the array alive, so that no other array gets its identity
        return self._gains

    def release(self) -> None:
        """Releases all buffers except the mosaic; safe to call twice."""
        for buffer in (self._colours, self._whites):
            self.output.device.release(buffer)
        if self._gains is not None:
            self._gains.release()
