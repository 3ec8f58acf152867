"""Synthetic scenes by seed: textured planes with mattes, and smooth surfaces. Occluded parts are known, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Surface = Literal["ramp", "sphere", "person"]
Generator = np.random.Generator
Plane = NDArray[np.float32]

MARGIN = 32  # pixels that a layer extends beyond the frame, for blur from outside the frame
MIN_DEPTH_M, MAX_DEPTH_M = 0.5, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A plane parallel to the sensor: `rgba` (H, W, 4) float32, scene-linear, straight alpha 0..1; depth in metres."""

    rgba: Plane
    depth_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """An all-in-focus picture (H, W, 3), scene-linear, and its depth (H, W) in metres, both float32.

    `layers` are its planes, nearest first, `margin` pixels larger on every side.
    """

    picture: Plane
    depth_m: Plane
    layers: tuple[Layer, ...] = ()
    margin: int = MARGIN


def layered_scene(seed: int, size: tuple[int, int] = (480, 270), *, margin: int = MARGIN) -> Scene:
    """Textured planes between 0.5 and 10 m, with mattes of blobs, bars and hair, and highlights 20 to 50 times white.

    `size` is (width, height) in pixels; the same seed gives the same scene.
    """
    random = np.random.default_rng(seed)
    width, height = size[0] + 2 * margin, size[1] + 2 * margin
    count = int(random.integers(3, 6))
    depths_m = 1.0 / np.sort(random.uniform(1 / 6.0, 1 / MIN_DEPTH_M, count))[::-1]
    mattes = [_MATTES[int(random.integers(len(_MATTES)))] for _ in range(count)]
    layers = [
        Layer(np.dstack([_texture(random, width, height), matte(random, width, height)]), float(depth_m))
        for matte, depth_m in zip(mattes, depths_m, strict=True)
    ]
    behind = np.dstack([_texture(random, width, height), np.ones((height, width), np.float32)])
    _add_highlights(random, behind, 12)
    layers.append(Layer(behind, float(random.uniform(6.0, MAX_DEPTH_M))))
    return composited(layers, margin)


def thin_shapes_scene(seed: int, size: tuple[int, int], near_m: float, far_m: float, *, margin: int = MARGIN) -> Scene:
    """Leaves and stems at `near_m`, in every second scene also a head with hair, before lamps at `far_m`, in metres."""
    random = np.random.default_rng(seed)
    width, height = size[0] + 2 * margin, size[1] + 2 * margin
    colours = _texture(random, width, height)
    alpha = _hair(random, width, height) if seed % 2 == 0 else np.zeros((height, width), np.float32)
    alpha = np.maximum(alpha, _leaves(random, width, height))
    behind = np.dstack([_texture(random, width, height), np.ones((height, width), np.float32)])
    _add_highlights(random, behind, 24)
    return composited([Layer(np.dstack([colours, alpha]), near_m), Layer(behind, far_m)], margin)


def composited(layers: Sequence[Layer], margin: int) -> Scene:
    """The scene through a pinhole: layers blended back to front, depth of the nearest layer with alpha > 0.5."""
    height, width = layers[0].rgba.shape[:2]
    picture = np.zeros((height, width, 3), np.float32)
    depth_m = np.full((height, width), layers[-1].depth_m, np.float32)
    for layer in reversed(layers):
        alpha = layer.rgba[..., 3:]
        picture += alpha * (layer.rgba[..., :3] - picture)
        depth_m[alpha[..., 0] > 0.5] = layer.depth_m
    inner = (slice(margin, height - margin), slice(margin, width - margin))
    return Scene(np.ascontiguousarray(picture[inner]), np.ascontiguousarray(depth_m[inner]), tuple(layers), margin)


def smooth_scene(kind: Surface, seed: int, size: tuple[int, int] = (480, 270), *, margin: int = MARGIN) -> Scene:
    """A textured surface without edges: a `ramp` from 0.7 to 6 m, a `sphere`, or a `person`-like relief before a wall.

    Its picture and depth include the margin, which `smooth_ground_truth` removes.
    """
    random = np.random.default_rng(seed)
    width, height = size[0] + 2 * margin, size[1] + 2 * margin
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - 0.5 * width) / height, (y - 0.5 * height) / height
    if kind == "ramp":
        per_m = 1 / 6.0 + (1 / 0.7 - 1 / 6.0) * np.clip(0.5 + 0.9 * x / (width / height) + 0.1 * y, 0, 1)
    elif kind == "sphere":
        per_m = 0.4 + 0.8 * np.sqrt(_bump(np.hypot(x, y) / 0.45) + 0.02)
    else:
        body = 0.7 * _bump(np.hypot(x / 0.55, (y - 0.55) / 0.6)) + 0.8 * _bump(np.hypot(x / 0.3, (y + 0.12) / 0.36))
        per_m = 0.3 + 0.7 * np.minimum(body, 1.0) + 0.08 * _bump(np.hypot(x / 0.06, (y + 0.08) / 0.1))
    picture = _texture(random, width, height)
    return Scene(picture, (1.0 / per_m).astype(np.float32), (), margin)


def _bump(distance: NDArray[np.floating]) -> NDArray[np.floating]:
    """1 in the middle, 0 from 1 on, smooth in between."""
    return np.asarray(np.clip(1 - distance**2, 0, 1) ** 2)


def _noise(random: Generator, width: int, height: int, cell: float) -> Plane:
    """Smooth noise of mean 0 and about unit range, with details of `cell` pixels."""
    columns, rows = int(width / cell) + 4, int(height / cell) + 4
    coarse = random.normal(size=(rows, columns)).astype(np.float32)
    y, x = np.arange(height) / cell + 1, np.arange(width) / cell + 1
    return _spline(_spline(coarse, y, 0), x, 1)


def _spline(samples: Plane, positions: NDArray[np.floating], axis: int) -> Plane:
    """Cubic B-spline through `samples` as control points along `axis`."""
    first = np.floor(positions).astype(int)
    t = (positions - first).astype(np.float32)
    weights = ((1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6)
    shape = (-1, 1) if axis == 0 else (1, -1)
    parts = [w.reshape(shape) * np.take(samples, first + k - 1, axis) for k, w in enumerate(weights)]
    return np.asarray(sum(parts), np.float32)


def _texture(random: Generator, width: int, height: int) -> Plane:
    """(H, W, 3) scene-linear, 0.02 to 1: a colour with coarse and fine detail, and for some layers a hard pattern."""
    colour = random.uniform(0.15, 0.75, 3).astype(np.float32)
    level = np.zeros((height, width), np.float32)
    for cell, share in ((48.0, 0.5), (16.0, 0.4), (6.0, 0.35), (2.2, 0.3)):
        level += share * random.uniform(0.4, 1.2) * _noise(random, width, height, cell)
    tint = np.stack([_noise(random, width, height, 30.0) for _ in range(3)], axis=-1)
    encoded = colour ** (1 / 2.2) + 0.35 * level[..., None] + 0.12 * tint
    if random.random() < 0.5:
        angle, period = random.uniform(0, np.pi), random.uniform(8, 40)
        y, x = np.mgrid[:height, :width]
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period))
        encoded += 0.15 * np.clip(wave * period / 6, -1, 1)[..., None]
    return np.asarray(np.clip(encoded, 0.17, 1.0) ** 2.2, np.float32)


def _add_highlights(random: Generator, rgba: Plane, count: int) -> None:
    """Adds small highlights, 20 to 50 times white, in place."""
    height, width = rgba.shape[:2]
    for _ in range(count):
        y, x = int(random.integers(2, height - 2)), int(random.integers(2, width - 2))
        tint = random.uniform(0.6, 1.0, 3)
        rgba[y : y + 2, x : x + 2, :3] = random.uniform(20, 50) * tint / tint.max()


def _edge(distance: NDArray[np.floating]) -> Plane:
    """The coverage of a pixel by an edge at a signed `distance` in pixels."""
    return np.asarray(np.clip(distance + 0.5, 0, 1), np.float32)


def _blobs(random: Generator, width: int, height: int) -> Plane:
    field = _noise(random, width, height, random.uniform(40, 90)) + 0.25 * _noise(random, width, height, 14.0)
    down, across = np.gradient(field)
    return _edge((field - random.uniform(0.25, 0.5)) / np.maximum(np.hypot(down, across), 1e-3))


def _bars(random: Generator, width: int, height: int) -> Plane:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    alpha = np.zeros((height, width), np.float32)
    for _ in range(int(random.integers(2, 6))):
        angle = random.uniform(0, np.pi)
        offset = (x - random.uniform(0, width)) * np.sin(angle) - (y - random.uniform(0, height)) * np.cos(angle)
        alpha = np.maximum(alpha, _edge(random.uniform(3, 22) - np.abs(offset)))
    return alpha


def _hair(random: Generator, width: int, height: int) -> Plane:
    """Curved strands, one to three pixels wide, from a head."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    centre_x, centre_y, size = random.uniform(0.2, 0.8) * width, random.uniform(0.4, 0.8) * height, 0.18 * height
    alpha = _edge(size - np.hypot(x - centre_x, y - centre_y))
    for _ in range(int(random.integers(12, 28))):
        angle, bend = random.uniform(0, 2 * np.pi), random.normal() * 0.006
        along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
        beside = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle) - bend * along**2
        strand = _edge(random.uniform(0.4, 1.5) - np.abs(beside) / np.sqrt(1 + (2 * bend * along) ** 2))
        reach = size * random.uniform(1.4, 2.6)
        alpha = np.maximum(alpha, np.where((along > 0) & (along < reach), strand, 0))
    return alpha


def _leaves(random: Generator, width: int, height: int) -> Plane:
    """Curved leaves and stems that end in points, from less than a pixel to 12 pixels wide."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    alpha = np.zeros((height, width), np.float32)
    for _ in range(14):
        angle, bend = random.uniform(0, 2 * np.pi), random.normal() * 0.002
        from_x, from_y = x - random.uniform(0, width), y - random.uniform(0, height)
        along = from_x * np.cos(angle) + from_y * np.sin(angle)
        beside = from_y * np.cos(angle) - from_x * np.sin(angle) - bend * along**2
        length = random.uniform(40, 160)
        half_width = random.uniform(0.4, 6) * np.clip(1 - (along / length) ** 2, 0, 1)
        leaf = _edge(half_width - np.abs(beside) / np.sqrt(1 + (2 * bend * along) ** 2))
        alpha = np.maximum(alpha, np.where(np.abs(along) < length, leaf, 0))
    return alpha


_MATTES = (_blobs, _bars, _hair)
