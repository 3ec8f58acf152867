"""Where a mosaic saturates: many photosites with one value at the top."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..frame import Encoding, Frame
from ..packing import unpack

MIN_SHARE, MIN_LEVELS = 0.005, 128  # minimum fraction of photosites in the spike, and minimum number of values
PEAK = 5.0  # times the mean count of the values below
BELOW_WHITE = 0.97
MAX_ROWS = 1024


def saturation_of(frame: Frame) -> int | None:
    """The value at which the photosites of a mosaic clip, if it is clearly below the white level; else None."""
    if frame.encoding is not Encoding.MOSAIC:
        return None
    side = len(frame.cfa.channels())
    step = max(frame.height // MAX_ROWS, 1)
    rows = np.concatenate(
        [np.arange(top, min(top + side, frame.height)) for top in range(0, frame.height, side * step)]
    )
    numbers = unpack(np.ascontiguousarray(frame.pixels[rows]), frame.packing, frame.width)
    peaks = [
        peak
        for y in range(min(side, 2))
        for x in range(min(side, 2))
        if (peak := _peak(numbers[y::side, x::side].ravel())) is not None
    ]
    black = max(frame.profile.black)
    clipped = [peak for peak in peaks if peak - black < BELOW_WHITE * frame.profile.span]
    return max(set(clipped), key=clipped.count) if clipped else None


def _peak(numbers: NDArray[Any]) -> int | None:
    """The largest number, if it is a spike of equal values; else None."""
    if not numbers.size:
        return None
    counts = np.bincount(numbers)
    top = len(counts) - 1
    if top == 0:
        return None
    below = counts[max(top - 64, 0) : top]
    is_spike = counts[top] >= MIN_SHARE * len(numbers) and counts[top] > PEAK * max(float(below.mean()), 0.05)
    return top if is_spike and np.count_nonzero(counts) >= MIN_LEVELS else None


def saturation_hint(frame: Frame, raw_format: str | None) -> str | None:
    """The hint that a mosaic saturates below its white level, and what to do; None if it does not."""
    level = saturation_of(frame)
    if level is None:
        return None
    fitting = ""
    bits = max(level.bit_length(), 8)
    if raw_format is not None and 2**bits - 1 < frame.profile.white and level > 0.9 * 2**bits:
        fitting = f"--raw-format {re.sub('[0-9]+', str(bits), raw_format, count=1)} or "
    return (
        f"{frame.name}: saturates at {level}, but white is {frame.profile.white:g}: clipped light is not white; try "
        f"{fitting}--raw-white {level}"
    )


def with_white(frame: Frame, white: float) -> Frame:
    """The mosaic with another white level. Raises SourceError for pictures, and for a level not above black."""
    if frame.encoding is not Encoding.MOSAIC:
        raise SourceError(f"{frame.name}: is not a mosaic; --raw-white applies to raw files and mosaics")
    try:
        return replace(frame, profile=replace(frame.profile, white=white))
    except SourceError as error:
        raise SourceError(f"{frame.name}: {error}; check --raw-white") from error
