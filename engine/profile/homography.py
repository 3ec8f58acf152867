"""Homographies: projective maps from plane to plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def homography(source: NDArray[np.float64], target: NDArray[np.float64], affine: bool = False) -> NDArray[np.float64]:
    """The (3, 3) homography that best maps `source` to `target`, (N, 2) points; exact for four. Affine if `affine`.

    Linear least squares on points that are centred and scaled to about 1 (R. Hartley, "In defense of the eight-point
    algorithm", IEEE TPAMI 1997). Needs at least four points, three for an affine map, without three on a line.
    """
    from_source, from_target = _scaling(source), _scaling(target)
    x, y = through(from_source, source).T
    u, v = through(from_target, target).T
    zeros, ones = np.zeros_like(x), np.ones_like(x)
    rows = np.concatenate(
        [
            np.stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y], axis=1),
            np.stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y], axis=1),
        ]
    )
    if affine:
        rows = rows[:, :6]
    numbers = np.linalg.lstsq(rows, np.concatenate([u, v]), rcond=None)[0]
    matrix = np.append(numbers, [0.0, 0.0, 1.0] if affine else [1.0]).reshape(3, 3)
    return np.asarray(np.linalg.inv(from_target) @ matrix @ from_source)


def through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Maps `points`, (N, 2), by a homography."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _scaling(points: NDArray[np.float64]) -> NDArray[np.float64]:
    middle, spread = points.mean(axis=0), max(float(np.std(points)), 1e-9)
    return np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])
