"""The look in hand: which one, how much of it, a step back and forth, and its file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ..controls import Action, Choice, Control, Number
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import GroundglassError
from ..look.look import list_looks, load_look
from ..output.reserved_paths import reserved_path
from .editing import Editing


class LookKeys(Tool):
    """Keys for what `editing` can do. A look that shipped is saved into `folder`, under a new number."""

    def __init__(self, tool_context: ToolContext, editing: Editing, folder: Path = Path()) -> None:
        self._engine, self._notify = tool_context.engine, tool_context.notify
        self._editing, self._folder = editing, folder
        self._changed = False

    def controls(self) -> Iterable[Control]:
        editing = self._editing
        yield Choice(
            *("look", "Look", "look", "L"),
            choices=tuple(list_looks()),
            get=lambda: editing.look.name,
            set=self._open,
        )
        yield Number(
            *("strength", "Strength", "look"),
            minimum=0.0,
            maximum=1.0,
            step=0.01,
            get=lambda: self._engine.strength,
            set=self._set_strength,
            help="how much of the look is blended in",
        )
        yield Action("undo", "Undo", "look", "Ctrl+Z", do=lambda: self._step(editing.undo, "nothing to undo"))
        yield Action("redo", "Redo", "look", "Ctrl+Shift+Z", do=lambda: self._step(editing.redo, "nothing to redo"))
        yield Action("swap", "Swap the look's slots A and B", "look", "Ctrl+X", do=self._swap)
        yield Action("reset_look", "Reset the look", "look", "Ctrl+R", do=self._reset)
        yield Action("save_look", "Save the look", "look", "Ctrl+S", do=self._save)

    def tick(self, now_s: float) -> Invalidation:
        changed, self._changed = self._changed, False
        return Invalidation.REDRAW if changed else Invalidation.NOTHING

    def _open(self, name: str) -> None:
        look = load_look(name)
        self._editing.open(look)
        self._changed = True
        self._notify(f"{name}: {look.intent}".rstrip(": "))

    def _set_strength(self, strength: float) -> None:
        self._engine.strength = strength
        self._changed = True

    def _step(self, take: Callable[[], bool], otherwise: str) -> None:
        if take():
            self._changed = True
        else:
            self._notify(otherwise)

    def _swap(self) -> None:
        self._editing.swap()
        self._changed = True
        self._notify(f"slot {self._editing.slot}")

    def _reset(self) -> None:
        self._editing.reset()
        self._changed = True

    def _save(self) -> None:
        """Into the look's own file where it is the user's; what shipped is never written over."""
        try:
            self._notify(f"saved {self._write().name}")
        except GroundglassError as error:
            self._notify(str(error))

    def _write(self) -> Path:
        look = self._editing.look
        ships = look.name in list_looks() and load_look(look.name).file == look.file
        if look.file is not None and not ships:
            return self._editing.save_as(look.file)
        with reserved_path(self._folder) as stem:
            return self._editing.save_as(stem.with_suffix(".toml"))
