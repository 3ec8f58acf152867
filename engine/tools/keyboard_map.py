"""The keyboard map (H): every key and its action, from the list of controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..controls import Choice, Control, Controls, Switch
from ..display.events import Event, Key, Wheel
from ..display.lettering import draw_text, prepared_word, text_width
from ..display.status_line import MIN_TEXT_PX, on_background, status_height_px
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
Rows = list[tuple[str, str]]
WORDS_AHEAD = 8  # drawn with a picture, in 1 ms
MIN_PART = 0.77  # relative to the usual text height: 10 pixels on a monitor of scale 1
TURN = "Page Down or the wheel turns the page"
TITLE, UNDERLINE = 190, 110  # levels of the titles, and of the lines below headings
MAX_WINDOW_FRACTION = 0.94  # maximum width and height of the map
BACKGROUND_OPACITY = 0.8  # higher than that of other texts, for legibility


@dataclass(frozen=True, slots=True)
class _Column:
    """Rows with the width of their keys and of their titles, in pixels."""

    rows: Rows
    keys_px: int
    titles_px: int

    @classmethod
    def of(cls, rows: Rows, text_px: int) -> _Column:
        return cls(rows, *(max(text_width(row[word], text_px) for row in rows) for word in (0, 1)))


@dataclass(frozen=True, slots=True)
class Page:
    """Columns of the map in a text of `text_px`; `foot` is its last line."""

    text_px: int
    columns: tuple[_Column, ...]
    foot: str = ""

    @property
    def edge_px(self) -> int:
        return round(1.2 * self.text_px)

    @property
    def line_px(self) -> int:
        return round(1.55 * self.text_px)

    @property
    def rows(self) -> int:
        return max(len(column.rows) for column in self.columns) + bool(self.foot)

    @property
    def width_px(self) -> int:
        columns_px = sum(column.keys_px + column.titles_px for column in self.columns)
        columns_px += round((3.5 * len(self.columns) - 2.5) * self.text_px)
        return round(max(columns_px, text_width(self.foot, self.text_px))) + 2 * self.edge_px


class KeyboardMap(Tool):
    """Shows the map in the middle of the window above the status line, in a small window page by page.

    While it is hidden its words are drawn ahead, a few with each picture: at once they take 20 ms.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._controls = tool_context.controls
        self._shown = False
        self._page, self._count = 0, 1
        self._pages: tuple[object, list[Page]] | None = None
        self._ahead: tuple[object, Iterator[object]] | None = None  # for a text height and a room, and its steps

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("keys", "Keyboard map", "window", "H"), get=lambda: self._shown, set=self._toggle, second_key="?"
        )

    def handle_event(self, event: Event) -> bool:
        if not self._shown or self._count < 2:
            return False
        step = 0
        if isinstance(event, Key):
            step = {"PageDown": 1, "PageUp": -1}.get(event.name, 0)
        elif isinstance(event, Wheel) and not event.modifiers:
            step = -1 if event.steps > 0 else 1
        self._page = (self._page + step) % self._count
        return step != 0

    def draw(self, canvas: Canvas) -> None:
        text_px, foot_px = canvas.text_px, status_height_px(canvas.text_px)
        room = canvas.size[0], canvas.size[1] - foot_px
        if not self._shown:
            if self._ahead is None or self._ahead[0] != (text_px, room):
                self._ahead = (text_px, room), self._prepare(text_px, room)
            next(self._ahead[1], None)
            return
        key = key_rows(self._controls), text_px, room
        pages = self._pages_of(*key)
        self._count = len(pages)
        self._page = min(self._page, self._count - 1)
        page = pages[self._page]
        size = canvas.sprites.prepare("keys", (key, self._page), lambda: draw_page(page))
        canvas.sprites.draw("keys", (room[0] - size[0]) // 2, foot_px + (room[1] - size[1]) // 2)

    def _pages_of(self, *key: Any) -> list[Page]:
        if self._pages is None or self._pages[0] != key:
            self._pages = key, pages_of(*key)
        return self._pages[1]

    def _prepare(self, text_px: int, room: tuple[int, int]) -> Iterator[None]:
        """Draws the words of the first page, in short steps."""
        yield
        page = self._pages_of(key_rows(self._controls), text_px, room)[0]
        words = {word for column in page.columns for row in column.rows for text in row for word in text.split(" ")}
        for number, word in enumerate(words):
            if number % WORDS_AHEAD == 0:
                yield
            prepared_word(word, page.text_px)

    def _toggle(self, on: bool) -> None:
        self._shown, self._page = on, 0


def key_rows(controls: Controls) -> Rows:
    """(key or pointer action, title) of each control with a key, in menu order, then those of the pointer.

    A heading, ("", title), precedes each group.
    """
    rows: Rows = []
    for title, names in HEADINGS.items():
        groups = controls.groups()
        keyed = [control for name in names for control in groups.get(name, ()) if control.key]
        keys = [(", ".join(filter(None, (control.key, control.second_key))), label_of(control)) for control in keyed]
        rows += [("", title), *keys] if keys else []
        if title == WINDOW:
            rows.append(("Esc", "Quit"))
    others = [control for name, group in controls.groups().items() if not _has_heading(name) for control in group]
    rows += [(control.key, label_of(control)) for control in others if control.key]
    return [*rows, ("", "Pointer"), *POINTER]


def label_of(control: Control) -> str:
    """What the key of a control does, in words that need no other row."""
    if isinstance(control, Choice) and not control.is_aid:
        return f"Next {control.title[0].lower()}{control.title[1:]}"
    return control.title


def _has_heading(group: str) -> bool:
    return any(group in names for names in HEADINGS.values())


def pages_of(rows: Rows, text_px: int, room: tuple[int, int]) -> list[Page]:
    """The map in pages within `room`, (width, height) pixels: one if the text need not be smaller than `MIN_PART`."""
    smallest_px = max(round(MIN_PART * text_px), MIN_TEXT_PX)
    for height_px in range(max(text_px, smallest_px), smallest_px - 1, -1):
        columns = [_Column.of(part, height_px) for part in _balanced(rows, _max_rows(height_px, room))]
        page = Page(height_px, tuple(columns))
        if page.width_px <= MAX_WINDOW_FRACTION * room[0]:
            return [page]
    parts = _columns(rows, _max_rows(smallest_px, room) - 1)  # a line less, for the number of the page
    pages = [Page(smallest_px, ())]
    for part in parts:
        column = _Column.of(part, smallest_px)
        wider = replace(pages[-1], columns=(*pages[-1].columns, column))
        if pages[-1].columns and wider.width_px > MAX_WINDOW_FRACTION * room[0]:
            pages.append(Page(smallest_px, (column,)))
        else:
            pages[-1] = wider
    return [replace(page, foot=f"{number} of {len(pages)}: {TURN}") for number, page in enumerate(pages, 1)]


def draw_page(page: Page) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: keys and titles in columns."""
    height_px, edge, line = page.text_px, page.edge_px, page.line_px
    ink = np.zeros((page.rows * line + 2 * edge, page.width_px), np.uint8)
    left = edge
    for column in page.columns:
        start = left + column.keys_px + height_px
        for row, (key, title) in enumerate(column.rows):
            y = edge + row * line
            draw_text(ink, (left + column.keys_px - text_width(key, height_px), y), key, height_px)
            draw_text(ink, (start, y), title, height_px, TITLE if key else 255)
            if title and not key:
                ink[y + round(1.3 * height_px), start : start + column.titles_px] = UNDERLINE
        left += column.keys_px + column.titles_px + round(3.5 * height_px)
    if page.foot:
        draw_text(ink, (edge, edge + (page.rows - 1) * line), page.foot, height_px)
    return on_background(ink, BACKGROUND_OPACITY, edge // 2)


def _max_rows(height_px: int, room: tuple[int, int]) -> int:
    page = Page(height_px, ())
    return max(2, (round(MAX_WINDOW_FRACTION * room[1]) - 2 * page.edge_px) // page.line_px)


def _balanced(rows: Rows, max_rows: int) -> list[Rows]:
    """The rows in as many columns as `_columns`, of similar heights."""
    columns = _columns(rows, max_rows)
    minimum = -(-len(rows) // len(columns))
    candidates = (_columns(rows, at_most) for at_most in range(minimum, max_rows + 1))
    return next(each for each in candidates if len(each) == len(columns))


def _columns(rows: Rows, max_rows: int) -> list[Rows]:
    """The rows in columns; a heading is not the last row of a column."""
    columns: list[Rows] = [[]]
    for row in rows:
        is_heading = not row[0]
        if columns[-1] and len(columns[-1]) + is_heading >= max_rows:
            columns.append([])
        columns[-1].append(row)
    return columns
