"""Charts of series of points: as PNG (Pillow), as SVG, and as text for the terminal. Both pictures share a layout."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

SIZE_PX = 1120, 640
BOX_PX = 84, 56, 800, 572  # plot area: left, top, right, bottom; the legend is right of it
SCALE = 2  # supersampling factor of the PNG
PAPER, INK, FAINT, GRID = "#ffffff", "#202020", "#606060", "#dddddd"
COLOURS = ("#1f5fa8", "#c8501e", "#2e8b57", "#8a4fa3", "#b08a00", "#00808a", "#b03060", "#555555")
LEGEND_ROWS = 24
TEXT_COLUMNS, TEXT_ROWS = 58, 16
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Series:
    """Named points (x, y). `joined` draws a line through them, else each is a dot with a letter."""

    name: str
    points: tuple[tuple[float, float], ...]
    joined: bool = True
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, the names of both axes with their units, and the series. With `log` both axes are logarithmic."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()  # the x axis; default: round numbers


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps numbers to 0..1 along an axis, with ticks at round numbers."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Sequence[float], log: bool) -> Axis:
        """Contains all `values`, and 0 if it is linear."""
        if log:
            usable = [value for value in values if value > 0] or [1.0]
            return cls(10 ** math.floor(math.log10(min(usable))), 10 ** math.ceil(math.log10(max(usable) * 1.05)), True)
        top = max([*values, 1e-9])
        step = _round_step(top / 5)
        return cls(0.0, step * math.ceil(top / step), False)

    def at(self, value: float) -> float:
        if not self.log:
            return (value - self.low) / (self.high - self.low)
        span = math.log10(self.high / self.low)
        return math.log10(max(value, self.low) / self.low) / span

    def ticks(self) -> Iterator[tuple[float, str]]:
        if self.log:
            decades = round(math.log10(self.high / self.low))
            for decade in range(decades + 1):
                yield (value := self.low * 10**decade), f"{value:g}"
            return
        step = _round_step(self.high / 5)
        yield from ((number * step, f"{number * step:g}") for number in range(round(self.high / step) + 1))


def _round_step(about: float) -> float:
    """1, 2 or 5 times a power of ten, at least `about`."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= 0.999 * about)


class Pen(Protocol):
    """Draws lines, dots and texts at positions in pixels. `anchor` is start, middle or end."""

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float, dashed: bool = False) -> None: ...

    def dot(self, x: float, y: float, colour: str) -> None: ...

    def text(self, x: float, y: float, text: str, colour: str, px: int, anchor: str = "start") -> None: ...


class _SvgPen:
    def __init__(self) -> None:
        self.elements: list[str] = []

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float, dashed: bool = False) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="6 5"' if dashed else ""
        self.elements.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        self.elements.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def text(self, x: float, y: float, text: str, colour: str, px: int, anchor: str = "start") -> None:
        at = f'x="{x:.1f}" y="{y + 0.35 * px:.1f}" font-size="{px}" text-anchor="{anchor}"'
        self.elements.append(f'<text {at} fill="{colour}">{escape(text)}</text>')


class _PngPen:
    def __init__(self) -> None:
        self.image = Image.new("RGB", (SIZE_PX[0] * SCALE, SIZE_PX[1] * SCALE), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float, dashed: bool = False) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        for piece in _dashes(scaled) if dashed else [scaled]:
            self._draw.line(piece, fill=colour, width=round(width * SCALE), joint="curve")

    def dot(self, x: float, y: float, colour: str) -> None:
        self._draw.ellipse([SCALE * side for side in (x - 4, y - 4, x + 4, y + 4)], fill=colour)

    def text(self, x: float, y: float, text: str, colour: str, px: int, anchor: str = "start") -> None:
        side = {"start": "l", "middle": "m", "end": "r"}[anchor]
        font = ImageFont.load_default(px * SCALE)
        self._draw.text((x * SCALE, y * SCALE), text, colour, font, anchor=f"{side}m")


def _dashes(points: list[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    for (x0, y0), (x1, y1) in pairwise(points):
        count = max(int(math.hypot(x1 - x0, y1 - y0) / (11 * SCALE)), 1)
        for number in range(count):
            start, end = number / count, (number + 0.55) / count
            yield [(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in (start, end)]


def to_png(chart: Chart) -> bytes:
    pen = _PngPen()
    draw(chart, pen)
    stream = io.BytesIO()
    pen.image.resize(SIZE_PX, Image.Resampling.BOX).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def to_svg(chart: Chart) -> str:
    """An SVG element for HTML."""
    pen = _SvgPen()
    draw(chart, pen)
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" font-family="sans-serif">'
    return "\n".join([head.format(*SIZE_PX), f"<title>{escape(chart.title)}</title>", *pen.elements, "</svg>"])


def axes_of(chart: Chart) -> tuple[Axis, Axis]:
    points = [point for series in chart.series for point in series.points]
    return Axis.of([x for x, _ in points], chart.log), Axis.of([y for _, y in points], chart.log)


def dots_of(chart: Chart) -> list[tuple[str, Series]]:
    """The series that are not joined, each with its letter."""
    return list(zip(LETTERS, [series for series in chart.series if not series.joined], strict=False))


def draw(chart: Chart, pen: Pen) -> None:
    left, top, right, bottom = BOX_PX
    x_axis, y_axis = axes_of(chart)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x_axis.at(x), bottom - (bottom - top) * y_axis.at(y)

    pen.text(left, 18, chart.title, INK, 19)
    for value, name in chart.ticks or x_axis.ticks():
        x = place(value, y_axis.low)[0]
        pen.line([(x, top), (x, bottom)], GRID, 1)
        pen.text(x, bottom + 16, name, FAINT, 13, "middle")
    for value, name in y_axis.ticks():
        y = place(x_axis.low, value)[1]
        pen.line([(left, y), (right, y)], GRID, 1)
        pen.text(left - 10, y, name, FAINT, 13, "end")
    pen.text((left + right) / 2, bottom + 42, chart.x_name, INK, 14, "middle")
    pen.text(left, top - 12, chart.y_name, INK, 13)
    row = 0
    for number, series in enumerate(series for series in chart.series if series.joined):
        colour, points = COLOURS[number % len(COLOURS)], [place(*point) for point in series.points]
        pen.line(points, colour, 2, series.dashed)
        if len(points) <= 24 and not series.dashed:
            for point in points:
                pen.dot(*point, colour)
        _legend(pen, row, colour, series.name, "")
        row += 1
    for number, (mark, series) in enumerate(dots_of(chart)):
        colour = COLOURS[(number + 2) % len(COLOURS)]
        for point in series.points:
            x, y = place(*point)
            pen.dot(x, y, colour)
            pen.text(x + 7, y - 9, mark, INK, 12)
        _legend(pen, row, colour, series.name, mark)
        row += 1


def _legend(pen: Pen, row: int, colour: str, name: str, mark: str) -> None:
    x, y = BOX_PX[2] + 24, BOX_PX[1] + 8 + row * min(20, 516 / LEGEND_ROWS)
    pen.dot(x, y, colour)
    pen.text(x + 12, y, f"{mark}  {name}" if mark else name, INK, 13)


def to_text(chart: Chart) -> list[str]:
    """Lines of at most 80 characters: a letter for each dot, and a character for each joined series."""
    x_axis, y_axis = axes_of(chart)
    cells = [[" "] * TEXT_COLUMNS for _ in range(TEXT_ROWS)]

    def put(x: float, y: float, character: str) -> None:
        column, row = round(x * (TEXT_COLUMNS - 1)), round((1 - y) * (TEXT_ROWS - 1))
        if 0 <= column < TEXT_COLUMNS and 0 <= row < TEXT_ROWS and cells[row][column] in " .-":
            cells[row][column] = character

    joined = [series for series in chart.series if series.joined]
    characters = {series.name: "." if series.dashed else mark for mark, series in zip("*+ox#%@=", joined, strict=False)}
    for series in joined:
        mapped = [(x_axis.at(x), y_axis.at(y)) for x, y in series.points]
        for (x0, y0), (x1, y1) in pairwise(mapped):
            for step in range(2 * TEXT_COLUMNS + 1):
                share = step / (2 * TEXT_COLUMNS)
                put(x0 + share * (x1 - x0), y0 + share * (y1 - y0), "." if series.dashed else "-")
        for x, y in [] if series.dashed else mapped:
            put(x, y, characters.get(series.name, "*"))
    legend = [f"{mark} {series.name}" for mark, series in dots_of(chart)]
    legend += [f"{characters.get(series.name, '*')} {series.name}" for series in joined]
    for mark, series in dots_of(chart):
        for x, y in series.points:
            put(x_axis.at(x), y_axis.at(y), mark)
    ticks = {round((1 - y_axis.at(value)) * (TEXT_ROWS - 1)): name for value, name in y_axis.ticks()}
    lines = [chart.y_name, *(f"{ticks.get(row, ''):>7} |{''.join(line)}".rstrip() for row, line in enumerate(cells))]
    return [*lines, f"{'':7} +{'-' * TEXT_COLUMNS}", _tick_line(chart, x_axis), *_columns(legend)]


def _tick_line(chart: Chart, axis: Axis) -> str:
    line = [" "] * (9 + TEXT_COLUMNS + 12)
    for value, name in chart.ticks or axis.ticks():
        start = 9 + round(axis.at(value) * (TEXT_COLUMNS - 1)) - len(name) // 2
        if all(cell == " " for cell in line[start - 1 : start + len(name) + 1]):
            line[start : start + len(name)] = name
    return "".join(line).rstrip()[:80] + f"\n{chart.x_name:^80}".rstrip()


def _columns(entries: list[str], width: int = 26) -> list[str]:
    short: Callable[[str], str] = lambda entry: entry[: width - 1].ljust(width)  # noqa: E731
    return ["".join(map(short, entries[start : start + 3])).rstrip() for start in range(0, len(entries), 3)]
