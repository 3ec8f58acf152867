"""How far out a lens draws red and blue, measured in one mosaic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from .aberration import MAX_SHIFT, Shift, Shifts

# A block is BLOCK sites of one colour on a side; in every ring around the centre the most contrasty are taken.
BLOCK, RINGS, BLOCKS_PER_RING, MIN_BLOCKS = 12, 8, 150, 12
MIN_CONTRAST = 2e-5  # of a block's slopes, squared, in the square root of light: less is noise
CLIPPED = 0.98
MAX_OFFSET = 6.0  # sites that a block may seem to lie off before it is taken for a mistake
TRUST = 0.05  # sites by which blocks differ though each is sure: edges of a colour of their own
STEPS = 4  # of measuring and correcting
CERTAIN = 4.0  # standard deviations
MIN_SHIFT = 0.05  # sites; less cannot be seen

Plane = NDArray[np.floating]


def estimate_aberration(light: Plane, cfa: Cfa) -> Shifts:
    """The shifts of a Bayer mosaic (H, W) of light, 1 at the white level; zero where the picture does not tell.

    Block by block the other channel is green times a factor plus green's slope along the radius times how far it is
    shifted (B. D. Lucas and T. Kanade, IJCAI 1981); through the shifts of all blocks goes the most likely k1 and, where
    it is certain, k2, by Tukey's biweight. Then the channel is moved back so far, and the rest is measured.
    """
    root = np.sqrt(np.clip(np.asarray(light, np.float32), 0, 1))
    height, width = root.shape
    root = root[: height // 2 * 2, : width // 2 * 2]
    padded = np.pad(root, 1, mode="reflect")
    around = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
    shifts = []
    for x, y in ((cfa.red_x, cfa.red_y), (1 - cfa.red_x, 1 - cfa.red_y)):
        blocks = _Blocks.of(
            root[y::2, x::2], around[y::2, x::2], (x - (width - 1) / 2, y - (height - 1) / 2), (width, height)
        )
        shift = None if blocks is None else _fitted(blocks, bent=True) or _fitted(blocks, bent=False)
        shifts.append(shift or Shift())
    return shifts[0], shifts[1]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The blocks of one channel that tell something. Arrays are (N, BLOCK, BLOCK) unless they say otherwise."""

    plane: Plane  # (h, w) the channel, smoothed
    columns: NDArray[np.intp]  # places in `plane`
    rows: NDArray[np.intp]
    x: Plane  # sites from the centre of the picture
    y: Plane
    good: Plane  # 1 where nothing near is clipped, otherwise 0
    green: Plane  # less its mean
    outwards: Plane  # green's slope along the radius, a site, less its mean
    half_diagonal: float

    @classmethod
    def of(cls, own: Plane, green: Plane, first: tuple[float, float], size: tuple[int, int]) -> _Blocks | None:
        """From a channel and green at the channel's sites (h, w), whose first lies at `first` from the
        centre of a mosaic of `size`.
        """
        x = (2.0 * np.arange(own.shape[1]) + first[0]).astype(np.float32)
        y = (2.0 * np.arange(own.shape[0]) + first[1]).astype(np.float32)
        good = ~_spread(np.maximum(own, green) > CLIPPED)
        # The channel goes through the blur that green has gone through; both are smoothed, so that what the lattice is
        # too coarse for does not count.
        own = _smoothed(0.75 * own + 0.25 * _beside(own))
        green = _smoothed(green)
        slope_y, slope_x = np.gradient(green) if min(green.shape) > 1 else (green, green)
        radius = np.maximum(np.hypot(x, y[:, None]), 1.0)
        outwards = 0.5 * (slope_x * x + slope_y * y[:, None]) / radius
        half_diagonal = float(np.hypot(*size)) / 2
        corners = _chosen(np.where(good, outwards**2, 0), radius / half_diagonal)
        if len(corners) < MIN_BLOCKS:
            return None
        rows, columns = np.broadcast_arrays(
            corners[:, :1, None] + np.arange(BLOCK)[:, None], corners[:, 1:, None] + np.arange(BLOCK)
        )
        here = good[rows, columns].astype(np.float32)
        means = _centred(green[rows, columns], here), _centred(outwards[rows, columns], here)
        return cls(own, columns, rows, x[columns], y[rows], here, *means, half_diagonal)

    def moved(self, k1: float, k2: float) -> tuple[Plane, Plane, Plane]:
        """Radius, how far out the channel still lies once it is moved back by `k1` and `k2`, and the latter's standard
        deviation, in sites, of each block (n) where that can be said.
        """
        radius = np.hypot(self.x, self.y)
        farther = 0.5 * (k1 + k2 * (radius / self.half_diagonal) ** 2)
        own = _centred(_cubic(self.plane, self.columns + farther * self.x, self.rows + farther * self.y), self.good)
        green, slopes = self.green, self.outwards
        gg, gs, ss = _dot(green, green), _dot(green, slopes), _dot(slopes, slopes)
        og, os, oo = _dot(own, green), _dot(own, slopes), _dot(own, own)
        count = self.good.sum(axis=(1, 2))
        determinant = gg * ss - gs**2
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = (og * ss - os * gs) / determinant
            slope = (os * gg - og * gs) / determinant
            rest = np.maximum(oo - factor * og - slope * os, 0) / np.maximum(count - 3, 1)
            shift, deviation = -slope / factor, np.sqrt(rest * gg / determinant) / factor
        tells = (count > 0.4 * BLOCK**2) & (determinant > 0.02 * gg * ss) & (factor > 0.15)
        tells &= np.isfinite(shift) & np.isfinite(deviation) & (np.abs(shift) < MAX_OFFSET)
        middle = (radius * self.good).sum(axis=(1, 2)) / np.maximum(count, 1)
        return middle[tells], shift[tells], deviation[tells]


def _fitted(blocks: _Blocks, *, bent: bool) -> Shift | None:
    """The shift that fits most blocks, with a k2 where it shall be `bent`; None where it is not certain."""
    k: Plane = np.zeros(2)
    for _ in range(STEPS):
        radius, moved, deviation = (part.astype(np.float64) for part in blocks.moved(*k))
        if len(radius) < MIN_BLOCKS:
            return None
        basis = np.stack([radius, radius * (radius / blocks.half_diagonal) ** 2], axis=1)[:, : 1 + bent]
        step, covariance = _biweight(basis, moved, np.hypot(deviation, TRUST))
        k[: 1 + bent] += step
    if bent and abs(k[1]) < CERTAIN * np.sqrt(covariance[1, 1]):
        return None
    places = np.linspace(0.1, 1, 10)
    at = np.stack([places, places**3], axis=1) * blocks.half_diagonal
    shifts = np.abs(at @ k)
    unsure = np.sqrt(np.einsum("ni,ij,nj->n", at[:, : 1 + bent], covariance, at[:, : 1 + bent]))
    if not np.any(shifts > np.maximum(CERTAIN * unsure, MIN_SHIFT)):
        return None
    k = np.clip(k, -MAX_SHIFT / 1000, MAX_SHIFT / 1000)
    return Shift(float(k[0]), float(k[1]))


def _biweight(basis: Plane, values: Plane, deviations: Plane) -> tuple[Plane, Plane]:
    """Coefficients and their covariance of the robust fit of `values` (n) by `basis` (n, m): it begins at the median of
    the first coefficient, and gives no weight to what lies far off (J. W. Tukey's biweight).
    """
    coefficients: Plane = np.zeros(basis.shape[1])
    coefficients[0] = _median(values / basis[:, 0], basis[:, 0] / deviations)
    covariance: Plane = np.zeros((basis.shape[1],) * 2)
    scale = 1.0
    for _ in range(20):
        off = (values - basis @ coefficients) / deviations
        scale = max(1.4826 * float(np.median(np.abs(off))), 0.3)
        weights = np.maximum(1 - (off / (4.7 * scale)) ** 2, 0) ** 2 / deviations**2
        covariance = np.linalg.pinv(basis.T * weights @ basis)
        coefficients = covariance @ (basis.T @ (weights * values))
    return coefficients, covariance * scale**2


def _median(values: Plane, weights: Plane) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, 0.5 * summed[-1])])


def _chosen(energy: Plane, radius: Plane) -> NDArray[np.intp]:
    """(N, 2) first row and column of the blocks with most `energy` in each ring of `radius`, 1 in the corner."""
    margin = 4
    rows, columns = (np.arange(margin, side - margin - BLOCK + 1, BLOCK) for side in energy.shape)
    if not (len(rows) and len(columns)):
        return np.zeros((0, 2), np.intp)
    inner = energy[margin : rows[-1] + BLOCK, margin : columns[-1] + BLOCK]
    means = inner.reshape(len(rows), BLOCK, len(columns), BLOCK).mean(axis=(1, 3)).ravel()
    ring = np.minimum(RINGS * radius[np.ix_(rows + BLOCK // 2, columns + BLOCK // 2)], RINGS - 1).astype(int).ravel()
    found = []
    for number in range(RINGS):
        within = np.flatnonzero((ring == number) & (means > MIN_CONTRAST))
        found.append(within[np.argsort(-means[within])][:BLOCKS_PER_RING])
    row, column = np.divmod(np.concatenate(found), len(columns))
    return np.stack([rows[row], columns[column]], axis=1)


def _dot(one: Plane, other: Plane) -> Plane:
    """(N) the sums over each block."""
    return np.asarray(np.einsum("nij,nij->n", one, other))


def _centred(blocks: Plane, good: Plane) -> Plane:
    """Less each block's mean over what is good; 0 elsewhere."""
    means = (blocks * good).sum(axis=(1, 2)) / np.maximum(good.sum(axis=(1, 2)), 1)
    return np.asarray((blocks - means[:, None, None]) * good)


def _beside(plane: Plane) -> Plane:
    """The mean of the four neighbours."""
    padded = np.pad(plane, 1, mode="edge")
    return np.asarray(0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]))


def _smoothed(plane: Plane) -> Plane:
    """By the binomials of 5x5."""
    for axis in (0, 1):
        padded = np.pad(plane, [(2, 2) if axis == one else (0, 0) for one in (0, 1)], mode="edge")
        length = plane.shape[axis]
        parts = [np.take(padded, np.arange(start, start + length), axis=axis) for start in range(5)]
        plane = (parts[0] + parts[4] + 4 * (parts[1] + parts[3]) + 6 * parts[2]) / 16
    return plane


def _spread(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask, and what lies up to three sites from it."""
    for axis in (0, 1):
        padded = np.pad(mask, [(3, 3) if axis == one else (0, 0) for one in (0, 1)])
        length = mask.shape[axis]
        mask = np.any([np.take(padded, np.arange(start, start + length), axis=axis) for start in range(7)], axis=0)
    return mask


def _cubic(plane: Plane, x: Plane, y: Plane) -> Plane:
    """`plane` at places between its own, as kernels/aberration.cl reads it."""
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    across, down = _weights((x - left).astype(np.float32)), _weights((y - top).astype(np.float32))
    total = np.zeros(x.shape, np.float32)
    for row, row_weight in enumerate(down):
        from_row = plane.shape[1] * np.clip(top + row - 1, 0, plane.shape[0] - 1)
        for column, weight in enumerate(across):
            places = from_row + np.clip(left + column - 1, 0, plane.shape[1] - 1)
            total += row_weight * weight * np.take(plane, places)
    return total


def _weights(t: Plane) -> tuple[Plane, ...]:
    return (
        t * (-0.5 + t * (1 - 0.5 * t)),
        1 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    )
