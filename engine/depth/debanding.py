"""A grey map of few levels makes terraces of what is a slope: one is sharp, and the next one visibly blurred."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

_MIN_LEVELS = 8  # levels that tell a comb from a picture of a few things
_VALLEY = 0.4  # of the lower of two teeth, between which it lies
_COMB = 0.8  # share of the valleys that are so deep, by the height of their teeth
_APART = 2.5  # levels from tooth to tooth: closer ones nobody sees
_SAME = 1.5  # teeth; what differs by more belongs to two things
_STEPS = (1, 2, 4, 8, 16, 32, 16, 8, 4, 2, 1)  # samples; together as wide as terraces are


def deband(greys: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """(H, W) greys, levelled between its steps where it has few of them; any other map comes back as it is.

    No sample leaves its own step, so that edges stay where they are: a mean over what is at most a step apart, from
    near to far and back ("a trous", M. Holschneider et al., 1989), held within half a step of what the map says.
    """
    teeth = comb(greys)
    if teeth is None:
        return greys
    # In steps, however far apart they are: what compresses greys before it counts them widens them towards white.
    numbers = np.arange(len(teeth), dtype=np.float32)
    said = np.interp(np.arange(256), teeth, numbers).astype(np.float32)[greys]
    smooth = said
    for step in _STEPS:
        for axis in (0, 1):
            smooth = np.clip(_spread(smooth, step, axis), said - np.float32(0.5), said + np.float32(0.5))
    return np.asarray(np.interp(smooth, numbers, teeth), dtype=np.float32)


def comb(greys: NDArray[np.uint8]) -> NDArray[np.intp] | None:
    """The levels that a map has, where these are few: the teeth of its histogram, ascending, and beyond its ends as
    many as reach over all greys. None where it has all.
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
    """The mean of each sample and of those `step` before and behind it, if both are of the same thing.

    One of them alone would pull what lies on a slope to its side.
    """
    along = np.moveaxis(levels, axis, 0)
    here, before, behind = along[step:-step], along[: -2 * step], along[2 * step :]
    farther = np.maximum(np.abs(before - here), np.abs(behind - here))
    weight = np.maximum(1.0 - (farther / np.float32(_SAME)) ** 2, 0.0)
    result = along.copy()
    result[step:-step] = (here + weight * (before + behind)) / (1.0 + 2.0 * weight)
    return np.moveaxis(result, 0, axis)
