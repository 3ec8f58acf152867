"""Controls of the current look: choice, strength, undo and redo, slots, and its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls import Action, Choice, Control, Number
from ..display.tool import Tool, ToolContext
from ..errors import OutputError
from ..look.look import list_looks, load_look
from ..output.reserved_paths import reserved_path
from ..settings import PAUSE_S
from .editing import Editing

if TYPE_CHECKING:
    from ..drawn import Drawn


PREPARE_AFTER = 12  # frames of a look, before the next is compiled


class LookKeys(Tool):
    """Keys for `editing`, and for undo of all settings.

    A built-in look is saved into `folder` under a new number.
    """

    def __init__(self, tool_context: ToolContext, editing: Editing, folder: Path = Path()) -> None:
        self._settings, self._notify, self._engine = tool_context.settings, tool_context.notify, tool_context.engine
        self._messages = tool_context.messages
        self._shown = ""  # name of the look of the latest frames, and their number
        self._frames = 0
        self._editing, self._folder = editing, folder

        self._choice = Choice(
            *("look", "Look", "look", "L"),
            choices=tuple(list_looks()),
            get=lambda: editing.look.name,
            set=self._open,
        )

    def controls(self) -> Iterable[Control]:
        yield self._choice
        yield Number(
            *("strength", "Strength", "look"),
            minimum=0.0,
            maximum=1.0,
            step=0.01,
            get=lambda: self._settings.now.strength,
            set=self._set_strength,
            help="how much of the look is blended in",
        )
        yield Action("undo", "Undo", "look", "Ctrl+Z", do=self._undo)
        yield Action("redo", "Redo", "look", "Ctrl+Shift+Z", do=self._redo)
        yield Action("swap", "Swap the look's slots A and B", "look", "Ctrl+X", do=self._swap)
        yield Action("reset_look", "Reset the look", "look", "Ctrl+R", do=self._reset)
        yield Action("save_look", "Save the look", "look", "Ctrl+S", do=self._save)

    def on_frame(self, drawn: Drawn) -> None:
        """Compiles the look that the key selects next, once the first frames are shown: no frame waits for it."""
        name = drawn.settings.look.name
        self._frames = self._frames + 1 if name == self._shown else 1
        self._shown = name
        if self._frames == PREPARE_AFTER:
            self._engine.prepare(drawn, drawn.settings.with_(look=load_look(self._choice.following)))

    def _open(self, name: str) -> None:
        look = load_look(name)
        self._editing.open(look)
        self._notify(f"{name}: {look.intent}".rstrip(": "))

    def _set_strength(self, strength: float) -> None:
        self._settings.change("strength", merge_s=PAUSE_S, strength=strength)

    def _undo(self) -> None:
        if not self._settings.undo():
            self._notify("nothing to undo")

    def _redo(self) -> None:
        if not self._settings.redo():
            self._notify("nothing to redo")

    def _swap(self) -> None:
        self._editing.swap()
        self._notify(f"slot {self._editing.slot}")

    def _reset(self) -> None:
        self._editing.reset()

    def _save(self) -> None:
        """Saves into the look's own file if it is the user's; a built-in look is never overwritten. OutputError."""
        try:
            self._notify(f"saved {self._write().name}")
        except OutputError as error:
            self._messages.report_loss(str(error))
            raise

    def _write(self) -> Path:
        look = self._editing.look
        is_built_in = look.name in list_looks() and load_look(look.name).file == look.file
        if look.file is not None and not is_built_in:
            return self._editing.save_as(look.file)
        with reserved_path(self._folder) as stem:
            return self._editing.save_as(stem.with_suffix(".toml"))
