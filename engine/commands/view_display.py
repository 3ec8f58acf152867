"""Where `view` and `serve` show the live loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.surface import Surface
    from ..live_edit.editing import Editing
    from ..viewfinder.fitting import Fitting, ToolOptions
    from .options import ViewOptions


class Display(Protocol):
    """Where the pictures of the live loop are shown, and the tools that are used there."""

    @property
    def shows_text(self) -> bool:
        """Whether the status line and messages are drawn over the picture."""
        ...

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface: ...

    def fit_tools(self, options: ToolOptions, editing: Editing) -> list[Fitting]: ...
