"""Estimate of a lens's lateral chromatic aberration from one mosaic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cfa import Cfa
from .aberration import MAX_SHIFT, Shift, Shifts

# A block is BLOCK x BLOCK photosites of one colour; each ring around the centre uses the blocks of highest contrast.
BLOCK, RINGS, BLOCKS_PER_RING, MIN_BLOCKS = 12, 8, 150, 12
MIN_CONTRAST = 2e-5  # mean squared slope of a block, in the square root of light: less is noise
CLIPPED = 0.98
MAX_OFFSET = 6.0  # photosites; a block with a larger shift is an outlier
TRUST = 0.05  # photosites; spread between blocks beyond their own deviation, from edges between colours
STEPS = 4  # iterations of measurement and correction
CERTAIN = 4.0  # standard deviations
MIN_SHIFT = 0.05  # photosites; a smaller shift is invisible

Plane = NDArray[np.floating]


def estimate_aberration(light: Plane, cfa: Cfa) -> Shifts:
    """The shifts of a Bayer mosaic (H, W) of light, 1 at the white level; zero if the picture is inconclusive.

    In each block red or blue is green times a factor plus green's radial slope times the shift (B. D. Lucas and
    T. Kanade, IJCAI 1981). Tukey's biweight fits k1 and, if it is significant, k2 to the shifts of all blocks. Then the
    channel is moved back by the fit, and the residual shift is measured.
    """
    root = np.sqrt(np.clip(np.asarray(light, np.float32), 0, 1))
    height, width = root.shape
    root = root[: height // 2 * 2, : width // 2 * 2]
    padded = np.pad(root, 1, mode="reflect")
    green = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
    shifts = []
    for x, y in ((cfa.red_x, cfa.red_y), (1 - cfa.red_x, 1 - cfa.red_y)):
        blocks = _Blocks.of(
            root[y::2, x::2], green[y::2, x::2], (x - (width - 1) / 2, y - (height - 1) / 2), (width, height)
        )
        shift = None if blocks is None else _fit_shift(blocks, with_k2=True) or _fit_shift(blocks, with_k2=False)
        shifts.append(shift or Shift())
    return shifts[0], shifts[1]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The blocks of one channel with enough contrast. Arrays are (N, BLOCK, BLOCK) unless noted."""

    plane: Plane  # (h, w) the channel, smoothed
    columns: NDArray[np.intp]  # in `plane`
    rows: NDArray[np.intp]
    x: Plane  # photosites from the centre of the picture
    y: Plane
    good: Plane  # 0 at and next to clipped photosites, otherwise 1
    green: Plane  # minus its mean
    outwards: Plane  # green's radial slope per photosite, minus its mean
    half_diagonal: float

    @classmethod
    def of(cls, own: Plane, green: Plane, first: tuple[float, float], size: tuple[int, int]) -> _Blocks | None:
        """Blocks of a channel `own` (h, w), with `green` at its photosites; None if there are too few.

        `first` is the (x, y) of the first photosite from the centre of a mosaic of `size`.
        """
        x = (2.0 * np.arange(own.shape[1]) + first[0]).astype(np.float32)
        y = (2.0 * np.arange(own.shape[0]) + first[1]).astype(np.float32)
        good = ~_dilate(np.maximum(own, green) > CLIPPED)
        # The channel gets the blur of the interpolated green; both are smoothed to suppress aliasing.
        own = _smooth(0.75 * own + 0.25 * _neighbour_mean(own))
        green = _smooth(green)
        slope_y, slope_x = np.gradient(green) if min(green.shape) > 1 else (green, green)
        radius = np.maximum(np.hypot(x, y[:, None]), 1.0)
        outwards = 0.5 * (slope_x * x + slope_y * y[:, None]) / radius
        half_diagonal = float(np.hypot(*size)) / 2
        corners = _choose(np.where(good, outwards**2, 0), radius / half_diagonal)
        if len(corners) < MIN_BLOCKS:
            return None
        rows, columns = np.broadcast_arrays(
            corners[:, :1, None] + np.arange(BLOCK)[:, None], corners[:, 1:, None] + np.arange(BLOCK)
        )
        weights = good[rows, columns].astype(np.float32)
        centred = _centre(green[rows, columns], weights), _centre(outwards[rows, columns], weights)
        return cls(own, columns, rows, x[columns], y[rows], weights, *centred, half_diagonal)

    def residuals(self, k1: float, k2: float) -> tuple[Plane, Plane, Plane]:
        """Three (n) arrays, in photosites, of the blocks with a usable estimate: radius, the outward shift that remains
        after correction by `k1` and `k2`, and its standard deviation.
        """
        radius = np.hypot(self.x, self.y)
        farther = 0.5 * (k1 + k2 * (radius / self.half_diagonal) ** 2)
        own = _centre(_cubic(self.plane, self.columns + farther * self.x, self.rows + farther * self.y), self.good)
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
        usable = (count > 0.4 * BLOCK**2) & (determinant > 0.02 * gg * ss) & (factor > 0.15)
        usable &= np.isfinite(shift) & np.isfinite(deviation) & (np.abs(shift) < MAX_OFFSET)
        middle = (radius * self.good).sum(axis=(1, 2)) / np.maximum(count, 1)
        return middle[usable], shift[usable], deviation[usable]


def _fit_shift(blocks: _Blocks, *, with_k2: bool) -> Shift | None:
    """The shift that fits most blocks, with k2 if `with_k2`; None if it is not significant."""
    k: Plane = np.zeros(2)
    terms = 1 + with_k2
    for _ in range(STEPS):
        radius, residual, deviation = (part.astype(np.float64) for part in blocks.residuals(*k))
        if len(radius) < MIN_BLOCKS:
            return None
        basis = np.stack([radius, radius * (radius / blocks.half_diagonal) ** 2], axis=1)[:, :terms]
        step, covariance = _biweight(basis, residual, np.hypot(deviation, TRUST))
        k[:terms] += step
    if with_k2 and abs(k[1]) < CERTAIN * np.sqrt(covariance[1, 1]):
        return None
    radii = np.linspace(0.1, 1, 10)
    powers = np.stack([radii, radii**3], axis=1) * blocks.half_diagonal
    shifts = np.abs(powers @ k)
    deviations = np.sqrt(np.einsum("ni,ij,nj->n", powers[:, :terms], covariance, powers[:, :terms]))
    if not np.any(shifts > np.maximum(CERTAIN * deviations, MIN_SHIFT)):
        return None
    k = np.clip(k, -MAX_SHIFT / 1000, MAX_SHIFT / 1000)
    return Shift(float(k[0]), float(k[1]))


def _biweight(basis: Plane, values: Plane, deviations: Plane) -> tuple[Plane, Plane]:
    """Coefficients of the robust fit of `values` (n) by `basis` (n, m), and their covariance: J. W. Tukey's biweight.

    It starts at the median of the first coefficient. Outliers get no weight.
    """
    coefficients: Plane = np.zeros(basis.shape[1])
    coefficients[0] = _median(values / basis[:, 0], basis[:, 0] / deviations)
    covariance: Plane = np.zeros((basis.shape[1],) * 2)
    scale = 1.0
    for _ in range(20):
        residuals = (values - basis @ coefficients) / deviations
        scale = max(1.4826 * float(np.median(np.abs(residuals))), 0.3)
        weights = np.maximum(1 - (residuals / (4.7 * scale)) ** 2, 0) ** 2 / deviations**2
        covariance = np.linalg.pinv(basis.T * weights @ basis)
        coefficients = covariance @ (basis.T @ (weights * values))
    return coefficients, covariance * scale**2


def _median(values: Plane, weights: Plane) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, 0.5 * sums[-1])])


def _choose(energy: Plane, radius: Plane) -> NDArray[np.intp]:
    """(N, 2) first row and column of the blocks with the most `energy` in each ring of `radius`, 1 in the corner."""
    margin = 4
    rows, columns = (np.arange(margin, side - margin - BLOCK + 1, BLOCK) for side in energy.shape)
    if not (len(rows) and len(columns)):
        return np.zeros((0, 2), np.intp)
    inner = energy[margin : rows[-1] + BLOCK, margin : columns[-1] + BLOCK]
    means = inner.reshape(len(rows), BLOCK, len(columns), BLOCK).mean(axis=(1, 3)).ravel()
    ring = np.minimum(RINGS * radius[np.ix_(rows + BLOCK // 2, columns + BLOCK // 2)], RINGS - 1).astype(int).ravel()
    best = []
    for number in range(RINGS):
        candidates = np.flatnonzero((ring == number) & (means > MIN_CONTRAST))
        best.append(candidates[np.argsort(-means[candidates])][:BLOCKS_PER_RING])
    row, column = np.divmod(np.concatenate(best), len(columns))
    return np.stack([rows[row], columns[column]], axis=1)


def _dot(first: Plane, second: Plane) -> Plane:
    """(N) the sum of products over each block."""
    return np.asarray(np.einsum("nij,nij->n", first, second))


def _centre(blocks: Plane, good: Plane) -> Plane:
    """The blocks minus their means over good photosites; 0 elsewhere."""
    means = (blocks * good).sum(axis=(1, 2)) / np.maximum(good.sum(axis=(1, 2)), 1)
    return np.asarray((blocks - means[:, None, None]) * good)


def _neighbour_mean(plane: Plane) -> Plane:
    """The mean of the four neighbours."""
    padded = np.pad(plane, 1, mode="edge")
    return np.asarray(0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]))


def _smooth(plane: Plane) -> Plane:
    """The plane filtered by a 5x5 binomial kernel."""
    for axis in (0, 1):
        padded = np.pad(plane, [(2, 2) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
        length = plane.shape[axis]
        parts = [np.take(padded, np.arange(start, start + length), axis=axis) for start in range(5)]
        plane = (parts[0] + parts[4] + 4 * (parts[1] + parts[3]) + 6 * parts[2]) / 16
    return plane


def _dilate(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask dilated by three photosites."""
    for axis in (0, 1):
        padded = np.pad(mask, [(3, 3) if axis == side else (0, 0) for side in (0, 1)])
        length = mask.shape[axis]
        mask = np.any([np.take(padded, np.arange(start, start + length), axis=axis) for start in range(7)], axis=0)
    return mask


def _cubic(plane: Plane, x: Plane, y: Plane) -> Plane:
    """`plane` sampled at fractional (x, y) by the splines of kernels/aberration.cl."""
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    across, down = _weights((x - left).astype(np.float32)), _weights((y - top).astype(np.float32))
    total = np.zeros(x.shape, np.float32)
    for row, row_weight in enumerate(down):
        from_row = plane.shape[1] * np.clip(top + row - 1, 0, plane.shape[0] - 1)
        for column, weight in enumerate(across):
            indices = from_row + np.clip(left + column - 1, 0, plane.shape[1] - 1)
            total += row_weight * weight * np.take(plane, indices)
    return total


def _weights(t: Plane) -> tuple[Plane, ...]:
    return (
        t * (-0.5 + t * (1 - 0.5 * t)),
        1 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    )
