"""One of the smaller scales at which `defocus` spreads a picture."""

from __future__ import annotations

from ..compute.device import Device
from ..compute.planes import Planes
from ..compute.tiles import TILE


class Scale:
    """The light and the surfaces of the layers (layout: kernels/defocus.h), and of each layer `sums` planes of sums.

    A scale that does not spread only fills the surfaces behind their occluders.
    """

    def __init__(self, device: Device, width: int, height: int, layers: int, sums: int, *, spreads: bool) -> None:
        self.planes = Planes(device, width, height, 13 * layers, half_floats=True)
        self.gathered = Planes(device, width, height, sums * layers if spreads else 1, half_floats=True)
        self.composite = Planes(device, width, height, 3 if spreads else 1, half_floats=True)
        self.tiles_x, self.tiles_y = -(-width // TILE), -(-height // TILE)
        self.tiles = device.allocate(4 * layers * (self.tiles_x + 4) * (self.tiles_y + 4))
        self.detail = device.allocate(4 * (1 + layers) * (self.tiles_x + 4) * (self.tiles_y + 4))
        self.strips = device.allocate(4 * layers * self.tiles_x * height)

    def release(self) -> None:
        for planes in (self.planes, self.gathered, self.composite):
            planes.release()
        for buffer in (self.tiles, self.detail, self.strips):
            self.planes.device.release(buffer)
