"""Debanding of depth maps: a map with few grey levels turns a slope into steps, which defocus shows as sharp and
blurred bands.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

_MIN_LEVELS = 8  # minimum levels: fewer are a picture of a few objects, not a comb
_VALLEY = 0.4  # maximum depth of a valley relative to the lower of its two teeth
_COMB = 0.8  # minimum share of such valleys, weighted by the height of their teeth
_APART = 2.5  # minimum spacing of the teeth in levels: smaller steps are invisible
_SAME = 1.5  # in teeth; a larger difference belongs to two objects
_STEPS = (1, 2, 4, 8, 16, 32, 16, 8, 4, 2, 1)  # in samples; together as wide as the bands


def deband(greys: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """(H, W) greys, smoothed between levels if the map has few; any other map is returned unchanged.

    Samples stay within half a step of the map's value, which preserves edges: a mean of samples at most one step apart,
    from near to far and back ("a trous", M. Holschneider et al., 1989).
    """
    teeth = comb(greys)
    if teeth is None:
        return greys
    # In steps, independent of their distance: compressing greys before quantization widens the steps towards white.
    numbers = np.arange(len(teeth), dtype=np.float32)
    positions = np.interp(np.arange(256), teeth, numbers).astype(np.float32)[greys]
    smooth = positions
    for step in _STEPS:
        for axis in (0, 1):
            smooth = np.clip(_spread(smooth, step, axis), positions - np.float32(0.5), positions + np.float32(0.5))
    return np.asarray(np.interp(smooth, numbers, teeth), dtype=np.float32)


def comb(greys: NDArray[np.uint8]) -> NDArray[np.intp] | None:
    """The levels of a map with few of them: the teeth of its histogram, ascending, extended at both ends to cover all
    greys. None if the map has all levels.
    """
    count = np.bincount(greys.ravel(), minlength=256).astype(np.float64)
    padded = np.pad(count, 1)
    teeth = np.flatnonzero((count > padded[:-2]) & (count >= padded[2:]) & (count > 0.1 * count.mean()))
    if len(teeth) < _MIN_LEVELS or np.median(np.diff(teeth)) < _APART:
        return None
    pairs = list(itertools.pairwise(teeth))
    lower = np.array([min(count[low], count[high]) for low, high in pairs])
    is_deep = np.array([count[low:high].min() for low, high in pairs]) < _VALLEY * lower
    if lower[is_deep].sum() < _COMB * lower.sum():
        return None
    gap = int(np.median(np.diff(teeth)))
    before, beyond = np.arange(teeth[0] % gap - gap, teeth[0], gap), np.arange(teeth[-1] + gap, 256 + gap, gap)
    return np.concatenate([before, teeth, beyond])


def _spread(levels: NDArray[np.float32], step: int, axis: int) -> NDArray[np.float32]:
    """The mean of each sample and of the samples `step` before and behind it, if both belong to the same object.

    A single neighbour would bias samples on a slope.
    """
    along = np.moveaxis(levels, axis, 0)
    here, before, behind = along[step:-step], along[: -2 * step], along[2 * step :]
    farther = np.maximum(np.abs(before - here), np.abs(behind - here))
    weight = np.maximum(1.0 - (farther / np.float32(_SAME)) ** 2, 0.0)
    result = along.copy()
    result[step:-step] = (here + weight * (before + behind)) / (1.0 + 2.0 * weight)
    return np.moveaxis(result, 0, axis)
