"""Controls with `is_saved` keep their values between runs, in a file of the user."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from ..controls import Setting
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import ControlError, OutputError, check_regular_file
from ..formats.picture_write import write_atomically

CHECK_PERIOD_S = 2.0  # a run that is killed loses no more
NAME = "settings.toml"


def settings_file() -> Path:
    """Where this user's settings are kept: `~/.config/groundglass/settings.toml` on Linux."""
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
        self._is_broken = False  # the file: what may be in it is not written over
        self._kept: dict[str, Setting] = {}
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
            self._keep(defaults)
        return Invalidation.NOTHING

    def close(self) -> None:
        if self._defaults is not None and self._is_restored:
            self._keep(self._defaults)

    def _present(self) -> dict[str, Setting]:
        controls = self._tool_context.controls
        return {one.name: controls.get(one.name) for one in controls if one.is_saved}

    def _restore(self, defaults: dict[str, Setting]) -> None:
        """What was set by hand while the first picture was made stays so."""
        try:
            present_name = self._tool_context.controls.present_name
            self._kept = {present_name(name): setting for name, setting in read_settings(self._file)}
        except ControlError as error:
            self._is_broken = True
            self._tool_context.notify(str(error))
            return
        wrong = ""
        present = self._present()
        for name, setting in self._kept.items():
            if name not in present or present[name] != defaults[name]:
                continue
            try:
                self._tool_context.controls.set(name, setting)
            except ControlError as error:
                wrong = f"{self._file}: {error}"
        self._tool_context.notify(wrong)

    def _keep(self, defaults: dict[str, Setting]) -> None:
        present = self._present()
        others = {name: setting for name, setting in self._kept.items() if name not in present}
        kept = others | {name: setting for name, setting in present.items() if setting != defaults[name]}
        if kept == self._kept or self._is_broken:
            return
        self._kept = kept
        try:
            write_settings(self._file, kept)
        except OutputError as error:
            self._tool_context.notify(str(error))


def read_settings(file: Path) -> Iterable[tuple[str, Setting]]:
    """Names and settings; none where there is no such file. ControlError where it cannot be read."""
    check_regular_file(file, ControlError)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise ControlError(f"{file}: cannot be read ({reason}); settings are as usual, mend or remove it") from error
    return [(name, setting) for name, setting in values.items() if isinstance(setting, bool | int | float | str)]


def write_settings(file: Path, settings: dict[str, Setting]) -> None:
    """OutputError where it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{file.parent}: cannot be made ({error.strerror}); settings are not kept") from error
    # A boolean, a number and a text of JSON are those of TOML, too.
    lines = [f"{name} = {json.dumps(setting)}" for name, setting in sorted(settings.items())]
    text = "\n".join(["# What was set in the window; `groundglass view --fresh` starts without it.", *lines, ""])
    write_atomically(file, lambda part: part.write_text(text, encoding="utf-8"))
