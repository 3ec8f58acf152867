"""CIE Lab, the CIEDE2000 colour difference, and the reference colours of a chart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .white import D50, D65, REC2020_TO_XYZ, adaptation, xyz_of

# Lab under D50 of the ColorChecker Classic's 24 patches, row by row from dark skin to black: the maker's values for
# charts made since November 2014. Older charts differ by a ΔE00 of at most 1.
REFERENCE_LAB = np.array(
    [
        *([37.54, 14.37, 14.92], [64.66, 19.27, 17.50], [49.32, -3.82, -22.54], [43.46, -12.74, 22.72]),
        *([54.94, 9.61, -24.79], [70.48, -32.26, -0.37], [62.73, 35.83, 56.50], [39.43, 10.75, -45.17]),
        *([50.57, 48.64, 16.67], [30.10, 22.54, -20.87], [71.77, -24.13, 58.19], [71.51, 18.24, 67.37]),
        *([28.37, 15.42, -49.80], [54.38, -39.72, 32.27], [42.43, 51.05, 28.62], [81.80, 2.67, 80.41]),
        *([50.63, 51.28, -14.12], [49.57, -29.71, -28.32], [95.19, -1.03, 2.93], [81.29, -0.57, 0.44]),
        *([66.89, -0.75, -0.06], [50.76, -0.13, 0.14], [35.63, -0.46, -0.48], [20.64, 0.07, -0.46]),
    ]
)
PATCH_NAMES = (
    *("dark skin", "light skin", "blue sky", "foliage", "blue flower", "bluish green"),
    *("orange", "purplish blue", "moderate red", "purple", "yellow green", "orange yellow"),
    *("blue", "green", "red", "yellow", "magenta", "cyan"),
    *("white", "neutral 8", "neutral 6.5", "neutral 5", "neutral 3.5", "black"),
)

_D65_TO_D50, _D50_TO_D65 = adaptation(D65, D50), adaptation(D50, D65)


def lab_of_scene(scene_rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) CIE L*a*b* under D50 of linear Rec.2020 light (N, 3), D65, white at 1."""
    relative = scene_rgb @ (_D65_TO_D50 @ REC2020_TO_XYZ).T / xyz_of(D50)
    root = np.where(relative > 216 / 24389, np.cbrt(np.maximum(relative, 1e-9)), (24389 / 27 * relative + 16) / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def scene_of_lab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `lab_of_scene`."""
    y = (lab[:, 0] + 16) / 116
    root = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=1)
    relative = np.where(root > 6 / 29, root**3, (116 * root - 16) * 27 / 24389)
    return np.asarray(relative * xyz_of(D50) @ (np.linalg.inv(REC2020_TO_XYZ) @ _D50_TO_D65).T)


def delta_e00(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) CIEDE2000 between Lab colours (N, 3), all weights 1 (G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000
    color-difference formula", Color Research and Application 30, 2005).
    """
    lightness, chroma, hue = [], [], []
    mean_chroma = 0.5 * (np.hypot(first[:, 1], first[:, 2]) + np.hypot(second[:, 1], second[:, 2]))
    stretch = 1.5 - 0.5 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))
    for lab in (first, second):
        lightness.append(lab[:, 0])
        chroma.append(np.hypot(stretch * lab[:, 1], lab[:, 2]))
        hue.append(np.degrees(np.arctan2(lab[:, 2], stretch * lab[:, 1])) % 360)
    turn = (hue[1] - hue[0] + 180) % 360 - 180
    grey = chroma[0] * chroma[1] == 0
    turn = np.where(grey, 0.0, turn)
    mean_hue = np.where(grey, hue[0] + hue[1], hue[0] + turn / 2)
    mean_lightness, mean_c = (0.5 * (pair[0] + pair[1]) for pair in (lightness, chroma))
    weight = (
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )
    squared = (mean_lightness - 50) ** 2
    by_lightness = (lightness[1] - lightness[0]) / (1 + 0.015 * squared / np.sqrt(20 + squared))
    by_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * mean_c)
    by_hue = 2 * np.sqrt(chroma[0] * chroma[1]) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * mean_c * weight)
    blueish = 30 * np.exp(-((((mean_hue % 360) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * np.sin(np.radians(2 * blueish))
    squares = by_lightness**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue
    return np.asarray(np.sqrt(np.maximum(squares, 0)))
