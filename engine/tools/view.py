"""The visible part of the picture: zoom by the wheel, pan by a drag, magnifier, desqueeze."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from ..controls import OFF, Action, Choice, Control, Number
from ..display.events import Event, Pointer, Wheel
from ..display.overlays import NO_OVERLAYS, WHOLE, Overlays, View
from ..display.tool import Canvas, Tool, ToolContext

if TYPE_CHECKING:
    from ..drawn import Drawn

MAGNIFIERS = {OFF: 1.0, "5x": 5.0, "10x": 10.0}
SQUEEZES = {OFF: 1.0, "1.33": 4 / 3, "1.5": 1.5, "1.6": 1.6, "1.8": 1.8, "2": 2.0}
MIN_PERCENT, MAX_PERCENT = 50.0, 800.0  # pixels of the window per pixel of the whole frame
STEPS_PER_DOUBLE = 3.0  # steps of the wheel
DRAG_EM = 0.5  # a press that moves farther, in text heights, is a drag, else a click
CENTRE = (0.5, 0.5)


class ViewTool(Tool):
    """Zooms at the pointer, between `MIN_PERCENT` or the whole picture in the window, and `MAX_PERCENT`.

    While a part is visible, a drag moves it. A press is then a click, such as of the focus, when it is released without
    a drag: it is posted again.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._input, self._notify = tool_context.surface.input, tool_context.notify
        self._drawn = tool_context.drawn
        self._zoom, self._squeeze, self._middle = 1.0, OFF, CENTRE
        self._pointer = CENTRE  # fraction of the visible part
        self._fit_percent, self._shown, self._drag_px = 100.0, (1, 1), 1.0
        self._pressed: Pointer | None = None  # where a drag or click began
        self._is_drag = self._reposts = False

    def controls(self) -> Iterable[Control]:
        yield Choice(
            *("magnifier", "Magnifier", "aids", "M"),
            choices=tuple(MAGNIFIERS),
            get=lambda: next((name for name, zoom in MAGNIFIERS.items() if zoom == self._zoom), OFF),
            set=lambda name: self._zoom_to(MAGNIFIERS[name], self._pointer),
            is_aid=True,
        )
        yield Choice(
            *("desqueeze", "Anamorphic desqueeze", "aids", "U"),
            choices=tuple(SQUEEZES),
            get=lambda: self._squeeze,
            set=partial(setattr, self, "_squeeze"),
            is_saved=True,
            is_aid=True,
        )
        yield Number(
            *("zoom", "Zoom", "aids"),
            minimum=MIN_PERCENT,
            maximum=MAX_PERCENT,
            step=1.0,
            unit="%",
            get=lambda: min(max(self._zoom * self._fit_percent, MIN_PERCENT), MAX_PERCENT),
            set=self._set_percent,
            help="window pixels per pixel of the frame; the wheel zooms at the pointer, a drag moves the picture",
        )
        yield Action("fit", "Zoom: whole picture", "aids", "Ctrl+0", do=lambda: self._zoom_to(1.0, CENTRE))
        yield Action("actual_pixels", "Zoom: 100 %", "aids", "Ctrl+1", do=self._show_actual_pixels)

    def handle_event(self, event: Event) -> bool:
        match event:
            case Wheel(steps=steps) if not event.modifiers:
                self._zoom_to(self._limited(self._zoom * 2.0 ** (steps / STEPS_PER_DOUBLE)), self._pointer)
                self._notify(f"{self._zoom * self._fit_percent:.0f} %" if self._zoom != 1.0 else "whole picture")
                return True
            case Pointer():
                return self._point(event)
        return False

    def overlays(self, drawn: Drawn | None) -> Overlays:
        view = View(max(self._zoom, 1.0), self._middle, SQUEEZES[self._squeeze], min(self._zoom, 1.0))
        return NO_OVERLAYS if view == WHOLE else Overlays(view=view)

    def draw(self, canvas: Canvas) -> None:
        drawn, self._shown = self._drawn(), canvas.shown[2:]
        self._drag_px = DRAG_EM * canvas.text_px
        if drawn is not None:
            width_px = canvas.shown[2] / canvas.view.shrink
            self._fit_percent = 100.0 * width_px / canvas.view.shape(drawn.frame.size)[0]

    def _point(self, event: Pointer) -> bool:
        """Handles a move, or a drag of the visible part. The position was mapped by the view of the input."""
        corner, zoom = self._input.view.corner, self._input.view.zoom
        visible = (event.x - corner[0]) * zoom, (event.y - corner[1]) * zoom
        before, self._pointer = self._pointer, visible
        if event.kind == "press" and event.button == "left" and zoom > 1.0 and not self._reposts:
            self._pressed, self._is_drag = event, False
            return True
        self._reposts &= event.kind != "press"
        pressed = self._pressed
        if pressed is None:
            return False
        if event.kind == "drag":
            start = (pressed.x - corner[0]) * zoom, (pressed.y - corner[1]) * zoom
            moved = ((now - at) * side for now, at, side in zip(visible, start, self._shown, strict=True))
            self._is_drag |= max(map(abs, moved)) > self._drag_px
            if self._is_drag:
                self._move(*(at - now for now, at in zip(visible, before, strict=True)))
        elif event.kind == "release":
            self._pressed = None
            if not self._is_drag:
                self._reposts = True
                self._input.post(pressed)
                return False
        return True

    def _move(self, x: float, y: float) -> None:
        """Moves the view by fractions of its visible part."""
        left, top = View(self._zoom, self._middle).corner
        half = 0.5 / self._zoom
        self._middle = left + x / self._zoom + half, top + y / self._zoom + half

    def _zoom_to(self, zoom: float, anchor: tuple[float, float]) -> None:
        """Zooms, and keeps the point at the fraction `anchor` of the visible part.

        The zoom stops at the whole picture on its way from larger to smaller, and back.
        """
        point = View(max(self._zoom, 1.0), self._middle).picture_position(*anchor)
        self._zoom = 1.0 if (self._zoom - 1.0) * (zoom - 1.0) < 0.0 else zoom
        enlarged = max(self._zoom, 1.0)
        x, y = (at + (0.5 - visible) / enlarged for at, visible in zip(point, anchor, strict=True))
        self._middle = View(enlarged, (x, y)).corner
        self._middle = self._middle[0] + 0.5 / enlarged, self._middle[1] + 0.5 / enlarged

    def _limited(self, zoom: float) -> float:
        return min(max(zoom, min(MIN_PERCENT / self._fit_percent, 1.0)), max(MAX_PERCENT / self._fit_percent, 1.0))

    def _set_percent(self, percent: float) -> None:
        self._zoom = 1.0  # a slider does not stop there
        self._zoom_to(self._limited(percent / self._fit_percent), CENTRE)

    def _show_actual_pixels(self) -> None:
        self._zoom = 1.0
        self._zoom_to(100.0 / self._fit_percent, self._pointer)
