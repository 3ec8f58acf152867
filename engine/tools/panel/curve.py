"""The tone curve of the look, drawn with handles that are dragged."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...look.reference import GREY, tone_curve
from ...look.traits import STOPS_ABOVE, STOPS_BELOW

if TYPE_CHECKING:
    from ...live_edit.editing import Editing

PASS = "tone_curve"
# Where each parameter is dragged, in stops from 18 % grey: where it changes the curve most among all five.
HANDLES = {"black": -STOPS_BELOW, "toe": -3.0, "grey": 0.0, "shoulder": 2.0, "white": STOPS_ABOVE}
PARAMETERS = tuple(HANDLES)
HEIGHT_EM = 11.0
SAMPLES = 57
COLOURS = ((0.95, 0.36, 0.30), (0.36, 0.85, 0.40), (0.45, 0.60, 1.0))
INK, LINE, PAPER = (0.92, 0.92, 0.90), (0.30, 0.30, 0.31), (0.04, 0.04, 0.045)
BISECTIONS = 24

Values = dict[str, tuple[float, float, float]]


class ToneCurve:
    """Display level over stops of scene light, for each channel. A handle is dragged up or down, for all channels."""

    def __init__(self, editing: Editing) -> None:
        self._editing = editing
        self._dragged = ""

    def draws(self, name: str) -> bool:
        """Whether the pass is the tone curve, with the parameters that it ships with."""
        settings = next((each for each in self._editing.look.passes if each.name == name), None)
        return name == PASS and settings is not None and set(PARAMETERS) <= settings.values.keys()

    def build(self, imgui: Any) -> None:
        em = imgui.get_font_size()
        width, height = imgui.get_content_region_avail().x, HEIGHT_EM * em
        corner = imgui.get_cursor_screen_pos()
        imgui.push_item_flag(imgui.ItemFlags_.no_nav, True)  # for keys there are the sliders below
        imgui.invisible_button("curve", imgui.ImVec2(width, height))
        imgui.pop_item_flag()
        values = self._values()
        margin = 0.5 * em
        box = corner.x + margin, corner.y + margin, width - 2 * margin, height - 2 * margin
        if imgui.is_item_activated():
            self._dragged = self._nearest(values, box, imgui.get_mouse_pos())
        if imgui.is_item_active() and self._dragged:
            level = 1.0 - (imgui.get_mouse_pos().y - box[1]) / box[3]
            shifted = dragged(values, self._dragged, min(max(level, 0.0), 1.0), self._limits(self._dragged))
            self._editing.set(PASS, self._dragged, shifted, drag=True)
            values = self._values()
        elif not imgui.is_item_active():
            self._dragged = ""
        hovered = self._dragged
        if imgui.is_item_hovered():
            hovered = hovered or self._nearest(values, box, imgui.get_mouse_pos())
            imgui.set_tooltip(f"{hovered}: drag it up or down" if hovered else "drag a point up or down")
        self._draw(imgui, values, box, hovered)

    def _values(self) -> Values:
        return {name: self._editing.value(PASS, name) for name in PARAMETERS}  # type: ignore[misc]

    def _limits(self, name: str) -> tuple[float, float]:
        parameter = next(
            each for settings, each in self._editing.parameters() if (settings.name, each.name) == (PASS, name)
        )
        return parameter.low, parameter.high

    def _nearest(self, values: Values, box: tuple[float, float, float, float], pointer: Any) -> str:
        """The handle next to the pointer."""
        distances = {}
        for name, stop in HANDLES.items():
            x, y = _place(stop, float(levels(values, np.array([stop]))[0].mean()), box)
            distances[name] = (x - pointer.x) ** 2 + (y - pointer.y) ** 2
        return min(distances, key=lambda name: distances[name])

    def _draw(self, imgui: Any, values: Values, box: tuple[float, float, float, float], marked: str) -> None:
        pen, pair, em = imgui.get_window_draw_list(), imgui.ImVec2, imgui.get_font_size()

        def colour(rgb: tuple[float, float, float]) -> int:
            return int(imgui.get_color_u32(imgui.ImVec4(*rgb, 1.0)))

        left, top, width, height = box
        edge = 0.5 * em
        corners = pair(left - edge, top - edge), pair(left + width + edge, top + height + edge)
        pen.add_rect_filled(*corners, colour(PAPER), 0.3 * em)
        for stop in range(-6, 7, 2):
            x, _ = _place(stop, 0.0, box)
            pen.add_line(pair(x, top), pair(x, top + height), colour(INK if stop == 0 else LINE), 0.06 * em)
        stops = np.linspace(-STOPS_BELOW, STOPS_ABOVE, SAMPLES)
        display = levels(values, stops)
        is_grey = np.ptp(display, axis=1).max() < 1e-3
        for channel in range(1 if is_grey else 3):
            points = [
                pair(*_place(*each, box)) for each in zip(stops.tolist(), display[:, channel].tolist(), strict=True)
            ]
            for start, end in pairwise(points):
                pen.add_line(start, end, colour(INK if is_grey else COLOURS[channel]), 0.12 * em)
        for name, at in HANDLES.items():
            x, y = _place(at, float(levels(values, np.array([at]))[0].mean()), box)
            pen.add_circle_filled(pair(x, y), (0.45 if name == marked else 0.32) * em, colour(INK))


def levels(values: Values, stops: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3): display levels, square roots of light, of grey at `stops` (N,) from 18 % grey."""
    light = GREY * 2.0 ** np.asarray(stops, np.float64)
    if len(stops) and stops[0] <= -STOPS_BELOW:
        light[0] = 0.0  # the left end is black
    return np.asarray(np.sqrt(tone_curve(np.repeat(light[:, None], 3, axis=1), **values)))


def dragged(values: Values, name: str, level: float, limits: tuple[float, float]) -> tuple[float, float, float]:
    """The values of a parameter with which the curve's mean is `level`, 0 to 1, at its handle, as far as the limits
    allow. Its channels keep their differences.
    """
    stop = np.array([HANDLES[name]])
    present = np.array(values[name])
    mean = float(present.mean())

    def value(middle: float) -> tuple[float, float, float]:
        red, green, blue = np.clip(present - mean + middle, *limits).tolist()
        return red, green, blue

    def at(middle: float) -> float:
        return float(levels({**values, name: value(middle)}, stop).mean())

    low, high = limits
    rises = at(high) >= at(low)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if (at(middle) < level) == rises:
            low = middle
        else:
            high = middle
    return value(0.5 * (low + high))


def _place(stop: float, level: float, box: tuple[float, float, float, float]) -> tuple[float, float]:
    left, top, width, height = box
    return left + width * (stop + STOPS_BELOW) / (STOPS_ABOVE + STOPS_BELOW), top + height * (1.0 - level)
