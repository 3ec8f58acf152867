"""Lateral chromatic aberration: red and blue, which the lens draws a little larger or smaller than green, put back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..cfa import Cfa
from ..compute.planes import Planes
from ..errors import GroundglassError

MAX_SHIFT = 20.0  # thousandths; a lens that is worse is broken


@dataclass(frozen=True, slots=True)
class Shift:
    """How much farther out than green a channel's light lies: `k1` + `k2` r^2 of the distance from the centre, r in
    half diagonals.
    """

    k1: float = 0.0
    k2: float = 0.0


Shifts = tuple[Shift, Shift]  # of red, of blue


def parse_aberration(text: str) -> Shifts | None:
    """The shifts that "off" or "RED,BLUE" in thousandths say; None for "auto". GroundglassError for anything else."""
    lowered = text.strip().lower()
    if lowered == "auto":
        return None
    if lowered == "off":
        return Shift(), Shift()
    number = r"([+-]?(?:\d+\.?\d*|\.\d+))"
    found = re.fullmatch(rf"{number},{number}", lowered)
    if not found or max(abs(float(one)) for one in found.groups()) > MAX_SHIFT:
        raise GroundglassError(
            f"aberration '{text}' is not understood; use off, auto, or by how many thousandths red and blue lie "
            f"farther out than green, up to {MAX_SHIFT:g}, such as 0.4,-0.3"
        )
    return Shift(float(found[1]) / 1000), Shift(float(found[2]) / 1000)


class Aberration:
    """Corrects Bayer mosaics of one size; `output` is a plane of its own."""

    def __init__(self, mosaic: Planes) -> None:
        self.mosaic = mosaic
        self.output = Planes(mosaic.device, *mosaic.size, 1)

    def run(self, cfa: Cfa, shifts: Shifts) -> None:
        """Queues the kernels that fill `output`, border mirrored, from `mosaic`, whose border is mirrored.

        Red and blue sites are interpolated between sites of their colour by Catmull-Rom splines, up to 9 sites away.
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
