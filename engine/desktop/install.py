"""Writes the menu entry, the icon and the man page into the user's folders, and removes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from ..errors import OutputError
from ..files import whole_file

ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.0
Name=groundglass
GenericName=Live view of a camera
Comment=RAW in, bokeh and a look, 60 frames a second out
Exec={command} view %f
Icon=groundglass
Terminal=false
Categories=Graphics;Photography;
Keywords=camera;raw;bokeh;look;video;
MimeType={types}
"""
MIME_TYPES = (
    *("image/x-adobe-dng", "image/x-canon-cr2", "image/x-nikon-nef", "image/x-sony-arw", "image/x-fuji-raf"),
    *("image/jpeg", "image/png", "image/tiff", "image/x-exr", "image/heif", "video/mp4", "video/quicktime"),
)
_REFRESH = "update-desktop-database"


def data_folder() -> Path:
    """`$XDG_DATA_HOME`, default `~/.local/share`: the XDG Base Directory Specification."""
    named = os.environ.get("XDG_DATA_HOME", "")
    return Path(named) if os.path.isabs(named) else Path.home() / ".local" / "share"


def texts(man: str) -> dict[Path, str]:
    """The files with their texts."""
    folder = data_folder()
    icon = files(__package__).joinpath("groundglass.svg").read_text(encoding="utf-8")
    entry = ENTRY.format(command=_quoted(_command()), types="".join(f"{name};" for name in MIME_TYPES))
    return {
        folder / "applications" / "groundglass.desktop": entry,
        folder / "icons" / "hicolor" / "scalable" / "apps" / "groundglass.svg": icon,
        folder / "man" / "man1" / "groundglass.1": man,
    }


def install(man: str) -> list[Path]:
    """Writes the files, each whole, and returns them. Raises OutputError."""
    _check_system()
    written = texts(man)
    for path, text in written.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part:
                part.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror}); make its folder writable") from error
    _refresh()
    return list(written)


def remove() -> list[Path]:
    """Removes the files, and returns those that existed. Raises OutputError."""
    _check_system()
    removed = []
    for path in texts(""):
        try:
            path.unlink()
            removed.append(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(f"{path}: cannot be removed ({error.strerror}); make its folder writable") from error
    _refresh()
    return removed


def _check_system() -> None:
    if sys.platform in ("win32", "darwin"):
        raise OutputError("desktop: this menu entry is for Linux; make a shortcut to the command groundglass")


def _command() -> str:
    """The command as a menu, whose PATH may be shorter, finds it."""
    started = Path(sys.argv[0])
    found = str(started.resolve()) if started.stem == "groundglass" else shutil.which("groundglass")
    return found or "groundglass"


def _quoted(word: str) -> str:
    """A word of a key `Exec`, by the Desktop Entry Specification.

    >>> _quoted("/opt/my apps/groundglass")
    '"/opt/my apps/groundglass"'
    """
    if not set(word) & set(" \t\"'\\><~|&;$*?#()`%"):
        return word
    escaped = "".join("\\" + letter if letter in '"`$\\' else letter for letter in word).replace("\\", "\\\\")
    return f'"{escaped}"'.replace("%", "%%")


def _refresh() -> None:
    """Lets the desktop read the entry; a desktop without the tool finds it by itself."""
    tool = shutil.which(_REFRESH)
    if tool is not None:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run([tool, data_folder() / "applications"], capture_output=True, timeout=10, check=False)
