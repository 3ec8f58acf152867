"""Test charts: the 24 colours of the classic chart, and a card of lines for sharpness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...camera import REC709_TO_REC2020
from .canvas import Plane, Planes

# CIE L*a*b* (D50) of the 24 patches in reading order, as published for charts made before November 2014. The last six
# are the neutrals. Their tint, below 1.3, is omitted so that grey is exactly grey.
COLOUR_CHART_LAB = (
    (37.986, 13.555, 14.059), (65.711, 18.130, 17.810), (49.927, -4.880, -21.925),
    (43.139, -13.095, 21.905), (55.112, 8.844, -25.399), (70.719, -33.397, -0.199),
    (62.661, 36.067, 57.096), (40.020, 10.410, -45.964), (51.124, 48.239, 16.248),
    (30.325, 22.976, -21.587), (72.532, -23.709, 57.255), (71.941, 19.363, 67.857),
    (28.778, 14.179, -50.297), (55.261, -38.342, 31.370), (42.101, 53.378, 28.190),
    (81.733, 4.039, 79.819), (51.935, 49.986, -14.574), (51.038, -28.631, -28.638),
    (96.539, 0.0, 0.0), (81.257, 0.0, 0.0), (66.766, 0.0, 0.0),
    (50.867, 0.0, 0.0), (35.656, 0.0, 0.0), (20.461, 0.0, 0.0),
)  # fmt: skip

WHITE_D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD_D50_TO_D65 = np.array(
    [[0.9555766, -0.0230393, 0.0631636], [-0.0282895, 1.0099416, 0.0210077], [0.0122982, -0.0204830, 1.3299098]]
)
XYZ_TO_REC709 = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)

CHART_COLUMNS, CHART_ROWS = 4, 6
CHART_GAP = 0.09  # between patches, as a fraction of a patch and its gap
CHART_FRAME = 0.06  # around the patches, as a fraction of the chart's width
BLACK_PLASTIC = 0.022


def colour_chart_rgb() -> NDArray[np.float64]:
    """(24, 3) reflectances, scene-linear Rec.2020 under D65, in reading order of the chart."""
    lab = np.array(COLOUR_CHART_LAB)
    fy = (lab[:, 0] + 16) / 116
    f = np.stack([fy + lab[:, 1] / 500, fy, fy - lab[:, 2] / 200], axis=1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * WHITE_D50
    rgb: NDArray[np.float64] = xyz @ (REC709_TO_REC2020 @ XYZ_TO_REC709 @ BRADFORD_D50_TO_D65).T
    rgb[18:] = xyz[18:, 1:2]
    return rgb


def colour_chart_patch(index: int) -> tuple[float, float, float, float]:
    """left, bottom, right, top of patch 0..23 as fractions of the chart's width and height.

    The chart is in portrait orientation: its six columns are rows, and the neutrals are on the right.
    """
    column, row = divmod(index, CHART_ROWS)
    frame_y = CHART_FRAME * CHART_COLUMNS / CHART_ROWS
    step_x, step_y = (1 - 2 * CHART_FRAME) / CHART_COLUMNS, (1 - 2 * frame_y) / CHART_ROWS
    left, top = CHART_FRAME + column * step_x, 1 - frame_y - row * step_y
    inset_x, inset_y = step_x * CHART_GAP / 2, step_y * CHART_GAP / 2
    return left + inset_x, top - step_y + inset_y, left + step_x - inset_x, top - inset_y


def between(position: Plane, low: float, high: float, pixel: float) -> Plane:
    """The fraction of each pixel, `pixel` wide, between `low` and `high`: exact coverage along one axis."""
    half = pixel / 2
    inside = np.minimum(position + half, high) - np.maximum(position - half, low)
    cover: Plane = np.clip(inside / pixel, 0, 1).astype(np.float32)
    return cover


def paint_colour_chart(x: Plane, y: Plane, pixel_x: float, pixel_y: float) -> Planes:
    """(3, h, w) colours of a chart of one unit width and height. `pixel_x` and `pixel_y` are in these units."""
    rgb = np.full((3, y.shape[0], x.shape[1]), BLACK_PLASTIC, np.float32)
    for index, colour in enumerate(colour_chart_rgb()):
        left, bottom, right, top = colour_chart_patch(index)
        columns = between(x, left, right, pixel_x)
        rows = between(y, bottom, top, pixel_y)
        r, c = np.flatnonzero(rows[:, 0]), np.flatnonzero(columns[0])
        if r.size and c.size:
            area = np.s_[r[0] : r[-1] + 1, c[0] : c[-1] + 1]
            cover = rows[area[0]] * columns[:, area[1]]
            for plane, value in zip(rgb, colour, strict=True):
                plane[area] += cover * np.float32(value - BLACK_PLASTIC)
    return rgb


def _square_wave(edge_distance: Plane, period: Plane | float, pixel: float) -> Plane:
    """Ink 0..1 of a line pattern from the signed distance to its nearest edge; grey where lines are too fine."""
    ink = np.clip(0.5 + edge_distance / pixel, 0, 1)
    contrast = np.clip(np.asarray(period) / pixel - 1.4, 0, 1)
    wave: Plane = (0.5 + (ink - 0.5) * contrast).astype(np.float32)
    return wave


def _siemens_star(x: Plane, y: Plane, pixel: float, radius: float, spokes: int = 36) -> Plane:
    distance = np.hypot(x, y)
    wave = np.arcsin(np.sin(np.arctan2(y, x) * spokes)) / spokes
    ink = _square_wave(distance * wave, 2 * np.pi * distance / spokes, pixel)
    rim = np.clip(0.5 + (radius - distance) / pixel, 0, 1)
    return ink * rim


def _wedge(across: Plane, along: Plane, pixel: float, wide: float, narrow: float, lines: int = 9) -> Plane:
    """Lines that converge from `wide` to `narrow` spacing for `along` from 0 to 1."""
    period = wide + (narrow - wide) * along
    turn = across / period
    wave = np.arcsin(np.cos(2 * np.pi * turn)) / (2 * np.pi) * period
    inside = np.clip(0.5 + ((lines / 2) * period - np.abs(across)) / pixel, 0, 1)
    return np.where((along >= 0) & (along <= 1), _square_wave(wave, period, pixel) * inside, 0).astype(np.float32)


TEXT = (
    (0.055, 0.045, "GROUNDGLASS"),
    (0.118, 0.022, "RESOLUTION  2 m"),
    (0.150, 0.013, "the quick brown fox jumps over the lazy dog"),
)
TEXT_SCALE = 4


def _text_dots(width: int, height: int, scale_px: float) -> NDArray[np.float64]:
    """Ink of the card's text at TEXT_SCALE times the resolution; `scale_px` is the card's width in pixels."""
    image = Image.new("L", (max(width * TEXT_SCALE, 1), max(height * TEXT_SCALE, 1)))
    draw = ImageDraw.Draw(image)
    for top, size, words in TEXT:
        unit = scale_px * TEXT_SCALE
        draw.text((0.05 * unit, top * unit), words, 255, ImageFont.load_default(max(size * unit, 1)))
    return np.asarray(image, np.float64) / 255


def paint_resolution_card(x: Plane, y: Plane, pixel: float, aspect: float) -> Planes:
    """(3, h, w) colours of the card, one unit wide and `aspect` high; x from its left edge, y from its bottom edge."""
    ink = np.zeros((y.shape[0], x.shape[1]), np.float32)
    star = 0.285
    ink += _siemens_star(x - 0.33, y - 0.33, pixel, star)
    ink += _wedge(x - 0.80, (y - 0.08) / 0.50, pixel, 0.030, 0.004)
    for step, period in enumerate((0.016, 0.011, 0.0075, 0.005)):
        bottom = 0.62 + step * 0.045
        inside = between(x, 0.66, 0.94, pixel) * between(y, bottom, bottom + 0.03, pixel)
        wave = np.arcsin(np.cos(2 * np.pi * x / period)) / (2 * np.pi) * period
        ink += _square_wave(wave, period, pixel) * inside
    border = between(x, 0.015, 0.985, pixel) * between(y, 0.015, aspect - 0.015, pixel)
    inner = between(x, 0.019, 0.981, pixel) * between(y, 0.019, aspect - 0.019, pixel)
    ink += border - inner
    ink += _text(x, y, pixel, aspect)
    paper = np.array([0.80, 0.795, 0.775], np.float32)[:, None, None]
    return paper + (np.float32(0.030) - paper) * np.clip(ink, 0, 1)


def _text(x: Plane, y: Plane, pixel: float, aspect: float) -> Plane:
    """Ink of the text: for each pixel the mean of the dots inside it."""
    dots = _text_dots(round(0.62 / pixel) + 1, round(0.2 / pixel) + 1, 1 / pixel)
    total = np.pad(dots.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    dot = pixel / TEXT_SCALE
    across = np.rint((x[0] - pixel / 2) / dot).astype(np.intp)
    down = np.rint((aspect - y[:, 0] - pixel / 2) / dot).astype(np.intp)
    left, right = (np.clip(across + step, 0, dots.shape[1]) for step in (0, TEXT_SCALE))
    top, bottom = (np.clip(down + step, 0, dots.shape[0])[:, None] for step in (0, TEXT_SCALE))
    ink: Plane = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return ink / TEXT_SCALE**2
