"""From a quad-Bayer mosaic to a Bayer mosaic of the same size, for any Bayer demosaicing method."""

from __future__ import annotations

from ..cfa import Cfa
from ..compute.planes import Planes
from .pattern import TextureEstimates


class Remosaic:
    """Fills `output`, a mosaic with the CFA `bayer_of(cfa)`, from `mosaic`, whose border is overwritten."""

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
        """Queues the kernels that fill `output`, border mirrored.

        Photosites that already have the colour of the Bayer pattern keep their value. The others are estimated in the
        mosaic's own domain, so `encoded` has no effect.
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
        """Releases its buffers; safe to call twice."""
        self._estimates.release()
        self._sums.release()
        self.output.release()
