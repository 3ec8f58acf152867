"""The residual of a look's passes, as a smooth cube of display colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..lut import tetrahedral
from ..reference import Light
from .solve import lab_of_display

SIDE = 17  # nodes along an edge of the cube
SMOOTH = 0.1  # weight of bending between nodes
SMALL = 0.005  # weight of any change, for nodes without samples
WHITE = 0.1  # weight of a change of white, whose samples are clipped
ROUNDS = 150

Cube = NDArray[np.float64]
Normal = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """The eight nodes around each colour, (N, 8), and their weights."""

    nodes: NDArray[np.intp]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, display: Light, side: int) -> _Weights:
        place = np.clip(display, 0, 1) * (side - 1)
        low = np.minimum(place.astype(np.intp), side - 2)
        part = place - low
        steps = np.array([side * side, side, 1])  # red varies slowest
        nodes, shares = [], []
        for corner in np.ndindex(2, 2, 2):
            nodes.append((low + corner) @ steps)
            shares.append(np.where(np.array(corner) == 1, part, 1 - part).prod(axis=1))
        return cls(np.stack(nodes, axis=1), np.stack(shares, axis=1))

    def read(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3), interpolated in a table (side^3, 3)."""
        return np.asarray(np.einsum("nk,nkc->nc", self.shares, table[self.nodes]))

    def spread(self, values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """The transpose of `read`: (count, 3) of values (N, 3)."""
        flat = self.nodes.ravel()
        return np.stack(
            [np.bincount(flat, (self.shares * values[:, [channel]]).ravel(), count) for channel in range(3)], axis=1
        )


def residual_cube(drawn: Light, wanted: Light, side: int = SIDE) -> Cube:
    """(side, side, side, 3), indexed by red, green and blue: display sRGB to display sRGB, which maps colours `drawn`
    (N, 3) close to `wanted` (N, 3).

    Least squares with a penalty on squared second differences of the change (a discrete smoothing spline), solved by
    conjugate gradients (M. R. Hestenes, E. Stiefel, 1952). The weight of a colour is the square root of its count, and
    outliers weigh less.
    """
    weights, change = _Weights.of(drawn, side), wanted - drawn
    steps = np.floor(np.clip(drawn, 0, 1) * 12).astype(np.intp)
    _, kind, count = np.unique(steps @ np.array([1, 16, 256]), return_inverse=True, return_counts=True)
    apart = np.linalg.norm(lab_of_display(drawn) - lab_of_display(wanted), axis=1)
    scale = 3.0 * float(np.median(apart)) + 1.0
    trust = (count[kind] ** -0.5 / (1 + (apart / scale) ** 2))[:, None]
    white = np.array([side**3 - 1])

    def normal(table: NDArray[np.float64]) -> NDArray[np.float64]:
        product = weights.spread(trust * weights.read(table), len(table))
        product[white] += WHITE * table[white]
        return product + SMOOTH * _bending(table, side) + SMALL * table

    table = _conjugate_gradients(normal, weights.spread(trust * change, side**3))
    return np.clip(_identity(side) + table.reshape(side, side, side, 3), 0, 1)


def through_cube(cube: Cube, display: Light) -> Light:
    """Display sRGB (N, 3) through a cube, as in the pass `lut`."""
    return tetrahedral(cube.astype(np.float32), display.astype(np.float32)).astype(np.float64)


def _identity(side: int) -> Cube:
    levels = np.linspace(0, 1, side)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)


def _bending(table: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """The gradient of half the sum of squared second differences along the axes."""
    cube = table.reshape(side, side, side, 3)
    gradient = np.zeros_like(cube)
    for axis in range(3):
        moved, out = np.moveaxis(cube, axis, 0), np.moveaxis(gradient, axis, 0)
        bend = moved[2:] - 2 * moved[1:-1] + moved[:-2]
        out[2:] += bend
        out[1:-1] -= 2 * bend
        out[:-2] += bend
    return gradient.reshape(-1, 3)


def _conjugate_gradients(normal: Normal, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    table, rest = np.zeros_like(wanted), wanted.copy()
    direction, left = rest.copy(), (rest**2).sum(axis=0)
    enough = 1e-8 * left + 1e-20
    for _ in range(ROUNDS):
        product = normal(direction)
        step = left / np.maximum((direction * product).sum(axis=0), 1e-30)
        table, rest = table + step * direction, rest - step * product
        now = (rest**2).sum(axis=0)
        if (now < enough).all():
            break
        direction, left = rest + now / np.maximum(left, 1e-30) * direction, now
    return table
