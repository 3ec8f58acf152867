"""Relative maps: converts greys of any unit to metres by two known distances."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .maps import FAR_M

# Default range: that of a phone's portrait.
PORTRAIT_M = (0.5, 5.0)


@dataclass(frozen=True, slots=True)
class DepthRange:
    """Distances in metres of a map's brightest and darkest sample; infinity is allowed.

    Between the two, 1/distance is linear in the samples, as for disparity; with `linear` the distance itself is, as in
    the greys of a renderer. Raises SourceError if a distance is not positive or both are equal.
    """

    bright_m: float
    dark_m: float
    linear: bool = False

    def __post_init__(self) -> None:
        if not (self.bright_m > 0 and self.dark_m > 0 and self.bright_m != self.dark_m):
            raise SourceError(
                f"depth range {self.bright_m:g}..{self.dark_m:g} is not two different distances above 0 in metres; "
                "give those of the brightest and the darkest sample, such as 0.8..6"
            )

    @classmethod
    def parse(cls, text: str | tuple[float, float] | DepthRange) -> DepthRange:
        """From "0.8..6", from "6..0.8,linear", or from the two distances themselves.

        >>> DepthRange.parse("6..0.8,linear")
        DepthRange(bright_m=6.0, dark_m=0.8, linear=True)
        """
        if isinstance(text, DepthRange):
            return text
        if not isinstance(text, str):
            bright_m, dark_m = text
            return cls(float(bright_m), float(dark_m))
        found = re.fullmatch(r"([\d.]+?|inf)\.\.([\d.]+|inf)(,linear)?", text.strip())
        try:
            figures = (float(found[1]), float(found[2])) if found else None
        except ValueError:
            figures = None
        if found is None or figures is None:
            raise SourceError(
                f"depth range '{text}' is not BRIGHTEST..DARKEST in metres; try 0.8..6 where near is bright, 6..0.8 "
                "where near is dark, and 6..0.8,linear where the greys follow the distance and not its inverse"
            )
        return cls(*figures, linear=bool(found[3]))

    def metres(self, samples: NDArray[Any], darkest: float, brightest: float) -> NDArray[np.float32]:
        """(H, W) of any unit to float32 metres, 0 where the sample is not finite.

        `darkest` and `brightest` are the samples of the two distances. Samples beyond them are extrapolated, limited to
        10 km and to a hundredth of the nearer distance.
        """
        bright_m, dark_m = min(self.bright_m, FAR_M), min(self.dark_m, FAR_M)
        known = np.isfinite(samples)
        share = (np.where(known, samples, darkest).astype(np.float64) - darkest) / (brightest - darkest)
        minimum_m = 0.01 * min(bright_m, dark_m)
        if self.linear:
            distance_m = np.clip(dark_m + share * (bright_m - dark_m), minimum_m, FAR_M)
        else:
            per_m = 1.0 / dark_m + share * (1.0 / bright_m - 1.0 / dark_m)
            distance_m = 1.0 / np.clip(per_m, 1.0 / FAR_M, 1.0 / minimum_m)
        return np.where(known, distance_m, 0.0).astype(np.float32)

    def rescaled(self, depth_m: NDArray[np.float32], nearest_m: float, farthest_m: float) -> NDArray[np.float32]:
        """Rescales a map in metres of unknown scale: its two ends map to the two distances.

        The map defines which end is near, so the order of the two distances does not matter.
        """
        near_m, far_m = sorted((self.bright_m, self.dark_m))
        per_m = np.reciprocal(depth_m.astype(np.float64))
        inverse = DepthRange(near_m, far_m)
        return inverse.metres(per_m, 1.0 / farthest_m, 1.0 / nearest_m)


def extremes(name: str, samples: NDArray[Any]) -> tuple[float, float]:
    """The darkest and the brightest finite sample; SourceError where they are one, for nothing is near or far then."""
    known = samples[np.isfinite(samples)]
    if known.size == 0:
        raise SourceError(f"{name}: no sample is a finite number; check that it is a depth map")
    darkest, brightest = float(known.min()), float(known.max())
    if not (darkest < brightest and math.isfinite(brightest - darkest)):
        raise SourceError(f"{name}: every sample is {darkest:g}, so none is nearer than another; give another map")
    return darkest, brightest
