"""Objects at known distances, their depth maps with camera noise, and a depth stage to test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.depth.stage import DepthStage

WIDTH, HEIGHT = 240, 160
NOISE = 0.02
FAR_M, BAR_M, DISC_M = 4.0, 2.0, 1.0
Array = np.ndarray[Any, Any]


def things(shift: float = 0.0, width: int = WIDTH, height: int = HEIGHT) -> tuple[Array, Array]:
    """A textured wall with a bar and a disc in front, `shift` pixels to the right: scene RGB and exact metres."""
    y, x = np.indices((height, width))
    texture = 0.75 + 0.25 * np.random.default_rng(8).random((height, width))
    depth_m = np.full((height, width), FAR_M)
    rgb = np.array([0.15, 0.2, 0.3]) * texture[..., None]
    bar = np.abs(x - y * 0.3 - 170 - shift) < 9
    disc = np.hypot(x - 80 - shift, y - 80) < 45
    for mask, metres, colour in ((bar, BAR_M, (0.5, 0.45, 0.1)), (disc, DISC_M, (0.8, 0.3, 0.25))):
        depth_m[mask] = metres
        moved = np.roll(texture, round(shift), axis=1)
        rgb[mask] = (np.array(colour) * moved[..., None])[mask]
    return rgb.astype(np.float32), depth_m.astype(np.float32)


def near_edges(depth_m: Array, within: int = 6) -> Array:
    """Mask of the pixels `within` pixels of another distance, horizontally or vertically."""
    found = np.zeros(depth_m.shape, bool)
    for dy, dx in ((0, within), (0, -within), (within, 0), (-within, 0)):
        found |= np.roll(depth_m, (dy, dx), (0, 1)) != depth_m
    return found


def noisy(depth_m: Array, seed: int, noise: float = NOISE) -> Array:
    """Adds independent relative noise to each pixel."""
    return (depth_m * (1 + noise * np.random.default_rng(seed).standard_normal(depth_m.shape))).astype(np.float32)


def blotchy(depth_m: Array, seed: int, noise: float = NOISE) -> Array:
    """Adds low-frequency relative noise: patches about 20 pixels wide."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal(depth_m.shape))
    fy, fx = np.fft.fftfreq(depth_m.shape[0])[:, None], np.fft.rfftfreq(depth_m.shape[1])
    smooth = np.fft.irfft2(spectrum * np.exp(-2 * (np.pi * 8) ** 2 * (fy**2 + fx**2)), depth_m.shape)
    return (depth_m * (1 + noise * smooth / smooth.std())).astype(np.float32)


class Bench:
    """A depth stage and its scene."""

    def __init__(self, device: Device, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.stage = DepthStage(device, width, height)
        self.scene = Planes(device, width, height, 3)
        self.scene.write(np.full((height, width, 3), 0.18, np.float32))

    def run(self, depth_m: Array, noise: float = 0.0, rgb: Array | None = None) -> Array:
        if rgb is not None:
            self.scene.write(rgb)
        self.stage.load(np.asarray(depth_m, np.float32), noise)
        return self.stage.run(self.scene).read()[..., 0]


@contextmanager
def make_bench(device: Device, width: int = WIDTH, height: int = HEIGHT) -> Iterator[Bench]:
    opened = Bench(device, width, height)
    yield opened
    opened.stage.release()
    opened.scene.release()
