"""Mosaics of any CFA pattern on the device: the tables for their kernels, and estimates of the missing colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from ..compute.device import Buffer
from ..compute.planes import Planes
from .textures import STEPS, TEXTURES, filters

BORDER = 8  # width of the border that kernels/pattern_border.cl fills
SPREAD = 3  # radius, in photosites, over which kernels/textures.cl averages the error of a texture
STACKED = 12  # rows that a column of work-items of kernels/textures.cl processes per block


class TextureEstimates:
    """Estimates `count` colours at each photosite of `mosaic`, whose pattern repeats after at most `side` photosites.

    The mosaic's border is overwritten: reflection would put the wrong colours at its photosites.
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
        """Uploads the tables of the CFA if it has changed; computing the filters is slow.

        `wanted` (count, n, n) are the channels to estimate at each photosite of the repeating block. Returns the
        channels of the photosites in the form of kernels/pattern.h.
        """
        if cfa != self._cfa:
            channels = self._tiled(cfa.channels())
            self._upload(self._colours, channels.astype(np.float32))
            self._upload(self._filters, filters(channels, self._tiled(wanted)))
            self._cfa = cfa
        return self._colours

    def run(self, sums: Planes) -> None:
        """Queues the kernels. The first planes of `sums` become the weighted estimates, the last the sum of weights."""
        mosaic, source = self.mosaic, f"textures.cl?SIDE={self._side}&ESTIMATES={self._count}"
        width, height = mosaic.size
        border = 2 * BORDER * (width + 2 * BORDER + height)
        self._device.run(
            f"pattern_border.cl?SIDE={self._side}", "pattern_border", (-(-border // 64) * 64,), (64,),
            mosaic=mosaic.buffer, colours=self._colours, width=width, height=height, pitch=mosaic.layout.pitch,
        )  # fmt: skip
        residual, spread = self._residual.buffer, self._spread.buffer
        for texture in range(len(TEXTURES)):
            mosaic.run(
                source, "texture_residual", mosaic=mosaic.buffer, filters=self._filters, residual=residual,
                kind=texture, row_count=self._items(height + 2 * SPREAD),
            )  # fmt: skip
            mosaic.run(source, "texture_spread", residual=residual, spread=spread, extra_rows=SPREAD)
            mosaic.run(
                source, "texture_estimate", mosaic=mosaic.buffer, filters=self._filters, spread=spread,
                sums=sums.buffer, kind=texture, row_count=self._items(height),
            )  # fmt: skip

    def _items(self, rows: int) -> int:
        """Work-items in a column for `rows` rows; each processes several rows, `side` apart."""
        return -(-rows // STACKED) * self._side

    def release(self) -> None:
        """Releases its buffers; safe to call twice."""
        for planes in (self._residual, self._spread):
            planes.release()
        for buffer in (self._filters, self._colours):
            self._device.release(buffer)

    def _tiled(self, block: NDArray[np.intp]) -> NDArray[np.intp]:
        """(..., side, side): the block, repeated; its side divides `side`."""
        times = self._side // block.shape[-1]
        return np.tile(block, (times, times))

    def _upload(self, buffer: Buffer, table: NDArray[np.float32]) -> None:
        """Uploads (..., side) numbers with their columns repeated, as kernels/pattern.h requires."""
        columns = np.arange(self._row) % self._side
        self._device.write(buffer, np.ascontiguousarray(table[..., columns], np.float32))
