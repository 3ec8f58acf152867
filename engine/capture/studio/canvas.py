"""A pinhole view and the canvas of the studio: objects are painted from far to near, each with its metric depth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]  # (h, w), float32 except where a formula passes through float64
Planes = NDArray[np.floating[Any]]  # (3, h, w): separate colour planes, so that coverage multiplies whole rows

CAMERA_HEIGHT_M = 0.17
# The point spread of a good lens and an optical low-pass filter: a Gaussian with a standard deviation of 0.55 pixels.
# It has its variance per axis in the two neighbours of a pixel. Sharper light would alias in the mosaic.
PSF_VARIANCE = 0.55**2
PSF_SIDE = PSF_VARIANCE / 2  # weight of each neighbour
PIVOT_M = 1.2  # the camera sways around the main subject, which therefore does not move
HORIZON = 0.42  # fraction of the picture's height, from the top
TAN_WIDTH = 0.72  # 36 mm sensor width and 50 mm focal length: 39.6 degrees across a 16:9 picture


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera. Directions are tangents: x to the right, y up from the horizon; z in metres along the axis."""

    width: int
    height: int
    focal_px: float

    @classmethod
    def fit(cls, width: int, height: int) -> View:
        """The 16:9 composition, scaled to cover the picture and cropped evenly."""
        return cls(width, height, max(width, height * 16 / 9) / TAN_WIDTH)

    @property
    def phases(self) -> int:
        """The number of subpixel positions of each sprite. Sprites stay sharp, and a step is too small to notice."""
        return 4 if self.width * self.height <= 2560 * 1440 else 2

    @property
    def horizon_y(self) -> float:
        full_height = self.focal_px * TAN_WIDTH * 9 / 16
        return full_height * (HORIZON - 0.5) + self.height / 2

    def shift_px(self, distance_m: float, sway_m: float) -> float:
        """Shift of an object to the right, in columns, when the camera moves `sway_m` to the right."""
        return self.focal_px * sway_m * (1 / PIVOT_M - 1 / distance_m)

    def column(self, x_m: float, distance_m: float) -> float:
        return self.width / 2 + x_m / distance_m * self.focal_px

    def row(self, height_m: float, distance_m: float) -> float:
        return self.horizon_y - (height_m - CAMERA_HEIGHT_M) / distance_m * self.focal_px

    def grid(self, box: tuple[int, int, int, int], distance_m: float, shift_px: float) -> tuple[Plane, Plane]:
        """(1, w) metres to the right of the axis and (h, 1) metres above the floor at the pixel centres of `box`."""
        left, top, right, bottom = box
        metres = distance_m / self.focal_px
        x = (np.arange(left, right) + (0.5 - self.width / 2 - shift_px)) * metres
        y = (self.horizon_y - 0.5 - np.arange(top, bottom)) * metres + CAMERA_HEIGHT_M
        return x.astype(np.float32)[None, :], y.astype(np.float32)[:, None]


@dataclass(slots=True)
class Canvas:
    """A painted picture: colour (premultiplied by `cover`), coverage 0..1, depth in metres."""

    rgb: Planes
    cover: Plane
    depth_m: Plane

    @classmethod
    def empty(cls, height: int, width: int) -> Canvas:
        return cls(
            np.zeros((3, height, width), np.float32),
            np.zeros((height, width), np.float32),
            np.full((height, width), np.inf, np.float32),
        )

    def composite(self, top_left: tuple[int, int], sprite: Canvas) -> None:
        """Composite a sprite over the canvas. It sets the depth where its own is finite."""
        top, left = top_left
        height, width = sprite.cover.shape
        y0, y1 = max(top, 0), min(top + height, self.cover.shape[0])
        x0, x1 = max(left, 0), min(left + width, self.cover.shape[1])
        if y0 >= y1 or x0 >= x1:
            return
        target = np.s_[y0:y1, x0:x1]
        visible = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        keep = 1 - sprite.cover[visible]
        for plane, sprite_plane in zip(self.rgb, sprite.rgb, strict=True):
            plane[target] *= keep
            plane[target] += sprite_plane[visible]
        self.cover[target] *= keep
        self.cover[target] += sprite.cover[visible]
        depth_m = sprite.depth_m[visible]
        np.copyto(self.depth_m[target], depth_m, where=np.isfinite(depth_m))


def diffuse(plane: Plane) -> None:
    """Applies the point spread to a plane in place. Its border must be smooth."""
    for lines in (plane, plane.T):
        if len(lines) > 2:
            neighbours = lines[:-2] + lines[2:]
            lines[1:-1] *= 1 - 2 * PSF_SIDE
            lines[1:-1] += PSF_SIDE * neighbours


# (1, w) x, (h, 1) y and the size of a pixel in metres, to colours (3, h, w), coverage and depth, both (h, w).
Painter = Callable[[Plane, Plane, float], tuple[Planes, Plane, Plane]]


class Sprite:
    """An object at one distance, painted once for each subpixel position.

    It has the depth of its distance where it covers half of a pixel or more. The point spread is applied to it alone,
    so that a pose does not cost more: this equals the point spread of the composed picture if the background is smooth.
    """

    def __init__(self, distance_m: float, box_m: tuple[float, float, float, float], paint: Painter) -> None:
        """`box_m` is left, bottom, right, top in metres at `distance_m`; heights count from the floor."""
        self.distance_m = distance_m
        self._box_m = box_m
        self._paint = paint
        self._painted: dict[int, Canvas] = {}

    def box(self, view: View) -> tuple[int, int, int, int]:
        """left, top, right, bottom in pixels at rest, with a rim for antialiasing, clipped to the visible area."""
        left, bottom, right, top = self._box_m
        distance_m = self.distance_m
        rim = 2 + math.ceil(view.width / 40)
        return (
            max(math.floor(view.column(left, distance_m)) - 2, -rim),
            max(math.floor(view.row(top, distance_m)) - 2, -2),
            min(math.ceil(view.column(right, distance_m)) + 2, view.width + rim),
            min(math.ceil(view.row(bottom, distance_m)) + 2, view.height + 2),
        )

    def prepare(self, view: View) -> None:
        """Paint every phase of the sway."""
        for phase in range(1 if self.distance_m == PIVOT_M else view.phases):
            self._sprite(view, phase)

    def draw(self, canvas: Canvas, view: View, sway_m: float) -> None:
        left, top, right, bottom = self.box(view)
        if left >= right or top >= bottom:
            return
        whole, phase = divmod(round(view.shift_px(self.distance_m, sway_m) * view.phases), view.phases)
        canvas.composite((top, left + whole), self._sprite(view, phase))

    def _sprite(self, view: View, phase: int) -> Canvas:
        if phase not in self._painted:
            box = self.box(view)
            if box[0] >= box[2] or box[1] >= box[3]:
                return Canvas.empty(0, 0)
            x, y = view.grid(box, self.distance_m, phase / view.phases)
            rgb, cover, depth_m = self._paint(x, y, self.distance_m / view.focal_px)
            rgb *= cover
            depth_m = np.where(cover >= 0.5, depth_m, np.float32(np.inf)).astype(np.float32, copy=False)
            for plane in (*rgb, cover):
                diffuse(plane)
            self._painted[phase] = Canvas(rgb, cover, depth_m)
        return self._painted[phase]


# A strand sets the depth of pixels that it covers by at least this fraction. With a half, as for solid objects, the
# depth of a hair would be a dashed line, and its gaps would stay sharp where the hair blurs.
STRAND_MIN_COVER = 0.12


@dataclass(frozen=True, slots=True)
class Stem:
    """A blade, stem or strand from root to tip: (x, height) in metres at `distance_m`.

    `bow_m` bends it sideways. `widths_m` are spaced evenly from root to tip and may be much smaller than a pixel.
    `wind_m` moves the tip. `rgb` is its reflectance.
    """

    distance_m: float
    root: tuple[float, float]
    tip: tuple[float, float]
    widths_m: tuple[float, ...]
    rgb: tuple[float, float, float]
    bow_m: float = 0.0
    wind_m: float = 0.0

    def draw(
        self,
        canvas: Canvas,
        view: View,
        sway_m: float,
        wind: float = 0.0,
        origin: tuple[int, int] = (0, 0),
        samples: int = 1,
        is_diffused: bool = True,
    ) -> None:
        """Draws each row with the exact overlap of stem and pixels in `samples` lines of a row; a steep stem needs one.

        `origin` is the (row, column) of the canvas. The point spread acts along the rows; `is_diffused` is False for a
        part of a sprite, which applies it to the whole.
        """
        height, width = canvas.cover.shape
        row_root, row_tip = view.row(self.root[1], self.distance_m), view.row(self.tip[1], self.distance_m)
        first, last = sorted((row_root, row_tip))
        rows = np.arange(max(math.floor(first), origin[0]), min(math.ceil(last), origin[0] + height))
        if rows.size == 0:
            return
        metres = self.distance_m / view.focal_px
        lines = rows[:, None] + (np.arange(samples) + 0.5) / samples
        t = (lines - row_root) / (row_tip - row_root)
        along_x = self.tip[0] - self.root[0]
        x_m = self.root[0] + along_x * t + self.bow_m * 4 * t * (1 - t) + wind * self.wind_m * t * t
        slope = (along_x + self.bow_m * 4 * (1 - 2 * t) + wind * self.wind_m * 2 * t) / (self.tip[1] - self.root[1])
        centre = x_m / metres + view.width / 2 + view.shift_px(self.distance_m, sway_m) - origin[1]
        half = np.interp(t, np.linspace(0, 1, len(self.widths_m)), self.widths_m) / metres / 2 * np.hypot(1, slope)
        half = np.where((t >= 0) & (t <= 1), half, 0)
        start = np.floor((centre - half).min(axis=1)).astype(np.intp) - 2
        reach = int((np.ceil((centre + half).max(axis=1)).astype(np.intp) - start).max()) + 2
        columns = start[:, None] + np.arange(reach)
        side = columns[:, None, :] + 0.5 - centre[..., None]
        overlap = np.minimum(side + 0.5, half[..., None]) - np.maximum(side - 0.5, -half[..., None])
        geometric = np.clip(overlap, 0, 1).mean(axis=1)
        cover = geometric
        if is_diffused:
            cover = (1 - 2 * PSF_SIDE) * geometric
            cover[:, 1:] += PSF_SIDE * geometric[:, :-1]
            cover[:, :-1] += PSF_SIDE * geometric[:, 1:]
        # Round cross-section: the left side faces the key light and is brighter.
        light = (0.72 - 0.42 * np.clip(side / np.maximum(half[..., None], 0.5), -1, 1)).mean(axis=1)
        hit = (cover > 0) & (columns >= 0) & (columns < width)
        r, c = np.broadcast_to((rows - origin[0])[:, None], columns.shape)[hit], columns[hit]
        solid = geometric[hit] >= STRAND_MIN_COVER
        cover, light = cover[hit].astype(np.float32), light[hit].astype(np.float32)
        for plane, reflectance in zip(canvas.rgb, self.rgb, strict=True):
            plane[r, c] = plane[r, c] * (1 - cover) + cover * light * np.float32(reflectance)
        canvas.cover[r, c] = canvas.cover[r, c] * (1 - cover) + cover
        canvas.depth_m[r[solid], c[solid]] = self.distance_m
