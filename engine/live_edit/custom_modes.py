"""Custom modes (C1 to C4): all settings of the picture, stored under a name and recalled by a key."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls import Action, Control, Text
from ..display.status_line import f_stop
from ..display.tool import Tool, ToolContext
from ..errors import ControlError, GroundglassError, OutputError
from .custom_mode_file import CustomMode, read_custom_mode, write_custom_mode

if TYPE_CHECKING:
    from .editing import Editing

SLOTS = (1, 2, 3, 4)
FIRST_KEY = 5  # C1 is F5


def custom_modes_folder() -> Path:
    """The folder of this user's custom modes: `~/.config/groundglass/custom_modes` on Linux."""
    from platformdirs import user_config_path

    return user_config_path("groundglass", appauthor=False) / "custom_modes"


class CustomModes(Tool):
    """Stores and recalls the settings of `editing`. A recall is one step of undo.

    They are files of `folder`. Without a folder they are forgotten at the end of the run.
    """

    def __init__(self, tool_context: ToolContext, editing: Editing, folder: Path | None = None) -> None:
        self._settings, self._messages = tool_context.settings, tool_context.messages
        self._editing, self._folder = editing, folder
        self._modes: dict[int, CustomMode] = {}  # those that were read or stored

    def controls(self) -> Iterable[Control]:
        for slot in SLOTS:
            key = f"F{FIRST_KEY + slot - 1}"
            yield Action(
                *(f"custom_{slot}", f"Custom mode C{slot}", "custom", key),
                do=partial(self._recall, slot),
                help="recalls look, lens, focus, exposure, white balance and development",
            )
            yield Action(
                *(f"store_custom_{slot}", f"Store custom mode C{slot}", "custom", f"Shift+{key}"),
                do=partial(self._store, slot),
            )
            yield Text(
                *(f"custom_{slot}_name", f"C{slot}", "custom"),
                get=partial(self._name, slot),
                set=partial(self._rename, slot),
                help="the name of the custom mode; Enter sets it",
            )

    def _recall(self, slot: int) -> None:
        mode = self._read(slot)
        if mode is None:
            raise ControlError(
                f"custom mode C{slot} is empty; Shift+F{FIRST_KEY + slot - 1} stores the present settings"
            )
        self._editing.open(reason=f"custom mode C{slot}", **mode.changes())
        self._messages.notify(f"C{slot}: {mode.name}")

    def _store(self, slot: int) -> None:
        now = self._settings.now
        self._write(slot, CustomMode(f"{now.look.name}, {now.lens.name} {f_stop(now.f_number)}", now))
        self._messages.notify(f"stored C{slot}: {self._name(slot)}")

    def _rename(self, slot: int, name: str) -> None:
        mode = self._read(slot)
        if mode is None:
            raise ControlError(f"custom mode C{slot} is empty; store it before you name it")
        self._write(slot, CustomMode(name, mode.settings))

    def _name(self, slot: int) -> str:
        try:
            mode = self._read(slot)
        except GroundglassError:
            return "unreadable"
        return "" if mode is None else mode.name

    def _write(self, slot: int, mode: CustomMode) -> None:
        self._modes[slot] = mode
        if self._folder is not None:
            try:
                write_custom_mode(self._path(self._folder, slot), mode)
            except OutputError as error:
                self._messages.report_loss(str(error))
                raise

    def _read(self, slot: int) -> CustomMode | None:
        """The custom mode of a slot, None if it is empty. ControlError if its file cannot be read."""
        if slot not in self._modes and self._folder is not None and self._path(self._folder, slot).exists():
            self._modes[slot] = read_custom_mode(self._path(self._folder, slot))
        return self._modes.get(slot)

    @staticmethod
    def _path(folder: Path, slot: int) -> Path:
        return folder / f"c{slot}.toml"
