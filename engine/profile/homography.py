"""Maps of one plane to another, as a camera sees them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def homography(source: NDArray[np.float64], target: NDArray[np.float64], plain: bool = False) -> NDArray[np.float64]:
    """(3, 3) that takes points (N, 2) nearest to others, exactly where there are four; `plain` keeps lines parallel.

    Linear least squares on points that are moved and scaled to about 1 (R. Hartley, "In defense of the eight-point
    algorithm", IEEE TPAMI 1997). Four points, or for a plain map three, no three on a line.
    """
    from_source, from_target = _scaling(source), _scaling(target)
    x, y = through(from_source, source).T
    u, v = through(from_target, target).T
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows = np.concatenate(
        [
            np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=1),
            np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=1),
        ]
    )
    if plain:
        rows = rows[:, :6]
    numbers = np.linalg.lstsq(rows, np.concatenate([u, v]), rcond=None)[0]
    matrix = np.append(numbers, [0.0, 0.0, 1.0] if plain else [1.0]).reshape(3, 3)
    return np.asarray(np.linalg.inv(from_target) @ matrix @ from_source)


def through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) points through a homography."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _scaling(points: NDArray[np.float64]) -> NDArray[np.float64]:
    middle, spread = points.mean(axis=0), max(float(np.std(points)), 1e-9)
    return np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])
