"""Relative depth maps: conversion of samples of any unit to metres by two known distances."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import check_numbers
from ..errors import SourceError
from .maps import FAR_M

PORTRAIT_M = (0.5, 5.0)  # default range, typical of a phone's portrait mode


@dataclass(frozen=True, slots=True)
class DepthRange:
    """Distances in metres of a map's brightest and darkest sample; infinity is allowed.

    Between them 1/distance is linear in the samples, as for disparity. With `linear` the distance itself is linear, as
    in a renderer's depth pass. Raises SourceError if a distance is not positive or both are equal.
    """

    bright_m: float
    dark_m: float
    linear: bool = False

    def __post_init__(self) -> None:
        if not (self.bright_m > 0 and self.dark_m > 0 and self.bright_m != self.dark_m):
            raise SourceError(
                f"depth range {self.bright_m:g}..{self.dark_m:g} is not two different distances above 0 in metres; "
                "use the distances of the brightest and the darkest sample, such as 0.8..6"
            )

    @classmethod
    def parse(cls, text: str | tuple[float, float] | DepthRange) -> DepthRange:
        """Parses "0.8..6" or "6..0.8,linear"; also accepts a pair of distances or a DepthRange.

        >>> DepthRange.parse("6..0.8,linear")
        DepthRange(bright_m=6.0, dark_m=0.8, linear=True)
        """
        if isinstance(text, DepthRange):
            return text
        if not isinstance(text, str):
            check_numbers("depth range", "depth_range", text, 2)
            bright_m, dark_m = text
            return cls(float(bright_m), float(dark_m))
        match = re.fullmatch(r"([\d.]{1,40}?|inf)\.\.([\d.]{1,40}|inf)(,linear)?", text.strip())
        try:
            distances = (float(match[1]), float(match[2])) if match else None
        except ValueError:
            distances = None
        if match is None or distances is None:
            raise SourceError(
                f"depth range '{text[:80]}' is not BRIGHTEST..DARKEST in metres; try 0.8..6 if near is bright, 6..0.8 "
                "if near is dark, or 6..0.8,linear if the greys are linear in the distance, not in its inverse"
            )
        return cls(*distances, linear=bool(match[3]))

    def metres(self, samples: NDArray[Any], darkest: float, brightest: float) -> NDArray[np.float32]:
        """Converts (H, W) samples of any unit to float32 metres; a sample that is not finite becomes 0.

        `darkest` and `brightest` are the samples of the two distances. Samples beyond them are extrapolated, limited to
        the range from a hundredth of the nearer distance to 10 km.
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

    def rescaled(self, depth_m: NDArray[np.float32], minimum_m: float, maximum_m: float) -> NDArray[np.float32]:
        """Rescales a map in metres of unknown scale: `minimum_m` and `maximum_m` of the map become the two distances.

        The map defines which end is near, so the order of the two distances does not matter.
        """
        near_m, far_m = sorted((self.bright_m, self.dark_m))
        per_m = np.reciprocal(depth_m.astype(np.float64))
        inverse = DepthRange(near_m, far_m)
        return inverse.metres(per_m, 1.0 / maximum_m, 1.0 / minimum_m)


def extremes(name: str, samples: NDArray[Any]) -> tuple[float, float]:
    """The darkest and the brightest finite sample. SourceError if they are equal: the map then contains no depth."""
    known = samples[np.isfinite(samples)]
    if known.size == 0:
        raise SourceError(f"{name}: no sample is a finite number; check that it is a depth map")
    darkest, brightest = float(known.min()), float(known.max())
    if not (darkest < brightest and math.isfinite(brightest - darkest)):
        raise SourceError(f"{name}: every sample is {darkest:g}, so the map contains no depth; use another map")
    return darkest, brightest
