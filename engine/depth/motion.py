"""Motion between two small pictures, a displacement for each block: what moved since a depth map was made.

A translation of the whole picture is found by phase correlation (C. D. Kuglin and D. C. Hines, "The phase correlation
image alignment method", 1975). Blocks that it does not explain are searched (J. R. Jain and A. K. Jain, "Displacement
measurement and its application in interframe image coding", IEEE Trans. Communications 29, 1981). All are refined to a
fraction of a cell (B. D. Lucas and T. Kanade, IJCAI 1981, in its inverse form). A robust affine fit of the blocks is
the motion of the camera: blocks without texture follow it.

A block moves only if that explains the picture much better: noise does not move anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .displacement import block_weights, moved

Array = NDArray[np.float32]

BLOCK = 6  # cells along the side of a block
BETTER = 0.65  # share of the squared difference that a block's motion may leave: noise leaves less in 0.2 % of pictures
CAMERA_BETTER = 0.9  # share of the mean difference that the camera's motion may leave
MUCH_BETTER = 0.5  # the same for a searched motion: the best of many fits is often better at random
TEXTURED = 3.0  # minimum contrast of a textured block, relative to the noise
UNEXPLAINED = 0.35  # share of a block's contrast, above the noise, that is left by another object
REACH = 3  # the search covers this number of half-size cells around the global motion
SMALLEST = 0.1  # motion in cells that cannot be seen: 2 pixels of 1920
CUT_CORRELATION = 0.5  # two pictures with less in common show different scenes
MIN_CONTRAST = 0.08  # standard deviation in log light below which a picture shows nothing that could be compared
_REFINEMENTS = 2
_STEP = 1.0  # maximum refinement in cells
_TINY = np.float32(1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """`now(x) = key(x + d)`: displacements `dx`, `dy` (rows, columns) of blocks in cells, towards the key picture.

    `explained` (rows, columns) are the blocks in which the key shows the same as now. `is_cut`: the pictures show
    different scenes. `shape` is the pictures' (h, w) in cells.
    """

    shape: tuple[int, ...]
    dx: Array
    dy: Array
    explained: NDArray[np.bool_]
    is_cut: bool = False

    @property
    def is_still(self) -> bool:
        """Whether nothing moved."""
        return not (self.dx.any() or self.dy.any())


def motion_between(key: Array, now: Array, guess: Motion | None = None) -> Motion:
    """The motion from `key` to `now`, (h, w) float32 of equal shape, from `small_luma`. `guess` is a recent result."""
    return _Estimate(key, now).run(guess)


class _Fit(NamedTuple):
    """A motion (2, rows, columns), and for each window the variance of the difference that it leaves (rows, columns).

    `step` (2, rows, columns) is the small further motion that explains most of it, `gain` how much.
    """

    motion: Array
    left: Array
    step: Array
    gain: Array

    @property
    def total(self) -> float:
        """One number for the difference that is left: a window that shows something else counts little."""
        return float(np.sqrt(self.left).mean())

    def where(self, kept: NDArray[np.bool_], other: _Fit) -> _Fit:
        """The blocks of this fit that are `kept`, and the others of `other`."""
        return _Fit(*(np.where(kept, own, others) for own, others in zip(self, other, strict=True)))


class _Estimate:
    """Windows overlap: each has the weights of a tent, twice as wide as its block."""

    def __init__(self, key: Array, now: Array) -> None:
        self._key, self._now = key, now
        height, width = now.shape
        self._grid = max(round(height / BLOCK), 1), max(round(width / BLOCK), 1)
        ripple, self._gradients = _ripple(now), _gradients(now)
        gx, gy = self._gradients
        moments = np.stack([gx, gy, gx * gx, gx * gy, gy * gy, now, now * now, ripple * ripple])
        means = _window_means(moments, self._grid)
        self._mean_gradients = means[:2]
        self._tensor = means[2:5] - np.stack([means[0] * means[0], means[0] * means[1], means[1] * means[1]])
        self._contrast = np.maximum(means[6] - means[5] ** 2, _TINY)
        self._noise = 2 * _quantile(means[7], 0.25)
        xx, _, yy = self._tensor
        damped = 0.01 * (xx + yy) + np.float32(1e-6)
        self._tensor = self._tensor + np.stack([damped, np.zeros_like(damped), damped])
        self._determinant = self._tensor[0] * self._tensor[2] - self._tensor[1] ** 2
        self._products = np.empty((4, *now.shape), np.float32)

    def run(self, guess: Motion | None) -> Motion:
        still = self._fit(np.zeros((2, *self._grid), np.float32), self._key)
        if not self._may_move(still):
            return self._result(still.motion, self._key, still.left)
        local = self._refined(self._begun(still, guess))
        textured = (self._contrast > TEXTURED * self._noise_in(local.left)) & self._inside(local.motion)
        camera = self._fit(self._camera(local, textured))
        if np.abs(camera.motion).max() < SMALLEST or camera.total > CAMERA_BETTER * still.total:
            camera = still
        best = camera.where(~textured | (local.left > BETTER * camera.left), local)
        best = best.where(np.abs(best.motion).max(axis=0) >= SMALLEST, still)
        return self._result(best.motion, self._moved(best.motion), best.left)

    def _may_move(self, still: _Fit) -> bool:
        """Whether any window shows a motion, or something else."""
        textured = self._contrast > TEXTURED * self._noise_in(still.left)
        moves = (still.left > self._limit(still.left)) | (still.left - still.gain < BETTER * still.left)
        return bool((textured & moves).any())

    def _noise_in(self, left: Array) -> float:
        """The variance of the difference of two pictures by noise alone."""
        return max(min(_quantile(left, 0.1), self._noise), 1e-7)

    def _limit(self, left: Array) -> Array:
        """The difference above which a window shows something else."""
        return np.asarray(4 * self._noise_in(left) + UNEXPLAINED * self._contrast, np.float32)

    def _fit(self, motion: Array, shown: Array | None = None) -> _Fit:
        """How well a motion (2, rows, columns) explains the picture. `shown` is the key moved by it."""
        residual = (self._moved(motion) if shown is None else shown) - self._now
        self._products[:2] = self._gradients * residual
        self._products[2] = residual
        self._products[3] = residual * residual
        means = _window_means(self._products, self._grid)
        left = np.maximum(means[3] - means[2] ** 2, _TINY)
        bx, by = means[:2] - self._mean_gradients * means[2]
        xx, xy, yy = self._tensor
        dx, dy = (xy * by - yy * bx) / self._determinant, (xy * bx - xx * by) / self._determinant
        return _Fit(motion, left, np.stack([dx, dy]), -(bx * dx + by * dy))

    def _moved(self, motion: Array) -> Array:
        return moved(self._key, motion[0], motion[1])

    def _begun(self, still: _Fit, guess: Motion | None) -> _Fit:
        """Where the refinement begins: the motion from before if it explains the picture, else a search.

        Blocks that it did not explain before were searched in vain, such as what came into the picture.
        """
        options = [still]
        if guess is not None and guess.dx.shape == self._grid and not guess.is_still:
            options.append(self._fit(np.stack([guess.dx, guess.dy])))
            if not (self._unexplained(options[-1]) & guess.explained).any():
                return options[-1]
        dx, dy = translation(self._key, self._now)
        if dx or dy:
            options.append(self._fit(still.motion + np.array([dx, dy], np.float32)[:, None, None]))
        best = min(options, key=lambda fit: fit.total)
        best = best.where(still.left >= MUCH_BETTER * best.left, still)
        wanted = self._unexplained(best)
        return self._searched(best, wanted) if wanted.any() else best

    def _unexplained(self, fit: _Fit) -> NDArray[np.bool_]:
        """Blocks with texture in which the key shows something else."""
        textured = self._contrast > TEXTURED * self._noise_in(fit.left)
        return np.asarray(self._inside(fit.motion) & textured & (fit.left > self._limit(fit.left)))

    def _inside(self, motion: Array) -> NDArray[np.bool_]:
        """Blocks that were in the key picture, too."""
        (rows, columns), (height, width) = self._grid, self._now.shape
        x = motion[0] + (np.arange(columns) + 0.5) * (width / columns)
        y = motion[1] + ((np.arange(rows) + 0.5) * (height / rows))[:, None]
        return np.asarray((x >= 0) & (x <= width) & (y >= 0) & (y <= height))

    def _searched(self, fit: _Fit, wanted: NDArray[np.bool_]) -> _Fit:
        """Blocks that are `wanted` take the displacement with the least difference, if it is much smaller."""
        key, now = _halved(self._key), _halved(self._now)
        height, width = now.shape
        dx, dy = (round(_quantile(part, 0.5) / 2) for part in fit.motion)
        reach = np.arange(-REACH, REACH + 1)
        rows = np.clip(np.add.outer(reach + dy, np.arange(height)), 0, height - 1)
        columns = np.clip(np.add.outer(reach + dx, np.arange(width)), 0, width - 1)
        residual = (key[rows[:, None, :, None], columns[None, :, None, :]] - now).reshape(-1, height, width)
        costs = _window_means(residual * residual, self._grid) - _window_means(residual, self._grid) ** 2
        at_y, at_x = np.divmod(np.argmin(costs, axis=0), len(reach))
        found = self._fit(2 * np.stack([reach[at_x] + dx, reach[at_y] + dy]).astype(np.float32))
        return fit.where(~wanted | (found.left >= MUCH_BETTER * fit.left), found)

    def _refined(self, fit: _Fit) -> _Fit:
        for _ in range(_REFINEMENTS):
            tried = self._fit(fit.motion + np.clip(fit.step, -_STEP, _STEP))
            fit = fit.where(tried.left >= fit.left, tried)
        return fit

    def _camera(self, local: _Fit, textured: NDArray[np.bool_]) -> Array:
        """The affine motion that most textured blocks follow."""
        weights = (textured * np.minimum(self._contrast / (local.left + np.float32(1e-4)), 100)).ravel()
        used = weights > 0
        if not used.any():
            return np.zeros_like(local.motion)
        design, values = _affine(self._grid), local.motion.reshape(2, -1).T
        prior = np.diag([1e-6, 0.01, 0.01]) * weights.sum()  # a few blocks determine only a translation
        fitted = np.array([_quantile(values[used, axis], 0.5) for axis in range(2)])
        for _ in range(4):
            distance = np.hypot(*(values - fitted).T)
            scale = max(1.5 * _quantile(distance[used], 0.5), 0.2)
            share = (weights / (1 + (distance / scale) ** 2) ** 2)[:, None] * design
            fitted = design @ np.linalg.solve(share.T @ design + prior, share.T @ values)
        return np.asarray(fitted.T.reshape(local.motion.shape), np.float32)

    def _result(self, motion: Array, shown: Array, left: Array) -> Motion:
        is_cut = _is_cut(shown, self._now)
        return Motion(self._now.shape, motion[0], motion[1], left <= self._limit(left), is_cut)


def _window_means(pictures: Array, grid: tuple[int, int]) -> Array:
    """(..., rows, columns): the means of (..., h, w) in the window of each block."""
    down, across = (_window_weights(side, n) for side, n in zip(pictures.shape[-2:], grid, strict=True))
    return np.asarray(down.T @ (pictures @ across))


@lru_cache(maxsize=16)
def _window_weights(pixels: int, blocks: int) -> Array:
    weights = block_weights(pixels, blocks)
    return np.asarray(weights / weights.sum(axis=0))


@lru_cache(maxsize=4)
def _affine(grid: tuple[int, int]) -> NDArray[np.float64]:
    """(blocks, 3): 1, x and y of each block, -1 to 1."""
    y, x = (np.linspace(-1, 1, side) if side > 1 else np.zeros(1) for side in grid)
    return np.stack(np.broadcast_arrays(1.0, x[None, :], y[:, None]), axis=-1).reshape(-1, 3)


def translation(key: Array, now: Array) -> tuple[int, int]:
    """(dx, dy) in whole cells with `now(x) = key(x + d)`, by phase correlation."""
    window = _window(now.shape)
    before, after = (np.fft.rfft2((picture - picture.mean()) * window) for picture in (key, now))
    cross = np.conj(after) * before
    cross *= _low_pass(now.shape) / (np.abs(cross) + 1e-6 * float(np.abs(cross).max()) + 1e-20)
    height, width = now.shape
    y, x = np.unravel_index(int(np.argmax(np.fft.irfft2(cross, now.shape))), now.shape)
    return int(x) - (width if x > width // 2 else 0), int(y) - (height if y > height // 2 else 0)


@lru_cache(maxsize=4)
def _window(shape: tuple[int, int]) -> Array:
    return np.outer(*(np.hanning(side + 2)[1:-1] for side in shape)).astype(np.float32)


@lru_cache(maxsize=4)
def _low_pass(shape: tuple[int, int]) -> Array:
    """Weights of the spectrum: fine detail is mostly noise."""
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    return np.asarray(np.exp(-((frequency / 0.2) ** 2)), np.float32)


def _gradients(picture: Array) -> Array:
    """(2, h, w): the slopes along x and y; 0 at the border."""
    slopes = np.zeros((2, *picture.shape), np.float32)
    np.subtract(picture[:, 2:], picture[:, :-2], out=slopes[0, :, 1:-1])
    np.subtract(picture[2:], picture[:-2], out=slopes[1, 1:-1])
    slopes *= 0.5
    return slopes


def _ripple(picture: Array) -> Array:
    """The part of a picture that is mostly noise, with its variance (J. Immerkaer, "Fast noise variance estimation",
    Computer Vision and Image Understanding 64, 1996); 0 at the border.
    """
    ripple = np.zeros_like(picture)
    across = picture[:, :-2] - 2 * picture[:, 1:-1] + picture[:, 2:]
    ripple[1:-1, 1:-1] = (across[:-2] - 2 * across[1:-1] + across[2:]) / 6
    return ripple


def _halved(picture: Array) -> Array:
    (height, step_y), (width, step_x) = ((max(side // 2, 1), min(side, 2)) for side in picture.shape)
    blocks = picture[: height * step_y, : width * step_x].reshape(height, step_y, width, step_x)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _quantile(numbers: Array, part: float) -> float:
    return float(np.sort(numbers, axis=None)[int(part * numbers.size)])


def _is_cut(shown: Array, now: Array) -> bool:
    """Whether two pictures have little in common. At a quarter of the size their noise is low."""
    first, second = (_halved(_halved(picture)).ravel() for picture in (shown, now))
    first, second = first - first.mean(), second - second.mean()
    deviations = float(first.std()), float(second.std())
    if max(deviations) < MIN_CONTRAST:
        return False
    return float(first @ second) / len(first) < CUT_CORRELATION * max(deviations) * max(
        min(deviations), MIN_CONTRAST / 2
    )
