"""The files and folders that were opened recently, kept between runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..documents import DocumentError, parse_json, read_text
from ..errors import OutputError
from ..formats.picture_write import write_atomically

MAX_RECENT = 8


def recent_file() -> Path:
    """The file with the recent sources of this user: `~/.local/state/groundglass/recent.json` on Linux."""
    from platformdirs import user_state_path

    return user_state_path("groundglass", appauthor=False) / "recent.json"


class RecentSources:
    """Absolute paths, the newest first. Without a `file` they are forgotten at the end of the run.

    A file that cannot be read or written does no harm: the list is then only of this run.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._paths = [] if file is None else _read(file)

    def existing(self) -> list[str]:
        """The paths of files and folders that still exist."""
        return [path for path in self._paths if os.path.exists(path)]

    def add(self, source: str) -> None:
        """Puts a file or a folder at the beginning. Ignores other sources."""
        path = Path(source)
        if not path.exists():
            return
        text = str(path.absolute())
        self._paths = [text, *(other for other in self._paths if other != text)][:MAX_RECENT]
        if self._file is not None:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._file, lambda part: part.write_text(json.dumps(self._paths), encoding="utf-8"))
            except (OSError, OutputError):
                self._file = None


def _read(file: Path) -> list[str]:
    try:
        paths = parse_json(read_text(file)) if file.is_file() else []
    except (OSError, DocumentError):
        return []
    return [path for path in paths if isinstance(path, str)][:MAX_RECENT] if isinstance(paths, list) else []
