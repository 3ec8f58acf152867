"""The pointer as an input of the passes of a look."""

from __future__ import annotations

import re

from ..display.events import Event, Pointer
from ..display.tool import Tool, ToolContext
from ..errors import ShaderError
from ..gl.passes import load_pass
from ..gl.program import SHADERS
from ..look.look import Look

_USED = re.compile(r"\b(pointer|iMouse)\b")


class PointerInput(Tool):
    """Sets the uniform `pointer` while the look has a pass that uses it. It takes no event from other tools."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._settings = tool_context.settings
        self._checked: tuple[Look, int, bool] | None = None

    def handle_event(self, event: Event) -> bool:
        if isinstance(event, Pointer) and self._is_used(self._settings.now.look):
            pressed = self._settings.now.pointer[2:] if event.kind == "drag" else (-1.0, -1.0)
            pressed = (event.x, event.y) if event.kind == "press" and event.button == "left" else pressed
            self._settings.follow(pointer=(event.x, event.y, *pressed))
        return False

    def _is_used(self, look: Look) -> bool:
        known = self._checked
        if known is None or known[0] is not look or known[1] != SHADERS.revision:
            known = self._checked = look, SHADERS.revision, any(_uses_pointer(each.name) for each in look.drawn_passes)
        return known[2]


def _uses_pointer(name: str) -> bool:
    try:
        return bool(_USED.search(load_pass(name).source.text))
    except ShaderError:
        return False
