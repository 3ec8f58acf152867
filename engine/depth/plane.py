"""A tilted plane: synthetic depth for a picture without a depth map."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from .maps import FAR_M


def tilted_plane(near_m: float, far_m: float, size: tuple[int, int], direction_deg: float = 0.0) -> NDArray[np.float32]:
    """A plane in perspective, (height, width) float32 metres: 1/distance is linear over the picture.

    It recedes in `direction_deg`, clockwise from straight up: 0 is a floor, `near_m` along the bottom and `far_m` along
    the top; 90 is a wall with its far end on the right, 180 a ceiling. For other angles the two distances are those of
    the nearest and the most distant corner.
    """
    width, height = size
    angle = math.radians(direction_deg)
    # Rounded, so that a quarter turn has exact zeros: the other axis must not contribute.
    right, up = round(math.sin(angle), 9), round(math.cos(angle), 9)
    along_x = right * (np.arange(width) - (width - 1) / 2)
    along_y = -up * (np.arange(height) - (height - 1) / 2)
    half = abs(along_x[0]) + abs(along_y[0])
    if half == 0:  # no extent in this direction
        return np.full((height, width), far_m, np.float32)
    from_far = 0.5 - (along_y[:, None] + along_x) / (2 * half)
    per_m = 1.0 / far_m + from_far * (1.0 / near_m - 1.0 / far_m)
    return np.ascontiguousarray(np.reciprocal(per_m), np.float32)


def parse_plane(spec: str) -> tuple[float, float, float]:
    """(near_m, far_m, direction_deg) from `plane:NEAR..FAR` or `plane:NEAR..FAR@DEGREES`; else a SourceError.

    >>> parse_plane("plane:0.8..6@30")
    (0.8, 6.0, 30.0)
    """
    match = re.fullmatch(r"plane:([\d.]+?)\.\.([\d.]+)(?:@([+-]?[\d.]+))?", spec)
    try:
        near_m, far_m, angle = (float(match[1]), float(match[2]), float(match[3] or 0.0)) if match else (0.0, 0.0, 0.0)
    except ValueError:
        near_m, far_m, angle = 0.0, 0.0, 0.0
    if not 0 < near_m <= far_m <= FAR_M:
        raise SourceError(
            f"depth '{spec}' is not plane:NEAR..FAR with 0 < NEAR <= FAR in metres; try plane:0.8..6, or "
            "plane:0.8..6@30 for a plane that recedes 30 degrees clockwise from up"
        )
    return near_m, far_m, angle
