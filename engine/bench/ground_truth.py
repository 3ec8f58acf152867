"""The lens itself: a scene seen through many points of the aperture, averaged in linear light.

Through one point of the aperture a thin lens sees everything sharp; a thing whose blur has the radius r lies beside its
place by r u, where u is the point in units of the aperture's radius (R. Cook, T. Porter, L. Carpenter, "Distributed ray
tracing", SIGGRAPH 1984). Nothing is approximated but the number of points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..lens import Lens
from .scenes import Scene

POINTS = 512
STEPS = 12  # of the search for what is seen of a smooth surface, at most
FOUND_PX = 1e-3


def aperture_points(count: int) -> NDArray[np.float64]:
    """(count, 2) points spread evenly over the unit disc (H. Vogel's sunflower, 1979)."""
    number = np.arange(count)
    radius = np.sqrt((number + 0.5) / count)
    angle = number * (np.pi * (3.0 - np.sqrt(5.0)))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def lens_ground_truth(
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


def smooth_ground_truth(scene: Scene, lens: Lens, focus_m: float, *, points: int = POINTS) -> NDArray[np.float32]:
    """The same of a smooth surface: what lies at q is seen at q + r(q) u; q is searched for, near side first."""
    margin = scene.margin
    height, width = (side - 2 * margin for side in scene.depth_m.shape)
    radius = (0.5 * lens.coc_scale_px(focus_m, width) * (1.0 - focus_m / scene.depth_m)).astype(np.float32)
    y, x = np.mgrid[margin : margin + height, margin : margin + width].astype(np.float32)
    total = np.zeros((height, width, 3))
    radii, picture = _BilinearSampler(radius[..., None]), _BilinearSampler(scene.picture)
    for u, v in aperture_points(points).astype(np.float32):
        here = np.full(x.shape, radius.min(), np.float32)
        for _ in range(STEPS):
            before, here = here, radii.at(x - here * u, y - here * v)[..., 0]
            if np.abs(here - before).max() < FOUND_PX:
                break
        total += picture.at(x - here * u, y - here * v)
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


class _BilinearSampler:
    """A plane (H, W, C) at places between pixels, linearly: value, slopes and twist of each square lie side by side."""

    def __init__(self, plane: NDArray[np.float32]) -> None:
        height, self._width, channels = plane.shape
        self._last = self._width - 1.001, height - 1.001
        across, down = np.diff(plane, axis=1), np.diff(plane, axis=0)
        squares = np.zeros((height, self._width, 4, channels), np.float32)
        squares[:, :, 0] = plane
        squares[:, :-1, 1] = across
        squares[:-1, :, 2] = down
        squares[:-1, :-1, 3] = np.diff(across, axis=0)
        self._squares = squares.reshape(height * self._width, 4, channels)

    def at(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W, C) at x to the right and y downwards; beyond the border what is at the border."""
        x, y = np.clip(x, 0, self._last[0]), np.clip(y, 0, self._last[1])
        left, top = x.astype(np.int32), y.astype(np.int32)
        found = np.take(self._squares, top * np.int32(self._width) + left, axis=0)
        tx, ty = (x - left)[..., None], (y - top)[..., None]
        value, across, down, cross_term = (found[..., part, :] for part in range(4))
        return np.asarray(value + tx * across + ty * (down + tx * cross_term), np.float32)
