"""Depth maps of a model over time: each is merged with those before it, and carried to the frames that follow.

A relative map has another scale and offset for each picture. Both are aligned to the maps before, by a robust fit to
the static part of the picture (as R. Ranftl et al., IEEE TPAMI 44, 2022, align maps; here with equal weights of both
maps, so that noise does not reduce the scale). They return slowly to the model's own. Then each pixel is a running mean
of the maps of its surface. All steps work on 1 / distance, in which relative maps are linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .displacement import MapMover, interpolated
from .maps import FAR_M, DepthMap
from .motion import Motion, motion_between

Array = NDArray[np.float32]

MAPS = 8.0  # maximum weight of the running mean, in maps
RETURNS = 0.05  # share of the way to the model's own scale that each map goes
MAX_SCALE = 4.0  # a larger change of the scale is another scene
_SAME, _OTHER = 3.0, 7.0  # standard deviations up to which a distance is the same, and from which it is another
_SAMPLES = 64  # maximum samples of a map along each axis for the alignment
_MIN_SAMPLES = 64  # minimum of static samples for an alignment
_FITS = 6
_ALL = 0.99  # share of explained blocks around a pixel


@dataclass(frozen=True, slots=True, eq=False)
class FusedMap:
    """A depth map with the small picture, from `small_luma`, of the frame that it belongs to.

    `map` has the distances of that frame. `nearness` (h, w) is 1 / distance, `maps` (h, w) the weight of its mean in
    maps. `captured_s` is the time of the frame on the clock of `time.perf_counter`.
    """

    map: DepthMap
    nearness: Array
    maps: Array
    luma: Array
    captured_s: float

    @classmethod
    def first(cls, found: DepthMap, luma: Array, captured_s: float) -> FusedMap:
        """A map without others before it: exactly as the model returned it."""
        nearness = np.reciprocal(found.depth_m)
        return cls(found, nearness, np.ones_like(nearness), luma, captured_s)

    def motion_to(self, luma: Array, guess: Motion | None = None) -> Motion | None:
        """What moved between the map's frame and another; None if they cannot show the same scene."""
        if self.luma.shape != luma.shape:
            return None
        motion = motion_between(self.luma, luma, guess)
        return None if motion.is_cut else motion

    def carried(self, motion: Motion, mover: MapMover) -> DepthMap:
        """The map for the frame of the motion: the same object if nothing moved."""
        if motion.is_still:
            return self.map
        depth_m = self.map.depth_m.ravel().take(_positions(motion, self.map.depth_m.shape, mover))
        depth_m.flags.writeable = False
        return DepthMap(depth_m, self.map.noise)

    def merged(self, first: FusedMap, mover: MapMover) -> FusedMap:
        """A newer map of the model, `first`, aligned to this one, and averaged with it where the scene is the same."""
        fits = first.luma is not self.luma and first.nearness.shape == self.nearness.shape
        motion = self.motion_to(first.luma) if fits else None  # another map of the same frame replaces this one
        if motion is None:
            return first
        before, maps = self.nearness, self.maps
        if not motion.is_still:
            positions = _positions(motion, before.shape, mover)
            before, maps = before.ravel().take(positions), maps.ravel().take(positions)
        same = interpolated(motion.explained.astype(np.float32), before.shape) > _ALL
        fit = aligned(first.nearness, before, same)
        if fit is None:
            return first
        scale, offset = fit
        newer = np.clip(scale * first.nearness + offset, 1 / FAR_M, 2 * first.nearness.max())
        deviation = first.map.noise * _median(before[_few(before)]) + 1e-6
        departs = np.clip((np.abs(newer - before) / deviation - _SAME) / (_OTHER - _SAME), 0, 1)
        known = np.where(same, (1 - departs) * maps, 0)
        nearness = (before + (newer - before) / (known + 1)).astype(np.float32)
        maps = np.minimum(known + 1, MAPS).astype(np.float32)
        return FusedMap(DepthMap(_metres(nearness), first.map.noise), nearness, maps, first.luma, first.captured_s)


def aligned(newer: Array, before: Array, same: NDArray[np.bool_]) -> tuple[float, float] | None:
    """(scale, offset) that turn `newer` into `before`, both (h, w), where they are the `same`; (1, 0) if too little is.

    None if the scale is not plausible: these are maps of different scenes.
    """
    few = _few(newer)
    x, y = newer[few][same[few]].astype(np.float64), before[few][same[few]].astype(np.float64)
    if len(x) < min(_MIN_SAMPLES, newer[few].size // 4):
        return 1.0, 0.0
    middle = _median(x), _median(y)
    spreads = [_median(np.abs(values - centre)) for values, centre in zip((x, y), middle, strict=True)]
    flat = 1e-3 * max(abs(middle[0]), 1e-6)
    scale = spreads[1] / spreads[0] if min(spreads) > flat else 1.0
    offset = middle[1] - scale * middle[0]
    for _ in range(_FITS):
        residual = y - scale * x - offset
        width = 3 * 1.48 * _median(np.abs(residual)) + 1e-9 + 1e-3 * abs(middle[1])
        weights = np.maximum(1 - (residual / width) ** 2, 0) ** 2
        total = float(weights.sum())
        mean_x, mean_y = float(weights @ x) / total, float(weights @ y) / total
        deviations = [float(np.sqrt(weights @ (v - m) ** 2 / total)) for v, m in ((x, mean_x), (y, mean_y))]
        scale = deviations[1] / deviations[0] if min(deviations) > flat else 1.0
        offset = mean_y - scale * mean_x
    if not 1 / MAX_SCALE < scale < MAX_SCALE:
        return None
    return 1 + (scale - 1) * (1 - RETURNS), offset * (1 - RETURNS)


def _few(values: Array) -> tuple[slice, slice]:
    """Evenly spaced samples of a map."""
    step_y, step_x = (-(-side // _SAMPLES) for side in values.shape)
    return np.s_[step_y // 2 :: step_y, step_x // 2 :: step_x]


def _median(values: NDArray[Any]) -> float:
    """The upper median; NumPy's own looks for NaN, too, and takes much longer."""
    return float(np.partition(values, values.size // 2, axis=None)[values.size // 2])


def _metres(nearness: Array) -> Array:
    depth_m = np.reciprocal(nearness)
    depth_m.flags.writeable = False
    return depth_m


def _positions(motion: Motion, shape: tuple[int, ...], mover: MapMover) -> NDArray[np.intp]:
    """(h, w) of `shape`: where the samples of a map for the frame of the motion were in the map before."""
    scale_x, scale_y = (
        np.float32(samples / cells) for samples, cells in zip(shape[::-1], motion.shape[::-1], strict=True)
    )
    return mover.positions(motion.dx * scale_x, motion.dy * scale_y, shape)
