"""Widgets for the look, generated from the `#pragma parameter` lines of its passes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...display.messages import Messages
from ...errors import GroundglassError, OutputError
from ...gl.passes import Parameter, Table, Value
from ...look.look import list_looks, load_look
from .widgets import choice_widget, matches

if TYPE_CHECKING:
    from ...live_edit.editing import Editing
    from ...look.look import PassSettings

CHANGED = (0.95, 0.75, 0.45, 1.0)  # text colour of values that differ from the saved look
MAX_SEEDS = 1 << 30


class LookSection:
    """Sliders, colours, switches and lists for the parameters of the edited look."""

    def __init__(self, editing: Editing, messages: Messages) -> None:
        self._editing, self._messages = editing, messages
        self._file = ""
        self._by_hand = random.Random()

    def finds(self, words: Sequence[str]) -> bool:
        """Whether a parameter of the look matches the search for `words`."""
        return bool(self._found(words))

    def build(self, imgui: Any, words: Sequence[str] = ()) -> bool:
        """Declares the widgets, in a search those of matching parameters. Returns whether the look was changed."""
        editing = self._editing
        before = editing.look
        try:
            if not words:
                self._build_look_choice(imgui)
                self._build_buttons(imgui)
            self._build_parameters(imgui, words)
            if not words:
                self._build_save_buttons(imgui)
        except OutputError as error:
            self._messages.report_loss(str(error))
        except GroundglassError as error:
            self._messages.notify(str(error))
        if not imgui.is_any_item_active():
            editing.end_drag()
        return editing.look is not before

    def _build_look_choice(self, imgui: Any) -> None:
        editing = self._editing
        chosen = choice_widget(imgui, "Look", editing.look.name, list_looks())
        if chosen is not None:
            editing.open(load_look(chosen))
        if imgui.is_item_hovered() and editing.look.intent:
            imgui.set_tooltip(editing.look.intent)
        if editing.is_changed:
            imgui.same_line()
            imgui.text_colored(imgui.ImVec4(*CHANGED), "changed")

    def _build_buttons(self, imgui: Any) -> None:
        editing = self._editing
        rows: tuple[tuple[tuple[str, Callable[[], object], bool], ...], ...] = (
            (
                ("Reset all", editing.reset, editing.is_changed),
                ("Randomize", self._randomize, True),
                (f"Swap A/B (now {editing.slot})", editing.swap, True),
            ),
            (("Store in both", editing.store, True),),
        )
        for row in rows:
            for index, (title, do, enabled) in enumerate(row):
                if index:
                    imgui.same_line()
                imgui.begin_disabled(not enabled)
                if imgui.button(title):
                    do()
                imgui.end_disabled()

    def _randomize(self) -> None:
        self._editing.randomize(self._by_hand.randrange(MAX_SEEDS), 0.3)

    def _found(self, words: Sequence[str]) -> dict[str, list[tuple[PassSettings, Parameter]]]:
        """The parameters that match, by pass."""
        found: dict[str, list[tuple[PassSettings, Parameter]]] = {}
        for settings, parameter in self._editing.parameters():
            if matches(words, settings.name, parameter.group, parameter.name, parameter.label):
                found.setdefault(settings.name, []).append((settings, parameter))
        return found

    def _build_parameters(self, imgui: Any, words: Sequence[str]) -> None:
        for name, pairs in self._found(words).items():
            imgui.push_id(name)
            if words:
                imgui.set_next_item_open(True)
            if imgui.tree_node(name.replace("_", " ")):
                group = ""
                for settings, parameter in pairs:
                    if parameter.group != group:
                        group = parameter.group
                        imgui.separator_text(group)
                    self._build_parameter(imgui, settings, parameter)
                if imgui.small_button("reset pass"):
                    self._editing.reset(name)
                imgui.tree_pop()
            imgui.pop_id()

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
            if imgui.menu_item("reset", "", False, changed)[0]:
                editing.reset(*names)
            chosen, locked = imgui.menu_item("lock against randomize", "", editing.is_locked(*names))
            if chosen:
                editing.lock(*names, locked)
            imgui.end_popup()
        if editing.is_locked(*names):
            imgui.same_line()
            imgui.text_disabled("locked")
        imgui.pop_id()

    def _build_save_buttons(self, imgui: Any) -> None:
        editing = self._editing
        imgui.separator()
        _, self._file = imgui.input_text_with_hint("##file", "mine.toml", self._file)
        imgui.same_line()
        if imgui.button("Save look as"):
            self._messages.notify(f"saved {editing.save_as(Path(self._file or 'mine.toml')).name}")
        if imgui.button("Copy as TOML"):
            imgui.set_clipboard_text(editing.as_toml())
            self._messages.notify("the look was copied to the clipboard")


def slider(imgui: Any, parameter: Parameter, value: Value) -> tuple[bool, Value]:
    """Declares the widget of a parameter; returns whether it was changed, and the value."""
    low, high, label = parameter.low, parameter.high, parameter.label
    match value:
        case Table():
            imgui.text_disabled(f"{label}: {getattr(value, 'name', '')}")
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
            used, numbers = imgui.slider_float3(label, list(value), low, high, "%.3f")
            red, green, blue = (min(max(channel, low), high) for channel in numbers)
            return used, (red, green, blue)
        case int():
            used, whole = imgui.slider_int(label, value, round(low), round(high))
            return used, min(max(whole, round(low)), round(high))
    used, number = imgui.slider_float(label, value, low, high, "%.3f")
    return used, min(max(number, low), high)
