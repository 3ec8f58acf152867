"""What a driver has compiled and keeps on disk, remembered between runs.

A driver does not report whether it has a kernel on disk or will compile it for seconds.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..files import SUM_BYTES, checksum, whole_file

FOLDER = "compiled"  # in the user's folder for state
FILES_KEPT = 400
PROGRAM_SUFFIX = ".program"
PROGRAMS_KEPT = 160  # a live picture needs 20, of 0.1 to 0.5 MB each


@dataclass(frozen=True, slots=True)
class CompiledRecord:
    """Notes by key and the binaries of programs, one file each. Without `cache`, which identifies the driver's, none.

    The folder may be deleted: then what is needed is compiled, or found in the driver's cache, once more.
    """

    cache: str | None
    folder: Path | None = None  # default: in the user's folder for state
    # The files of programs that were looked for in vain, with their texts and options.
    missing: dict[Path, tuple[str, str]] = field(default_factory=dict, compare=False)

    def find(self, *key: object) -> Any:
        """The note of a key, or None."""
        if self.cache is None:
            return None
        with suppress(OSError, ValueError):
            return json.loads(self._file(key).read_bytes())
        return None

    def add(self, *key: object, note: object) -> None:
        """Writes the note of a key. Does nothing where it cannot be written."""
        if self.cache is not None:
            write_file(self._file(key), json.dumps(note).encode(), FILES_KEPT)

    def find_program(self, text: str, options: str) -> bytes | None:
        """The binary of a program, or None; then it is `missing`."""
        if self.cache is None:
            return None
        file = self._file(("program", text, options)).with_suffix(PROGRAM_SUFFIX)
        with suppress(OSError):
            content = file.read_bytes()
            if content[-SUM_BYTES:] == checksum(content[:-SUM_BYTES]):
                return content[:-SUM_BYTES]
        self.missing[file] = text, options
        return None

    def _file(self, key: tuple[object, ...]) -> Path:
        return self._folder() / sha256(repr((self.cache, *key)).encode()).hexdigest()

    def _folder(self) -> Path:
        if self.folder is not None:
            return self.folder
        import platformdirs

        return platformdirs.user_state_path("groundglass") / FOLDER


def write_program(file: Path, binary: bytes) -> None:
    """Writes the binary of a program that was `missing`."""
    write_file(file, binary + checksum(binary), PROGRAMS_KEPT)


def write_file(file: Path, content: bytes, kept: int) -> None:
    """Writes a file of a record, and removes the oldest of more than `kept` files with its suffix."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file, flush=False) as part:
            part.write_bytes(content)
        others = [other for other in file.parent.iterdir() if other.suffix == file.suffix]
        for other in sorted(others, key=lambda other: other.stat().st_mtime)[:-kept]:
            other.unlink(missing_ok=True)
