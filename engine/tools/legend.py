"""The legend of false colour, as a sprite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..display.lettering import draw_text, text_width
from ..display.status_line import INK, TEXT_BACKGROUND, text_background

# The bands of shaders/false_colour.glsl, from dark to bright: labels, and RGB, 0..1, by palette.
IRE_LABELS = "black", "10", "grey", "skin", "94", "white"
IRE_COLOURS = {
    "usual": (
        (0.45, 0.10, 0.60),
        (0.10, 0.25, 0.80),
        (0.20, 0.70, 0.25),
        (0.95, 0.55, 0.60),
        (0.95, 0.85, 0.10),
        (0.90, 0.10, 0.10),
    ),
    "colour-blind": (
        (0.15, 0.00, 0.35),
        (0.10, 0.35, 0.85),
        (0.35, 0.80, 0.95),
        (0.95, 0.60, 0.20),
        (1.00, 0.95, 0.45),
        (0.60, 0.15, 0.00),
    ),
}
MAX_STOPS = 7


def stop_colour(stop: int) -> tuple[float, float, float]:
    """RGB, 0..1, of a stop from -7 to 7, as the shader mixes it."""
    low, high = ((0.45, 0.75, 0.85), (0.1, 0.05, 0.35)) if stop < 0 else ((0.95, 0.85, 0.35), (0.85, 0.05, 0.1))
    part = abs(stop) / MAX_STOPS
    red, green, blue = ((1 - part) * a + part * b for a, b in zip(low, high, strict=True))
    return (red, green, blue) if stop else (0.5, 0.5, 0.5)


def bands(scale: str, palette: str = "usual") -> list[tuple[tuple[float, float, float], str]]:
    """Colour and label of each band of `ire`, in a palette of IRE_COLOURS, or of `stops`."""
    if scale == "ire":
        return list(zip(IRE_COLOURS[palette], IRE_LABELS, strict=True))
    stops = range(-MAX_STOPS, MAX_STOPS + 1)
    return [(stop_colour(stop), f"{stop:+d}" if stop else "0") for stop in stops]


def draw_legend(scale: str, height_px: int, palette: str = "usual") -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: a swatch for each band with its label below, on a dark background."""
    swatches = bands(scale, palette)
    label_px = max(7, round(0.85 * height_px))
    widest = max(text_width(label, label_px) for _, label in swatches)
    step, edge = round(widest + 0.7 * height_px), round(0.5 * height_px)
    size = step * len(swatches) + 2 * edge, round(3.1 * height_px)
    base = np.zeros((size[1], size[0], 4), np.float32)
    base[..., 3] = TEXT_BACKGROUND * text_background(size, edge)
    ink = np.zeros((size[1], size[0]), np.uint8)
    for index, (colour, label) in enumerate(swatches):
        left = edge + index * step
        base[edge : edge + height_px, left : left + step, :3] = colour
        base[edge : edge + height_px, left : left + step, 3] = 1.0
        x = left + (step - text_width(label, label_px)) // 2
        draw_text(ink, (x, edge + round(1.25 * height_px)), label, label_px)
    coverage = ink.astype(np.float32)[..., None] / 255
    rgba = base * (1 - coverage) + coverage * np.array([INK, INK, INK, 1.0], np.float32)
    return (rgba * 255 + 0.5).astype(np.uint8)
