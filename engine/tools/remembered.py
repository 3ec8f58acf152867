"""The window's place, the look and the lens of the last run, if the user turns that on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..controls import Control, Setting, Switch
from ..display.letterbox import Place
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import GroundglassError, OutputError
from ..lens import list_lenses
from ..look.look import Look, list_looks, load_look
from .saved_settings import read_settings, write_settings

CHECK_PERIOD_S = 2.0  # a killed run loses at most this much
NAME = "remembered.toml"
PLACE = "left", "top", "width", "height"


def remembered_file() -> Path:
    """The file of this user: `~/.config/groundglass/remembered.toml` on Linux. It exists while the switch is on."""
    from platformdirs import user_config_path

    return user_config_path("groundglass", appauthor=False) / NAME


class LastRun(NamedTuple):
    """What is remembered: None if nothing is, or the look's file is gone."""

    place: Place | None = None
    look: str | None = None
    lens: str | None = None


def last_run(file: Path) -> LastRun:
    """The content of `file`. Raises ControlError if it cannot be read."""
    values = dict(read_settings(file))
    place = [values.get(name) for name in PLACE]
    look, lens = values.get("look"), values.get("lens")
    is_usable = isinstance(look, str) and (look in list_looks() or Path(look).is_file())
    return LastRun(
        tuple(int(side) for side in place) if all(_is_whole(side) for side in place) else None,  # type: ignore[arg-type]
        str(look) if is_usable else None,
        str(lens) if lens in list_lenses() else None,
    )


class Remembered(Tool):
    """A switch; while it is on, `file` follows the window, the look and the lens, without unsaved changes of a look."""

    def __init__(self, tool_context: ToolContext, file: Path) -> None:
        self._tool_context, self._file = tool_context, file
        self._on = file.exists()
        self._written: dict[str, Setting] | None = None
        self._next_s = 0.0

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("remember", "Remember window, look and lens", "window"),
            get=lambda: self._on,
            set=self._switch,
            help="the next run starts with them, unless options or --fresh are given",
        )

    def tick(self, now_s: float) -> Invalidation:
        if self._on and now_s >= self._next_s:
            self._next_s = now_s + CHECK_PERIOD_S
            self._write()
        return Invalidation.NOTHING

    def close(self) -> None:
        if self._on:
            self._write()

    def _switch(self, on: bool) -> None:
        self._on, self._next_s, self._written = on, 0.0, None
        if not on:
            try:
                self._file.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"{self._file}: cannot be removed ({error.strerror}); remove it") from error

    def _write(self) -> None:
        settings = self._tool_context.settings.now
        values: dict[str, Setting] = {"lens": settings.lens.name}
        look = _name_of(settings.look)
        values |= {"look": look} if look else {}
        place = self._tool_context.surface.place
        if place is None and self._written:  # full screen: the place before stays
            values |= {name: self._written[name] for name in PLACE if name in self._written}
        elif place is not None:
            values |= dict(zip(PLACE, place, strict=True))
        if values == self._written:
            return
        self._written = values
        try:
            write_settings(self._file, values)
        except OutputError as error:
            self._tool_context.messages.warn(str(error))


def _name_of(look: Look) -> str:
    """The name of a look that ships, else the path of its file; empty if it has none."""
    with suppress(GroundglassError):
        if look.name in list_looks() and load_look(look.name).file == look.file:
            return look.name
    return "" if look.file is None else str(look.file)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 15
