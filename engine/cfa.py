"""The colour filter array in front of a sensor: which colour each of its sites sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import SourceError
from .orientation import first_block

BAYER_PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")

Kind = Literal["bayer", "quad", "mono", "xtrans"]


@dataclass(frozen=True, slots=True)
class Cfa:
    """A colour filter array, named by the colours of its smallest block in reading order.

    `pattern` is one of BAYER_PATTERNS, or "MONO" for a sensor without filters, or the 36 letters of a 6x6 block
    (X-Trans). `block` is the side of the square of neighbouring sites that share a filter: 2 for the quad-Bayer
    sensors of phones, whose pattern is a Bayer order of such squares. Raises SourceError for anything else.
    """

    pattern: str = "RGGB"
    block: int = 1

    def __post_init__(self) -> None:
        is_bayer = self.pattern in BAYER_PATTERNS and self.block in (1, 2)
        is_xtrans = len(self.pattern) == 36 and set(self.pattern) == set("RGB")
        if not (is_bayer or (self.block == 1 and (is_xtrans or self.pattern == "MONO"))):
            raise SourceError(f"CFA '{self.pattern}' is not a Bayer order; use one of {', '.join(BAYER_PATTERNS)}")

    @property
    def kind(self) -> Kind:
        if self.pattern == "MONO":
            return "mono"
        if len(self.pattern) == 36:
            return "xtrans"
        return "quad" if self.block == 2 else "bayer"

    @property
    def red_x(self) -> int:
        """Column (0 or 1) of the red site of a Bayer order."""
        return self.pattern.index("R") % 2

    @property
    def red_y(self) -> int:
        """Row (0 or 1) of the red site of a Bayer order."""
        return self.pattern.index("R") // 2

    def channels(self) -> NDArray[np.intp]:
        """(n, n) channel of each site of the block that repeats: 0 red, 1 green, 2 blue. `n` is 2, 4, 6 or, mono, 1."""
        if self.kind == "mono":
            return np.ones((1, 1), dtype=np.intp)
        side = 6 if self.kind == "xtrans" else 2
        colours = np.array(["RGB".index(letter) for letter in self.pattern], dtype=np.intp).reshape(side, side)
        return np.repeat(np.repeat(colours, self.block, axis=0), self.block, axis=1)

    def cropped(self, left: int, top: int) -> Cfa:
        """The CFA of a Bayer order seen after `left` columns and `top` rows are cut away."""
        sites = np.array(list(self.pattern)).reshape(2, 2)
        return Cfa("".join(np.roll(sites, (-top, -left), axis=(0, 1)).ravel()))

    def turned(self, size: tuple[int, int], orientation: int) -> Cfa:
        """The CFA of a mosaic of `size`, (width, height), once its EXIF `orientation` is applied."""
        if self.kind == "mono":
            return self
        colours = first_block(self.channels(), size, orientation)[:: self.block, :: self.block]
        return Cfa("".join("RGB"[channel] for channel in colours.ravel()), self.block)
