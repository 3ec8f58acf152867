"""The source menu (O): the scene, connected cameras and recent files, opened in the same window."""

from __future__ import annotations

import math
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from ..capture.connected import CameraSearch
from ..controls import Action, Control, Text
from ..display.events import Drop, Event
from ..display.status_line import render_text
from ..display.tool import Canvas, Invalidation, Tool, ToolContext
from ..errors import ControlError
from .recent_sources import RecentSources

if TYPE_CHECKING:
    from ..capture.source import Source

SCENE = "scene:"
CHOOSE_S = 1.2  # the marked source is opened after this time without a key
SEARCH_AGAIN_S = 5.0  # opening the menu searches for cameras again, unless it has just done so
MAX_LETTERS = 60  # a longer name is shortened at its beginning


class Entry(NamedTuple):
    source: str
    title: str  # maker and model of a camera


class SourceMenu(Tool):
    """Replaces the source. The key opens the menu and marks the next source; the marked source opens after a pause.
    Without another mark, the menu stays until the search for cameras has ended.

    `recent` are the recent files and folders. With `announces` the connected cameras are searched after the first
    picture, and named on the screen. The search runs in another process, because a driver may hang or crash.
    """

    def __init__(self, tool_context: ToolContext, recent: RecentSources, announces: bool = False) -> None:
        self._tool_context, self._recent = tool_context, recent
        self._announces = announces
        self._search: CameraSearch | None = None
        self._searched_s = -math.inf
        self._cameras: list[Entry] = []
        self._first = tool_context.sources.name
        self._marked: str | None = None  # the marked source; None while the menu is closed
        self._until_s = math.inf
        self._recent.add(self._first)

    def controls(self) -> Iterable[Control]:
        yield Text(
            *("source", "Source", "source"),
            get=lambda: self._tool_context.sources.name,
            set=self._open,
            suggestions=lambda: tuple(entry.source for entry in self._entries()),
            help="a camera, a file, a folder, a stream, or scene:; Enter opens it",
        )
        yield Action("source_menu", "Next source", "source", "O", do=self._mark_next)
        yield Action("find_cameras", "Search for cameras", "source", "Shift+O", do=self._find_cameras)

    def handle_event(self, event: Event) -> bool:
        """Opens the first of the files that were dropped on the window; all of them are in the menu then."""
        if isinstance(event, Drop):
            for path in reversed(event.paths):
                self._recent.add(path)
            if event.paths:
                self._open_or_notify(event.paths[0])
            return True
        return False

    def tick(self, now_s: float) -> Invalidation:
        if self._announces and self._search is None and self._tool_context.drawn() is not None:
            self._begin_search()
        invalidation = self._take_cameras()
        is_current = self._marked == self._tool_context.sources.name
        if self._marked is not None and now_s >= self._until_s and not (is_current and self._is_searching):
            marked, self._marked = self._marked, None
            if not is_current:
                self._open_or_notify(marked)
            return Invalidation.REPAINT
        return invalidation

    @property
    def busy(self) -> bool:
        return self._marked is not None or self._tool_context.sources.is_opening

    def on_source(self, source: Source) -> None:
        self._recent.add(self._tool_context.sources.name)

    def draw(self, canvas: Canvas) -> None:
        if self._marked is None:
            return
        lines = menu_lines(self._entries(), self._marked, is_searching=self._is_searching)
        width, height = canvas.size
        room_px = width - canvas.text_px
        size = canvas.sprites.prepare(
            "sources", (lines, canvas.text_px, room_px), lambda: render_text(lines, canvas.text_px, room_px)
        )
        canvas.sprites.draw("sources", (width - size[0]) // 2, (height - size[1]) // 2)

    def close(self) -> None:
        if self._search is not None:
            self._search.close()

    @property
    def _is_searching(self) -> bool:
        return self._search is not None and not self._search.is_over

    def _entries(self) -> list[Entry]:
        names = [self._first, self._tool_context.sources.name, *self._recent.existing()]
        entries: dict[str, Entry] = {}
        for entry in (Entry(SCENE, ""), *self._cameras, *(Entry(name, "") for name in names)):
            entries.setdefault(entry.source, entry)
        return list(entries.values())

    def _mark_next(self) -> None:
        if not self._tool_context.sources.can_switch:
            self._open_or_notify(SCENE)  # reports why not
            return
        now_s = perf_counter()
        if not self._is_searching and now_s - self._searched_s > SEARCH_AGAIN_S:
            self._begin_search()
        names = [entry.source for entry in self._entries()]
        if self._marked is None:
            self._marked = self._tool_context.sources.name
        else:
            self._marked = names[(names.index(self._marked) + 1) % len(names)] if self._marked in names else names[0]
        self._until_s = now_s + CHOOSE_S

    def _find_cameras(self) -> None:
        if not self._is_searching:
            self._announces = True
            self._begin_search()
            self._tool_context.notify("searching for cameras")

    def _begin_search(self) -> None:
        self._search, self._searched_s = CameraSearch(self._tool_context.surface.wake), perf_counter()

    def _take_cameras(self) -> Invalidation:
        found = None if self._search is None else self._search.take()
        if found is None:
            return Invalidation.NOTHING
        self._cameras = [Entry(camera.source, camera.name) for camera in found]
        if self._announces:
            self._announces = False
            self._tool_context.notify(announcement(self._cameras))
        if self._marked is not None:
            self._until_s = perf_counter() + CHOOSE_S  # time to look at what was found
        return Invalidation.REPAINT

    def _open(self, name: str) -> None:
        self._tool_context.open_source(name)

    def _open_or_notify(self, name: str) -> None:
        try:
            self._open(name)
        except ControlError as error:
            self._tool_context.notify(str(error))


def menu_lines(entries: list[Entry], marked: str, *, is_searching: bool) -> list[str]:
    """The lines of the menu; the marked source has an arrow."""
    lines = [f"{'>' if entry.source == marked else '  '} {_short(entry.source)}   {entry.title}" for entry in entries]
    return [*(line.rstrip() for line in lines), *(["searching for cameras ..."] if is_searching else [])]


def announcement(cameras: list[Entry]) -> str:
    """One line on the connected cameras, for the screen."""
    if not cameras:
        return "no camera is connected"
    more = f" and {len(cameras) - 1} more" if len(cameras) > 1 else ""
    return f"{cameras[0].title or cameras[0].source}{more} connected: press O to choose the source"


def _short(source: str) -> str:
    return source if len(source) <= MAX_LETTERS else f"...{source[3 - MAX_LETTERS :]}"
