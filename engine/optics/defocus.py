"""Depth of field from one sharp picture and its depth, in scene-linear light.

The picture is divided into depth layers. Each layer is continued behind its occluders, spread, and composited over the
layers behind it; `best` does so for each quadrant of the aperture alone. A surface at one depth is spread exactly:
every point becomes a disc of the thin lens's size. Radii above a few pixels are spread at smaller scales of the
picture, so the cost hardly grows with the radius.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ..compute.arguments import numbered
from ..compute.device import Buffer, Device
from ..compute.planes import PAD, Planes
from ..compute.sequence import LaunchSequence
from ..compute.tiles import TILE, run_cells, run_tiles
from ..kept import Kept
from ..lens import Lens
from .blur import Blur
from .fill import FullSize, Surfaces, extend_surfaces, fill_surfaces
from .highlight_sprites import HighlightSprites
from .layers import SHARP_PX, Layers, layers_of
from .matte import MatteStage
from .scale import Scale, colouring, extends, shift_at, softness, surface_planes
from .sectors import SECTOR_FLOATS, SECTORS, sector_tables
from .shape import CELL_FLOATS, CELLS, PROFILE, Shape, latest_shape, shape_of
from .unmix import SIDES, Unmix

Quality = Literal["live", "best"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
LAYERS, HALVE, EXTEND, FILL, SPREAD, SPRITES = (
    f"defocus_{part}.cl" for part in ("layers", "halve", "extend", "fill", "spread", "sprites")
)
MAX_BORDER = UNLIMITED = 1e6  # pixels; larger than any radius
MAX_BLUR = 0.1  # largest blur radius as a fraction of the picture's width
_FADE = 1.125  # 1 + FADE of kernels/defocus.h
_LAYER_COUNTS: dict[Quality, int] = {"live": 2, "best": 5}
_SECTOR_COUNTS: dict[Quality, int] = {"live": 1, "best": SECTORS}
_MIN_REACH_PX = 4.0  # minimum reach of a scale, in its own pixels: that of the most elongated discs
_ABRUPT = 1e3  # slope of a layer border without overlap
_SMALLEST = 8  # maximum side of the smallest scale, in pixels
_PLANS_KEPT = 32  # a source may repeat its depth maps

# Largest radius, in its own pixels, that each scale spreads: full size, half, quarter, and all smaller ones. A disc
# with more pixels is crisper, and its cost is proportional to its area; small scales are cheap.
REACHES: dict[Quality, tuple[float, float, float, float]] = {
    "live": (2.0, 3.0, 4.0, 8.0),
    "best": (6.0, 8.0, 8.0, 8.0),
}
assert all(_FADE * max(reach) + 0.5 <= PAD for reach in REACHES.values()), "discs must end within the border"


class _Extent(NamedTuple):
    """What the largest blur radius decides: the number of scales that spread, the first scale whose pixels are about
    as large as the largest disc, the first scale too coarse for points that the nearest layer occludes of itself, and
    how many tiles a highlight reaches.
    """

    scales: int
    filled: int
    filled_nearest: int
    tiles: int


class _Plan(NamedTuple):
    """What the distances and the blur of a frame decide.

    Points of the nearest layer with a radius above `occluders_px`, the reach of a scale, occlude its other points; 0 if
    none does.
    """

    layers: Layers
    extent: _Extent
    occluders_px: float


class Defocus:
    """Blurs pictures of one size on one device; allocates on construction."""

    def __init__(self, device: Device, width: int, height: int, quality: Quality) -> None:
        self._device = device
        self.size = (width, height)
        self.quality = quality
        self._layers = _LAYER_COUNTS[quality]
        self._max_radius = MAX_BLUR * width
        sides = Planes(device, width, height, SIDES)
        self.picture = sides.first(3)  # un-mixing ends before the first light is spread; plane 3 holds the opacity
        self._radius = Planes(device, width, height, 1, half_floats=True)
        self._weight = Planes(device, width, height, 1, half_floats=True)
        self._tiles_x, self._tiles_y = -(-width // TILE), -(-height // TILE)
        self._tiles = device.allocate(4 * self._layers * (self._tiles_x + 4) * (self._tiles_y + 4))
        self._detail = device.allocate(4 * (1 + self._layers) * (self._tiles_x + 4) * (self._tiles_y + 4))
        self._strips = device.allocate(4 * self._layers * self._tiles_x * height)
        self._highlights = HighlightSprites(device, width, height, TILE)
        self._unmix = Unmix(sides)
        self._borders = device.allocate(8 * (self._layers + 1))
        self._launches = LaunchSequence(device)
        self._cut: Layers | None = None
        self._occluders_px = 0.0
        self._plans: Kept[_Plan] = Kept(_PLANS_KEPT)
        self._first_limited, self._first_surface = 0, 1
        max_cells = CELLS[0] * CELLS[1]
        self._sectors = _SECTOR_COUNTS[quality]
        self._aperture = device.allocate(4 * max_cells * CELL_FLOATS)
        self._taps = self._aperture  # for the kernels that spread: tables of the sectors, if there are several
        if self._sectors > 1:
            self._taps = device.allocate(4 * self._sectors * max_cells * SECTOR_FLOATS)
        self._profile = device.allocate(4 * 2 * (PROFILE + 1))
        self._shape: Shape | None = None
        # A stage that is made ahead has the tables for its first frame, which would wait for them.
        self._set_shape(latest_shape() or shape_of(Lens(), width / height))
        self._scales: list[Scale] = []
        needed = 1 + int(np.log2(max(self._max_radius / _MIN_REACH_PX, 1.0)) + 1)
        while len(self._scales) <= needed or max(width, height) > _SMALLEST:
            width, height = (width + 1) // 2, (height + 1) // 2
            spreads = len(self._scales) < needed
            self._scales.append(Scale(device, width, height, self._layers, spreads=spreads))
        self._pyramid_top = Planes(device, width, height, surface_planes(self._layers) * self._layers, half_floats=True)

    def _set_shape(self, shape: Shape) -> None:
        """Sets the shape of the discs. Elongated discs have a smaller maximum radius, limited by the border."""
        if shape is self._shape:
            return
        self._shape = shape
        limit = ((PAD - 0.5) / shape.extent - 0.5) / _FADE
        self._reach = tuple(min(reach, limit) for reach in REACHES[self.quality])
        settings = f"?LAYERS={self._layers}&SHAPED={int(not shape.is_plain)}"
        self._spread_planes = 6 + int(not shape.is_plain)
        self._prepare, self._halve = LAYERS + settings, HALVE + settings
        self._extend, self._fill = EXTEND + settings, FILL + settings
        self._spread, self._sprites = f"{SPREAD}{settings}&SECTORS={self._sectors}", SPRITES + settings
        self._device.write(self._aperture, shape.table)
        if self._sectors > 1:
            self._device.write(self._taps, sector_tables(shape.table))
        self._device.write(self._profile, shape.profile)

    def _scales_for(self, radius_px: float) -> int:
        """Number of smaller scales for a radius at full size; at least one, which spreads occluded surfaces."""
        return next(n for n in itertools.count(1) if min(radius_px, self._max_radius) <= 2**n * self._reach_at(n))

    def _reach_at(self, number: int) -> float:
        """Reach of the full size (0) or of a smaller scale (1, 2, ...)."""
        return self._reach[min(number, 3)]

    def _border_at(self, number: int, shape: Shape, shift_px: tuple[float, float] = (0.0, 0.0)) -> int:
        """Width of the border around a scale whose discs reach the pixel next to it."""
        radius_px = _FADE * self._reach_at(number) + max(map(abs, shift_px)) + 0.5
        return min(PAD, 2 + int(radius_px * shape.extent))

    def run(
        self, scene: Planes, depth: Planes, distances_m: NDArray[Any], blur: Blur, unit: float = 1.0,
        matte: MatteStage | None = None,
    ) -> Planes:  # fmt: skip
        """Queues the kernels and returns the blurred picture, three planes that the next call overwrites.

        `scene` contains scene-linear planes of this size, `depth` one plane of metres with its border mirrored;
        infinity is allowed. `distances_m` is a sorted sample of the distances that includes both extremes. `unit` is
        the light of a saturated photosite. `matte`, loaded and run, gives the coverage at the edge of its subject.
        """
        shape = shape_of(blur.lens, self.size[0] / self.size[1], blur.native_lens)
        self._set_shape(shape)
        plan = self._plans.of(self._plan, distances_m, blur, shape, self._cut)
        self._set_layers(plan.layers, plan.occluders_px)
        extent = plan.extent
        key = (scene, depth, blur, shape, self._first_limited, self._first_surface, extent, unit, matte)
        self._launches.run(key, lambda: self._queue(scene, depth, blur, shape, extent, unit, matte))
        return self.picture

    def _queue(
        self, scene: Planes, depth: Planes, blur: Blur, shape: Shape, extent: _Extent, unit: float,
        matte: MatteStage | None,
    ) -> None:  # fmt: skip
        border = self._border_at(0, shape)
        self._unmix.divide(scene, depth, blur, unit, self._max_radius, matte)
        scene.mirror(border=border)
        layout = scene.layout
        run_tiles(
            self._device, self._prepare, "coc", (self._tiles_x, self._tiles_y), depth=depth.buffer,
            radius=self._radius.buffer, spread=self._weight.buffer, tiles=self._tiles, strips=self._strips,
            borders=self._borders, aperture=self._aperture, cells_x=shape.cells[0], cells_y=shape.cells[1],
            width=layout.width, height=layout.height, pitch=layout.pitch, tiles_x=self._tiles_x, tiles_y=self._tiles_y,
            coc_px=blur.coc_px, focus=blur.focus_m, native_coc_px=blur.native_coc_px, native_focus=blur.native_focus_m,
            max_radius=self._max_radius, reach=self._reach_at(0), **numbered("open", shape.opening, first=1),
        )  # fmt: skip
        self._radius.mirror(border=border)
        count = extent.scales
        self._highlights.find(scene, self._radius, self._weight)
        self._weight.mirror(border=border)
        self._build_pyramid(scene, UNLIMITED if count == 1 else self._reach_at(1))
        self._fill_pyramid(scene, extent)
        shifts = [shift_at(number, blur.colour_shift_px) for number in range(count)]
        for number, shift in enumerate(shifts):
            self._weight_scale(number, count, shape, shift)
        self._find_detail(count)
        for sector in range(1, self._sectors + 1):
            for number, shift in reversed(list(enumerate(shifts))):
                self._gather(number, count, shape, shift, sector)
            self._compose(scene, shape, sector)
        self._highlights.add(
            self.picture, self._radius, self._sprites, shape, (self._aperture, self._profile), extent.tiles,
            blur.colour_shift_px,
        )  # fmt: skip
        self._unmix.cover(self.picture, scene, depth, shape.falloff)

    def _plan(self, distances_m: NDArray[Any], blur: Blur, shape: Shape, before: Layers | None) -> _Plan:
        """The layers of a picture, after those `before`, and what its largest blur radius decides."""
        radii_px = np.clip(blur.radii_px(distances_m), -self._max_radius, self._max_radius)
        # With another focus at capture, the remaining blur can be larger between the extremes than at them. So the
        # bound is the blur of the lens alone.
        bare = replace(blur, native_coc_px=0.0)
        extremes_m = distances_m[0], distances_m[-1]
        largest = min(max(abs(bare.radius_px(metres)) for metres in extremes_m), self._max_radius)
        # Half size mixes in its next pixels, which are complete only if the next scale is filled.
        filled = next((n for n in range(2, len(self._scales)) if 1.5 * 2**n >= largest), len(self._scales))
        tiles = self._highlights.reach(largest, shape, blur.colour_shift_px)
        # Only what is much narrower than its blur lets points of its own layer through.
        extent = _Extent(self._scales_for(largest), filled, max(filled - 2, 2), tiles)
        layers = layers_of(radii_px, self._layers, before)
        return _Plan(layers, extent, self._reach_before_occluders(layers, extent))

    def _reach_before_occluders(self, layers: Layers, extent: _Extent) -> float:
        """The reach of the scale closest to the border between the occluders of the nearest layer and the rest."""
        minimum = max(-layers.borders_px[0], SHARP_PX) * _FADE
        reaches = [2**number * self._reach_at(number) for number in range(1, extent.scales)]
        fitting = [reach for reach in reaches if reach > minimum]
        if not (layers.occluders_px and fitting):
            return 0.0
        return float(min(fitting, key=lambda reach: abs(math.log(reach / layers.occluders_px))))

    def _set_layers(self, layers: Layers, occluders_px: float) -> None:
        if (layers, occluders_px) == (self._cut, self._occluders_px):
            return
        # Blurred layers overlap in a ramp, so that a surface across a border shows no step.
        slopes = [1 / max(0.25 * abs(border), 0.25) for border in layers.borders_px]
        if layers.first_limited < self._layers and layers.borders_px[layers.first_limited - 1] == -SHARP_PX:
            slopes[layers.first_limited - 1] = _ABRUPT
        fade_px = (_FADE - 1.0) * occluders_px  # the same ramp as between the scale and the next
        nearest = (-occluders_px - 0.5 * fade_px, 1 / fade_px) if occluders_px else (-MAX_BORDER, 1.0)
        inner = zip(layers.borders_px, slopes, strict=True)
        self._device.write(self._borders, np.array([nearest, *inner, (MAX_BORDER, 1.0)], np.float32))
        self._cut, self._occluders_px = layers, occluders_px
        self._first_limited, self._first_surface = layers.first_limited, int(occluders_px == 0)

    def _build_pyramid(self, scene: Planes, first_reach: float) -> None:
        """Halves full size to the first two scales, and each scale to the next."""
        first, second = self._scales[0].planes, self._scales[1].planes
        second.run(
            self._halve, "halve_picture", scene=scene.buffer, radius=self._radius.buffer, first=first.buffer,
            second=second.buffer, borders=self._borders, levels=self._highlights.levels,
            extremes=self._highlights.extremes, full_pitch=scene.layout.pitch, full_stride=scene.layout.stride,
            first_width=first.layout.width, first_height=first.layout.height, first_pitch=first.layout.pitch,
            first_stride=first.layout.stride, tiles_x=self._tiles_x, last_row=self._tiles_y - 1,
            first_limited=self._first_limited, first_surface=self._first_surface, reach=self._reach_at(0),
            first_reach=first_reach,
        )  # fmt: skip
        for number in range(2, len(self._scales)):
            finer, coarse = self._scales[number - 1].planes, self._scales[number].planes
            layout = coarse.layout
            coarse.run(
                self._halve, "halve", fine_scale=finer.buffer, scale=coarse.buffer, rows=layout.height,
                width=finer.layout.width, height=finer.layout.height, pitch=finer.layout.pitch,
                stride=finer.layout.stride, half_pitch=layout.pitch, half_stride=layout.stride,
                first_surface=self._first_surface, reach=self._reach_at(number), row_count=layout.height * self._layers,
            )  # fmt: skip

    def _fill_pyramid(self, scene: Planes, extent: _Extent) -> None:
        """Extrapolates every surface behind its occluders."""
        first, planes = self._first_surface, self._spread_planes * self._layers
        surfaces = Surfaces(first, self._layers - first, planes, extent.filled, extent.filled_nearest)
        is_extended = extends(self._layers)
        if is_extended:
            tiles = self._tiles_x, self._tiles_y
            picture = FullSize(scene, self._radius, self._borders, self._highlights.levels, tiles)
            extend_surfaces(self._extend, picture, self._scales, surfaces)
        fill_surfaces(self._fill, self._scales, self._pyramid_top, surfaces, is_extended=is_extended)

    def _weight_scale(self, number: int, count: int, shape: Shape, shift_px: tuple[float, float]) -> None:
        scale = self._scales[number]
        layout = scale.planes.layout
        reach = UNLIMITED if number == count - 1 else self._reach_at(number + 1)
        run_tiles(
            self._device, self._prepare, "weigh", (scale.tiles_x, scale.tiles_y * self._layers),
            scale=scale.planes.buffer,
            tiles=scale.tiles, strips=scale.strips, aperture=self._aperture, cells_x=shape.cells[0],
            cells_y=shape.cells[1], width=layout.width, height=layout.height, pitch=layout.pitch, stride=layout.stride,
            tiles_x=scale.tiles_x, tiles_y=scale.tiles_y, is_first=int(number == 0), first_limited=self._first_limited,
            first_surface=self._first_surface, reach=reach, softness=softness(number),
            finer_reach=self._reach_at(number) if number else 0.0, rim=shape.rim,
            red_shift=shift_px[0], blue_shift=shift_px[1],
            **colouring(number, self._reach_at(0), self._reach_at(1)),
        )  # fmt: skip
        scale.planes.mirror(border=self._border_at(number + 1, shape, shift_px))

    def _find_detail(self, count: int) -> None:
        """Finds the tiles of each scale with detail; the others are upsampled from the next smaller scale."""
        run_cells(
            self._device, self._spread, "find_full_detail", (self._tiles_x, self._tiles_y), tiles=self._tiles,
            detail=self._detail, tiles_x=self._tiles_x, tiles_y=self._tiles_y,
        )  # fmt: skip
        for number, scale in enumerate(self._scales[:count]):
            finer, finer_x, finer_y = self._detail_of(number - 1)
            run_cells(
                self._device, self._spread, "find_detail", (scale.tiles_x + 2, scale.tiles_y + 2), tiles=scale.tiles,
                finer=finer, detail=scale.detail, tiles_x=scale.tiles_x, tiles_y=scale.tiles_y, finer_tiles_x=finer_x,
                finer_tiles_y=finer_y,
            )  # fmt: skip

    def _detail_of(self, number: int) -> tuple[Buffer, int, int]:
        """The table of detail of a scale, -1 for full size, and its columns and rows."""
        if number < 0:
            return self._detail, self._tiles_x, self._tiles_y
        scale = self._scales[number]
        return scale.detail, scale.tiles_x, scale.tiles_y

    def _gather(self, number: int, count: int, shape: Shape, shift_px: tuple[float, float], sector: int) -> None:
        scale = self._scales[number]
        is_coarsest = number == count - 1
        coarse = scale if is_coarsest else self._scales[number + 1]
        finer, finer_x, finer_y = self._detail_of(number - 1)
        scale.planes.run(
            f"{self._spread}&COLOURED={int(any(shift_px))}", "spread_scale", extra_rows=1, area=TILE,
            scale=scale.planes.buffer, strips=scale.strips, detail=scale.detail, finer=finer, finer_tiles_x=finer_x,
            finer_tiles_y=finer_y, coarse=coarse.gathered.buffer, coarse_composite=coarse.composite.buffer,
            gathered=scale.gathered.buffer, composite=scale.composite.buffer, aperture=self._taps,
            cells_x=shape.cells[0], cells_y=shape.cells[1], tiles_x=scale.tiles_x, tiles_y=scale.tiles_y,
            coarse_pitch=coarse.planes.layout.pitch, coarse_stride=coarse.planes.layout.stride,
            is_coarsest=int(is_coarsest), first_limited=self._first_limited, sector=sector, extent=shape.extent,
            red_shift=shift_px[0], blue_shift=shift_px[1],
            **colouring(number, self._reach_at(0), self._reach_at(1)),
        )  # fmt: skip

    def _compose(self, scene: Planes, shape: Shape, sector: int) -> None:
        half = self._scales[0]
        self.picture.run(
            self._spread, "compose", area=TILE, scene=scene.buffer, radius=self._radius.buffer,
            spread=self._weight.buffer, strips=self._strips, detail=self._detail, gathered=half.gathered.buffer,
            half_composite=half.composite.buffer, borders=self._borders, aperture=self._taps,
            picture=self.picture.buffer, cells_x=shape.cells[0], cells_y=shape.cells[1],
            tiles_x=self._tiles_x, tiles_y=self._tiles_y, half_pitch=half.planes.layout.pitch,
            half_stride=half.planes.layout.stride, first_limited=self._first_limited, sector=sector,
            scale_reach=self._reach_at(0), extent=shape.extent,
            **numbered("fall", shape.falloff, first=1),
        )  # fmt: skip

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        for planes in (self.picture, self._radius, self._weight, self._pyramid_top):
            planes.release()
        self._highlights.release()
        self._unmix.release()
        for scale in self._scales:
            scale.release()
        for buffer in (self._tiles, self._detail, self._strips, self._borders, self._aperture, self._profile):
            self._device.release(buffer)
        if self._taps is not self._aperture:
            self._device.release(self._taps)
