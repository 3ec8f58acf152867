"""The depth-of-field scale of a lens: a distance ring that moves relative to a pair of ticks for each aperture."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..lens import DEFAULT_ASPECT, Lens
from ..optics.focus import depth_of_field_dioptres, depth_of_field_m
from .lettering import font as font_of
from .status_line import INK, TEXT_BACKGROUND, format_depth_of_field, format_sharp_zone, text_background

MAX_WIDTH_EM = 46  # in letter heights; a wider scale cannot be read at a glance
HEIGHT_EM = 5.4
MIN_APERTURE_POSITION = 0.84  # position of the ticks of the smallest aperture, as a fraction of the half width
MAX_TICK_F_NUMBER = 16.0  # with ticks beyond it, the two ticks of f/1.4 would merge
STOPS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
AMBER = (1.0, 0.70, 0.18)  # display levels of the sharp zone
MIN_DISTANCE_CM, MAX_DISTANCE_CM = 5, 5_000


@dataclass(frozen=True, slots=True)
class DofScale:
    """Content of the scale. `dioptres_per_stop` is half the width of the sharp zone per unit of the f-number."""

    focus_m: float
    near_m: float
    far_m: float
    f_number: float
    f_number_min: float
    f_number_max: float
    dioptres_per_stop: float

    @classmethod
    def of(cls, lens: Lens, focus_m: float, aspect: float = DEFAULT_ASPECT) -> DofScale:
        """The scale of `lens` with its current f-number and the focus `focus_m`. `aspect` is width / height."""
        near_m, far_m = depth_of_field_m(lens, focus_m, aspect)
        per_stop = depth_of_field_dioptres(lens, aspect) / lens.f_number
        return cls(focus_m, near_m, far_m, lens.f_number, lens.f_number_min, lens.f_number_max, per_stop)

    @property
    def half_width_dioptres(self) -> float:
        """The range of the scale on either side of the focus."""
        smallest = min(max(self.f_number_max, 2 * self.f_number_min), MAX_TICK_F_NUMBER)
        return max(smallest, self.f_number) * self.dioptres_per_stop / MIN_APERTURE_POSITION


def draw_dof_scale(dof_scale: DofScale, letter_px: int, room_px: int) -> NDArray[np.uint8]:
    """The scale as (H, W, 4) uint8, premultiplied RGBA. `letter_px` is the text height, `room_px` the maximum width."""
    width = min(MAX_WIDTH_EM * letter_px, room_px)
    canvas = _Canvas(width, round(HEIGHT_EM * letter_px), letter_px)
    px_per_dioptre = 0.5 * width / dof_scale.half_width_dioptres
    ring = 2.25 * letter_px  # the lower edge of the distance ring; the aperture ticks below it do not move
    _draw_zone(canvas, dof_scale, px_per_dioptre, ring)
    _draw_distances(canvas, dof_scale, px_per_dioptre, ring)
    _draw_apertures(canvas, dof_scale, px_per_dioptre, ring)
    zone = format_sharp_zone(dof_scale.near_m, dof_scale.far_m)
    depth = format_depth_of_field(dof_scale.near_m, dof_scale.far_m)
    text = f"sharp {zone}" + (f"   ({depth})" if depth else "")
    canvas.write(text, width / 2, HEIGHT_EM * letter_px - 1.3 * letter_px)
    return canvas.rgba()


class _Canvas:
    """A translucent background with white and amber ink."""

    def __init__(self, width: int, height: int, letter_px: int) -> None:
        self.letter_px, self.width, self.height = letter_px, width, height
        self.font = font_of(letter_px)
        self.small = font_of(max(round(0.82 * letter_px), 9))
        self._letters = Image.new("L", (width, height))
        self._pen = ImageDraw.Draw(self._letters)
        self._white = np.zeros((height, width), np.float32)
        self._amber = np.zeros((height, width), np.float32)

    def write(self, text: str, x: float, top: float, small: bool = False) -> None:
        """Draws text centred on `x`. Texts with the same `top` have the same baseline."""
        font = self.small if small else self.font
        self._pen.text((round(x), round(top + 0.9 * self.letter_px)), text, 255, font, anchor="ms")

    def infinity(self, x: float, top: float) -> None:
        """Draws the infinity sign, which Pillow's default font lacks."""
        radius, middle, pen = 0.24 * self.letter_px, top + 0.6 * self.letter_px, max(1, round(self.letter_px / 11))
        for side in (-1, 1):
            centre = x + side * radius * 0.95
            box = (centre - radius, middle - radius, centre + radius, middle + radius)
            self._pen.ellipse(box, outline=255, width=pen)

    def bar(self, left: float, right: float, top: float, bottom: float, *, amber: bool = False, ink: float = 1) -> None:
        """Draws a filled rectangle with antialiased edges, so that the ring moves smoothly."""
        columns, across = _pixel_coverage(left, right, self.width)
        rows, down = _pixel_coverage(top, bottom, self.height)
        part = (self._amber if amber else self._white)[rows, columns]
        np.maximum(part, ink * down[:, None] * across[None, :], out=part)

    def rgba(self) -> NDArray[np.uint8]:
        white = np.maximum(self._white, np.asarray(self._letters, np.float32) * np.float32(1 / 255))
        amber = self._amber * (1 - white)
        through = (1 - white) * (1 - amber) * _transparent(self.width, self.height, self.letter_px)
        rgba = np.empty((self.height, self.width, 4), np.uint8)
        alpha = 255.5 - 255 * through
        rgba[..., 3] = alpha
        for channel, part in enumerate(AMBER):
            rgba[..., channel] = np.minimum(255 * INK * (white + part * amber) + 0.5, alpha)
        return rgba


@lru_cache(maxsize=2)
def _transparent(width: int, height: int, letter_px: int) -> NDArray[np.float32]:
    """Transmittance of the background, 0..1."""
    return 1 - np.float32(TEXT_BACKGROUND * 1.15) * text_background((width, height), round(0.6 * letter_px))


def _pixel_coverage(begin: float, end: float, length: int) -> tuple[slice, NDArray[np.float32]]:
    """The pixels between two positions on a line of `length` pixels, and the coverage of each, 0..1."""
    first, last = min(max(math.floor(begin), 0), length), min(max(math.ceil(end), 0), length)
    pixel = np.arange(first, last, dtype=np.float32)
    covered = np.maximum(np.minimum(pixel + 1, end) - np.maximum(pixel, begin), 0)
    return slice(first, max(last, first)), np.asarray(covered, dtype=np.float32)


def _draw_zone(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """Draws the edge of the ring, and the sharp zone as a bar on it."""
    u, middle = canvas.letter_px, canvas.width / 2
    left = middle - (1 / dof_scale.near_m - 1 / dof_scale.focus_m) * px_per_dioptre
    right = middle + (1 / dof_scale.focus_m - 1 / dof_scale.far_m) * px_per_dioptre
    inset = 0.5 * u
    canvas.bar(inset, canvas.width - inset, ring - 0.5, ring + 0.5, ink=0.5)
    minimum = max(1.0, 0.08 * u)  # keeps a zone visible that is thinner than a pixel
    left, right = min(left, middle - minimum), max(right, middle + minimum)
    canvas.bar(max(left, inset), min(right, canvas.width - inset), ring - 0.14 * u, ring + 0.22 * u, amber=True)


def _draw_distances(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """Draws the distances of the ring, farther to the right, up to infinity."""
    u, middle = canvas.letter_px, canvas.width / 2
    line = max(1.0, u / 13)
    for position, label in _distance_ticks(round(px_per_dioptre, 6), u):
        x = middle + position + px_per_dioptre / dof_scale.focus_m
        if not 0.4 * u < x < canvas.width - 0.4 * u:
            continue
        canvas.bar(x - line / 2, x + line / 2, ring - (0.75 if label else 0.45) * u, ring - 0.2 * u)
        if label == "inf":
            canvas.infinity(x, 0.3 * u)
        elif label and u < x < canvas.width - u:
            canvas.write(label, x, 0.3 * u)
    top, high = round(ring + 0.25 * u), math.ceil(0.75 * u)
    for step in range(high):  # the index: a triangle on the fixed part that points to the focus distance
        half = 0.38 * u * (step + 0.5) / high
        canvas.bar(middle - half, middle + half, top + step, top + step + 1)


def _draw_apertures(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """Draws a pair of ticks for each aperture of the lens, and amber ticks for the current aperture."""
    u, middle = canvas.letter_px, canvas.width / 2
    line = max(1.0, u / 13)
    index = 0.7 * u  # half width of the index
    labelled: list[float] = []
    for stop in reversed(STOPS):
        if not dof_scale.f_number_min * 0.99 <= stop <= dof_scale.f_number_max * 1.01:
            continue
        away = stop * dof_scale.dioptres_per_stop * px_per_dioptre
        if away < index or away > middle - 0.8 * u:
            continue
        free = away > 1.4 * u and all(abs(away - other) > 1.9 * u for other in labelled)
        for side in (-1, 1):
            x = middle + side * away
            canvas.bar(x - line / 2, x + line / 2, ring + 0.3 * u, ring + (0.7 if free else 0.5) * u)
            if free:
                canvas.write(f"{stop:g}", x, ring + 0.65 * u, small=True)
        if free:
            labelled.append(away)
    away = dof_scale.f_number * dof_scale.dioptres_per_stop * px_per_dioptre
    for side in (-1, 1):
        x = middle + side * max(away, 1.0)
        canvas.bar(x - line, x + line, ring - 0.14 * u, ring + 0.8 * u, amber=True)


@lru_cache(maxsize=8)
def _distance_ticks(px_per_dioptre: float, letter_px: int) -> tuple[tuple[float, str], ...]:
    """(position in pixels, label) of every tick of the ring. Infinity is at 0, closer distances are negative.

    Rounder numbers are placed first, wherever they fit. The labels do not change while the ring moves.
    """
    spacing = 0.62 * letter_px
    labels, ticks = _Row(), _Row()
    labels.take(0.0, 1.2 * letter_px)
    ticks.take(0.0, spacing)
    placed = [(0.0, "inf")]
    for centimetres in _by_roundness():
        position, label = -px_per_dioptre * 100 / centimetres, f"{centimetres / 100:g}"
        if labels.fits(position, (0.62 * len(label) + 1.0) * letter_px / 2):
            labels.take(position, (0.62 * len(label) + 1.0) * letter_px / 2)
            ticks.take(position, spacing / 2)
            placed.append((position, label))
        elif ticks.fits(position, spacing / 2):
            ticks.take(position, spacing / 2)
            placed.append((position, ""))
    return tuple(placed)


class _Row:
    """Occupied positions along a line, each with its half width."""

    def __init__(self) -> None:
        self._occupied: list[tuple[float, float]] = []

    def fits(self, position: float, half: float) -> bool:
        at = bisect(self._occupied, (position, half))
        neighbours = self._occupied[max(at - 1, 0) : at + 1]
        return all(abs(position - other) >= half + other_half for other, other_half in neighbours)

    def take(self, position: float, half: float) -> None:
        self._occupied.insert(bisect(self._occupied, (position, half)), (position, half))


def _by_roundness() -> Iterator[int]:
    """Distances from MIN_DISTANCE_CM to MAX_DISTANCE_CM in centimetres, round numbers first, at most three digits."""
    listed: set[int] = set()
    tiers = ((100, 200, 500), (150, 300, 400, 700), (120, 250, 600, 800), range(100, 1000, 50), range(100, 1000, 10))
    for tier in (*tiers, range(100, 1000, 5), range(100, 1000)):
        for exponent in (2, 1, 0, -1, -2):
            for digits in tier:
                centimetres = digits * 10.0**exponent
                whole = round(centimetres)
                if (
                    abs(whole - centimetres) < 1e-6
                    and MIN_DISTANCE_CM <= whole <= MAX_DISTANCE_CM
                    and whole not in listed
                ):
                    listed.add(whole)
                    yield whole
