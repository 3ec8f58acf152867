"""Clipped channels rebuilt from those that still live, before the mosaic becomes a picture."""

from __future__ import annotations

from ..cfa import Cfa
from ..compute.planes import Planes

TILE = 16  # sites; kernels/highlights.cl holds the same number


class Highlights:
    """Rebuilds, in place, the clipped sites of Bayer mosaics of one size; `output` is the mosaic itself.

    The light of a clipped site goes on in the colour of the unclipped light around it, as bright as the channels beside
    it say that have not clipped. Where all have, it is as bright as it must be for all to clip, and runs out to white.
    """

    def __init__(self, mosaic: Planes) -> None:
        self.output = mosaic
        device, (width, height) = mosaic.device, mosaic.size
        sizes = [(-(-width // TILE), -(-height // TILE))]
        while sizes[-1] != (1, 1):
            sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
        tiles = [across * down for across, down in sizes]
        self._levels = [(sum(tiles[:level]), *size) for level, size in enumerate(sizes)]  # start, across, down
        self._colours = device.allocate(16 * sum(tiles))
        self._dead = device.allocate(4 * tiles[0])

    def run(self, cfa: Cfa, clips: tuple[float, float, float], encoded: bool) -> None:
        """Queues the kernels. `clips` is the light at which red, green and blue sites clip; no site may have been cut
        below its own. `encoded` says that the mosaic is in the domain of kernels/encoding.h.
        """
        mosaic, source = self.output, "highlights.cl"
        device, pitch, (width, height) = mosaic.device, mosaic.layout.pitch, mosaic.size
        _, across, down = self._levels[0]
        camera = (cfa.red_x, cfa.red_y, *clips, int(encoded))

        def run_small(kernel: str, items_x: int, items_y: int, *arguments: object) -> None:
            device.run(source, kernel, (-(-items_x // 8) * 8, items_y), (8, 1), *arguments)

        run_small(
            "tile_colour", across, down, mosaic.buffer, self._colours, self._dead, pitch, across, width, height, *camera
        )
        steps = list(zip(self._levels, self._levels[1:], strict=False))
        for fine, coarse in steps:
            run_small("push_colour", *coarse[1:], self._colours, *fine, *coarse)
        for fine, coarse in reversed(steps):
            run_small("pull_colour", *fine[1:], self._colours, *fine, *coarse)
        mosaic.run(source, "rebuild", mosaic.buffer, self._colours, self._dead, pitch, across, down, *camera)
        mosaic.mirror()

    def release(self) -> None:
        """Gives back what it holds besides the mosaic; harmless when done twice."""
        for buffer in (self._colours, self._dead):
            self.output.device.release(buffer)
