"""Resamples a depth map of any size, from a camera or a model, to one distance per pixel of the picture.

Exact distances do not change. A coarse map is upsampled along the picture's own edges (joint bilateral upsampling, J.
Kopf et al., SIGGRAPH 2007, with a vote instead of its mean). A noisy map is also stabilized over neighbours and frames:
static objects converge, moving objects keep their distance, a cut restarts. See `kernels/depth_*.cl`. All steps work on
1 / distance and never average across an edge.
"""

from __future__ import annotations

import math
import weakref
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..errors import SourceError

PLACE, STEADY, SNAP = "depth_place.cl", "depth_steady.cl", "depth_snap.cl"
_EDGE = 1.1  # neighbours with a larger ratio of distances, and a difference above the noise, belong to two objects
_STEEP = 0.5  # minimum difference per half-size pixel across a soft edge; a slope has less
_FINE = 0.75  # an exact map with this many samples per pixel has edges within half a pixel
_MAPS = 24.0  # maximum weight of a running mean, in maps
_MAPS_KEPT = 32  # maps whose properties are kept
_REDUCTIONS = {2: "depth_halve", 4: "depth_quarter"}  # kernels by the ratio of a map's size and the picture's
_SAMPLES = 4  # maximum samples along each axis of a pixel, for maps larger than the picture
_SAMPLE = 48  # sampled distances along each side of a map, for the layer selection of the defocus
_STEP = 7  # maximum spacing of the vote's samples: they must be within the border
# The extremes determine scales and layers of the defocus, so they must not flicker: they narrow by the fraction _RELAX
# in 1 / distance, and only if the map's own extremes are narrower by the ratio _CLOSE.
_RELAX, _CLOSE = 0.2, 1.25


class _MapProperties(NamedTuple):
    """What the host must know of a map: the extremes of its distances, whether some are unknown, and a sorted sample
    that includes both extremes.
    """

    minimum_m: float
    maximum_m: float
    has_holes: bool
    distances_m: NDArray[np.float64]


def _properties_of(depth_m: NDArray[np.float32]) -> _MapProperties:
    minimum_m, maximum_m = float(depth_m.min()), float(depth_m.max())
    if math.isnan(minimum_m):
        raise SourceError("the depth map contains NaN; give 0 where a distance is unknown")
    if maximum_m <= 0:
        raise SourceError("the depth map has no distance above 0; check that it is in metres")
    has_holes = minimum_m <= 0
    if has_holes:
        minimum_m = float(depth_m[depth_m > 0].min())
    thinned = depth_m[:: max(1, depth_m.shape[0] // _SAMPLE), :: max(1, depth_m.shape[1] // _SAMPLE)]
    sample_m = np.sort(thinned[thinned > 0])
    return _MapProperties(minimum_m, maximum_m, has_holes, np.concatenate([[minimum_m], sample_m, [maximum_m]]))


class DepthStage:
    """Resamples distances to pictures of one size on one device; allocates more at the first inexact map.

    `planes` contains metres, one plane with a mirrored border; it must not be changed.
    """

    def __init__(self, device: Device, width: int, height: int) -> None:
        self._device = device
        self.size = (width, height)
        self.planes = Planes(device, width, height, 1)
        self._map = self._allocate(width * height)
        self._known: NDArray[np.float32] | None = None
        self._noise = 0.0
        self._has_holes = self._is_new = False
        self._extremes_m = (1.0, 1.0)
        self._distances_m = np.ones(1)
        self._properties: OrderedDict[int, tuple[weakref.ref[NDArray[np.float32]], _MapProperties]] = OrderedDict()
        self._refiner: _Refiner | None = None

    @property
    def extremes_m(self) -> tuple[float, float]:
        """The nearest and most distant value in metres that `run` may return."""
        return self._extremes_m

    @property
    def distances_m(self) -> NDArray[np.float64]:
        """A sorted sample of the distances in metres that `run` may return, including both extremes."""
        return self._distances_m

    def load(self, depth_m: NDArray[np.float32], noise: float = 0.0) -> None:
        """Copies the distances of the following pictures, (h, w) float32 in metres of any size, to the device.

        Infinity is allowed. Zero or less means unknown, and takes the farther adjacent distance. `noise` is the
        standard deviation relative to the distance, 0 if exact. The copy is queued, as `Device.write` describes. The
        array loaded last is not copied again: a still's depth is copied once. Raises SourceError if the map
        contains NaN or no distance.
        """
        if depth_m is self._known and noise == self._noise:
            return
        minimum_m, maximum_m, self._has_holes, self._distances_m = self._properties_of(depth_m)
        starts = self._known is None or (noise == 0) != (self._noise == 0)
        if self._map_size < depth_m.size:
            self._device.release(self._map)
            self._map = self._allocate(depth_m.size)
        self._device.write(self._map, np.ascontiguousarray(depth_m), waits=False)
        self._known, self._noise, self._is_new = depth_m, noise, True
        self._extremes_m = minimum_m, maximum_m
        if not self._is_exact:
            self._refiner = self._refiner or _Refiner(self._device, *self.size)
            if starts:
                self._refiner.reset()
            self._refiner.bound(minimum_m, maximum_m, lags=noise > 0)
            self._extremes_m = minimum_m, maximum_m = self._refiner.extremes_m
            inner_m = np.clip(self._distances_m[1:-1], minimum_m, maximum_m)
            self._distances_m = np.concatenate([[minimum_m], inner_m, [maximum_m]])

    def _properties_of(self, depth_m: NDArray[np.float32]) -> _MapProperties:
        """The properties of a map, which take 1.6 ms at 1920x1080 (measured). Those of recent read-only maps are kept:
        a source may fill another map in place.
        """
        known = self._properties.get(id(depth_m))
        if known is not None and known[0]() is depth_m and not depth_m.flags.writeable:
            return known[1]
        properties = _properties_of(depth_m)
        if not depth_m.flags.writeable:
            self._properties[id(depth_m)] = weakref.ref(depth_m), properties
            if len(self._properties) > _MAPS_KEPT:
                self._properties.popitem(last=False)
        return properties

    def reset(self) -> None:
        """Discards previous frames: the next frame is used as it is. Call it for a new source; cuts are detected
        automatically.
        """
        if self._refiner is not None:
            self._refiner.reset()

    def run(self, scene: Planes) -> Planes:
        """Queues the kernels and returns the distances of `scene`, scene-linear planes of this size."""
        assert self._known is not None, "run requires a loaded map"
        if self._is_new and self._has_holes:
            self._fill()
        if self._is_exact:
            if self._is_new:
                self._place_exact()
        elif self._refiner is not None:
            if self._is_new:
                self._place(self._refiner.placed, as_metres=False)
                self._refiner.placed.mirror()
            self._refiner.run(scene, self.planes, self._known.shape, self._noise, self._is_new)
        self._is_new = False
        return self.planes

    def _allocate(self, samples: int) -> Buffer:
        """Allocates a map, including space for kernels that read whole rows beyond its end."""
        self._map_size = samples
        return self._device.allocate(4 * (samples + 4 * self.planes.layout.pitch))

    @property
    def _samples_per_pixel(self) -> tuple[float, float]:
        """Map samples per picture pixel, along the width and the height."""
        assert self._known is not None
        rows, columns = self._known.shape
        return columns / self.size[0], rows / self.size[1]

    @property
    def _is_exact(self) -> bool:
        return self._noise == 0 and min(self._samples_per_pixel) >= _FINE

    def _fill(self) -> None:
        """Fills along the rows, then along the columns for rows without any distance."""
        assert self._known is not None
        rows, columns = self._known.shape
        for count, along, lines, across in ((columns, 1, rows, columns), (rows, columns, columns, 1)):
            size = (-(-lines // 64) * 64,)
            self._device.run(
                PLACE, "depth_fill", size, (64,), map=self._map, count=count, along=along, lines=lines, across=across
            )

    def _place_exact(self) -> None:
        if self._samples_per_pixel == (1.0, 1.0):
            self.planes.run(PLACE, "depth_take", map=self._map, depth=self.planes.buffer)
        else:
            self._place(self.planes, as_metres=True)
        self.planes.mirror()

    def _place(self, grid: Planes, *, as_metres: bool) -> None:
        """Resamples the map, of any size, to `grid`."""
        assert self._known is not None
        rows, columns = self._known.shape
        layout = grid.layout
        ratio = max(_EDGE, 1 + 8 * self._noise)
        factor = columns // layout.width
        if factor in _REDUCTIONS and (columns, rows) == (factor * layout.width, factor * layout.height):
            grid.run(
                PLACE, _REDUCTIONS[factor], map=self._map, grid=grid.buffer, width=columns, ratio=ratio,
                as_metres=int(as_metres),
            )  # fmt: skip
            return
        step_x, step_y = columns / layout.width, rows / layout.height
        maximum = max(step_x, step_y)
        count = 0 if maximum <= 1 else min(max(2, math.ceil(maximum)), _SAMPLES)
        runs = -(-columns // self._device.run_length)
        self._device.run(PLACE, "depth_invert", (-(-runs // 64) * 64, rows), (64, 1), map=self._map, width=columns)
        grid.run(
            PLACE, "depth_place", map=self._map, grid=grid.buffer, map_width=columns, map_height=rows, step_x=step_x,
            step_y=step_y, count=count, ratio=ratio, as_metres=int(as_metres),
        )  # fmt: skip

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self.planes.release()
        self._device.release(self._map)
        if self._refiner is not None:
            self._refiner.release()


class _Refiner:
    """Refines coarse or noisy maps: stabilizes them at half the picture's size, then aligns them to the picture's
    edges.
    """

    def __init__(self, device: Device, width: int, height: int) -> None:
        half = (width + 1) // 2, (height + 1) // 2
        self.placed, self._snapped = (Planes(device, *half, 1) for _ in range(2))
        self._state = Planes(device, *half, 3)  # the last frame's appearance, and the mean distance
        self._memory = Planes(device, *half, 1)
        self._is_fresh = True
        self.extremes_m = (1.0, 1.0)

    def reset(self) -> None:
        self._is_fresh = True

    def bound(self, minimum_m: float, maximum_m: float, *, lags: bool) -> None:
        """Sets the extremes of the map. With `lags`, for running means, they widen at once and narrow slowly."""
        last_minimum_m, last_maximum_m = self.extremes_m
        if lags and not self._is_fresh:
            minimum_m = _follow(last_minimum_m, minimum_m, widens=minimum_m < last_minimum_m)
            maximum_m = _follow(last_maximum_m, maximum_m, widens=maximum_m > last_maximum_m)
        self.extremes_m = minimum_m, maximum_m

    def run(self, scene: Planes, depth: Planes, map_shape: tuple[int, ...], noise: float, is_new: bool) -> None:
        """Refines `placed` to metres in `depth`, border mirrored."""
        layout, half = scene.layout, self.placed.layout
        if layout.width % 2 or layout.height % 2:
            scene.mirror()  # the last half-size pixel is partly outside the picture
        state = self._state
        state.run(
            STEADY, "depth_steady", scene=scene.buffer, nearness=self.placed.buffer, state=state.buffer,
            memory=self._memory.buffer, scene_pitch=layout.pitch, scene_stride=layout.stride, noise=noise,
            max_maps=_MAPS, fresh=int(self._is_fresh), is_new=int(is_new),
        )  # fmt: skip
        state.mirror()
        self._is_fresh = False
        nearness, offset = (state, 2 * half.stride) if noise > 0 else (self.placed, 0)
        edge = max(_EDGE, 1 + 4 * noise)
        # The samples of a vote are spaced like those of the map, so that they cover both sides of an edge.
        step = min(round(min(layout.width / map_shape[1], layout.height / map_shape[0]) / 2), _STEP)
        if step > 1:
            self._snapped.run(
                SNAP, "depth_snap_half", guide=state.buffer, planes=nearness.buffer, memory=self._memory.buffer,
                snapped=self._snapped.buffer, offset=offset, step=step, edge=edge, steep=1 + (step + 1) * _STEEP,
            )  # fmt: skip
            self._snapped.mirror()
            nearness, offset = self._snapped, 0
        items = -(-half.width // half.local) * half.local // scene.device.run_length
        minimum_m, maximum_m = self.extremes_m
        scene.device.run(
            SNAP, "depth_snap", (items, half.height), (half.local // scene.device.run_length, 1), scene=scene.buffer,
            guide=state.buffer, planes=nearness.buffer, memory=self._memory.buffer, depth=depth.buffer,
            half_width=half.width, pitch=half.pitch, stride=half.stride, offset=offset, scene_pitch=layout.pitch,
            scene_stride=layout.stride, edge=edge, steep=1 + 2 * _STEEP, min_nearness=1 / min(maximum_m, 1e6),
            max_nearness=1 / minimum_m,
        )  # fmt: skip
        depth.mirror()

    def release(self) -> None:
        for planes in (self.placed, self._snapped, self._state, self._memory):
            planes.release()


def _follow(before_m: float, now_m: float, *, widens: bool) -> float:
    """An extreme with hysteresis: it does not change while the map's own extreme is close to it."""
    if widens:
        return now_m
    if now_m == before_m or 1 / _CLOSE < now_m / before_m < _CLOSE:
        return before_m
    return 1 / ((1 - _RELAX) / before_m + _RELAX / now_m)
