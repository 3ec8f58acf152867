"""Correction of lateral chromatic aberration: the lens magnifies red and blue differently from green."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..cfa import Cfa
from ..compute.planes import Planes
from ..errors import GroundglassError

MAX_SHIFT = 20.0  # thousandths; no working lens exceeds it


@dataclass(frozen=True, slots=True)
class Shift:
    """A channel's radial displacement outwards from green: `k1` + `k2` r^2 of the distance from the centre, r in
    half diagonals.
    """

    k1: float = 0.0
    k2: float = 0.0


Shifts = tuple[Shift, Shift]  # red, blue


def parse_aberration(text: str) -> Shifts | None:
    """The shifts for "off" or "RED,BLUE" in thousandths; None for "auto". GroundglassError for any other text."""
    lowered = text.strip().lower()
    if lowered == "auto":
        return None
    if lowered == "off":
        return Shift(), Shift()
    number = r"([+-]?(?:\d+\.?\d*|\.\d+))"
    match = re.fullmatch(rf"{number},{number}", lowered)
    if not match or max(abs(float(shift)) for shift in match.groups()) > MAX_SHIFT:
        raise GroundglassError(
            f"aberration '{text}' is invalid; use off, auto, or the outward shift of red and blue from green in "
            f"thousandths, up to {MAX_SHIFT:g}, such as 0.4,-0.3"
        )
    return Shift(float(match[1]) / 1000), Shift(float(match[2]) / 1000)


class Aberration:
    """Corrects Bayer mosaics of one size; `output` is a separate plane."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output = Planes(mosaic.device, *mosaic.size, 1)

    def run(self, cfa: Cfa, shifts: Shifts) -> None:
        """Queues the kernels that fill `output`, border mirrored, from `mosaic`, whose border is mirrored.

        Red and blue are interpolated by Catmull-Rom splines from photosites of the same colour, up to 9 columns or rows
        away.
        """
        width, height = self.mosaic.size
        red, blue = shifts
        self.mosaic.run(
            "aberration.cl", "shift_red_and_blue", mosaic=self.mosaic.buffer, output=self.output.buffer,
            red_x=cfa.red_x, red_y=cfa.red_y, centre_x=(width - 1) / 2, centre_y=(height - 1) / 2,
            per_half_diagonal=2 / float(np.hypot(width, height)), red_1=red.k1, red_2=red.k2, blue_1=blue.k1,
            blue_2=blue.k2,
        )  # fmt: skip
        self.output.mirror()

    def release(self) -> None:
        self.output.release()
