"""From a quad-Bayer mosaic to the Bayer mosaic of the same size, which any Bayer method demosaics."""

from __future__ import annotations

from ..cfa import Cfa
from ..compute.planes import Planes
from .pattern import TextureEstimates


class Remosaic:
    """Fills `output`, a mosaic in the order `bayer_of(cfa)`, from `mosaic`, whose border is overwritten."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output = Planes(mosaic.device, *mosaic.size, 1)
        self._sums = Planes(mosaic.device, *mosaic.size, 2)
        self._estimates = TextureEstimates(mosaic, side=4, count=1)

    @staticmethod
    def bayer_of(cfa: Cfa) -> Cfa:
        """The CFA of `output`."""
        return Cfa(cfa.pattern)

    def run(self, cfa: Cfa, encoded: bool) -> None:
        """Queues the kernels that fill `output`, its border mirrored.

        Sites whose colour is the Bayer order's already keep their number; the others are estimated in the domain in
        which the mosaic is, so that `encoded` changes nothing here.
        """
        del encoded
        bayer = self.bayer_of(cfa)
        colours = self._estimates.prepare(cfa, bayer.channels()[None])
        self._estimates.run(self._sums)
        self.mosaic.run(
            "remosaic.cl?SIDE=4", "remosaic", mosaic=self.mosaic.buffer, colours=colours, sums=self._sums.buffer,
            bayer=self.output.buffer, red_x=bayer.red_x, red_y=bayer.red_y,
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        """Gives its buffers back; harmless when done twice."""
        self._estimates.release()
        self._sums.release()
        self.output.release()
