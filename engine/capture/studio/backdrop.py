"""The background of the studio: a dim wall 10 m away, a plank floor, and strings of lights."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import CAMERA_HEIGHT_M, PIVOT_M, PSF_VARIANCE, Canvas, Plane, Planes, View, diffuse
from .shapes import smoothstep, soft_noise

WALL_M = 10.0
PLANK_M = 0.115
BAND_ROWS = 128  # painted at once: the formulas take ten times the memory of their result
WALL_RGB = (0.0210, 0.0255, 0.0290)
OAK_RGB = (0.205, 0.147, 0.100)
GRAIN = (
    (55, 3.0, 0.14, 23),
    (160, 7.0, 0.12, 24),
    (430, 16.0, 0.12, 25),
    (950, 34.0, 0.14, 26),
)  # bumps per metre across and along, weight, seed
GLASS, FILAMENT, HALO = 6.0, 0.4, 0.05
EDGE_PX = math.sqrt(
    5 * (PSF_VARIANCE + 1 / 12)
)  # half the width of a smooth step with the variance of point spread and pixel
WARM_RGB = (1.0, 0.60, 0.27)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The soft shadow of an object of `radius_m` on the floor at (x, z) metres, cast away from the key light."""

    x_m: float
    z_m: float
    radius_m: float
    strength: float = 0.75


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp on the wall. `rgb` is the radiance of its glass, scene-linear Rec.2020, in units of scene white.

    Filament and halo add FILAMENT and HALO of it at the centre. The sum is below the clipping level of the sensor, so
    that a defocused lamp keeps its colour.
    """

    x_m: float
    y_m: float
    radius_m: float
    rgb: tuple[float, float, float]
    twinkle: float  # 0..1, start phase of its flicker


@functools.cache
def lights() -> tuple[Light, ...]:
    """A curtain of fairy lights and two garlands of globe lamps in seven bulb colours. Always the same lights."""
    rng = np.random.default_rng(2024)
    colours = np.array(
        [[1.0, 0.60, 0.27], [1.0, 0.66, 0.36], [1.0, 0.50, 0.16], [1.0, 0.78, 0.55], [0.95, 0.33, 0.22],
         [0.35, 0.72, 0.80], [0.85, 0.45, 0.60]]
    )  # fmt: skip
    share = np.array([0.30, 0.26, 0.16, 0.12, 0.06, 0.06, 0.04])
    lamps = []

    def add(x_m: float, y_m: float, radius_m: float) -> None:
        rgb = colours[rng.choice(len(share), p=share)] * GLASS * rng.uniform(0.75, 1.15)
        lamps.append(Light(x_m, y_m, radius_m, (float(rgb[0]), float(rgb[1]), float(rgb[2])), float(rng.random())))

    for string in np.arange(-3.5, 3.6, 0.40):
        low = rng.uniform(0.25, 0.85)
        for y in np.arange(2.0, low, -0.27):
            add(string + rng.normal(0, 0.035), y + rng.normal(0, 0.06), 0.021)
    for centre, half, top, sag in ((-1.75, 1.95, 1.62, 0.42), (2.05, 1.85, 1.55, 0.36)):
        for t in np.linspace(-1, 1, 11):
            add(centre + half * t, top - sag * (1 - t * t), 0.036)
    return tuple(lamps)


class Backdrop:
    """Wall and floor, painted once with a margin. Each row has one depth, so camera sway shifts it as a whole."""

    def __init__(self, view: View, shadows: tuple[Shadow, ...], sway_m: float) -> None:
        """`sway_m` is the maximum sway for `paint`."""
        self._view = view
        rows = np.arange(view.height) + 0.5 - view.horizon_y
        floor_m = CAMERA_HEIGHT_M * view.focal_px / np.maximum(rows, 1e-6)
        self._first_floor_row = int(np.searchsorted(-floor_m, -WALL_M, side="right"))
        self.row_depth_m: NDArray[np.float32] = np.minimum(floor_m, WALL_M).astype(np.float32)
        max_shift_px = max(abs(view.shift_px(float(z), sway_m)) for z in (WALL_M, self.row_depth_m[-1]))
        self._margin = math.ceil(max_shift_px) + 2
        columns = np.arange(-self._margin, view.width + self._margin) + 0.5 - view.width / 2
        x = (columns / view.focal_px).astype(np.float32)[None, :]
        y = (-rows / view.focal_px).astype(np.float32)[:, None]
        split = self._first_floor_row
        self.rgb: Planes = np.empty((3, view.height, x.shape[1]), np.float32)
        for top in range(0, split, BAND_ROWS):
            band = slice(top, min(top + BAND_ROWS, split))
            self.rgb[:, band] = _wall(x * WALL_M, y[band] * WALL_M + CAMERA_HEIGHT_M)
        for top in range(split, view.height, BAND_ROWS):
            band = slice(top, top + BAND_ROWS)
            self.rgb[:, band] = _floor(x, self.row_depth_m[band, None], view.focal_px, shadows)
        for plane in self.rgb:
            diffuse(plane)

    def paint(self, sway_m: float, twinkle: float) -> Canvas:
        """A new canvas with wall, floor and lights; `twinkle` 0..1 is the phase of the lights' flicker."""
        view, width, margin = self._view, self._view.width, self._margin
        rgb = np.empty((3, view.height, width), np.float32)
        starts = margin - view.focal_px * sway_m * (1 / PIVOT_M - 1 / self.row_depth_m.astype(np.float64))
        lefts = np.floor(starts).astype(np.intp)
        parts = (starts - lefts).astype(np.float32)[:, None]
        for rows in np.split(np.arange(view.height), np.flatnonzero(np.diff(lefts)) + 1):
            row, left = np.s_[rows[0] : rows[-1] + 1], int(lefts[rows[0]])
            for plane, wide in zip(rgb, self.rgb, strict=True):
                current = wide[row, left : left + width]
                np.subtract(wide[row, left + 1 : left + 1 + width], current, out=plane[row])
                plane[row] *= parts[row]
                plane[row] += current
        depth_m = np.repeat(self.row_depth_m[:, None], width, axis=1)
        canvas = Canvas(rgb, np.ones((view.height, width), np.float32), depth_m)
        for light in lights():
            draw_light(canvas, view, light, sway_m, twinkle)
        return canvas

    def behind(self, x_m: Plane, y_m: Plane, distance_m: float) -> Planes:
        """(3, h, w) wall and floor in the direction of a point `x_m`, `y_m` (above the floor) at `distance_m`."""
        view = self._view
        column = x_m / distance_m * view.focal_px + view.width / 2 + self._margin
        row = view.horizon_y - (y_m - CAMERA_HEIGHT_M) / distance_m * view.focal_px
        j = np.clip(row, 0, view.height - 1).astype(np.intp)
        i = np.clip(column, 0, self.rgb.shape[2] - 1).astype(np.intp)
        rgb: Planes = self.rgb[:, j, i]
        return rgb


def _wall(x: Plane, y: Plane) -> Planes:
    """Trowelled plaster, x and height in metres, with the light of the lamps and the floor on it."""
    plaster = 1 + 0.10 * soft_noise(x * 0.9, y * 1.3, 11) + 0.06 * soft_noise(x * 3.7, y * 2.9, 12)
    plaster += 0.025 * soft_noise(x * 14, y * 11, 13)
    pool = np.exp(-(((x + 0.6) / 2.3) ** 2) - ((y - 0.9) / 1.1) ** 2)
    low = np.exp(-y / 0.35) * np.exp(-(((x - 0.2) / 2.8) ** 2))
    lamp_x, lamp_y, radius = np.array([(lamp.x_m, lamp.y_m, lamp.radius_m) for lamp in lights()], np.float32).T
    reach = 0.18 + 2 * radius
    lamp_light = (
        np.exp(-(((y - lamp_y) / reach) ** 2)) @ (np.exp(-(((x.T - lamp_x) / reach) ** 2)) * (radius / 0.032)).T
    )  # both (pixels, lamps): a Gaussian is the product of its profiles
    rgb = np.empty((3, *plaster.shape), np.float32)
    for i in range(3):
        warm = WARM_RGB[i] * (0.026 * lamp_light + 0.020 * low)
        rgb[i] = plaster * (WALL_RGB[i] * (0.55 + 1.7 * pool) + warm)
    return rgb


def _floor(x: Plane, z: Plane, focal_px: float, shadows: tuple[Shadow, ...]) -> Planes:
    """Oiled planks along the optical axis; `x` tangents (1, w), `z` metres (h, 1).

    Detail finer than a pixel fades out. Seams are weighted by their area in the pixel.
    """
    across = x * z
    pixel_x, pixel_z = z / focal_px, z * z / (focal_px * CAMERA_HEIGHT_M)
    plank = np.floor(across / PLANK_M)
    offset = soft_noise(plank * 0.77 + 0.5, np.full_like(z, 3.5), 21)
    board = np.floor((z + offset * 1.7) / 1.9)  # a plank is 1.9 m long, its end staggered
    tone = soft_noise(plank * 0.83 + 0.4, board * 0.91 + 0.3, 22)
    wood = 1 + 0.30 * tone
    for frequency, stretch, weight, seed in GRAIN:
        hold = np.clip(1.6 - 3.2 * pixel_x * frequency, 0, 1) * np.clip(1.6 - 3.2 * pixel_z * stretch, 0, 1)
        if hold.any():
            wood += weight * hold * soft_noise(across * frequency + tone * 9, z * stretch + plank * 3.1, seed)
    seam = np.abs(across / PLANK_M - np.rint(across / PLANK_M)) * PLANK_M
    gap = 0.0013
    slant = np.hypot(pixel_x, x * pixel_z)  # extent of a pixel across an oblique seam
    wood *= 1 - 0.75 * np.clip((gap + slant / 2 - seam) / slant, 0, 1) * np.minimum(1, 2 * gap / slant)
    light = 0.10 + 0.90 * np.exp(-(((z - 1.1) / 2.4) ** 2)) * (1 - 0.35 * smoothstep(-0.5, 1.5, across))
    sheen = 0.020 * np.exp(-(((x + 0.10) / 0.20) ** 2)) * smoothstep(1.0, 8.0, z)
    shade = _shadow(across, z, shadows)
    rgb = np.empty((3, z.shape[0], x.shape[1]), np.float32)
    for i in range(3):
        rgb[i] = wood * OAK_RGB[i] * light * shade + sheen * WARM_RGB[i] * (0.6 + 0.4 * shade)
    return np.maximum(rgb, 0)


def _shadow(x: Plane, z: Plane, shadows: tuple[Shadow, ...]) -> Plane:
    """0..1: dark at the contact with the floor, softer and longer away from the key light, to the right and back."""
    left = np.ones(x.shape, np.float32)
    for shadow in shadows:
        radius = shadow.radius_m
        near, far = np.searchsorted(-z[:, 0], (-shadow.z_m - 4 * radius, -shadow.z_m + 4 * radius))
        rows = np.s_[near:far]
        dx, dz = (x[rows] - shadow.x_m) / radius, (z[rows] - shadow.z_m) / radius
        touch = np.exp(-(((dx * dx + dz * dz) / 0.75) ** 2))
        along, across = 0.80 * dx + 0.60 * dz, 0.80 * dz - 0.60 * dx
        reach = np.where(along > 0, np.float32(2.6), np.float32(0.8))
        cast = np.exp(-((along / reach) ** 2) - (across / 0.95) ** 2)
        left[rows] *= (1 - 0.80 * shadow.strength * touch) * (1 - 0.85 * shadow.strength * cast)
    return left


def draw_light(canvas: Canvas, view: View, light: Light, sway_m: float, twinkle: float) -> None:
    """Draws a filament, its glass and a faint halo. A light smaller than a pixel is enlarged at constant energy."""
    radius = light.radius_m / WALL_M * view.focal_px
    drawn = max(radius, EDGE_PX)
    area = drawn * drawn + EDGE_PX**2 / 5  # area of the soft-edged disc below, divided by pi
    peak = radius * radius / area * (0.86 + 0.14 * math.cos(2 * math.pi * (twinkle + light.twinkle)))
    x = view.column(light.x_m, WALL_M) + view.shift_px(WALL_M, sway_m)
    y = view.row(light.y_m, WALL_M)
    reach = math.ceil(4 * drawn)
    left, right = max(int(x) - reach, 0), min(int(x) + reach + 1, view.width)
    top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 1, view.height)
    if left >= right or top >= bottom:
        return
    columns, rows = np.arange(left, right) + 0.5 - x, np.arange(top, bottom)[:, None] + 0.5 - y
    disc = smoothstep(drawn + EDGE_PX, drawn - EDGE_PX, np.hypot(columns, rows))
    for strength, extent in ((FILAMENT, 0.5 * drawn), (HALO, 2 * drawn)):
        # A Gaussian is the product of its profiles.
        disc += np.exp(-((rows / extent) ** 2)) * (strength * np.exp(-((columns / extent) ** 2)))
    disc *= peak
    for plane, radiance in zip(canvas.rgb, light.rgb, strict=True):
        plane[top:bottom, left:right] += (disc * radiance).astype(np.float32)
