"""Where the scopes are in the window: in a corner, where the user put them, and never over the status line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

Size = tuple[int, int]
Middles = Mapping[str, tuple[float, float]]  # middle of a scope as fractions of the window, from its lower left corner

MAX_COLUMN_HEIGHT = 0.72  # fraction of the window's height; the next scope starts a new column to the left


class Area(NamedTuple):
    """A rectangle in pixels, from the lower left corner of the window."""

    left: int
    bottom: int
    width: int
    height: int

    def overlaps(self, other: Area) -> bool:
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.bottom < other.bottom + other.height
            and other.bottom < self.bottom + self.height
        )

    def holds(self, x: float, y: float) -> bool:
        return 0 <= x - self.left < self.width and 0 <= y - self.bottom < self.height


class Window(NamedTuple):
    """The (width, height) of the window, the text in its lower left corner, and the gap between scopes, in pixels."""

    size: Size
    text: Size
    gap: int

    @property
    def reserved(self) -> Area:
        """What the scopes leave free."""
        if 0 in self.text:
            return Area(0, 0, 0, 0)
        return Area(0, 0, self.text[0] + 2 * self.gap, self.text[1] + 2 * self.gap)


def placed(sizes: Mapping[str, Size], middles: Middles, window: Window) -> dict[str, Area]:
    """The areas of scopes of these (width, height), the first in the lower right corner, the others above and left.

    They overlap if the window is too small. Scopes with a position in `middles` are moved there, but not out of the
    window or over the text.
    """
    areas: dict[str, Area] = {}
    right, bottom, column_width = window.size[0] - window.gap, window.gap, 0
    for name, (width, height) in sizes.items():
        if name in middles:
            areas[name] = _moved_inside(middles[name], (width, height), window)
            continue
        if column_width and bottom + height > MAX_COLUMN_HEIGHT * window.size[1]:
            right, bottom, column_width = right - column_width - window.gap, window.gap, 0
        area = _above_text(Area(max(right - width, 0), bottom, width, height), window)
        areas[name] = area
        bottom, column_width = area.bottom + height + window.gap, max(column_width, width)
    return areas


def text_px_that_fits(
    wanted_px: int, minimum_px: int, names: Iterable[str], size_of: Callable[[str, int], Size], window: Window
) -> int:
    """The largest text height up to `wanted_px` with which all scopes fit into the window, beside each other."""
    names = tuple(names)
    for text_px in range(wanted_px, minimum_px, -1):
        areas = list(placed({name: size_of(name, text_px) for name in names}, {}, window).values())
        is_inside = all(area.bottom + area.height <= window.size[1] for area in areas)
        if is_inside and not any(area.overlaps(other) for area, other in combinations(areas, 2)):
            return text_px
    return minimum_px


def _moved_inside(middle: tuple[float, float], size: Size, window: Window) -> Area:
    left, bottom = (
        min(max(round(at * room - side / 2), 0), max(room - side, 0))
        for at, room, side in zip(middle, window.size, size, strict=True)
    )
    return _above_text(Area(left, bottom, *size), window)


def _above_text(area: Area, window: Window) -> Area:
    reserved = window.reserved
    return area._replace(bottom=reserved.height) if area.overlaps(reserved) else area


def written(middles: Middles) -> str:
    """`histogram 0.5 0.25, waveform ...`, for the settings file."""
    return ", ".join(f"{name} {x:.3f} {y:.3f}" for name, (x, y) in middles.items())


def read(text: str) -> dict[str, tuple[float, float]]:
    """The middles of a written text. Raises ValueError."""
    middles = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, x, y = entry.split()
        if not (0.0 <= float(x) <= 1.0 and 0.0 <= float(y) <= 1.0):
            raise ValueError(f"{x} {y} is outside of the window")
        middles[name] = float(x), float(y)
    return middles
