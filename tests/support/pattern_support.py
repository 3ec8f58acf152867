"""Helpers for tests of mosaics of any pattern."""

from __future__ import annotations

import numpy as np
from groundglass.cfa import Cfa


def mosaic_of(rgb: np.ndarray, cfa: Cfa) -> np.ndarray:
    """The mosaic (H, W) of `rgb` (H, W, 3): the channel of the CFA at each pixel."""
    y, x = np.indices(rgb.shape[:2])
    channels = cfa.channels()
    return np.take_along_axis(rgb, channels[y % len(channels), x % len(channels)][..., None], axis=2)[..., 0]


def smooth_noise(height: int, width: int, seed: int = 1) -> np.ndarray:
    """(H, W, 3) in 0..1: blotches a few pixels wide, with channels correlated about as in a photograph."""
    random = np.random.default_rng(seed)
    noise = random.random((height + 4, width + 4, 1)) + 0.2 * random.random((height + 4, width + 4, 3))
    blurred = sum(noise[dy : dy + height, dx : dx + width] for dy in range(5) for dx in range(5)) / 25
    return np.clip(3 * (blurred - 0.6) + 0.5, 0, 1)


def cpsnr(picture: np.ndarray, original_u8: np.ndarray) -> float:
    """Colour PSNR in dB of 8-bit pictures, without a border of 10 pixels."""
    error = np.round(np.clip(picture, 0, 1) * 255) - original_u8
    return float(10 * np.log10(255**2 / np.mean(error[10:-10, 10:-10] ** 2)))
