"""Noise profile of a sensor: its estimate from one frame, and variance stabilization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile, NoiseProfile
from ..cfa import Cfa

Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class VarianceStabilization:
    """`sqrt(slopes[i] * light + offset)` has noise of variance 1 at every level of light.

    The light is white-balanced; `i` is one of the repeating 2x2 photosites. F. J. Anscombe, "The transformation of
    Poisson, binomial and negative-binomial data", Biometrika 35, 1948; with read noise: F. Murtagh, J.-L. Starck,
    A. Bijaoui, "Image restoration with noise suppression using a multiresolution support", A&A Suppl. 112, 1995.
    """

    slopes: Four
    offset: float

    @classmethod
    def of(cls, noise: NoiseProfile, gains: Four) -> VarianceStabilization:
        """The transform for light that was multiplied by `gains` after `noise` was added."""
        read = max(noise.read, 1e-12)  # 16-bit rounding noise: a noise-free mosaic does not change
        # With read noise alone the root has no curvature and float32 too few digits: a minimum slope avoids this.
        slope = max(noise.shot, 1e-3 * read**0.5)
        slopes = [4.0 / (gain * slope) for gain in gains]
        return cls((slopes[0], slopes[1], slopes[2], slopes[3]), 4.0 * read / slope**2 + 1.5)

    @property
    def arguments(self) -> dict[str, Any]:
        """Kernel arguments, under the names in kernels/noise.h."""
        names = ("slope00", "slope01", "slope10", "slope11")
        return {**dict(zip(names, self.slopes, strict=True)), "offset": self.offset}


_SIDE = 8  # side of a square, in photosites of one colour
_SQUARES = 4096  # maximum number of squares
_BINS = 12  # brightness bins
_QUIETEST_SHARE = 0.07  # fraction of a bin's squares that is assumed to contain only noise


def estimate_noise(numbers: NDArray[np.uint16], profile: CameraProfile, cfa: Cfa) -> NoiseProfile:
    """The noise profile from one frame: `numbers` (H, W) are the sensor's numbers. About 4000 squares are measured.

    In a square of 8x8 photosites of one colour, the finest diagonal Haar band contains almost only noise. A Bayer
    mosaic uses both greens, whose diagonal neighbours are closer than the next photosite of one colour. Squares are
    chosen by the other bands, so that the choice does not bias the noise. A line with non-negative slope and intercept
    is fitted to the medians of the smoothest squares in each brightness bin; bins above the line contain texture and
    get little weight. Squares with clipped photosites are excluded; if too few squares remain, shot and read noise are
    0. If all squares have the same brightness, read noise is 0. (After A. Foi et al., "Practical Poissonian-Gaussian
    noise modeling and fitting for single-image raw-data", IEEE Trans. Image Processing 17, 2008, with a simpler choice
    of squares.)
    """
    squares, usable = _squares(numbers, profile, len(cfa.channels()))
    light, noise, texture = _green_bands(squares, cfa) if cfa.kind == "bayer" else _bands(squares)
    candidates = np.flatnonzero(_both_greens(usable, cfa) if cfa.kind == "bayer" else usable)
    if len(candidates) < 2 * _BINS:
        return NoiseProfile(0.0, 0.0)
    by_light = candidates[np.argsort(light[candidates], kind="stable")]
    means, variances, counts = [], [], []
    for members in np.array_split(by_light, _BINS):
        smooth = members[np.argsort(texture[members], kind="stable")][: max(int(_QUIETEST_SHARE * len(members)), 8)]
        means.append(light[smooth].mean())
        # The median of a variance of 16 normal numbers is less than its expectation (Wilson and Hilferty).
        variances.append(np.median(noise[smooth]) / (1 - 2 / (9 * 15)) ** 3)
        counts.append(len(smooth))
    return _fit_line(np.array(means), np.array(variances), np.array(counts, dtype=np.float64))


def _squares(
    numbers: NDArray[np.uint16], profile: CameraProfile, period: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Squares spread over the frame: their light (period * period, n, 8, 8), by position in the repeating block, and a
    mask (period * period, n) of squares without clipped photosites.
    """
    tile = _SIDE * period
    rows, columns = (side // tile for side in numbers.shape)
    every = max(1, -(-rows * columns // _SQUARES))
    tiles = numbers[: rows * tile, : columns * tile].reshape(rows, tile, columns, tile).swapaxes(1, 2)
    indices = np.arange(0, rows * columns, every)
    sampled = tiles[indices // max(columns, 1), indices % max(columns, 1)]
    photosites = sampled.reshape(-1, _SIDE, period, _SIDE, period).transpose(2, 4, 0, 1, 3)
    photosites = photosites.reshape(period * period, -1, _SIDE, _SIDE)
    y, x = np.divmod(np.arange(period * period), period)
    black = np.array(profile.black, dtype=np.float32)[y % 2 * 2 + x % 2, None, None, None]
    light: NDArray[np.float32] = ((photosites - black) / np.float32(profile.span)).astype(np.float32, copy=False)
    return light, (light.max(axis=(2, 3)) < 0.98) & (photosites.min(axis=(2, 3)) > 0)


def _haar(squares: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """The mean band, two edge bands and the diagonal band, each of half the size; white noise keeps its variance."""
    a, b = squares[..., ::2, ::2], squares[..., ::2, 1::2]
    c, d = squares[..., 1::2, ::2], squares[..., 1::2, 1::2]
    half = np.float32(0.5)
    top, bottom, left, right = half * (a + b), half * (c + d), half * (a - b), half * (c - d)
    return top + bottom, top - bottom, left + right, left - right


def _bands(squares: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """For each square: mean light, variance of the finest diagonal band, and power of the other bands."""
    fine = _haar(squares)
    return squares.mean(axis=(2, 3)).ravel(), _power(fine[3]).ravel(), _texture(fine).ravel()


def _texture(fine: tuple[NDArray[np.float32], ...]) -> NDArray[np.float32]:
    """Power of the two edge bands and of the mean band without its mean."""
    return np.asarray(
        sum(16 * _power(band) for band in fine[1:3]) + sum(4 * _power(band) for band in _haar(fine[0])[1:])
    )


def _power(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """Variance over each square. Without its mean: a gradient, or a difference between two greens, does not count."""
    count = band.shape[-1] * band.shape[-2]
    return np.asarray(band.var(axis=(-2, -1)) * (count / (count - 1)), dtype=np.float32)


def _greens(cfa: Cfa) -> tuple[int, int]:
    """The indices of the green photosites in the 2x2 block: in the upper and in the lower row."""
    upper, lower = np.flatnonzero(cfa.channels().ravel() == 1)
    return int(upper), int(lower)


def _both_greens(usable: NDArray[np.bool_], cfa: Cfa) -> NDArray[np.bool_]:
    upper, lower = _greens(cfa)
    return np.asarray(usable[upper] & usable[lower])


def _green_bands(
    squares: NDArray[np.float32], cfa: Cfa
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """`_bands` for both greens of each square; the finest band is that of their common lattice."""
    upper, lower = (squares[green] for green in _greens(cfa))
    first = 0 if _greens(cfa)[0] == 1 else 1  # the upper green between the first two lower greens
    above, below = upper[:, ::2, first::2], upper[:, 1::2, first::2]
    left, right = lower[:, ::2, ::2], lower[:, ::2, 1::2]
    upright, level = above + below, left + right
    edges = ((above - below) * 0.5**0.5, (left - right) * 0.5**0.5)
    texture = _texture(((upright + level) / 2, *edges))
    return (upper + lower).mean(axis=(1, 2)) / 2, _power((upright - level) / 2), texture


def _fit_line(light: NDArray[np.float64], variance: NDArray[np.float64], counts: NDArray[np.float64]) -> NoiseProfile:
    """The fit of `shot` * light + `read` to variances whose errors are proportional to them."""
    trust = np.ones_like(variance)
    slope, read = 0.0, float(np.median(variance))
    for _ in range(8):
        expected = np.maximum(slope * light + read, 1e-12)
        weight = trust * counts / np.square(expected)
        slope, read = _non_negative_line(light, variance, weight)
        excess = np.maximum(variance / np.maximum(slope * light + read, 1e-12) - 1.05, 0)
        trust = 1 / (1 + np.square(excess / 0.15))
    return NoiseProfile(slope, read)


def _non_negative_line(
    light: NDArray[np.float64], variance: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and intercept, both at least 0, of a weighted least-squares line."""
    total, x, y = weight.sum(), (weight * light).sum(), (weight * variance).sum()
    xx, xy = (weight * light * light).sum(), (weight * light * variance).sum()
    determinant = total * xx - x * x
    if determinant < 1e-3 * total * xx:  # all of one brightness
        return float(xy / xx) if xx > 0 else 0.0, 0.0
    if determinant > 0:
        slope, intercept = (total * xy - x * y) / determinant, (xx * y - x * xy) / determinant
        if slope >= 0 and intercept >= 0:
            return float(slope), float(intercept)
        if intercept < 0:
            return float(max(xy / xx, 0.0)), 0.0
    return 0.0, float(max(y / total, 0.0))
