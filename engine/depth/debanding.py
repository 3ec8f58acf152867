"""Debanding of depth maps. A map with few grey levels turns a slope into steps, which defocus shows as bands."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

_MIN_LEVELS = 8  # a histogram with fewer peaks shows a few objects, not few levels
_VALLEY = 0.4  # maximum height of a valley relative to the lower of its two adjacent peaks
_COMB = 0.8  # minimum share of such valleys, weighted by the height of their peaks
_APART = 2.5  # minimum spacing of the peaks in grey levels: smaller steps are invisible
_SAME = 1.5  # in steps; a larger difference belongs to two objects
_STEPS = (1, 2, 4, 8, 16, 32, 16, 8, 4, 2, 1)  # distances in samples; their sum is the width of the bands


def deband(greys: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """(H, W) greys, smoothed between levels if the map has few levels; other maps are returned unchanged.

    Samples stay within half a step of the map's value, which preserves edges. The filter is a mean of samples that
    differ by about one step, at distances that grow and shrink again ("a trous", M. Holschneider et al., 1989).
    """
    peaks = comb(greys)
    if peaks is None:
        return greys
    # Positions are in steps, not greys: if greys were compressed before quantization, steps widen towards white.
    numbers = np.arange(len(peaks), dtype=np.float32)
    positions = np.interp(np.arange(256), peaks, numbers).astype(np.float32)[greys]
    smooth = positions
    for step in _STEPS:
        for axis in (0, 1):
            smooth = np.clip(_spread(smooth, step, axis), positions - np.float32(0.5), positions + np.float32(0.5))
    return np.asarray(np.interp(smooth, numbers, peaks), dtype=np.float32)


def comb(greys: NDArray[np.uint8]) -> NDArray[np.intp] | None:
    """The levels of a map with few levels: the peaks of its histogram, ascending, extended at both ends to cover all
    greys. None if the map has all levels.
    """
    count = np.bincount(greys.ravel(), minlength=256).astype(np.float64)
    padded = np.pad(count, 1)
    peaks = np.flatnonzero((count > padded[:-2]) & (count >= padded[2:]) & (count > 0.1 * count.mean()))
    if len(peaks) < _MIN_LEVELS or np.median(np.diff(peaks)) < _APART:
        return None
    pairs = list(itertools.pairwise(peaks))
    lower = np.array([min(count[low], count[high]) for low, high in pairs])
    is_deep = np.array([count[low:high].min() for low, high in pairs]) < _VALLEY * lower
    if lower[is_deep].sum() < _COMB * lower.sum():
        return None
    gap = int(np.median(np.diff(peaks)))
    before, beyond = np.arange(peaks[0] % gap - gap, peaks[0], gap), np.arange(peaks[-1] + gap, 256 + gap, gap)
    return np.concatenate([before, peaks, beyond])


def _spread(levels: NDArray[np.float32], step: int, axis: int) -> NDArray[np.float32]:
    """The mean of each sample and the samples `step` before and after it, if both belong to the same object.

    A single neighbour would bias samples on a slope.
    """
    along = np.moveaxis(levels, axis, 0)
    here, before, after = along[step:-step], along[: -2 * step], along[2 * step :]
    difference = np.maximum(np.abs(before - here), np.abs(after - here))
    weight = np.maximum(1.0 - (difference / np.float32(_SAME)) ** 2, 0.0)
    result = along.copy()
    result[step:-step] = (here + weight * (before + after)) / (1.0 + 2.0 * weight)
    return np.moveaxis(result, 0, axis)
