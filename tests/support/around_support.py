"""NumPy references for passes that read a neighbourhood: reduced images, Gaussians and bilinear enlargement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from look_support import LUMINANCE


def halved(rgb: np.ndarray) -> np.ndarray:
    """Means of 2x2 pixels; the last row or column of an odd size counts twice."""
    height, width = rgb.shape[:2]
    even = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return even.reshape(-(-height // 2), 2, -(-width // 2), 2, -1).mean(axis=(1, 3))


def blurred(image: np.ndarray, sigma_px: float) -> np.ndarray:
    """A Gaussian blur, truncated at 3 standard deviations, mirrored at the border."""
    radius = max(round(3.0 * sigma_px), 1)
    weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma_px**2))
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(image, [(radius, radius) if a == axis else (0, 0) for a in range(3)], mode="symmetric")
        image = np.apply_along_axis(np.convolve, axis, padded, weights, mode="valid")
    return image


def enlarged(small: np.ndarray, covers: int, size: tuple[int, int]) -> np.ndarray:
    """Enlarges bilinearly to `size` (rows, columns). A pixel of `small` covers `covers` pixels per side."""
    for axis in (0, 1):
        at = np.clip((np.arange(size[axis]) + 0.5) / covers - 0.5, 0, small.shape[axis] - 1)
        first = np.minimum(at.astype(int), max(small.shape[axis] - 2, 0))
        shape = [-1 if a == axis else 1 for a in range(3)]
        fraction = (at - first).reshape(shape)
        second = np.minimum(first + 1, small.shape[axis] - 1)
        small = np.take(small, first, axis) * (1 - fraction) + np.take(small, second, axis) * fraction
    return small


def halved_smoothly(image: np.ndarray) -> np.ndarray:
    """Reduces to half the size with the weights 1, 3, 3, 1 in both directions."""
    for axis in (0, 1):
        count = -(-image.shape[axis] // 2)
        at = 2 * np.arange(count)[:, None] + np.arange(-1, 3)
        taken = np.take(image, np.clip(at, 0, image.shape[axis] - 1), axis)
        weights = np.array([1, 3, 3, 1]).reshape([-1 if a == axis + 1 else 1 for a in range(4)]) / 8
        image = (taken * weights).sum(axis=axis + 1)
    return image


def prefiltered(
    rgb: np.ndarray, sigma_px: float, prefilter: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, int, float]:
    """The prefiltered image, reduced until the blur's sigma is 1 to 2 pixels, the pixels per side of one of its pixels,
    and the remaining sigma.

    Reduction and enlargement blur too, so their variance is subtracted.
    """
    covers, variance = (1, 0.0) if sigma_px < 2.0 else (2, 0.25)
    small = prefilter(rgb if covers == 1 else halved(rgb))
    while sigma_px >= 2.0 * covers:
        small, covers, variance = halved_smoothly(small), 2 * covers, variance + 0.75 * covers**2
    return small, covers, np.sqrt((sigma_px**2 - variance) / covers**2 - (1 - covers**-2) / 6)


def halo_of(rgb: np.ndarray, radius: float) -> np.ndarray:
    """Sum of three Gaussians, (H, W, 3), each about twice as wide as the last; `radius` in frame heights."""
    sigma_px = radius * rgb.shape[0]
    small, covers, sigma_small_px = prefiltered(rgb, sigma_px, lambda light: light)
    maps = [blurred(small, sigma_small_px)]
    for _ in range(2):
        maps.append(blurred(halved_smoothly(maps[-1]), np.sqrt((sigma_px / covers) ** 2 - 0.31)))
    size = small.shape[:2]
    combined = 0.5 * maps[0] + 0.3 * enlarged(maps[1], 2, size) + 0.2 * enlarged(maps[2], 4, size)
    return enlarged(combined, covers, rgb.shape[:2])


def halation(rgb: np.ndarray, *, amount: float, radius: float, green: float, blue: float) -> np.ndarray:
    return rgb + amount * np.array([1.0, green, blue]) * (halo_of(rgb, radius) - rgb)


def bloom(rgb: np.ndarray, *, amount: float, radius: float) -> np.ndarray:
    return rgb + amount * (halo_of(rgb, radius) - rgb)


def level_of(rgb: np.ndarray) -> np.ndarray:
    """Luminance in stops relative to middle grey, (H, W, 1)."""
    return np.log2(np.maximum(rgb @ LUMINANCE, 0.0) / 0.18 + 1 / 256)[..., None]


def micro_contrast(rgb: np.ndarray, *, amount: float, radius: float) -> np.ndarray:
    """Amplifies the difference of a level from its local mean, less where the local variance is high."""
    sigma_px = radius * rgb.shape[0]
    small, covers, sigma_small_px = prefiltered(rgb, sigma_px, lambda light: level_of(light) ** [1.0, 2.0])
    means = blurred(small, sigma_small_px)
    mean, square = np.split(enlarged(means, covers, rgb.shape[:2]), 2, axis=-1)
    texture = (level_of(rgb) - mean) * 0.3**4 / (0.3**4 + (square - mean**2) ** 2)
    return np.asarray(rgb * 2.0 ** (amount * texture / np.sqrt(1 + texture**2)))
