"""Where `view` and `serve` show the live loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.surface import Surface
    from ..display.tool import Tool, ToolContext
    from ..live_edit.editing import Editing
    from .options import EngineOptions, ViewOptions


class Display(Protocol):
    """Where the pictures of the live loop are shown, and the tools that are used there."""

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface: ...

    def fit_tools(
        self, options: EngineOptions, view: ViewOptions, editing: Editing, announces: bool
    ) -> list[Callable[[ToolContext], Tool]]: ...
