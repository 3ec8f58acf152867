"""How noisy a sensor is, and in which numbers its noise is even."""

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
    """`sqrt(slopes[site] * light + offset)` has noise of variance 1, whatever the light.

    The light is white-balanced, the site one of the four that repeat. F. J. Anscombe, "The transformation of Poisson,
    binomial and negative-binomial data", Biometrika 35, 1948; with read noise: F. Murtagh, J.-L. Starck, A. Bijaoui,
    "Image restoration with noise suppression using a multiresolution support", A&A Suppl. 112, 1995.
    """

    slopes: Four
    offset: float

    @classmethod
    def of(cls, noise: NoiseProfile, gains: Four) -> VarianceStabilization:
        """For light that was multiplied by `gains` after the noise arose."""
        read = max(noise.read, 1e-12)  # of a 16-bit number's rounding: a noise-free mosaic stays as it is
        # With read noise alone the root has no curvature to be had, and float32 no digits: bend it a little.
        shot = max(noise.shot, 1e-3 * read**0.5)
        slopes = [4.0 / (gain * shot) for gain in gains]
        return cls((slopes[0], slopes[1], slopes[2], slopes[3]), 4.0 * read / shot**2 + 1.5)

    @property
    def arguments(self) -> dict[str, Any]:
        """For kernels, under the names that kernels/noise.h gives them."""
        names = ("slope00", "slope01", "slope10", "slope11")
        return {**dict(zip(names, self.slopes, strict=True)), "offset": self.offset}


_SIDE = 8  # sites of one colour on a side of the squares that are looked at
_SQUARES = 4096  # at most so many places
_BINS = 12  # of brightness
_QUIETEST_SHARE = 0.07  # the share of a bin's squares that is taken to show noise alone


def estimate_noise(numbers: NDArray[np.uint16], profile: CameraProfile, cfa: Cfa) -> NoiseProfile:
    """The noise profile that one frame shows: `numbers` (H, W) are the sensor's, of which some 4000 places are read.

    In squares of 8x8 sites the finest diagonal Haar band holds noise and little else; of a Bayer mosaic the greens are
    taken, whose diagonal neighbours are nearer than the next site of a colour. Which squares to trust the other bands
    say, so that choosing does not make the noise look smaller than it is. Through the medians of the calmest squares of
    each brightness goes a line, its two numbers not negative, on which bins that lie above, being texture, pull little.
    Squares with clipped sites do not count; where none is left, both numbers are 0. A frame of one brightness says
    nothing about the read noise, which is then 0. (After A. Foi et al., "Practical Poissonian-Gaussian noise modeling
    and fitting for single-image raw-data", IEEE Trans. Image Processing 17, 2008, with a simpler choice of squares.)
    """
    squares, usable = _squares(numbers, profile, len(cfa.channels()))
    light, noise, texture = _green_bands(squares, cfa) if cfa.kind == "bayer" else _bands(squares)
    chosen = np.flatnonzero(_both_greens(usable, cfa) if cfa.kind == "bayer" else usable)
    if len(chosen) < 2 * _BINS:
        return NoiseProfile(0.0, 0.0)
    by_light = chosen[np.argsort(light[chosen], kind="stable")]
    means, variances, counts = [], [], []
    for members in np.array_split(by_light, _BINS):
        calm = members[np.argsort(texture[members], kind="stable")][: max(int(_QUIETEST_SHARE * len(members)), 8)]
        means.append(light[calm].mean())
        # The median of a variance of 16 normal numbers lies below its expectation (Wilson and Hilferty).
        variances.append(np.median(noise[calm]) / (1 - 2 / (9 * 15)) ** 3)
        counts.append(len(calm))
    return _line(np.array(means), np.array(variances), np.array(counts, dtype=np.float64))


def _squares(
    numbers: NDArray[np.uint16], profile: CameraProfile, period: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(period * period, n, 8, 8) light of the sites that repeat, spread over the frame; and which squares, of the
    (period * period, n), hold no clipped site.
    """
    tile = _SIDE * period
    rows, columns = (side // tile for side in numbers.shape)
    every = max(1, -(-rows * columns // _SQUARES))
    tiles = numbers[: rows * tile, : columns * tile].reshape(rows, tile, columns, tile).swapaxes(1, 2)
    places = np.arange(0, rows * columns, every)
    picked = tiles[places // max(columns, 1), places % max(columns, 1)]
    photosites = picked.reshape(-1, _SIDE, period, _SIDE, period).transpose(2, 4, 0, 1, 3)
    photosites = photosites.reshape(period * period, -1, _SIDE, _SIDE)
    y, x = np.divmod(np.arange(period * period), period)
    black = np.array(profile.black, dtype=np.float32)[y % 2 * 2 + x % 2, None, None, None]
    light: NDArray[np.float32] = ((photosites - black) / (np.float32(profile.white) - black)).astype(
        np.float32, copy=False
    )
    return light, (light.max(axis=(2, 3)) < 0.98) & (photosites.min(axis=(2, 3)) > 0)


def _haar(squares: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Mean band, the two with edges, and the diagonal one, each half as large; white noise stays as it is."""
    a, b = squares[..., ::2, ::2], squares[..., ::2, 1::2]
    c, d = squares[..., 1::2, ::2], squares[..., 1::2, 1::2]
    half = np.float32(0.5)
    top, bottom, left, right = half * (a + b), half * (c + d), half * (a - b), half * (c - d)
    return top + bottom, top - bottom, left + right, left - right


def _bands(squares: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Of each square its mean light, the variance in its finest diagonal band, and that in its other bands."""
    fine = _haar(squares)
    return squares.mean(axis=(2, 3)).ravel(), _power(fine[3]).ravel(), _texture(fine).ravel()


def _texture(fine: tuple[NDArray[np.float32], ...]) -> NDArray[np.float32]:
    """What stands in the two bands with edges, and in all that the mean band holds but its mean."""
    return np.asarray(
        sum(16 * _power(band) for band in fine[1:3]) + sum(4 * _power(band) for band in _haar(fine[0])[1:])
    )


def _power(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """Variance over each square, its mean taken out: of a gradient, or of two greens that differ."""
    count = band.shape[-1] * band.shape[-2]
    return np.asarray(band.var(axis=(-2, -1)) * (count / (count - 1)), dtype=np.float32)


def _greens(cfa: Cfa) -> tuple[int, int]:
    """Which of the four sites are green: that in the upper row and that in the lower."""
    upper, lower = np.flatnonzero(cfa.channels().ravel() == 1)
    return int(upper), int(lower)


def _both_greens(usable: NDArray[np.bool_], cfa: Cfa) -> NDArray[np.bool_]:
    upper, lower = _greens(cfa)
    return np.asarray(usable[upper] & usable[lower])


def _green_bands(
    squares: NDArray[np.float32], cfa: Cfa
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """As `_bands`, of the greens of each place together: the finest band is that of the lattice which they form."""
    upper, lower = (squares[site] for site in _greens(cfa))
    first = 0 if _greens(cfa)[0] == 1 else 1  # of the upper greens, that lies between the first two of the lower
    above, below = upper[:, ::2, first::2], upper[:, 1::2, first::2]
    left, right = lower[:, ::2, ::2], lower[:, ::2, 1::2]
    upright, level = above + below, left + right
    edges = ((above - below) * 0.5**0.5, (left - right) * 0.5**0.5)
    texture = _texture(((upright + level) / 2, *edges))
    return (upper + lower).mean(axis=(1, 2)) / 2, _power((upright - level) / 2), texture


def _line(light: NDArray[np.float64], variance: NDArray[np.float64], counts: NDArray[np.float64]) -> NoiseProfile:
    """`shot` * light + `read` through variances whose errors are in proportion to them."""
    trust = np.ones_like(variance)
    shot, read = 0.0, float(np.median(variance))
    for _ in range(8):
        expected = np.maximum(shot * light + read, 1e-12)
        weight = trust * counts / np.square(expected)
        shot, read = _not_negative(light, variance, weight)
        above = np.maximum(variance / np.maximum(shot * light + read, 1e-12) - 1.05, 0)
        trust = 1 / (1 + np.square(above / 0.15))
    return NoiseProfile(shot, read)


def _not_negative(
    light: NDArray[np.float64], variance: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Weighted least squares of a line whose slope and intercept are not negative."""
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
