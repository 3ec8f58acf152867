"""The lens itself: a scene seen through many points of the aperture, averaged in linear light.

Through one point of the aperture a thin lens sees everything sharp; a thing whose blur has the radius r lies beside its
place by r u, where u is the point in units of the aperture's radius (R. Cook, T. Porter, L. Carpenter, "Distributed ray
tracing", SIGGRAPH 1984). Nothing is approximated but the number of points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..optics.lens import Lens
from .scenes import Scene

POINTS = 512
STEPS = 12  # of the search for what is seen of a smooth surface


def aperture_points(count: int) -> NDArray[np.float64]:
    """(count, 2) points spread evenly over the unit disc (H. Vogel's sunflower, 1979)."""
    number = np.arange(count)
    radius = np.sqrt((number + 0.5) / count)
    angle = number * (np.pi * (3.0 - np.sqrt(5.0)))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def lens_truth(
    scene: Scene, lens: Lens, focus_m: float, *, points: int | NDArray[np.float64] = POINTS
) -> NDArray[np.float32]:
    """What `lens` focused at `focus_m` metres sees of a scene of layers: (H, W, 3) float32, scene-linear.

    `points` is how many points of a round aperture, or the points themselves (N, 2). Raises ValueError where a layer
    would have to go on beyond its margin.
    """
    height, width = scene.picture.shape[:2]
    places = aperture_points(points) if isinstance(points, int) else points
    scale = 0.5 * lens.coc_scale_px(focus_m, width)
    radii = [scale * (1.0 - focus_m / layer.depth_m) for layer in scene.layers]
    widest = max(abs(radius) for radius in radii) * float(np.abs(places).max())
    if widest + 1 > scene.margin:
        raise ValueError(f"the layers' margin of {scene.margin} px is less than the blur of {widest:.1f} px and 1")
    planes = []
    for layer in scene.layers:
        alpha = layer.rgba[..., 3:]
        planes.append(np.concatenate([layer.rgba[..., :3] * alpha, alpha], axis=2))
    total = np.zeros((height, width, 3))
    for u in places:
        seen = np.zeros((height, width, 3), np.float32)
        for plane, radius in zip(reversed(planes), reversed(radii), strict=True):
            shifted = _shifted(plane, radius * u, scene.margin, (height, width))
            seen = shifted[..., :3] + (1 - shifted[..., 3:]) * seen
        total += seen
    return (total / len(places)).astype(np.float32)


def smooth_truth(scene: Scene, lens: Lens, focus_m: float, *, points: int = POINTS) -> NDArray[np.float32]:
    """The same of a smooth surface: what lies at q is seen at q + r(q) u; q is searched for, near side first."""
    margin = scene.margin
    height, width = (side - 2 * margin for side in scene.depth_m.shape)
    radius = (0.5 * lens.coc_scale_px(focus_m, width) * (1.0 - focus_m / scene.depth_m)).astype(np.float32)
    y, x = np.mgrid[margin : margin + height, margin : margin + width].astype(np.float32)
    total = np.zeros((height, width, 3))
    for u, v in aperture_points(points):
        here = np.full(x.shape, radius.min(), np.float32)
        for _ in range(STEPS):
            here = _sampled(radius[..., None], x - here * u, y - here * v)[..., 0]
        total += _sampled(scene.picture, x - here * u, y - here * v)
    return (total / points).astype(np.float32)


def _shifted(
    plane: NDArray[np.float32], by: NDArray[np.float64], margin: int, size: tuple[int, int]
) -> NDArray[np.float32]:
    """The part of `size` within the margin, moved by (x, y) pixels, between pixels linearly."""
    across, down = margin - by
    left, top = int(np.floor(across)), int(np.floor(down))
    tx, ty = np.float32(across - left), np.float32(down - top)
    rows, columns = size
    part = plane[top : top + rows + 1, left : left + columns + 1]
    part = part[:, :-1] + tx * (part[:, 1:] - part[:, :-1])
    return np.asarray(part[:-1] + ty * (part[1:] - part[:-1]))


def _sampled(plane: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, C) at places (x, y) between pixels, linearly."""
    height, width = plane.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    tx, ty = (x - left)[..., None], (y - top)[..., None]
    above = plane[top, left] + tx * (plane[top, left + 1] - plane[top, left])
    below = plane[top + 1, left] + tx * (plane[top + 1, left + 1] - plane[top + 1, left])
    return np.asarray(above + ty * (below - above), np.float32)
