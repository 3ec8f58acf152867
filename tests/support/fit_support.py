"""Training pairs: a scene of coloured cards, and its picture in a known look."""

from __future__ import annotations

import io

import numpy as np
from groundglass.look.look import Look
from groundglass.look.reference import apply
from PIL import Image

SIZE = 384, 256


def cards(size: tuple[int, int] = SIZE, seed: int = 3) -> np.ndarray:
    """(H, W, 3) float32 scene-linear Rec.2020: overlapping cards of many colours, brightnesses and gradients."""
    width, height = size
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    scene = np.full((height, width, 3), 0.18)
    for _ in range(90):
        middle, half = generator.random(2) * (width, height), generator.uniform(8, 45, 2) * width / 384
        turn = generator.uniform(0, np.pi)
        along = (x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)
        across = (y - middle[1]) * np.cos(turn) - (x - middle[0]) * np.sin(turn)
        inside = (np.abs(along) < half[0]) & (np.abs(across) < half[1])
        light = 0.15 * 2.0 ** generator.normal(0, 1.3)
        colour = light * np.exp(generator.normal(0, 0.45, 3))
        scene[inside] = (colour * (1 + 0.3 * along / half[0])[..., None])[inside]
    return np.maximum(scene, 0.002).astype(np.float32)


def place2_of(size: tuple[int, int]) -> np.ndarray:
    """(H, W) squared distance from the centre in half diagonals."""
    width, height = size
    y, x = np.mgrid[:height, :width] + 0.5
    return 4 * ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width**2 + height**2)


def picture_of(scene: np.ndarray, look: Look, *, corner_light: float = 1.0, noise: float = 0.015) -> np.ndarray:
    """(H, W, 3) uint8 like a camera's JPEG: the look, vignetting, noise, JPEG quality 90."""
    falloff = 1 + (corner_light**-0.5 - 1) * place2_of(scene.shape[1::-1])
    display = apply(look, scene / falloff[..., None] ** 2)
    return jpeg(display + np.random.default_rng(5).normal(0, noise, display.shape))


def jpeg(display: np.ndarray) -> np.ndarray:
    """Encodes display floats as JPEG of quality 90 and decodes them: (H, W, 3) uint8."""
    data = io.BytesIO()
    Image.fromarray((np.clip(display, 0, 1) * 255 + 0.5).astype(np.uint8)).save(data, "JPEG", quality=90)
    return np.asarray(Image.open(data))
