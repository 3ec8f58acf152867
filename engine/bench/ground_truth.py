"""The ground truth of the blur: a scene rendered through many points of the aperture, averaged in linear light.

Through one point of the aperture a thin lens images everything in focus. An object of blur radius r is shifted by r u,
where u is the point in units of the aperture's radius (R. Cook, T. Porter, L. Carpenter, "Distributed ray
tracing", SIGGRAPH 1984). The only approximation is the finite number of
points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..lens import Lens
from .scenes import Scene

POINTS = 512
MAX_STEPS = 12  # limit of the fixed-point iteration on a smooth surface
TOLERANCE_PX = 1e-3


def aperture_points(count: int) -> NDArray[np.float64]:
    """(count, 2) points spread evenly over the unit disc (H. Vogel's sunflower, 1979)."""
    number = np.arange(count)
    radius = np.sqrt((number + 0.5) / count)
    angle = number * (np.pi * (3.0 - np.sqrt(5.0)))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def lens_ground_truth(
    scene: Scene, lens: Lens, focus_m: float, *, points: int | NDArray[np.float64] = POINTS
) -> NDArray[np.float32]:
    """The picture of a scene of layers by `lens` focused at `focus_m` metres: (H, W, 3) float32, scene-linear.

    `points` is the number of points of a round aperture, or the points themselves (N, 2). Raises ValueError if the blur
    exceeds the layers' margin.
    """
    height, width = scene.picture.shape[:2]
    offsets = aperture_points(points) if isinstance(points, int) else points
    scale = 0.5 * lens.coc_scale_px(focus_m, width)
    radii = [scale * (1.0 - focus_m / layer.depth_m) for layer in scene.layers]
    widest = max(abs(radius) for radius in radii) * float(np.abs(offsets).max())
    if widest + 1 > scene.margin:
        raise ValueError(f"the layers' margin of {scene.margin} px is less than the blur of {widest:.1f} px plus 1 px")
    planes = []
    for layer in scene.layers:
        alpha = layer.rgba[..., 3:]
        planes.append(np.concatenate([layer.rgba[..., :3] * alpha, alpha], axis=2))
    total = np.zeros((height, width, 3))
    for u in offsets:
        through_point = np.zeros((height, width, 3), np.float32)
        for plane, radius in zip(reversed(planes), reversed(radii), strict=True):
            shifted = _shifted(plane, radius * u, scene.margin, (height, width))
            through_point = shifted[..., :3] + (1 - shifted[..., 3:]) * through_point
        total += through_point
    return (total / len(offsets)).astype(np.float32)


def smooth_ground_truth(scene: Scene, lens: Lens, focus_m: float, *, points: int = POINTS) -> NDArray[np.float32]:
    """The same for a smooth surface: the point q appears at q + r(q) u.

    A fixed-point iteration finds q, starting from the near side.
    """
    margin = scene.margin
    height, width = (side - 2 * margin for side in scene.depth_m.shape)
    radius = (0.5 * lens.coc_scale_px(focus_m, width) * (1.0 - focus_m / scene.depth_m)).astype(np.float32)
    y, x = np.mgrid[margin : margin + height, margin : margin + width].astype(np.float32)
    total = np.zeros((height, width, 3))
    radii, picture = _BilinearSampler(radius[..., None]), _BilinearSampler(scene.picture)
    for u, v in aperture_points(points).astype(np.float32):
        blur_px = np.full(x.shape, radius.min(), np.float32)
        for _ in range(MAX_STEPS):
            before, blur_px = blur_px, radii.at(x - blur_px * u, y - blur_px * v)[..., 0]
            if np.abs(blur_px - before).max() < TOLERANCE_PX:
                break
        total += picture.at(x - blur_px * u, y - blur_px * v)
    return (total / points).astype(np.float32)


def _shifted(
    plane: NDArray[np.float32], by: NDArray[np.float64], margin: int, size: tuple[int, int]
) -> NDArray[np.float32]:
    """The part of `size` within the margin, shifted by (x, y) pixels with bilinear interpolation."""
    across, down = margin - by
    left, top = int(np.floor(across)), int(np.floor(down))
    tx, ty = np.float32(across - left), np.float32(down - top)
    rows, columns = size
    part = plane[top : top + rows + 1, left : left + columns + 1]
    part = part[:, :-1] + tx * (part[:, 1:] - part[:, :-1])
    return np.asarray(part[:-1] + ty * (part[1:] - part[:-1]))


class _BilinearSampler:
    """Bilinear samples of a plane (H, W, C). Value, slopes and cross term of each square are adjacent in memory."""

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
        """(H, W, C) at x to the right and y downwards, clamped to the border."""
        x, y = np.clip(x, 0, self._last[0]), np.clip(y, 0, self._last[1])
        left, top = x.astype(np.int32), y.astype(np.int32)
        coefficients = np.take(self._squares, top * np.int32(self._width) + left, axis=0)
        tx, ty = (x - left)[..., None], (y - top)[..., None]
        value, across, down, cross_term = (coefficients[..., part, :] for part in range(4))
        return np.asarray(value + tx * across + ty * (down + tx * cross_term), np.float32)
