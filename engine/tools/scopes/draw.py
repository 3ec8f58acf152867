"""Draws the scopes as small pictures: the counts over a dark background with a labelled graticule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...display.status_line import text_background
from .counts import BLUE_RANGE, LEVELS, LUMA, RED_RANGE, STOPS, Counts

Colour = tuple[float, float, float]

RED, GREEN, BLUE = (0.92, 0.24, 0.20), (0.20, 0.78, 0.28), (0.26, 0.42, 1.0)
RGB = (RED, GREEN, BLUE)
GREY = (0.78, 0.78, 0.76)
BACKGROUND_OPACITY = 0.74
WHITE = 0.78  # maximum level where red, green and blue overlap
LINE, TEXT = 0.26, 0.74  # display levels of the graticule and of its labels
SIZE_EM = (19.0, 9.0)  # width and height of a plot, in text heights
SIDE_EM = 12.5  # width and height of the vectorscope, in text heights
EDGE_EM, FOOTER_EM, GUTTER_EM = 0.55, 0.9, 1.7  # around a plot, below a histogram, left of a waveform
SKIN_DEGREES = 123.0  # hue angle of skin of all colours, from Cb towards Cr
TARGETS = {"R": (1, 0, 0), "Mg": (1, 0, 1), "B": (0, 0, 1), "Cy": (0, 1, 1), "G": (0, 1, 0), "Yl": (1, 1, 0)}
TARGET_PART = 0.75
REACH = 0.56  # the colour difference at the plot's edge; fully saturated colours reach 0.5
CLIP_SHARE = 0.0005  # minimum fraction of clipped pixels that is marked


@dataclass(frozen=True, slots=True)
class Graticule:
    """The static part of a scope: `rgba` (H, W, 4) float32, premultiplied; `plot` is left, top, width, height."""

    rgba: NDArray[np.float32]
    plot: tuple[int, int, int, int]


def draw_histogram(counts: Counts, text_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: the histogram of the picture, `counts` (3, 256), over display levels in per cent."""
    graticule = _level_graticule(text_px, "RGB")
    return _bars(graticule, counts, counts, RGB)


def draw_raw_histogram(counts: Counts, text_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: the raw histogram, `counts` (1 or 3, RAW_BINS), over stops below clipping."""
    graticule = _stop_graticule(text_px)
    return _bars(graticule, counts, counts[:, :-1], RGB if len(counts) == 3 else (GREY,))


def draw_waveform(counts: Counts, text_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: the waveform, `counts` (256, columns), luma from 0 to 100 IRE upwards."""
    graticule = _ire_graticule(text_px, "luma", 1)
    _, _, width, height = graticule.plot
    return _draw_traces(graticule, [(_density(counts, height, width), GREY, 0)])


def draw_parade(counts: Counts, text_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: the RGB parade, `counts` (3, 256, columns), side by side."""
    graticule = _ire_graticule(text_px, "parade", 3)
    _, _, width, height = graticule.plot
    part = width // 3
    traces = [
        (_density(channel, height, part), colour, index * part)
        for index, (channel, colour) in enumerate(zip(counts, RGB, strict=True))
    ]
    return _draw_traces(graticule, traces)


def draw_vectorscope(counts: Counts, text_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8: the vectorscope, `counts` (256, 256) of Cr and Cb; Cb to the right, Cr upwards, in colour."""
    graticule = _vector_graticule(text_px)
    left, top, side, _ = graticule.plot
    rgba = graticule.rgba.copy()
    # In a small plot a pixel has the mean of its bins; in one with more pixels than bins each looks up its bin.
    at = np.clip((np.arange(side) + 0.5) / side * 2 * REACH - REACH, -0.5, 0.5)
    total = max(int(counts.sum()), 1)
    rows, columns = _vector_pixel(side)
    if side < LEVELS:
        spread = np.bincount(
            (rows[:, None] * side + columns[None, :]).ravel(), weights=counts.ravel(), minlength=side * side
        ).reshape(side, side)
        across, down = (np.maximum(np.bincount(places, minlength=side), 1) for places in (columns, rows))
        spread = spread * (LEVELS * 2 * REACH / side) ** 2 / (down[:, None] * across[None, :])
    else:
        bins = np.round(at * (LEVELS - 1) + LEVELS // 2).astype(int).clip(0, LEVELS - 1)
        spread = counts[bins[::-1][:, None], bins[None, :]].astype(np.float64)
    density = spread / total * side * side
    ink = np.asarray(density / (density + 1.0), np.float32)
    _composite(rgba[top : top + side, left : left + side], ink, _chroma(side))
    return _bytes(rgba)


def size_of(name: str, text_px: int) -> tuple[int, int]:
    """(width, height) in pixels of the scope `name`."""
    edge, (width, height) = round(EDGE_EM * text_px), _plot_size(text_px)
    match name:
        case "vectorscope":
            return (round(SIDE_EM * text_px) + 2 * edge,) * 2
        case "waveform" | "parade":
            return width + 2 * edge + round(GUTTER_EM * text_px), height + 2 * edge
    return width + 2 * edge, height + 2 * edge + round(FOOTER_EM * text_px)


def vector_position(cb: float, cr: float, side: int) -> tuple[float, float]:
    """The position (x, y) of colour differences, -0.5..0.5, in a plot of `side` pixels, from its top left."""
    return (cb / REACH + 1) / 2 * side, (1 - cr / REACH) / 2 * side


def chroma_of(rgb: tuple[float, float, float]) -> tuple[float, float]:
    """BT.709 Cb and Cr of display red, green and blue, 0..1."""
    bright = sum(weight * channel for weight, channel in zip(LUMA, rgb, strict=True))
    return (rgb[2] - bright) / BLUE_RANGE, (rgb[0] - bright) / RED_RANGE


def _bars(graticule: Graticule, counts: Counts, bars: Counts, colours: tuple[Colour, ...]) -> NDArray[np.uint8]:
    """Draws `bars` as a histogram and marks clipped channels; the last bin of `counts` is the clipped one."""
    left, top, width, height = graticule.plot
    rgba = graticule.rgba.copy()
    plot = rgba[top : top + height, left : left + width]
    heights = _resampled(bars.astype(np.float64), width)
    # The highest few columns may exceed the plot: otherwise one uniform area would flatten the rest.
    full = max(float(np.quantile(heights, 0.985)) * 1.15, float(heights.max()) / 6, 1e-9)
    above = height - np.arange(height, dtype=np.float32)[:, None]  # height of each row's lower edge
    light = np.zeros_like(plot[..., :3])
    cover = np.zeros((height, width), np.float32)
    for channel, colour in zip(heights, colours, strict=True):
        ink = np.clip(np.float32(height) * (channel / full).astype(np.float32)[None, :] - above + 1, 0, 1)
        light += ink[..., None] * np.array(colour, np.float32) * 0.72
        np.maximum(cover, ink, out=cover)
    plot[...] *= 1 - cover[..., None] * 0.85
    plot[..., :3] += np.minimum(light, WHITE)
    plot[..., 3] += cover * 0.85
    _mark_clipped(rgba, graticule.plot, counts, colours)
    np.minimum(rgba, 1, out=rgba)
    return _bytes(rgba)


def _mark_clipped(
    rgba: NDArray[np.float32], plot: tuple[int, int, int, int], counts: Counts, colours: tuple[Colour, ...]
) -> None:
    """Draws a square for each clipped channel in the upper right of the plot."""
    left, top, width, height = plot
    side = max(3, height // 14)
    for index, (channel, colour) in enumerate(zip(counts, colours, strict=True)):
        if channel[-1] > CLIP_SHARE * channel.sum():
            x, y = left + width - (len(colours) - index) * (side + side // 2), top + side // 2
            rgba[y : y + side, x : x + side] = (*colour, 1.0)


def _draw_traces(graticule: Graticule, traces: list[tuple[NDArray[np.float32], Colour, int]]) -> NDArray[np.uint8]:
    left, top, _, height = graticule.plot
    rgba = graticule.rgba.copy()
    for ink, colour, x in traces:
        _composite(rgba[top : top + height, left + x : left + x + ink.shape[1]], ink, np.array(colour, np.float32))
    return _bytes(rgba)


def _composite(under: NDArray[np.float32], ink: NDArray[np.float32], colour: NDArray[np.float32]) -> None:
    """Composites `colour` with the opacity `ink`, 0..1, over premultiplied RGBA, in place."""
    under *= 1 - ink[..., None]
    under[..., :3] += ink[..., None] * colour
    under[..., 3] += ink


def _density(counts: Counts, height: int, width: int) -> NDArray[np.float32]:
    """(height, width): the opacity, 0..1, of a trace of `counts` (256, columns), with the highest level on top."""
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    rows = _resampled(shares.T, height).T
    columns = np.minimum((np.arange(width) * counts.shape[1] // width), counts.shape[1] - 1)
    density = rows[::-1, columns] * height
    return np.asarray(density / (density + 3.0), np.float32)


def _resampled(counts: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """(N, bins) to (N, length): the counts of `bins / length` bins, by the mean of the nearest ones.

    Where columns hold one or two bins by turns, their sums would be a comb.
    """
    bins = counts.shape[1]
    if length < bins:
        starts = -(-np.arange(length) * bins // length)
        number = np.diff(starts, append=bins)
        return np.asarray(np.add.reduceat(counts, starts, axis=1) * (bins / length / number), np.float64)
    return np.asarray(counts[:, np.arange(length) * bins // length] * (bins / length), np.float64)


def _bytes(rgba: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (rgba * 255 + 0.5).astype(np.uint8)


@lru_cache(4)
def _vector_pixel(side: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The row of each Cr bin and the column of each Cb bin in a plot of `side` pixels."""
    differences = (np.arange(LEVELS) - LEVELS // 2) / (LEVELS - 1)
    columns = np.clip(np.floor((differences / REACH + 1) / 2 * side), 0, side - 1).astype(np.int64)
    return side - 1 - columns, columns


@lru_cache(4)
def _chroma(side: int) -> NDArray[np.float32]:
    """(side, side, 3): the desaturated colour of each pixel of the vectorscope, at a luma of 0.62."""
    at = ((np.arange(side) + 0.5) / side * 2 - 1) * REACH
    cb, cr = at[None, :], at[::-1, None]
    bright = 0.62
    red, blue = bright + RED_RANGE * cr + 0 * cb, bright + BLUE_RANGE * cb + 0 * cr
    green = (bright - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    rgb = np.clip(np.stack([red, green, blue], axis=-1), 0, 1)
    return np.asarray(0.35 * bright + 0.65 * rgb, np.float32)


class _Page:
    """A dark background with a plot area, on which lines and labels are drawn in grey."""

    def __init__(self, text_px: int, plot: tuple[int, int], gutter: int, footer: int) -> None:
        self.edge = round(EDGE_EM * text_px)
        self.font = ImageFont.load_default(max(8, round(0.74 * text_px)))
        self.pen = max(1, round(text_px / 17))
        self.left, self.top, self.width, self.height = self.edge + gutter, self.edge, *plot
        size = plot[0] + 2 * self.edge + gutter, plot[1] + 2 * self.edge + footer
        self.ink = Image.new("L", size)
        self.draw = ImageDraw.Draw(self.ink)

    def line(self, x0: float, y0: float, x1: float, y1: float, level: float = LINE) -> None:
        """Draws a line; the coordinates are pixels of the plot."""
        ends = (self.left + x0, self.top + y0, self.left + x1, self.top + y1)
        self.draw.line(ends, round(255 * level), self.pen)

    def label(self, x: float, y: float, text: str, anchor: str, level: float = TEXT) -> None:
        self.draw.text((self.left + x, self.top + y), text, round(255 * level), self.font, anchor)

    def graticule(self) -> Graticule:
        ink = np.asarray(self.ink, np.float32) / 255
        rgba = np.repeat(ink[..., None], 4, axis=2)
        rgba[..., 3] = 1 - (1 - ink) * (1 - BACKGROUND_OPACITY * text_background(self.ink.size, self.edge))
        return Graticule(np.asarray(rgba, np.float32), (self.left, self.top, self.width, self.height))


def _plot_size(text_px: int) -> tuple[int, int]:
    width, height = (round(em * text_px) for em in SIZE_EM)
    return width // 3 * 3, height


@lru_cache(4)
def _level_graticule(text_px: int, title: str) -> Graticule:
    size = _plot_size(text_px)
    page = _Page(text_px, size, 0, round(FOOTER_EM * text_px))
    for percent in (0, 25, 50, 75, 100):
        x = percent / 100 * (size[0] - 1)
        page.line(x, 0, x, size[1])
        page.label(x, size[1] + 0.25 * text_px, f"{percent}", _anchor(percent, 0, 100) + "t")
    page.line(0, size[1], size[0], size[1])
    _title(page, text_px, title)
    return page.graticule()


@lru_cache(4)
def _stop_graticule(text_px: int) -> Graticule:
    size = _plot_size(text_px)
    page = _Page(text_px, size, 0, round(FOOTER_EM * text_px))
    for stop in range(-STOPS, 1, 2):
        x = (stop + STOPS) / STOPS * (size[0] - 1)
        page.line(x, 0, x, size[1])
        page.label(x, size[1] + 0.25 * text_px, f"{stop}", _anchor(stop, -STOPS, 0) + "t")
    page.line(0, size[1], size[0], size[1])
    _title(page, text_px, "raw, stops")
    return page.graticule()


def _title(page: _Page, text_px: int, title: str) -> None:
    """Draws the title of a histogram at the right, where counts are low, left of the clipping marks."""
    page.label(page.width - 3.6 * text_px, 0.35 * text_px, title, "rt")


def _anchor(value: int, first: int, last: int) -> str:
    """Horizontal text anchor of a label: the first and last labels stay within the plot."""
    return "l" if value == first else "r" if value == last else "m"


@lru_cache(4)
def _ire_graticule(text_px: int, title: str, parts: int) -> Graticule:
    size = _plot_size(text_px)
    page = _Page(text_px, size, round(GUTTER_EM * text_px), 0)
    for ire in (0, 25, 50, 75, 100):
        y = (1 - ire / 100) * (size[1] - 1)
        page.line(0, y, size[0], y)
        page.label(-0.35 * text_px, y, f"{ire}", "rm")
    for part in range(1, parts):
        page.line(part * size[0] / parts, 0, part * size[0] / parts, size[1])
    page.label(0.4 * text_px, 0.3 * text_px, title, "lt")
    return page.graticule()


@lru_cache(4)
def _vector_graticule(text_px: int) -> Graticule:
    side = round(SIDE_EM * text_px)
    page = _Page(text_px, (side, side), 0, 0)
    middle = side / 2
    page.line(0, middle, side, middle, 0.7 * LINE)
    page.line(middle, 0, middle, side, 0.7 * LINE)
    radius = 0.5 / REACH * middle
    box = (page.left + middle - radius, page.top + middle - radius)
    page.draw.ellipse((*box, box[0] + 2 * radius, box[1] + 2 * radius), outline=round(255 * LINE), width=page.pen)
    angle = math.radians(SKIN_DEGREES)
    page.line(middle, middle, *vector_position(0.5 * math.cos(angle), 0.5 * math.sin(angle), side), 1.9 * LINE)
    half = 0.3 * text_px
    for name, rgb in TARGETS.items():
        red, green, blue = (TARGET_PART * channel for channel in rgb)
        cb, cr = chroma_of((red, green, blue))
        x, y = vector_position(cb, cr, side)
        corners = (page.left + x - half, page.top + y - half, page.left + x + half, page.top + y + half)
        page.draw.rectangle(corners, outline=round(255 * 0.5), width=page.pen)
        offset = (half + 0.62 * text_px) / math.hypot(cb, cr)
        page.label(x + offset * cb, y - offset * cr, name, "mm")
    return page.graticule()
