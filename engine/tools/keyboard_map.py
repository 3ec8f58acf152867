"""The keyboard map (H): every key and its action, from the list of controls."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..controls import Control, Controls, Switch
from ..display.status_line import MIN_TEXT_PX, on_background
from ..display.tool import Canvas, Tool, ToolContext

POINTER = (
    ("click", "Focus here"),
    ("right click", "White balance here"),
    ("wheel", "Zoom"),
    ("drag", "Move the zoomed picture"),
    ("Alt+wheel", "Aperture"),
)
WINDOW = "Window"
HEADINGS = {
    WINDOW: ("window",),
    "Source": ("source",),
    "Focus and lens": ("focus",),
    "Exposure and white balance": ("exposure",),
    "Look": ("look", "tune"),
    "Aids": ("aids",),
    "Scopes": ("scopes",),
    "Custom modes": ("custom",),
    "Output": ("keep",),
}
MAX_WINDOW_FRACTION = 0.94  # maximum width and height of the map
BACKGROUND_OPACITY = 0.8  # higher than that of other texts, for legibility


class KeyboardMap(Tool):
    """Shows the map in the middle of the window."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._controls = tool_context.controls
        self._shown = False

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("keys", "Keyboard map", "window", "H"), get=lambda: self._shown, set=self._toggle, second_key="?"
        )

    def draw(self, canvas: Canvas) -> None:
        if not self._shown:
            return
        width, height = canvas.size
        rows = key_rows(self._controls)
        size = canvas.sprites.prepare(
            "keys", (rows, canvas.text_px, canvas.size), lambda: draw_map(rows, canvas.text_px, canvas.size)
        )
        canvas.sprites.draw("keys", (width - size[0]) // 2, (height - size[1]) // 2)

    def _toggle(self, on: bool) -> None:
        self._shown = on


def key_rows(controls: Controls) -> list[tuple[str, str]]:
    """(key or pointer action, title) of each control with a key, in menu order, then those of the pointer.

    A heading, ("", title), precedes each group.
    """
    rows: list[tuple[str, str]] = []
    for title, names in HEADINGS.items():
        groups = controls.groups()
        keyed = [control for name in names for control in groups.get(name, ()) if control.key]
        keys = [(", ".join(filter(None, (control.key, control.second_key))), control.title) for control in keyed]
        rows += [("", title), *keys] if keys else []
        if title == WINDOW:
            rows.append(("Esc", "Quit"))
    others = [control for name, group in controls.groups().items() if not _has_heading(name) for control in group]
    rows += [(control.key, control.title) for control in others if control.key]
    return [*rows, ("", "Pointer"), *POINTER]


def _has_heading(group: str) -> bool:
    return any(group in names for names in HEADINGS.values())


def draw_map(rows: list[tuple[str, str]], height_px: int, room: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: keys and titles in columns, within `room`, (width, height) pixels.

    The text is `height_px` high, or smaller if the map would not fit, but at least `MIN_TEXT_PX`.
    """
    while True:
        font = ImageFont.load_default(height_px)
        edge, line = round(1.2 * height_px), round(1.55 * height_px)
        max_rows = max(2, (round(MAX_WINDOW_FRACTION * room[1]) - 2 * edge) // line)
        parts = _columns(rows, max_rows)
        widths = [[max(font.getlength(row[word]) for row in part) for word in (0, 1)] for part in parts]
        width = round(sum(keys + titles for keys, titles in widths) + (3.5 * len(parts) - 2.5) * height_px) + 2 * edge
        if width <= MAX_WINDOW_FRACTION * room[0] or height_px <= MIN_TEXT_PX:
            break
        height_px -= 1
    ink = Image.new("L", (width, max(map(len, parts)) * line + 2 * edge))
    draw, left = ImageDraw.Draw(ink), float(edge)
    for part, (keys, titles) in zip(parts, widths, strict=True):
        for row, (key, title) in enumerate(part):
            draw.text((left + keys - font.getlength(key), edge + row * line), key, 255, font)
            draw.text((left + keys + height_px, edge + row * line), title, 170 if key else 255, font)
            if title and not key:
                under = edge + row * line + round(1.3 * height_px)
                draw.line((left + keys + height_px, under, left + keys + height_px + titles, under), 110)
        left += keys + titles + 3.5 * height_px
    return on_background(np.asarray(ink), BACKGROUND_OPACITY, edge // 2)


def _columns(rows: list[tuple[str, str]], max_rows: int) -> list[list[tuple[str, str]]]:
    """The rows in columns; a heading is not the last row of a column."""
    columns: list[list[tuple[str, str]]] = [[]]
    for row in rows:
        is_heading = not row[0]
        if len(columns[-1]) + is_heading >= max_rows:
            columns.append([])
        columns[-1].append(row)
    return columns
