"""Solids under studio light: spheres and shapes of revolution, their materials and their soft noise.

Solids are drawn in weak perspective: their own depth does not change their scale. Colour, outline and depth therefore
agree to the pixel. Solids rest on the floor at their distance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .canvas import CAMERA_HEIGHT_M, Painter, Plane, Planes

Normal = tuple[Plane, Plane, Plane]  # x to the right, y up, z towards the camera
Position = tuple[Plane, Plane]  # on a ball: x, y of its unit normal; on a shape of revolution: angle, height in m
Pattern = Callable[[Plane, Plane], Plane]  # a factor on the reflectance at a position


def direction(x: float, y: float, z: float) -> NDArray[np.float32]:
    vector = np.array([x, y, z])
    unit: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


KEY = direction(-0.70, 0.56, 0.36)  # a large softbox, high on the left
FILL = direction(0.85, 0.10, 0.25)  # a grey card on the right
KEY_RGB, FILL_RGB = (1.10, 1.06, 1.00), (0.090, 0.105, 0.125)
SKY_RGB, FLOOR_RGB = (0.065, 0.071, 0.078), (0.098, 0.076, 0.056)


@functools.cache
def _lattice(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1, 1, (128, 128)).astype(np.float32)


def soft_noise(u: Plane, v: Plane, seed: int) -> Plane:
    """Value noise, -1..1, about one bump per unit of `u` and `v` (shapes that broadcast). A seed gives one noise."""
    lattice = _lattice(seed).ravel()
    (i, fu), (j, fv) = _steps(u), _steps(v)
    i1, j1 = (i + 1) & 127, ((j + 1) & 127) * 128
    j *= 128
    keep_u = 1 - fu
    low, high = lattice.take(j + i), lattice.take(j1 + i)
    low *= keep_u
    low += lattice.take(j + i1) * fu
    high *= keep_u
    high += lattice.take(j1 + i1) * fu
    low *= 1 - fv
    high *= fv
    noise: Plane = np.add(low, high, out=low)
    return noise


def _steps(position: Plane) -> tuple[NDArray[np.intp], Plane]:
    """The cell of the lattice at `position`, and the smooth step from this cell to the next one, 0..1."""
    cell = np.floor(position)
    fraction = position - cell
    return cell.astype(np.intp) & 127, fraction * fraction * (3 - 2 * fraction)


def smoothstep(low: float, high: float, position: Plane) -> Plane:
    t = np.clip((position - low) / (high - low), 0, 1)
    eased: Plane = t * t * (3 - 2 * t)
    return eased


@dataclass(frozen=True, slots=True)
class Material:
    """`rgb` reflectance, linear Rec.2020; `sheen` a broad highlight; `gloss` a mirror image of the softbox."""

    rgb: tuple[float, float, float]
    sheen: float = 0.0
    gloss: float = 0.0
    wrap: float = 0.22  # extent of light beyond the terminator
    warmth: float = 0.0  # reddening at the terminator, as in skin
    pattern: Pattern | None = None


def shade(normal: Normal, material: Material, position: Position, contact: Plane | float = 1.0) -> Planes:
    """(3, h, w) light towards the camera; `contact` 0..1 darkens areas where the floor occludes the studio."""
    nx, ny, nz = normal
    facing = nx * KEY[0] + ny * KEY[1] + nz * KEY[2]
    key = np.clip((facing + material.wrap) / (1 + material.wrap), 0, 1) ** 1.15
    fill = 0.5 + 0.5 * (nx * FILL[0] + ny * FILL[1] + nz * FILL[2])
    up = 0.5 + 0.5 * ny
    blush = material.warmth * np.clip(1 - np.abs(facing - 0.05) / 0.45, 0, 1) * key
    grain: Plane | float = 1.0 if material.pattern is None else material.pattern(*position)
    shine = _highlights(normal, facing, material) * contact
    rgb = np.empty((3, *facing.shape), np.float32)
    for i in range(3):
        light = key * KEY_RGB[i] + fill * FILL_RGB[i] + up * SKY_RGB[i] + (1 - up) * FLOOR_RGB[i]
        tint = (1.0, -0.15, -0.45)[i]
        rgb[i] = light * material.rgb[i] * grain * (1 + blush * tint) * contact + shine
    return rgb


def _highlights(normal: Normal, facing: Plane, material: Material) -> Plane:
    """Broad sheen, the mirrored softbox with two panes, and a rim of the dim studio at grazing angles."""
    nx, ny, nz = normal
    shine = np.zeros_like(facing)
    if material.sheen:
        half = KEY + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        shine += material.sheen * np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1) ** 24
    if material.gloss:
        mirrored = (2 * nz * nx, 2 * nz * ny, 2 * nz * nz - 1)
        across, upward = direction(0.60, 0.0, 0.79), direction(0.30, 0.82, -0.42)
        ahead = mirrored[0] * KEY[0] + mirrored[1] * KEY[1] + mirrored[2] * KEY[2]
        a = sum(m * d for m, d in zip(mirrored, across, strict=True)) / np.maximum(ahead, 0.05)
        b = sum(m * d for m, d in zip(mirrored, upward, strict=True)) / np.maximum(ahead, 0.05)
        pane = smoothstep(0.40, 0.30, np.abs(a)) * smoothstep(0.55, 0.42, np.abs(b)) * (ahead > 0.05)
        pane *= 1 - 0.8 * smoothstep(0.035, 0.015, np.abs(a))
        shine += material.gloss * (pane * 0.85 + 0.18 * (1 - np.clip(nz, 0, 1)) ** 3)
    return shine


def _round(distance_px: Plane) -> Plane:
    """Coverage from the signed distance to an outline, in pixels, positive inside."""
    cover: Plane = np.clip(0.5 + distance_px, 0, 1).astype(np.float32)
    return cover


def sphere(x_m: float, y_m: float, radius_m: float, distance_m: float, material: Material) -> Painter:
    """A ball with its centre at `x_m`, `y_m` (above the floor)."""

    def paint(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
        u, v = (x - x_m) / radius_m, (y - y_m) / radius_m
        distance = np.hypot(u, v)
        cover = _round((1 - distance) * (radius_m / pixel))
        inside = np.minimum(1, 0.999 / np.maximum(distance, 1e-6))
        nx, ny = u * inside, v * inside
        nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        contact = 0.30 + 0.70 * smoothstep(-1.0, -0.35, ny) if y_m <= radius_m * 1.01 else 1.0
        depth_m = distance_m - radius_m * np.sqrt(np.maximum(1 - distance * distance, 0))
        return shade((nx, ny, nz), material, (nx, ny), contact), cover, depth_m

    return paint


def glass_ball(
    x_m: float, radius_m: float, distance_m: float, behind: Callable[[Plane, Plane, float], Planes]
) -> Painter:
    """A clear ball on the floor. It shows `behind`, which is Backdrop.behind, upside down."""

    def paint(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
        u, v = (x - x_m) / radius_m, (y - radius_m) / radius_m
        distance = np.hypot(u, v)
        inside = np.minimum(1, 0.999 / np.maximum(distance, 1e-6))
        nx, ny = u * inside, v * inside
        nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        bend = 3.2 * (1 + 1.2 * (1 - nz)) * radius_m
        # The refracted picture is reduced, so that one sample per pixel would miss lines: the mean of four samples.
        spread = 0.8 * pixel
        views = [
            behind(x_m - nx * bend + dx, CAMERA_HEIGHT_M - 0.012 - ny * bend + dy, distance_m)
            for dx in (-spread, spread)
            for dy in (-spread, spread)
        ]
        rgb = sum(views[1:], views[0]) / 4
        edge = (1 - nz) ** 2
        clear = (0.90 - 0.75 * edge) * (0.55 + 0.45 * smoothstep(-1.0, -0.5, ny))
        rgb = rgb * clear + np.array([0.030, 0.034, 0.036], np.float32)[:, None, None] * (1 - nz)
        material = Material((0.0, 0.0, 0.0), sheen=0.05, gloss=1.0)
        rgb += shade((nx, ny, nz), material, (nx, ny))
        # The caustic of the key light on the far side, low on the right.
        focus = np.exp(-(((nx - 0.58) / 0.24) ** 2) - ((ny + 0.58) / 0.20) ** 2)
        rgb += focus * np.array([0.34, 0.32, 0.29], np.float32)[:, None, None]
        depth_m = distance_m - radius_m * np.sqrt(np.maximum(1 - distance * distance, 0))
        return rgb.astype(np.float32), _round((1 - distance) * (radius_m / pixel)), depth_m

    return paint


def mirrored(paint: Painter, strength: float, reach_m: float) -> Painter:
    """The reflection of a solid in the polished floor. It fades out at `reach_m` below the floor."""

    def paint_below(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
        rgb, cover, depth_m = paint(x, -y, pixel)
        return rgb, cover * strength * np.clip(1 + y / reach_m, 0, 1) ** 1.5, depth_m

    return paint_below


def turned(
    x_m: float, profile: tuple[tuple[float, float], ...], distance_m: float, material: Material, base_m: float = 0.0
) -> Painter:
    """A shape of revolution. `profile` lists (height, radius) in metres from its foot up, joined smoothly.

    Its vertical perspective is exact: a rim below eye level curves down, a rim above curves up.
    """
    heights = np.linspace(profile[0][0], profile[-1][0], 400)
    radii = _smooth_curve(heights, np.array(profile))
    slopes = np.gradient(radii, heights)

    def paint(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
        across = x - x_m
        height = np.broadcast_to(y - base_m, (y.shape[0], x.shape[1]))
        plain = height
        for _ in range(2):  # intersection of ray and near side by fixed-point iteration, to less than 0.1 pixel
            radius = np.interp(height, heights, radii)
            relief = np.sqrt(np.maximum(radius * radius - across * across, 0))
            height = plain - (plain + base_m - CAMERA_HEIGHT_M) * relief / distance_m
        radius = np.interp(height, heights, radii).astype(np.float32)
        slope = np.interp(height, heights, slopes).astype(np.float32)
        scale = 1 / np.hypot(1, slope)
        u = np.clip(across / np.maximum(radius, 1e-6), -1, 1)
        w = np.sqrt(1 - u * u)
        cover = _round((radius - np.abs(across)) * scale / pixel)
        cover *= _round((height - heights[0]) / pixel) * _round((heights[-1] - height) / pixel)
        above = smoothstep(0.0, 0.05, (height + base_m).astype(np.float32))
        normal = (u * scale, -slope * scale, w * scale)
        rgb = shade(normal, material, (np.arcsin(u), height.astype(np.float32)), 0.35 + 0.65 * above)
        return rgb, cover, distance_m - radius * w

    return paint


def _smooth_curve(at: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Catmull-Rom curve through (position, value) knots, without overshoot at the ends."""
    position, value = knots[:, 0], knots[:, 1]
    tangent = np.gradient(value, position)
    i = np.clip(np.searchsorted(position, at, side="right") - 1, 0, len(position) - 2)
    span = position[i + 1] - position[i]
    t = (at - position[i]) / span
    curve: NDArray[np.float64] = (
        (2 * t**3 - 3 * t**2 + 1) * value[i]
        + (t**3 - 2 * t**2 + t) * span * tangent[i]
        + (3 * t**2 - 2 * t**3) * value[i + 1]
        + (t**3 - t**2) * span * tangent[i + 1]
    )
    return curve
