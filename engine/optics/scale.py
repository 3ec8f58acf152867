"""One of the smaller scales at which `defocus` spreads a picture."""

from __future__ import annotations

import itertools
import math
from typing import TypedDict

from ..compute.device import Device
from ..compute.planes import Planes
from ..compute.tiles import TILE

_MIN_SHIFT_PX = 0.06  # in pixels of a scale; a smaller colour shift is invisible
_SUMS = 4  # per layer, as in kernels/defocus_spread.cl
SPREAD_PLANES = 7  # maximum per layer; layout: kernels/defocus.h
EXTENDED_PLANES = 6  # per layer, as in kernels/surfaces.h


def extends(layers: int) -> bool:
    """Whether surfaces are extended behind their occluders before each halving, as in kernels/defocus.h."""
    return layers > 2


def surface_planes(layers: int) -> int:
    """The number of planes of a layer's surface, as in kernels/defocus.h."""
    return 7 if extends(layers) else 6


class Scale:
    """The light and the surfaces of the layers (layout: kernels/defocus.h), and the sums gathered for each layer.

    A scale that does not spread only fills the surfaces behind their occluders. Before the sums are gathered, their
    memory holds the extended surfaces, if any.
    """

    def __init__(self, device: Device, width: int, height: int, layers: int, *, spreads: bool) -> None:
        self.spreads = spreads
        self.planes = Planes(device, width, height, (SPREAD_PLANES + surface_planes(layers)) * layers, half_floats=True)
        gathered = max(_SUMS, EXTENDED_PLANES) if extends(layers) else _SUMS
        self.gathered = Planes(device, width, height, gathered * layers if spreads else 1, half_floats=True)
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


class Colouring(TypedDict):
    """The colour shift of a scale: where it begins, and its part per pixel from there on."""

    colour_from: float
    colour_rate: float


def softness(number: int) -> float:
    """What scale `number` (0 is half size) adds to the square of a disc's radius at full size, in pixels of the scale.

    The variance of a disc is a quarter of this square. A pixel of 2^n, and the linear ramps over it, add a third of
    1 - 4^-n to the variance. The result is three quarters of that: discs below a pixel do not shrink further, and this
    part leaves the least difference between neighbouring scales (measured).
    """
    return 1.0 - 0.25 ** (number + 1)


def shift_at(number: int, colour_shift_px: tuple[float, float]) -> tuple[float, float]:
    """Additional radius of red and blue discs, in pixels of a scale; 0 where invisible."""
    red, blue = (shift / 2 ** (number + 1) for shift in colour_shift_px)
    return (red, blue) if max(abs(red), abs(blue)) >= _MIN_SHIFT_PX else (0.0, 0.0)


def coloured_scales(colour_shift_px: tuple[float, float]) -> int:
    """The number of scales that spread red and blue by other radii than green, which another kernel does."""
    return next(number for number in itertools.count() if not any(shift_at(number, colour_shift_px)))


def colouring(number: int, full_reach: float, first_reach: float) -> Colouring:
    """The colouring of a scale; full size, of `full_reach`, spreads all colours alike.

    The shift grows over the radii of the first scale, of `first_reach`: a step would be a coloured line.
    """
    if number > 0:
        return Colouring(colour_from=-1.0, colour_rate=1.0)
    smallest = math.sqrt(max((0.5 * full_reach) ** 2 - softness(0), 0.0))
    return Colouring(colour_from=smallest, colour_rate=1.0 / (first_reach - smallest))
