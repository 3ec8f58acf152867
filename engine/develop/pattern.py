"""Mosaics of any pattern on the device: what their kernels must know of it, and estimates of the colours that lack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes
from .textures import STEPS, TEXTURES, filters

BORDER = 8  # how far kernels/pattern_border.cl continues a mosaic
SPREAD = 3  # over so many sites on each side kernels/textures.cl takes the mean of what a texture gets wrong
STACKED = 12  # rows that work-items of kernels/textures.cl take who stand below one another in a block


class TextureEstimates:
    """Estimates `count` colours at each site of `mosaic`, whose pattern repeats after `side` sites or fewer.

    The mosaic's border is overwritten: a reflected one shows the colours of other sites than are there.
    """

    def __init__(self, mosaic: Planes, side: int, count: int) -> None:
        self.mosaic = mosaic
        self._device = mosaic.device
        self._side, self._count = side, count
        self._row = side - 1 + self._device.run_length
        self._cfa: Cfa | None = None
        self._filters = self._device.allocate(4 * len(TEXTURES) * side * len(STEPS) * (1 + count) * self._row)
        self._colours = self._device.allocate(4 * side * self._row)
        self._residual, self._spread = (Planes(self._device, *mosaic.size, 1) for _ in range(2))

    def prepare(self, cfa: Cfa, wanted: NDArray[np.intp]) -> Buffer:
        """Uploads what depends on the CFA, when it changes: finding the filters takes a moment.

        `wanted` (count, n, n) are the channels to be estimated at each site of a block that repeats. Returns the
        colours of the sites, as kernels/pattern.h wants them.
        """
        if cfa != self._cfa:
            channels = self._tiled(cfa.channels())
            self._upload(self._colours, channels.astype(np.float32))
            self._upload(self._filters, filters(channels, self._tiled(wanted)))
            self._cfa = cfa
        return self._colours

    def run(self, sums: Planes) -> None:
        """Queues the kernels: the first planes of `sums` are the estimates times their trust, the last the trust."""
        mosaic, source = self.mosaic, f"textures.cl?SIDE={self._side}&ESTIMATES={self._count}"
        width, height = mosaic.size
        border = 2 * BORDER * (width + 2 * BORDER + height)
        self._device.run(
            f"pattern_border.cl?SIDE={self._side}", "pattern_border", (-(-border // 64) * 64,), (64,),
            mosaic=mosaic.buffer, colours=self._colours, width=width, height=height, pitch=mosaic.layout.pitch,
        )  # fmt: skip
        surprise, spread = self._residual.buffer, self._spread.buffer
        for texture in range(len(TEXTURES)):
            mosaic.run(
                source, "texture_residual", mosaic=mosaic.buffer, filters=self._filters, surprise=surprise,
                kind=texture, row_count=self._items(height + 2 * SPREAD),
            )  # fmt: skip
            mosaic.run(source, "texture_spread", surprise=surprise, spread=spread, extra_rows=SPREAD)
            mosaic.run(
                source, "texture_estimate", mosaic=mosaic.buffer, filters=self._filters, spread=spread,
                sums=sums.buffer, kind=texture, row_count=self._items(height),
            )  # fmt: skip

    def _items(self, rows: int) -> int:
        """Work-items that stand below one another for `rows` rows, of which each takes several, `side` apart."""
        return -(-rows // STACKED) * self._side

    def release(self) -> None:
        """Gives its buffers back; harmless when done twice."""
        for planes in (self._residual, self._spread):
            planes.release()
        for buffer in (self._filters, self._colours):
            self._device.release(buffer)

    def _tiled(self, block: NDArray[np.intp]) -> NDArray[np.intp]:
        """(..., side, side), from a block whose side divides that."""
        times = self._side // block.shape[-1]
        return np.tile(block, (times, times))

    def _upload(self, buffer: Buffer, table: NDArray[np.float32]) -> None:
        """(..., side) numbers, the columns again and again: kernels/pattern.h says why."""
        columns = np.arange(self._row) % self._side
        self._device.write(buffer, np.ascontiguousarray(table[..., columns], np.float32))
