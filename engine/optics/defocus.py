"""Depth of field from one sharp picture and its depth, in scene-linear light.

A surface at one depth is spread exactly: every point becomes an evenly lit disc of the thin lens's size. Points
before the focus spill over what lies behind them; points behind it stay behind what is sharper. Radii beyond a few
pixels are spread at smaller scales of the picture, so the cost hardly grows with the radius. The occlusion rule, a
point at most as far blurred as the place where it is seen, is that of J. Jimenez, "Next generation post processing in
Call of Duty: Advanced Warfare", SIGGRAPH 2014 courses.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Buffer, Device
from ..compute.planes import PAD, Planes
from ..errors import SourceError
from .lens import Lens

Quality = Literal["live", "best"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
PREPARE, SPREAD = "defocus_prepare.cl", "defocus_spread.cl"
LARGEST_BLUR = 0.1  # largest blur radius as a fraction of the picture's width
_TILE = 16  # side of the tiles that bound the search, as in kernels/defocus.h
_FADE = 1.125  # 1 + FADE of kernels/defocus.h


# Up to which radius, in its own pixels, each scale spreads: the full size, half, a quarter, and all smaller ones. A
# disc is the crisper the larger it is in pixels of its scale, and costs its area there; small scales are cheap.
REACH: dict[Quality, tuple[float, float, float, float]] = {
    "live": (3.0, 5.0, 6.0, 8.0),
    "best": (6.0, 12.0, 12.0, 12.0),
}
assert all(_FADE * max(reach) + 0.5 <= PAD for reach in REACH.values()), "discs must end within the border"


@dataclass(frozen=True, slots=True)
class Blur:
    """What the coc kernel needs: signed radius = coc_px / 2 (1 - focus_m / depth), less what the capture blurred."""

    coc_px: float
    focus_m: float
    native_coc_px: float = 0.0
    native_focus_m: float = 1.0

    @classmethod
    def of(
        cls,
        lens: Lens,
        focus_m: float,
        width_px: int,
        native_lens: Lens | None = None,
        native_focus_m: float | None = None,
    ) -> Blur:
        """The blur of `lens` focused at `focus_m` in a picture `width_px` wide, which `native_lens` has taken."""
        coc_px = lens.coc_scale_px(focus_m, width_px)
        if native_lens is None or native_focus_m is None:
            return cls(coc_px, focus_m)
        return cls(coc_px, focus_m, native_lens.coc_scale_px(native_focus_m, width_px), native_focus_m)

    def radius_px(self, depth_m: float) -> float:
        """Signed radius at one depth, the native blur not taken off: an upper bound of its size."""
        return 0.5 * self.coc_px * (1.0 - self.focus_m / max(depth_m, 1e-3))


class _Scale:
    """One smaller scale of the picture: its two groups and what they have gathered."""

    def __init__(self, device: Device, width: int, height: int) -> None:
        self.groups = {sign: Planes(device, width, height, 5) for sign in (-1, 1)}
        self.gathered = {sign: Planes(device, width, height, 4) for sign in (-1, 1)}
        self.limit = Planes(device, width, height, 1)

    @property
    def planes(self) -> list[Planes]:
        return [*self.groups.values(), *self.gathered.values(), self.limit]


class Defocus:
    """Blurs pictures of one size on one device; allocates when it is made."""

    def __init__(self, device: Device, width: int, height: int, quality: Quality) -> None:
        self._device, self._reach = device, REACH[quality]
        self.size = (width, height)
        self.quality = quality
        self._most = LARGEST_BLUR * width
        self.picture = Planes(device, width, height, 3)
        self._radius = Planes(device, width, height, 1)
        self._spread = Planes(device, width, height, 1)
        self._depth = device.allocate(4 * (width * (height + _TILE) + _TILE))  # whole tiles are read
        self._known_depth: NDArray[np.float32] | None = None
        self._extremes_m: tuple[float, float] | None = None
        self._tiles_x, self._tiles_y = -(-width // _TILE), -(-height // _TILE)
        tile_bytes = 4 * self._tiles_x * self._tiles_y
        self._tiles: dict[int, Buffer] = {sign: device.allocate(tile_bytes) for sign in (-1, 1)}
        self._scale_tiles = device.allocate(tile_bytes)
        self._scales: list[_Scale] = []
        for _ in range(self._scales_for(self._most)):
            width, height = (width + 1) // 2, (height + 1) // 2
            self._scales.append(_Scale(device, width, height))
        # The backdrop's pyramid goes down to almost nothing: however large the near thing, something fills its place.
        self._backdrops: list[Planes] = []
        width, height = self.size
        while not self._backdrops or max(width, height) > 8:
            width, height = (width + 1) // 2, (height + 1) // 2
            self._backdrops.append(Planes(device, width, height, 4))

    def _scales_for(self, radius_px: float) -> int:
        """How many smaller scales a radius at full size needs."""
        return next(n for n in itertools.count() if min(radius_px, self._most) <= 2**n * self._reach_at(n))

    def _reach_at(self, number: int) -> float:
        """Reach of the full size (0) or of a smaller scale (1, 2, ...)."""
        return self._reach[min(number, 3)]

    def load_depth(self, depth_m: NDArray[np.float32]) -> None:
        """Copies the depth of the pictures to come, (H, W) float32 in metres, infinity allowed, to the device.

        A copy waits for what is queued: load first, then queue. The array loaded last is not copied again: a still's
        depth travels once.
        """
        if depth_m is not self._known_depth:
            self._device.write(self._depth, np.ascontiguousarray(depth_m))
            self._known_depth, self._extremes_m = depth_m, None

    def run(self, scene: Planes, blur: Blur) -> Planes:
        """Queues the work and returns the blurred picture, three planes that the next call overwrites.

        `scene` holds scene-linear planes of this size. Raises SourceError where the depth holds NaN.
        """
        nearest, farthest = (blur.radius_px(metres) for metres in self._extremes())
        scene.mirror()
        layout = scene.layout
        self._device.run(
            PREPARE, "coc", (self._tiles_x, self._tiles_y), (1, 1), self._depth, self._radius.buffer,
            self._spread.buffer, self._tiles[-1], self._tiles[1], layout.width, layout.pitch, self._tiles_x,
            blur.coc_px, blur.focus_m, blur.native_coc_px, blur.native_focus_m, self._most, self._reach_at(0),
        )  # fmt: skip
        self._radius.mirror()
        self._spread.mirror()
        # The extremes say which groups and scales the picture needs: most pictures need few.
        has_near = nearest < -0.5
        counts = {-1: self._scales_for(max(-nearest, 0.0)), 1: self._scales_for(max(farthest, 0.0))}
        self._halve_picture(scene, counts, nearest, has_near)
        self._descend(counts)
        if has_near:
            self._fill_backdrop()
        for sign, count in counts.items():
            self._ascend(sign, count)
        self._compose(scene, counts, has_near)
        return self.picture

    def _extremes(self) -> tuple[float, float]:
        """The nearest and the farthest depth in metres."""
        if self._extremes_m is None:
            assert self._known_depth is not None, "load_depth comes before run"
            nearest, farthest = float(self._known_depth.min()), float(self._known_depth.max())
            if np.isnan(nearest):
                raise SourceError("the depth holds NaN; fill it, with infinity where nothing is known")
            self._extremes_m = nearest, farthest
        return self._extremes_m

    def _halve_picture(self, scene: Planes, counts: dict[int, int], nearest: float, has_near: bool) -> None:
        """From the full size to the first scale of everything."""
        if not (has_near or counts[1]):
            return
        backdrop = self._backdrops[0]
        # A small picture has no scales: the kernel then gets any buffer in their place and does not write to it.
        near, rest, limit = (
            (*self._scales[0].groups.values(), self._scales[0].limit) if self._scales else (backdrop,) * 3
        )
        backdrop.run(
            PREPARE, "halve_picture", scene.buffer, self._radius.buffer, near.buffer, rest.buffer, limit.buffer,
            backdrop.buffer, scene.layout.pitch, scene.layout.stride, backdrop.layout.pitch, backdrop.layout.stride,
            self._reach_at(0), max(nearest, -self._most), int(counts[-1] > 0), int(counts[1] > 0),
            int(has_near),
        )  # fmt: skip
        for planes, is_written in ((near, counts[-1]), (rest, counts[1]), (limit, counts[1]), (backdrop, has_near)):
            if is_written:
                planes.mirror()

    def _descend(self, counts: dict[int, int]) -> None:
        """From each scale of a group to the next."""
        for number, (finer, coarse) in enumerate(itertools.pairwise(self._scales), start=1):
            for sign, count in counts.items():
                if number < count:
                    _halve("halve_group", finer.groups[sign], coarse.groups[sign], self._reach_at(number))
            if number < counts[1]:
                _halve("halve_limit", finer.limit, coarse.limit)

    def _fill_backdrop(self) -> None:
        """Down to the smallest scale and up again: push-pull."""
        steps = list(itertools.pairwise(self._backdrops))
        for finer, coarse in steps:
            _halve("halve_backdrop", finer, coarse)
        for finer, coarse in reversed(steps):
            finer.run(
                PREPARE, "fill_backdrop", finer.buffer, coarse.buffer, finer.layout.pitch, finer.layout.stride,
                coarse.layout.pitch, coarse.layout.stride, margin=PAD,
            )  # fmt: skip

    def _ascend(self, sign: int, count: int) -> None:
        for number in reversed(range(count)):
            scale = self._scales[number]
            group, gathered, layout = scale.groups[sign], scale.gathered[sign], scale.groups[sign].layout
            # The coarsest scale takes everything that is left.
            is_coarsest = number == count - 1
            coarse = gathered if is_coarsest else self._scales[number + 1].gathered[sign]
            reach = 1e6 if is_coarsest else self._reach_at(number + 1)
            tiles_x, tiles_y = -(-layout.width // _TILE), -(-layout.height // _TILE)
            tiles = self._scale_tiles
            self._device.run(
                PREPARE, "weigh", (layout.pitch // _TILE, -(-layout.rows // _TILE)), (1, 1), group.buffer, tiles,
                layout.rows, layout.pitch, layout.stride, tiles_x, tiles_y, reach,
            )  # fmt: skip
            group.run(
                SPREAD, "spread_group", group.buffer, scale.limit.buffer, tiles, coarse.buffer,
                gathered.buffer, layout.pitch, layout.stride, scale.limit.layout.pitch, tiles_x, tiles_y,
                gathered.layout.stride, coarse.layout.pitch, coarse.layout.stride, int(is_coarsest), int(sign > 0),
                margin=1,
            )  # fmt: skip

    def _compose(self, scene: Planes, counts: dict[int, int], has_near: bool) -> None:
        backdrop = self._backdrops[0]
        # A small picture has no scales: the kernel then gets any buffer in their place and does not read it.
        near, rest = self._scales[0].gathered.values() if self._scales else (backdrop, backdrop)
        layout, half = scene.layout, backdrop.layout
        self.picture.run(
            SPREAD, "compose", scene.buffer, self._radius.buffer, self._spread.buffer, self._tiles[-1],
            self._tiles[1], near.buffer, rest.buffer, backdrop.buffer, self.picture.buffer, layout.pitch,
            layout.stride, self._tiles_x, self._tiles_y, half.pitch, half.stride, self._reach_at(0), int(has_near),
            int(counts[-1] > 0), int(counts[1] > 0),
        )  # fmt: skip

    def release(self) -> None:
        """Gives everything back; harmless when done twice."""
        scaled = [planes for scale in self._scales for planes in scale.planes]
        for planes in (self.picture, self._radius, self._spread, *scaled, *self._backdrops):
            planes.release()
        for buffer in (self._depth, self._scale_tiles, *self._tiles.values()):
            self._device.release(buffer)


def _halve(kernel: str, finer: Planes, coarse: Planes, *more: float) -> None:
    """Queues one of the kernels that fill a scale from the one twice its size."""
    coarse.run(
        PREPARE, kernel, finer.buffer, coarse.buffer, finer.layout.pitch, finer.layout.stride, coarse.layout.pitch,
        coarse.layout.stride, *more,
    )  # fmt: skip
    coarse.mirror()
