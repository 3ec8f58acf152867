"""The layers of depth that the peers blur, and their disc."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...optics.blur import Blur
from .peer import Job

LAYERS = 8
SHARP_PX = 1.0  # light with a smaller radius stays as it is


class Layer(NamedTuple):
    """Light between two distances in metres, and the radius of its blur in pixels of the frame; 0 is none."""

    near_m: float
    far_m: float
    radius_px: float


def layers_for(job: Job) -> list[Layer]:
    """The layers of the frame of `job` through its lens, which has a depth map."""
    frame, settings = job.frame, job.settings
    assert frame.depth_m is not None, "the built-in scene has a depth map"
    blur = Blur.of(settings.lens, settings.focus_m, frame.width, frame.native_lens, frame.native_focus_m)
    return layers_of(blur, frame.depth_m)


def layers_of(blur: Blur, depth_m: NDArray[np.float32]) -> list[Layer]:
    """LAYERS layers from back to front: one in focus, the others narrow where the radius is small.

    Their borders are evenly spaced in the square root of the radius.
    """
    radii = blur.radii_px(np.array([depth_m.min(), depth_m.max()]))
    near, far = (math.sqrt(max(abs(float(radius)), SHARP_PX)) for radius in radii)
    near_count = min(max(round((LAYERS - 1) * (near - 1) / max(near + far - 2, 1e-6)), 1), LAYERS - 2)
    borders = [-(border**2) for border in np.linspace(near, 1.0, near_count + 1)]
    borders += [border**2 for border in np.linspace(1.0, far, LAYERS - near_count)]
    nearness = [(1.0 - 2.0 * border / blur.coc_px) / blur.focus_m for border in borders]
    distances = [0.0, *(1.0 / max(inverse, 1e-6) for inverse in nearness[1:-1]), math.inf]
    return [
        Layer(distances[at], distances[at + 1], 0.0 if at == near_count else abs(first + last) / 2)
        for at, (first, last) in reversed(list(enumerate(pairwise(borders))))
    ]


def disc(radius_px: float) -> NDArray[np.float32]:
    """A disc with a smooth edge, of sum 1."""
    reach = math.ceil(radius_px)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.clip(radius_px + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(inside / inside.sum(), np.float32)
