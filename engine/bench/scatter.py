"""The baseline of the blur: every pixel is scattered over its disc, without occlusion, and normalised.

The classical stage of J. Peng et al., "BokehMe: when neural rendering meets classical rendering", CVPR 2022, with its
formula: a pixel of blur radius r contributes to a pixel at distance d with the weight
(1 + tanh 4 (r - d)) / 2 / (r^2 + 0.2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..lens import Lens


def scatter(
    picture: NDArray[np.float32], depth_m: NDArray[np.float32], lens: Lens, focus_m: float
) -> NDArray[np.float32]:
    """The blurred picture, (H, W, 3) float32, scene-linear.

    `picture` (H, W, 3) is all in focus and `depth_m` (H, W) is in metres.
    """
    height, width = depth_m.shape
    radius = (0.5 * lens.coc_px(depth_m, focus_m, width)).astype(np.float32)
    weight = 1.0 / (radius**2 + 0.2)
    weighted = np.concatenate([picture * weight[..., None], weight[..., None]], axis=2)
    total = np.zeros_like(weighted)
    reach = int(np.ceil(float(radius.max()) + 1))
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            distance = np.float32(np.hypot(dx, dy))
            if distance > reach:
                continue
            to_y, from_y = _overlap(dy, height)
            to_x, from_x = _overlap(dx, width)
            share = 0.5 * (1 + np.tanh(4 * (radius[from_y, from_x] - distance)))
            total[to_y, to_x] += share[..., None] * weighted[from_y, from_x]
    return np.asarray(total[..., :3] / total[..., 3:], np.float32)


def _overlap(shift: int, length: int) -> tuple[slice, slice]:
    """The destination and source slices of a row of `length` shifted by `shift`."""
    return slice(max(shift, 0), length + min(shift, 0)), slice(max(-shift, 0), length - max(shift, 0))
