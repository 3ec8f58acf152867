"""The panel (Tab): every control, the parameters of the look, and the time of each stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...controls import Action, Choice, Control, Number, Switch, Text
from ...display.events import Event
from ...display.tool import Canvas, Invalidation, Tool, ToolContext
from ...errors import GroundglassError
from .gui import Gui
from .look_section import LookSection
from .times import TimesSection

if TYPE_CHECKING:
    from ...live_edit.editing import Editing

WIDTH_EM = 25.0  # width of the panel, in text heights
REFRESH_S = 0.25  # update interval of values that change without input
TITLES = {
    "window": "Window",
    "focus": "Focus",
    "exposure": "Exposure",
    "aids": "Aids",
    "scopes": "Scopes",
    "keep": "Output",
    "tune": "Look editing",
}


class Panel(Tool):
    """Widgets for all controls of the tool context and for the look of `editing`.

    `pass_times` are the current times of `PassTimes`, in milliseconds.
    """

    def __init__(
        self, tool_context: ToolContext, editing: Editing, pass_times: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        self._tool_context, self._pass_times = tool_context, pass_times
        self._look = LookSection(editing, tool_context.messages)
        self._gui: Gui | None = None
        self._times: TimesSection | None = None
        self._shown = False
        self._size = (1, 1)
        self._built_s = 0.0
        self._changed = False
        self._overflows = False

    def controls(self) -> Iterable[Control]:
        yield Switch("panel", "Panel", "window", "Tab", get=lambda: self._shown, set=self._toggle, is_saved=True)

    def tick(self, now_s: float) -> Invalidation:
        if not self._shown or self._gui is None:
            return Invalidation.NOTHING
        if now_s - self._built_s > REFRESH_S:
            self._gui.refresh()
        changed, self._changed = self._changed, False
        return Invalidation.REDRAW if changed else Invalidation.REPAINT if self._gui.is_stale else Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        return self._shown and self._gui is not None and self._gui.is_held

    def handle_event(self, event: Event) -> bool:
        if self._gui is not None:
            self._gui.refresh()  # a key may have changed the value of a widget
        return False

    def draw(self, canvas: Canvas) -> None:
        if not self._shown or self._gui is None:
            return
        now_s = perf_counter()
        elapsed_s, is_stale = now_s - self._built_s, self._gui.is_stale
        self._size = canvas.size
        self._gui.draw(canvas, elapsed_s)
        if is_stale:
            self._built_s = now_s

    def close(self) -> None:
        if self._times is not None:
            self._times.release()
            self._times = None
        if self._gui is not None:
            self._gui.release()
            self._gui = None

    def _toggle(self, on: bool) -> None:
        if on and self._gui is None:
            try:
                self._gui = Gui(self._tool_context.engine.gl, self._build)
            except GroundglassError as error:
                self._tool_context.notify(str(error))
                return
        self._shown = on
        self._tool_context.surface.input.listener = self._gui if on else None

    def _build(self, imgui: Any) -> None:
        width = min(WIDTH_EM * imgui.get_font_size(), 0.6 * self._size[0])
        margin = 0.5 * imgui.get_font_size()
        imgui.set_next_window_pos(imgui.ImVec2(self._size[0] - width - margin, margin), imgui.Cond_.always)
        imgui.set_next_window_size_constraints(imgui.ImVec2(width, 0), imgui.ImVec2(width, self._size[1] - 2 * margin))
        flags = imgui.WindowFlags_
        shape = flags.no_title_bar | flags.no_resize | flags.no_move | flags.always_auto_resize
        imgui.begin("groundglass", None, shape if self._overflows else shape | flags.no_scrollbar)
        imgui.push_item_width(0.55 * width)
        groups = self._tool_context.controls.groups()
        if imgui.collapsing_header("Look", imgui.TreeNodeFlags_.default_open):
            look_numbers = [control for control in groups.get("look", []) if isinstance(control, Number)]
            self._build_controls(imgui, look_numbers)
            self._changed |= self._look.build(imgui)
        for group, controls in groups.items():
            if group != "look" and imgui.collapsing_header(TITLES.get(group, group.capitalize())):
                self._build_controls(imgui, controls)
        if imgui.collapsing_header("Time"):
            self._times = self._times or TimesSection()
            self._times.build(imgui, self._tool_context.engine.clock, self._pass_times)
        imgui.pop_item_width()
        # An excess within rounding needs no scrollbar.
        self._overflows = imgui.get_scroll_max_y() > 0.5 * imgui.get_font_size()
        imgui.end()

    def _build_controls(self, imgui: Any, controls: Iterable[Control]) -> None:
        for control in controls:
            imgui.push_id(control.name)
            try:
                self._changed |= widget(imgui, control)
            except GroundglassError as error:
                self._tool_context.notify(str(error))
            imgui.pop_id()


def widget(imgui: Any, control: Control) -> bool:
    """Declares the widget of a control; returns whether it was used."""
    used = False
    match control:
        case Action(do=do):
            used = imgui.button(control.title)
            if used:
                do()
        case Switch(get=get, set=put):
            used, on = imgui.checkbox(control.title, get())
            if used:
                put(on)
        case Number(get=get, set=put, minimum=minimum, maximum=maximum):
            used, value = imgui.slider_float(control.title, get(), minimum, maximum, number_format(control))
            if used:
                put(min(max(value, minimum), maximum))
        case Choice(get=get, set=put, choices=choices):
            present = get()
            used, at = imgui.combo(control.title, choices.index(present) if present in choices else -1, list(choices))
            if used:
                put(choices[at])
        case Text():
            used = text_widget(imgui, control)
    if control.help and imgui.is_item_hovered():
        imgui.set_tooltip(control.help)
    if control.key:
        imgui.same_line()
        imgui.text_disabled(control.key)
    return bool(used)


def text_widget(imgui: Any, control: Text) -> bool:
    """Declares a field in which Enter sets the text, and a list of the suggestions; returns whether it was set."""
    used, text = imgui.input_text(control.title, control.get(), imgui.InputTextFlags_.enter_returns_true)
    chosen = text if used else None
    for suggestion in control.suggestions():
        if imgui.selectable(suggestion, suggestion == control.get())[0]:
            chosen = suggestion
    if chosen is not None:
        control.set(chosen)
    return chosen is not None


def number_format(number: Number) -> str:
    """A C printf format with the digits that the step needs, and the unit."""
    digits = 0
    while digits < 4 and abs(round(number.step, digits) - number.step) > 1e-9:
        digits += 1
    if number.unit == "f/":
        return f"f/%.{digits}f"
    return f"%.{digits}f {number.unit}".rstrip()
