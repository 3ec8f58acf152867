"""Opens files: by the dialog of the desktop, by dropping them on the window, and the next one of a folder."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ..capture.sequence import natural_key, visible_files
from ..capture.video import VIDEO_SUFFIXES
from ..controls import Action, Control
from ..display.events import Drop, Event
from ..display.tool import Invalidation, Tool, ToolContext
from ..documents import DocumentError, parse_toml, read_text
from ..errors import ControlError, GroundglassError, MissingExtraError
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.raw import RAW_SUFFIXES
from ..lens import load_lens
from ..look.look import load_look
from ..look.lut_look import lut_look
from .focus import at_closest_aperture
from .panel.gui import import_ahead, is_imported

if TYPE_CHECKING:
    from ..live_edit.editing import Editing

DIALOGS = "zenity", "kdialog", "matedialog", "qarma"  # programs that show the dialog on Linux
LUT_SUFFIX, TOML_SUFFIX = ".cube", ".toml"
PICTURES = PICTURE_SUFFIXES | RAW_SUFFIXES | VIDEO_SUFFIXES
FILTERS = ["Pictures, videos, looks, LUTs, lenses", " ".join(f"*{suffix}" for suffix in sorted(PICTURES))]
FILTERS[1] += f" *{LUT_SUFFIX} *{TOML_SUFFIX}"
FILTERS += ["All files", "*"]


class OpenFiles(Tool):
    """Opens what a file holds: a look, a LUT over the present look, a lens, or else a source.

    The dialog is a program of the desktop; the picture moves on while it is open.
    """

    def __init__(self, tool_context: ToolContext, editing: Editing) -> None:
        self._tool_context, self._editing = tool_context, editing
        self._dialog: Any = None  # the open dialog
        self._importing: Thread | None = None  # while the picture moves on: it takes 0.2 s

    def controls(self) -> Iterable[Control]:
        yield Action(
            *("open_file", "Open a file", "source", "Ctrl+O"),
            do=self._open_dialog,
            help="a picture, a video, a look, a LUT or a lens; they may also be dropped on the window",
        )
        yield Action("next_file", "Next file of the folder", "source", "PageDown", do=partial(self._step, 1))
        yield Action("previous_file", "Previous file of the folder", "source", "PageUp", do=partial(self._step, -1))

    def handle_event(self, event: Event) -> bool:
        """Opens dropped looks, LUTs and lenses. Sources are left to the source menu."""
        if not isinstance(event, Drop):
            return False
        settings = [path for path in event.paths if kind_of(Path(path)) != "source"]
        for path in settings:
            self._open(path)
        return bool(settings) and len(settings) == len(event.paths)

    def tick(self, now_s: float) -> Invalidation:
        if self._importing is not None and not self._importing.is_alive():
            self._importing = None
            self._open_dialog()
        if self._dialog is not None and self._dialog.ready(0):
            chosen, self._dialog = self._dialog.result(), None
            for path in chosen[:1]:
                self._open(path)
            return Invalidation.REDRAW
        return Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        return self._dialog is not None or self._importing is not None

    def close(self) -> None:
        if self._dialog is not None:
            self._dialog.kill()
            self._dialog = None

    def _open_dialog(self) -> None:
        if self._dialog is not None or self._importing is not None:
            return
        if sys.platform.startswith("linux") and not any(map(shutil.which, DIALOGS)):
            raise ControlError("no program for file dialogs; install zenity or kdialog, or drop the file on the window")
        if not is_imported():
            self._importing = Thread(target=import_ahead, name="groundglass-dialog", daemon=True)
            self._importing.start()
            return
        try:
            from imgui_bundle import portable_file_dialogs
        except ImportError as error:
            raise MissingExtraError("the file dialog", "imgui-bundle", "panel") from error
        folder = Path(self._tool_context.sources.name).absolute().parent
        start = str(folder) if folder.is_dir() else ""
        self._dialog = portable_file_dialogs.open_file("Open", start, FILTERS)

    def _open(self, path: str) -> None:
        try:
            self._open_kind(path)
        except GroundglassError as error:
            self._tool_context.notify(str(error))

    def _open_kind(self, path: str) -> None:
        settings = self._tool_context.settings
        match kind_of(Path(path)):
            case "look":
                self._editing.open(load_look(path))
            case "lut":
                self._editing.open(lut_look(path, look=self._editing.look))
            case "lens":
                now = settings.now
                lens = at_closest_aperture(load_lens(path), now.f_number)
                settings.change("lens", lens=lens, focus_m=lens.clamp_focus_m(now.focus_m))
            case _:
                self._tool_context.open_source(path)
                return
        self._tool_context.notify(f"opened {Path(path).name}")

    def _step(self, step: int) -> None:
        """Opens the next or previous file of the folder of the present one. ControlError after the last."""
        path = Path(self._tool_context.sources.name)
        if not path.is_file():
            raise ControlError("the source is not a file of a folder; open a file first")
        files = [file for file in visible_files(path.absolute().parent) if file.suffix.lower() in PICTURES]
        later = [file for file in files if step * _order(file, path.absolute()) > 0]
        if not later:
            raise ControlError(f"{path.name} is the {'last' if step > 0 else 'first'} file of its folder")
        self._tool_context.open_source(str(later[0] if step > 0 else later[-1]))


def _order(file: Path, other: Path) -> int:
    """1 if `file` is after `other`, -1 if it is before, 0 if they are the same."""
    own, others = natural_key(file), natural_key(other)
    return (own > others) - (own < others)


def kind_of(path: Path) -> str:
    """`look`, `lut`, `lens` or `source`, by the suffix; of a TOML file by its content."""
    suffix = path.suffix.lower()
    if suffix == LUT_SUFFIX:
        return "lut"
    if suffix != TOML_SUFFIX or not path.is_file():
        return "source"
    try:
        table = parse_toml(read_text(path))
    except (OSError, DocumentError):
        return "look"  # whose reader names the fault
    return "lens" if "focal_mm" in table and "pass" not in table else "look"
