"""The depth-of-field scale, as engraved on a lens: distances that turn under a pair of marks for each aperture."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..lens import DEFAULT_ASPECT, Lens
from ..optics.focus import depth_of_field_dioptres, depth_of_field_m
from .status_line import INK, TEXT_BACKGROUND, format_depth_of_field, format_sharp_zone, text_background

MAX_WIDTH_EM = 46  # heights of a letter: a wider scale than the eye takes in at once
HEIGHT = 5.4
MARKED_FRACTION = 0.84  # of the half width: where the smallest aperture has its marks
MAX_MARKED_F_NUMBER = 16.0  # beyond it a lens has no marks, or those of f/1.4 would melt into one
STOPS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
AMBER = (1.0, 0.70, 0.18)  # of what is sharp; display levels
MIN_DISTANCE_CM, MAX_DISTANCE_CM = 5, 5_000


@dataclass(frozen=True, slots=True)
class DofScale:
    """What the scale shows. `dioptres_per_stop` is how far the sharp zone reaches for each unit of the f-number."""

    focus_m: float
    near_m: float
    far_m: float
    f_number: float
    f_number_min: float
    f_number_max: float
    dioptres_per_stop: float

    @classmethod
    def of(cls, lens: Lens, focus_m: float, aspect: float = DEFAULT_ASPECT) -> DofScale:
        """The scale of `lens` as it stands, focused at `focus_m`, for a picture `aspect` times as wide as high."""
        near_m, far_m = depth_of_field_m(lens, focus_m, aspect)
        per_stop = depth_of_field_dioptres(lens, aspect) / lens.f_number
        return cls(focus_m, near_m, far_m, lens.f_number, lens.f_number_min, lens.f_number_max, per_stop)

    @property
    def half_width_dioptres(self) -> float:
        """What the scale shows on either side of the focus."""
        smallest = min(max(self.f_number_max, 2 * self.f_number_min), MAX_MARKED_F_NUMBER)
        return max(smallest, self.f_number) * self.dioptres_per_stop / MARKED_FRACTION


def draw_dof_scale(dof_scale: DofScale, letter_px: int, room_px: int) -> NDArray[np.uint8]:
    """The scale as (H, W, 4) uint8, premultiplied RGBA, with letters `letter_px` high, at most `room_px` wide."""
    width = min(MAX_WIDTH_EM * letter_px, room_px)
    canvas = _Canvas(width, round(HEIGHT * letter_px), letter_px)
    px_per_dioptre = 0.5 * width / dof_scale.half_width_dioptres
    ring = 2.25 * letter_px  # the edge of the ring with the distances; the marks below it stand still
    _draw_zone(canvas, dof_scale, px_per_dioptre, ring)
    _draw_distances(canvas, dof_scale, px_per_dioptre, ring)
    _draw_apertures(canvas, dof_scale, px_per_dioptre, ring)
    zone, deep = (
        format_sharp_zone(dof_scale.near_m, dof_scale.far_m),
        format_depth_of_field(dof_scale.near_m, dof_scale.far_m),
    )
    canvas.write(f"sharp {zone}" + (f"   ({deep})" if deep else ""), width / 2, HEIGHT * letter_px - 1.3 * letter_px)
    return canvas.rgba()


class _Canvas:
    """A glass plate with white and amber marks on it."""

    def __init__(self, width: int, height: int, letter_px: int) -> None:
        self.letter_px, self.width, self.height = letter_px, width, height
        self.font = _font(letter_px)
        self.small = _font(max(round(0.82 * letter_px), 9))
        self._letters = Image.new("L", (width, height))
        self._pen = ImageDraw.Draw(self._letters)
        self._white = np.zeros((height, width), np.float32)
        self._amber = np.zeros((height, width), np.float32)

    def write(self, text: str, x: float, top: float, small: bool = False) -> None:
        """Letters centred on `x`, those of a line with the same feet."""
        font = self.small if small else self.font
        self._pen.text((round(x), round(top + 0.9 * self.letter_px)), text, 255, font, anchor="ms")

    def infinity(self, x: float, top: float) -> None:
        """The sign, which the font that comes with Pillow lacks."""
        radius, middle, pen = 0.24 * self.letter_px, top + 0.6 * self.letter_px, max(1, round(self.letter_px / 11))
        for side in (-1, 1):
            centre = x + side * radius * 0.95
            box = (centre - radius, middle - radius, centre + radius, middle + radius)
            self._pen.ellipse(box, outline=255, width=pen)

    def bar(self, left: float, right: float, top: float, bottom: float, *, amber: bool = False, ink: float = 1) -> None:
        """A filled rectangle whose edges may lie between pixels: what turns shall not jump."""
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
    """How much of the picture shows through the bare plate, 0..1."""
    return 1 - np.float32(TEXT_BACKGROUND * 1.15) * text_background((width, height), round(0.6 * letter_px))


def _pixel_coverage(begin: float, end: float, length: int) -> tuple[slice, NDArray[np.float32]]:
    """Which of `length` pixels lie between two places, and how much of each does, 0..1."""
    first, last = min(max(math.floor(begin), 0), length), min(max(math.ceil(end), 0), length)
    pixel = np.arange(first, last, dtype=np.float32)
    covered = np.maximum(np.minimum(pixel + 1, end) - np.maximum(pixel, begin), 0)
    return slice(first, max(last, first)), np.asarray(covered, dtype=np.float32)


def _draw_zone(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """What is sharp as a bar on the edge of the ring, and the edge itself."""
    u, middle = canvas.letter_px, canvas.width / 2
    left = middle - (1 / dof_scale.near_m - 1 / dof_scale.focus_m) * px_per_dioptre
    right = middle + (1 / dof_scale.focus_m - 1 / dof_scale.far_m) * px_per_dioptre
    inset = 0.5 * u
    canvas.bar(inset, canvas.width - inset, ring - 0.5, ring + 0.5, ink=0.5)
    minimum = max(1.0, 0.08 * u)  # a zone that is thinner than a pixel is seen all the same
    left, right = min(left, middle - minimum), max(right, middle + minimum)
    canvas.bar(max(left, inset), min(right, canvas.width - inset), ring - 0.14 * u, ring + 0.22 * u, amber=True)


def _draw_distances(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """The ring: distances to the right are farther. It ends at infinity."""
    u, middle = canvas.letter_px, canvas.width / 2
    line = max(1.0, u / 13)
    for place, label in _distance_marks(round(px_per_dioptre, 6), u):
        x = middle + place + px_per_dioptre / dof_scale.focus_m
        if not 0.4 * u < x < canvas.width - 0.4 * u:
            continue
        canvas.bar(x - line / 2, x + line / 2, ring - (0.75 if label else 0.45) * u, ring - 0.2 * u)
        if label == "inf":
            canvas.infinity(x, 0.3 * u)
        elif label and u < x < canvas.width - u:
            canvas.write(label, x, 0.3 * u)
    top, high = round(ring + 0.25 * u), math.ceil(0.75 * u)
    for step in range(high):  # the index: a triangle on the fixed part, pointing at the focus
        half = 0.38 * u * (step + 0.5) / high
        canvas.bar(middle - half, middle + half, top + step, top + step + 1)


def _draw_apertures(canvas: _Canvas, dof_scale: DofScale, px_per_dioptre: float, ring: float) -> None:
    """A pair of marks for each aperture that the lens has; amber ones where it stands now."""
    u, middle = canvas.letter_px, canvas.width / 2
    line = max(1.0, u / 13)
    taken = 0.7 * u  # the index stands there
    labelled: list[float] = []
    for stop in reversed(STOPS):
        if not dof_scale.f_number_min * 0.99 <= stop <= dof_scale.f_number_max * 1.01:
            continue
        away = stop * dof_scale.dioptres_per_stop * px_per_dioptre
        if away < taken or away > middle - 0.8 * u:
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


@lru_cache(maxsize=4)
def _font(height_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(height_px)


@lru_cache(maxsize=8)
def _distance_marks(px_per_dioptre: float, letter_px: int) -> tuple[tuple[float, str], ...]:
    """(place in pixels, label) of every mark of the ring; infinity lies at 0, what is nearer at negative places.

    The rounder a number the sooner it is engraved, wherever it fits: no label comes or goes while the ring turns.
    """
    spaced = 0.62 * letter_px
    labels, ticks = _Row(), _Row()
    labels.take(0.0, 1.2 * letter_px)
    ticks.take(0.0, spaced)
    marks = [(0.0, "inf")]
    for centimetres in _by_roundness():
        place, label = -px_per_dioptre * 100 / centimetres, f"{centimetres / 100:g}"
        if labels.fits(place, (0.62 * len(label) + 1.0) * letter_px / 2):
            labels.take(place, (0.62 * len(label) + 1.0) * letter_px / 2)
            ticks.take(place, spaced / 2)
            marks.append((place, label))
        elif ticks.fits(place, spaced / 2):
            ticks.take(place, spaced / 2)
            marks.append((place, ""))
    return tuple(marks)


class _Row:
    """Places along a line that are taken, each with its half width."""

    def __init__(self) -> None:
        self._places: list[tuple[float, float]] = []

    def fits(self, place: float, half: float) -> bool:
        at = bisect(self._places, (place, half))
        return all(abs(place - other) >= half + taken for other, taken in self._places[max(at - 1, 0) : at + 1])

    def take(self, place: float, half: float) -> None:
        self._places.insert(bisect(self._places, (place, half)), (place, half))


def _by_roundness() -> Iterator[int]:
    """Distances from MIN_DISTANCE_CM to MAX_DISTANCE_CM, in centimetres, round ones first, at most three digits."""
    seen: set[int] = set()
    tiers = ((100, 200, 500), (150, 300, 400, 700), (120, 250, 600, 800), range(100, 1000, 50), range(100, 1000, 10))
    for tier in (*tiers, range(100, 1000, 5), range(100, 1000)):
        for exponent in (2, 1, 0, -1, -2):
            for digits in tier:
                centimetres = digits * 10.0**exponent
                whole = round(centimetres)
                if (
                    abs(whole - centimetres) < 1e-6
                    and MIN_DISTANCE_CM <= whole <= MAX_DISTANCE_CM
                    and whole not in seen
                ):
                    seen.add(whole)
                    yield whole
