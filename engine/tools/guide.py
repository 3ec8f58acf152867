"""What a newcomer needs: a hint at the beginning, a button that opens the panel, and the list of the active aids."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from ..controls import Choice, Controls
from ..display.events import Event, Key, Pointer
from ..display.status_line import render_text
from ..display.tool import Canvas, Invalidation, Tool, ToolContext

if TYPE_CHECKING:
    from ..drawn import Drawn

HINT = "Tab or the button: all settings    ?: all keys    click: focus    L: next look    S: save a still"
HINT_S = 20.0  # the hint also ends with the first key or click
BUTTON = "Panel"
PANEL_KEY = "Tab"


class Guide(Tool):
    """Draws over all other tools. The button is in the upper right corner of the picture while the panel is closed."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._messages, self._controls = tool_context.messages, tool_context.controls
        self._notify = tool_context.notify
        self._until_s: float | None = None  # the end of the hint; None before the first picture
        self._button = (0.0, 0.0, 0.0, 0.0)  # left, top, right, bottom as fractions of the picture

    def handle_event(self, event: Event) -> bool:
        if isinstance(event, Key) or (isinstance(event, Pointer) and event.kind == "press"):
            self._end_hint()
        match event:
            case Pointer(kind="press", button="left", x=x, y=y):
                left, top, right, bottom = self._button
                if left <= x < right and top <= y < bottom:
                    self._controls.press(PANEL_KEY)
                    return True
        return False

    def tick(self, now_s: float) -> Invalidation:
        if self._until_s is not None and now_s > self._until_s and self._messages.hint:
            self._end_hint()
            return Invalidation.REPAINT
        return Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        if self._until_s is None:
            self._messages.hint, self._until_s = HINT, perf_counter() + HINT_S

    def draw(self, canvas: Canvas) -> None:
        self._draw_button(canvas)
        lines, text_px = aid_lines(self._controls), canvas.text_px
        if lines:
            room_px = canvas.size[0] // 2
            size = canvas.sprites.prepare(
                "aids", (lines, text_px, room_px), lambda: render_text(lines, text_px, room_px, wraps=True)
            )
            top = text_px // 2 + canvas.below_ruler(text_px // 2, size[0])
            canvas.sprites.draw("aids", text_px // 2, canvas.size[1] - top - size[1])

    def _draw_button(self, canvas: Canvas) -> None:
        self._button = (0.0, 0.0, 0.0, 0.0)
        if self._controls.get("panel"):
            return
        text_px, (left, bottom, width, height) = canvas.text_px, canvas.shown
        size = canvas.sprites.prepare("panel button", text_px, lambda: render_text([BUTTON], text_px, canvas.size[0]))
        x, y = left + width - size[0] - text_px // 2, bottom + height - size[1] - text_px // 2
        y = min(y, canvas.size[1] - text_px // 2 - canvas.below_ruler(x, size[0]) - size[1])
        canvas.sprites.draw("panel button", x, y)
        self._button = (*canvas.fraction(x, y + size[1]), *canvas.fraction(x + size[0], y))

    def _end_hint(self) -> None:
        self._messages.hint = ""
        self._until_s = self._until_s or 0.0


def aid_lines(controls: Controls) -> list[str]:
    """A line for each active aid, with its choice, or why it shows nothing."""
    lines = []
    for aid in controls.active_aids():
        state = aid.note() or (aid.get() if isinstance(aid, Choice) else "")
        lines.append(f"{aid.title}: {state}" if state else aid.title)
    return lines
