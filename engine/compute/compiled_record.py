"""What a driver has compiled and keeps on disk, remembered between runs.

A driver does not report whether it has a kernel on disk or will compile it for seconds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..files import whole_file

FOLDER = "compiled"  # in the user's folder for state
FILES_KEPT = 400


class CompiledRecord:
    """Notes by key, one small file each. `cache` identifies the driver's cache; without it there are no notes.

    The folder may be deleted: then what is needed is compiled, or found in the driver's cache, once more.
    """

    def __init__(self, cache: str | None, folder: Path | None = None) -> None:
        self._cache, self._folder = cache, folder

    def find(self, *key: object) -> Any:
        """The note of a key, or None."""
        if self._cache is None:
            return None
        with suppress(OSError, ValueError):
            return json.loads(self._file(key).read_bytes())
        return None

    def add(self, *key: object, note: object) -> None:
        """Writes the note of a key. Does nothing where it cannot be written."""
        if self._cache is None:
            return
        file = self._file(key)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as part:
                part.write_text(json.dumps(note), encoding="utf-8")
            self._remove_old(file.parent)

    def _file(self, key: tuple[object, ...]) -> Path:
        if self._folder is None:
            import platformdirs

            self._folder = platformdirs.user_state_path("groundglass") / FOLDER
        return self._folder / sha256(repr((self._cache, *key)).encode()).hexdigest()

    @staticmethod
    def _remove_old(folder: Path) -> None:
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for file in files[:-FILES_KEPT]:
            file.unlink(missing_ok=True)
