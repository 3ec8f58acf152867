"""Controls with `is_saved` keep their values between runs, in a file of the user."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls import Setting
from ..display.tool import Invalidation, Tool, ToolContext
from ..documents import DocumentError, parse_toml, read_text
from ..errors import ControlError, GroundglassError, OutputError, check_regular_file
from ..formats.picture_write import write_atomically

if TYPE_CHECKING:
    from ..capture.source import Source

CHECK_PERIOD_S = 2.0  # a killed run loses at most this much
NAME = "settings.toml"


def settings_file() -> Path:
    """The settings file of this user: `~/.config/groundglass/settings.toml` on Linux."""
    from platformdirs import user_config_path

    return user_config_path("groundglass", appauthor=False) / NAME


class SavedSettings(Tool):
    """Restores the saved controls from `file` at the first picture, and writes the user's changes to it.

    The file contains only values that differ from their defaults. Entries of unknown controls are kept unchanged.
    """

    def __init__(self, tool_context: ToolContext, file: Path) -> None:
        self._tool_context, self._file = tool_context, file
        self._defaults: dict[str, Setting] | None = None
        self._is_restored = False
        self._is_broken = False  # an unreadable file is not overwritten
        self._saved: dict[str, Setting] = {}
        self._next_s = 0.0

    def tick(self, now_s: float) -> Invalidation:
        defaults = self._defaults = self._defaults or self._present()
        if not self._is_restored:
            if self._tool_context.drawn() is None:
                return Invalidation.NOTHING
            self._restore(defaults)
            self._is_restored = True
            return Invalidation.REPAINT
        if now_s >= self._next_s:
            self._next_s = now_s + CHECK_PERIOD_S
            self._save(defaults)
        return Invalidation.NOTHING

    def on_source(self, source: Source) -> None:
        """Restores the saved values of the controls of the new source."""
        if self._defaults is not None and self._is_restored:
            present = self._present()
            added = {name: setting for name, setting in present.items() if name not in self._defaults}
            self._defaults |= added
            self._set_saved({name: setting for name, setting in self._saved.items() if name in added})

    def close(self) -> None:
        if self._defaults is not None and self._is_restored:
            self._save(self._defaults)

    def _present(self) -> dict[str, Setting]:
        controls = self._tool_context.controls
        return {control.name: controls.get(control.name) for control in controls if control.is_saved}

    def _restore(self, defaults: dict[str, Setting]) -> None:
        """Sets the saved values. Controls that the user changed before the first picture keep their values."""
        try:
            present_name = self._tool_context.controls.present_name
            self._saved = {present_name(name): setting for name, setting in read_settings(self._file)}
        except ControlError as error:
            self._is_broken = True
            self._tool_context.messages.warn(str(error))
            return
        present = self._present()
        self._set_saved(
            {
                name: setting
                for name, setting in self._saved.items()
                if name in present and present[name] == defaults[name]
            }
        )

    def _set_saved(self, settings: dict[str, Setting]) -> None:
        wrong = ""
        for name, setting in settings.items():
            try:
                self._tool_context.controls.set(name, setting)
            except GroundglassError as error:
                wrong = f"{self._file}: {error}"
        self._tool_context.notify(wrong)

    def _save(self, defaults: dict[str, Setting]) -> None:
        present = self._present()
        others = {name: setting for name, setting in self._saved.items() if name not in present}
        saved = others | {name: setting for name, setting in present.items() if setting != defaults.get(name, setting)}
        if saved == self._saved or self._is_broken:
            return
        self._saved = saved
        try:
            write_settings(self._file, saved)
        except OutputError as error:
            self._tool_context.messages.warn(str(error))


def read_settings(file: Path) -> Iterable[tuple[str, Setting]]:
    """Names and settings; empty if the file does not exist. ControlError if it cannot be read."""
    check_regular_file(file, ControlError)
    try:
        values = parse_toml(read_text(file))
    except FileNotFoundError:
        return ()
    except (OSError, DocumentError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ControlError(
            f"{file}: cannot be read ({reason}); the default settings are used, fix or remove the file"
        ) from error
    return [(name, setting) for name, setting in values.items() if isinstance(setting, bool | int | float | str)]


def write_settings(file: Path, settings: dict[str, Setting]) -> None:
    """Writes the settings as TOML. OutputError if the file cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{file.parent}: cannot be created ({error.strerror}); settings are not saved") from error
    # JSON booleans, numbers and strings are valid TOML.
    lines = [f"{name} = {json.dumps(setting)}" for name, setting in sorted(settings.items())]
    text = "\n".join(["# Settings from the window; `groundglass view --fresh` ignores them.", *lines, ""])
    write_atomically(file, lambda part: part.write_text(text, encoding="utf-8"))
