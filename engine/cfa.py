"""The colour filter array (CFA) of a sensor: the colour of each photosite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .checks import TEXT, WHOLE, check_fields
from .errors import SourceError
from .orientation import first_block, upright

_KINDS = {"pattern": TEXT, "block": WHOLE}
BAYER_PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")

# The X-Trans array from the corner of one of its green squares: 20 green, 8 red and 8 blue photosites,
# with red, green and blue in every row and column. Cameras start it at different corners; see `Cfa.cropped`.
XTRANS = "GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG"

Kind = Literal["bayer", "quad", "mono", "xtrans"]


@dataclass(frozen=True, slots=True)
class Cfa:
    """A colour filter array, named by the colours of its smallest block in reading order.

    `pattern` is one of BAYER_PATTERNS, or "MONO" for a sensor without filters, or the 36 letters of X-Trans's 6x6 block
    from any of its corners in any orientation (such as XTRANS). `block` is the side of the square of photosites that
    share a filter: 2 for the quad-Bayer sensors of phones, whose pattern is the Bayer order of the squares. Raises
    SourceError for anything else.
    """

    pattern: str = "RGGB"
    block: int = 1

    def __post_init__(self) -> None:
        check_fields("Cfa", self, _KINDS)
        if self.pattern in BAYER_PATTERNS:
            if self.block not in (1, 2):
                raise SourceError(
                    f"CFA '{self.pattern}' with squares of {self.block}x{self.block} photosites is unknown; "
                    "use a block of 1 (Bayer) or 2 (quad-Bayer)"
                )
            return
        if len(self.pattern) == 36 and self.pattern not in _xtrans_orders():
            raise SourceError(
                f"CFA '{self.pattern}' is not X-Trans from any corner; give the 6x6 block in reading order, "
                f"such as {XTRANS}"
            )
        if self.pattern != "MONO" and len(self.pattern) != 36:
            raise SourceError(f"CFA '{self.pattern}' is not a Bayer order; use one of {', '.join(BAYER_PATTERNS)}")
        if self.block != 1:
            raise SourceError(
                f"CFA '{self.pattern}' has no squares of {self.block}x{self.block} photosites; use a block of 1"
            )

    @property
    def kind(self) -> Kind:
        """`bayer`, `quad`, `xtrans` or `mono`."""
        if self.pattern == "MONO":
            return "mono"
        if len(self.pattern) == 36:
            return "xtrans"
        return "quad" if self.block == 2 else "bayer"

    @property
    def red_x(self) -> int:
        """Column (0 or 1) of the red photosite of a Bayer order; for quad-Bayer, of the red square, in squares."""
        return self.pattern.index("R") % 2

    @property
    def red_y(self) -> int:
        """Row (0 or 1) of the red photosite of a Bayer order; for quad-Bayer, of the red square, in squares."""
        return self.pattern.index("R") // 2

    def channels(self) -> NDArray[np.intp]:
        """(n, n) channel of each photosite of the repeating block: 0 red, 1 green, 2 blue; n is 1, 2, 4 or 6."""
        if self.kind == "mono":
            return np.ones((1, 1), dtype=np.intp)
        side = 6 if self.kind == "xtrans" else 2
        colours = np.array(["RGB".index(letter) for letter in self.pattern], dtype=np.intp).reshape(side, side)
        return np.repeat(np.repeat(colours, self.block, axis=0), self.block, axis=1)

    def cropped(self, left: int, top: int) -> Cfa:
        """The CFA after `left` columns and `top` rows are cropped.

        SourceError if the crop cuts through the squares of a quad-Bayer sensor.
        """
        return self._of(np.roll(self.channels(), (-top, -left), axis=(0, 1)), f"cut at column {left}, row {top}")

    def turned(self, size: tuple[int, int], orientation: int) -> Cfa:
        """The CFA of a mosaic of `size`, (width, height), after its EXIF `orientation` is applied.

        SourceError if a quad-Bayer mosaic with odd sides would begin with half a square.
        """
        channels = first_block(self.channels(), size, orientation)
        return self._of(channels, f"of {size[0]}x{size[1]} photosites, rotated by orientation {orientation},")

    def _of(self, channels: NDArray[np.intp], change: str) -> Cfa:
        """A CFA of the same kind with these `channels` (see `channels()`). The error message names `change`."""
        if self.kind == "mono":
            return self
        changed = (
            Cfa(_pattern_string(channels[:: self.block, :: self.block]), self.block) if self._fits(channels) else None
        )
        if changed is None:
            raise SourceError(f"a quad-Bayer mosaic {change} begins with half a square; use even columns and rows")
        return changed

    def _fits(self, channels: NDArray[np.intp]) -> bool:
        """Whether squares of `block` begin at the first photosite."""
        squares = channels[:: self.block, :: self.block]
        return np.array_equal(np.repeat(np.repeat(squares, self.block, axis=0), self.block, axis=1), channels)


def _pattern_string(channels: NDArray[Any]) -> str:
    return "".join("RGB"[channel] for channel in channels.ravel())


@cache
def _xtrans_orders() -> frozenset[str]:
    """The X-Trans pattern from each of its corners in each orientation."""
    photosites = np.array(["RGB".index(letter) for letter in XTRANS]).reshape(6, 6)
    return frozenset(
        _pattern_string(np.roll(upright(photosites, orientation), (top, left), axis=(0, 1)))
        for orientation in range(1, 9)
        for top in range(6)
        for left in range(6)
    )
