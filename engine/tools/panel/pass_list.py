"""The passes of the look as a list: on and off, their order, their time, and their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import GroundglassError
from ...gl.passes import Parameter, Table, Value, list_passes, load_pass
from ...look import arrangement
from ...look.look import Look
from .curve import ToneCurve
from .widgets import choice_widget, digits_of, matches, row, same_line_if_it_fits, slider_with_value

if TYPE_CHECKING:
    from ...live_edit.editing import Editing
    from ...look.look import PassSettings

CHANGED = (0.95, 0.75, 0.45, 1.0)  # text colour of values that differ from the saved look
ORDER = "order of the passes"
ADD = "Add a pass"


class PassList:
    """A row for each pass: a check box, its name, its time; opened, its parameters. A row is dragged to another place.

    `pass_times` are milliseconds by the name of a pass, for those that were measured.
    """

    def __init__(self, editing: Editing, notify: Callable[[str], None], pass_times: Mapping[str, float]) -> None:
        self._editing, self._notify, self._pass_times = editing, notify, pass_times
        self._curve = ToneCurve(editing)
        self._dragged, self._remaining = "", 0  # the row that is closed while it moves, and the builds until it is not
        self._edges: list[float] = []  # the upper edges of the rows in the latest build, and the end of the last one

    def found(self, words: Sequence[str]) -> dict[str, list[tuple[PassSettings, Parameter]]]:
        """The parameters that match a search, by pass; without words all passes, also those without parameters."""
        found: dict[str, list[tuple[PassSettings, Parameter]]] = {}
        for settings in () if words else self._editing.look.passes:
            found[settings.name] = []
        for settings, parameter in self._editing.parameters():
            if matches(words, settings.name, parameter.group, parameter.name, parameter.label):
                found.setdefault(settings.name, []).append((settings, parameter))
        return found

    def build(self, imgui: Any, words: Sequence[str]) -> None:
        edges: list[float] = []
        for name, pairs in self.found(words).items():
            edges.append(imgui.get_cursor_screen_pos().y)
            imgui.push_id(name)
            self._build_pass(imgui, name, pairs, is_found=bool(words))
            imgui.pop_id()
        self._edges = [*edges, imgui.get_cursor_screen_pos().y]
        self._remaining = 2 if imgui.is_mouse_down(0) else max(self._remaining - 1, 0)
        self._dragged = self._dragged if self._remaining else ""
        if not words:
            self._build_add(imgui)

    def _build_pass(
        self, imgui: Any, name: str, pairs: Sequence[tuple[PassSettings, Parameter]], *, is_found: bool
    ) -> None:
        is_dragged = name == self._dragged
        enabled = next(settings.enabled for settings in self._editing.look.passes if settings.name == name)
        used, on = imgui.checkbox("##on", enabled)
        if imgui.is_item_hovered():
            imgui.set_tooltip("on or off")
        imgui.same_line()
        if is_found or is_dragged:
            imgui.set_next_item_open(is_found)
        if not enabled:
            imgui.push_style_color(imgui.Col_.text, imgui.get_style().color_(imgui.Col_.text_disabled))
        is_open = imgui.tree_node(name.replace("_", " "))
        if is_open and is_dragged and not is_found:  # the end of the drag opens it
            imgui.tree_pop()
            is_open = False
        if not enabled:
            imgui.pop_style_color()
        self._drag(imgui, name)
        if name in self._pass_times:
            imgui.same_line()
            imgui.text_disabled(f"{self._pass_times[name]:.2f} ms")
        if is_open:
            self._build_parameters(imgui, name, pairs)
            self._build_buttons(imgui, name)
            imgui.tree_pop()
        if used:
            reason = f"{name} {'on' if on else 'off'}"
            self._arrange(reason, partial(arrangement.with_enabled, name=name, enabled=on))

    def _drag(self, imgui: Any, name: str) -> None:
        """Moves a row that is dragged over others. A place on the wrong side of the tone curve is passed over."""
        names = [settings.name for settings in self._editing.look.passes]
        if not (imgui.is_item_active() and imgui.is_mouse_down(0)) or len(self._edges) != len(names) + 1:
            return  # a key that holds the row does not drag it
        at = names.index(name)
        to = row_below(self._edges, at, imgui.get_mouse_pos().y)
        for place in range(to, at, -1 if to > at else 1):
            with suppress(GroundglassError):
                self._editing.arrange(ORDER, partial(arrangement.moved, name=name, to=place), drag=True)
                self._dragged = name
                return

    def _build_buttons(self, imgui: Any, name: str) -> None:
        editing = self._editing
        parameters = load_pass(name).parameters
        at = [settings.name for settings in editing.look.passes].index(name)
        locked = bool(parameters) and all(editing.is_locked(name, parameter.name) for parameter in parameters)
        buttons: tuple[tuple[str, Callable[[], object]], ...] = (
            ("reset pass", lambda: editing.reset(name)),
            ("up", lambda: self._arrange(ORDER, partial(arrangement.moved, name=name, to=at - 1))),
            ("down", lambda: self._arrange(ORDER, partial(arrangement.moved, name=name, to=at + 1))),
            ("remove", lambda: self._arrange(f"{name} removed", partial(arrangement.without, name=name))),
        )
        for index, (title, do) in enumerate(buttons):
            if index:
                same_line_if_it_fits(imgui, title)
            if imgui.button(title):
                do()
        same_line_if_it_fits(imgui, "lock", imgui.get_frame_height())
        used, lock = imgui.checkbox("lock", locked)
        if imgui.is_item_hovered():
            imgui.set_tooltip("Randomize leaves this pass as it is")
        for parameter in parameters if used else ():
            editing.lock(name, parameter.name, lock)

    def _build_add(self, imgui: Any) -> None:
        present = {settings.name for settings in self._editing.look.passes}
        chosen = choice_widget(imgui, f"##{ADD}", ADD, [name for name in list_passes() if name not in present])
        if chosen is not None:
            self._arrange(f"{chosen} added", partial(arrangement.with_pass, name=chosen))

    def _arrange(self, reason: str, change: Callable[[Look], Look]) -> None:
        try:
            self._editing.arrange(reason, change)
        except GroundglassError as error:
            self._notify(str(error))

    def _build_parameters(self, imgui: Any, name: str, pairs: Sequence[tuple[PassSettings, Parameter]]) -> None:
        if self._curve.draws(name):
            self._curve.build(imgui)
        group = ""
        for settings, parameter in pairs:
            if parameter.group != group:
                group = parameter.group
                imgui.separator_text(group)
            self._build_parameter(imgui, settings, parameter)

    def _build_parameter(self, imgui: Any, settings: PassSettings, parameter: Parameter) -> None:
        editing, names = self._editing, (settings.name, parameter.name)
        imgui.push_id(parameter.name)
        changed = editing.is_value_changed(*names)
        if changed:
            imgui.push_style_color(imgui.Col_.text, imgui.ImVec4(*CHANGED))
        used, value = slider(imgui, parameter, editing.value(*names))
        if changed:
            imgui.pop_style_color()
        if used:
            editing.set(*names, value, drag=True)
        if imgui.begin_popup_context_item("more"):
            imgui.begin_disabled(not changed)
            if row(imgui, "reset", False):
                editing.reset(*names)
            imgui.end_disabled()
            is_locked = editing.is_locked(*names)
            if row(imgui, "lock against randomize", is_locked):
                editing.lock(*names, not is_locked)
            imgui.end_popup()
        if editing.is_locked(*names):
            imgui.same_line()
            imgui.text_disabled("locked")
        imgui.pop_id()


def row_below(edges: Sequence[float], at: int, y: float) -> int:
    """The place to which the row `at` moves when it is dragged to `y`, so that it then lies there.

    `edges` are the upper edges of all rows, and the end of the last one. Rows have different heights.
    """
    height, last, to = edges[at + 1] - edges[at], len(edges) - 2, at
    while to < last and y >= edges[to + 2] - height:
        to += 1
    if to == at:
        while to > 0 and y < min(edges[to], edges[to - 1] + height):
            to -= 1
    return to


def slider(imgui: Any, parameter: Parameter, value: Value) -> tuple[bool, Value]:
    """Declares the widget of a parameter; returns whether it was changed, and the value."""
    low, high, label = parameter.low, parameter.high, parameter.label
    match value:
        case Table():
            imgui.text_disabled(f"{label}: {getattr(value, 'name', '') or 'no file'}")
            return False, value
        case bool():
            used, on = imgui.checkbox(label, value)
            return used, on
        case str():
            chosen = choice_widget(imgui, label, value, parameter.choices)
            return chosen is not None, value if chosen is None else chosen
        case tuple() if high <= 1.0:
            flags = imgui.ColorEditFlags_
            wheel = flags.picker_hue_wheel | flags.float | flags.input_rgb | flags.display_rgb
            used, picked = imgui.color_edit3(label, list(value), wheel)
            return used, tuple(min(max(channel, low), high) for channel in picked)
        case tuple():
            used, numbers = imgui.drag_float3(label, list(value), (high - low) / 400, low, high, "%.3f")
            red, green, blue = (min(max(channel, low), high) for channel in numbers)
            return used, (red, green, blue)
        case int():
            used, number = slider_with_value(imgui, label, value, (low, high), digits=0)
            return used, round(number)
    return slider_with_value(imgui, label, value, (low, high), digits=max(digits_of(parameter.step), 3))
