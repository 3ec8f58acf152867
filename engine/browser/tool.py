"""The tool that connects the live loop with the viewers in browsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..display.letterbox import Size
from ..display.tool import Invalidation, ToolContext
from ..remote.exchange import Exchange
from .pictures import Pictures
from .server import WebServer

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..live_edit.editing import Editing

REST_S = 0.25  # interval of the pictures without a viewer
NEEDS_PICTURES = "record", "sequence", "webcam"  # controls


class BrowserTool(Exchange):
    """Answers the requests of the pages. Without a viewer the loop rests, unless its pictures are recorded.

    `resize` receives the size of the pictures when another source has replaced the current one.
    """

    def __init__(
        self,
        tool_context: ToolContext,
        editing: Editing,
        server: WebServer,
        pictures: Pictures,
        resize: Callable[[Size], None] = lambda size: None,
    ) -> None:
        super().__init__(tool_context, editing, server)
        self._pictures, self._resize = pictures, resize
        server.wake = self._wake

    def tick(self, now_s: float) -> Invalidation:
        invalidation = super().tick(now_s)
        if not (self._pictures.is_watched or self._is_recording()):
            self._tool_context.log.pause()
            self._pictures.wait_for_viewer(REST_S)
        return invalidation

    def on_source(self, source: Source) -> None:
        self._resize(source.size)

    def close(self) -> None:
        super().close()
        self._pictures.close()

    def _wake(self) -> None:
        self._tool_context.surface.wake()
        self._pictures.wake()

    def _is_recording(self) -> bool:
        controls = self._tool_context.controls
        names = {control.name for control in controls}
        return any(name in names and controls.get(name) is True for name in NEEDS_PICTURES)
