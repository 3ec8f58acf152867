"""Widgets for the look: its file, its slots, its passes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...display.messages import Messages
from ...errors import GroundglassError, OutputError
from ...look.look import list_looks, load_look
from .pass_list import CHANGED, PassList
from .widgets import choice_widget

if TYPE_CHECKING:
    from ...live_edit.editing import Editing

MAX_SEEDS = 1 << 30


class LookSection:
    """Sliders, colours, switches and lists for the parameters of the edited look."""

    def __init__(self, editing: Editing, messages: Messages, pass_times: Mapping[str, float]) -> None:
        self._editing, self._messages = editing, messages
        self._passes = PassList(editing, messages.notify, pass_times)
        self._file = ""
        self._by_hand = random.Random()

    def finds(self, words: Sequence[str]) -> bool:
        """Whether a parameter of the look matches the search for `words`."""
        return bool(self._passes.found(words))

    def build(self, imgui: Any, words: Sequence[str] = ()) -> bool:
        """Declares the widgets, in a search those of matching parameters. Returns whether the look was changed."""
        editing = self._editing
        before = editing.look
        try:
            if not words:
                self._build_look_choice(imgui)
                self._build_buttons(imgui)
            self._passes.build(imgui, words)
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
