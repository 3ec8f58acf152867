"""What LibRaw reports of damaged data: lines on standard error, of which this makes errors."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import SourceError

OWN = b"groundglass: "  # the begin of the messages of `print_line`
DAMAGE = ("data corrupted at", "Unexpected end of file")
MAX_BYTES = 1 << 20


@contextmanager
def quiet_libraw(path: Path) -> Iterator[None]:
    """Catches LibRaw's lines about damaged data of `path`, or of files in it, and raises a SourceError of the first.

    LibRaw shows the damaged picture, of which a part may be unwritten. Standard error of the whole process is
    caught meanwhile, and messages of `print_line` follow when the last thread has ended: use it to open a source,
    never in a running capture thread.
    """
    begin = _CAUGHT.begin()
    lines: list[bytes] = []
    try:
        yield
    finally:
        if begin is not None:
            lines = _CAUGHT.end(begin)
    for line in lines:
        name, _, fault = os.fsdecode(line.rstrip()).rpartition(": ")
        if Path(name).is_relative_to(path) and any(words in fault for words in DAMAGE):
            raise SourceError(f"{name}: the picture is damaged or cut off ({fault}); copy it again from the card")


class _Caught:
    """Standard error in a file, while one thread or several read pictures."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._readers = 0
        self._saved = -1
        self._file: IO[bytes] | None = None

    def begin(self) -> int | None:
        """The length of the file; None for a program without a console, which has no standard error."""
        with self._changing:
            if self._file is None:
                try:
                    self._saved = os.dup(2)
                except OSError:
                    return None
                _flush()
                self._file = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115 - the last thread closes it
                os.dup2(self._file.fileno(), 2)
            self._readers += 1
            return os.fstat(self._file.fileno()).st_size

    def end(self, begin: int) -> list[bytes]:
        """The lines since `begin`. The last thread writes the messages to standard error."""
        with self._changing:
            assert self._file is not None
            _flush()
            lines = self._read(begin)
            self._readers -= 1
            if self._readers == 0:
                os.dup2(self._saved, 2)
                os.close(self._saved)
                everything = self._read(0)
                self._file.close()
                self._file = None
                with suppress(OSError):
                    os.write(2, b"".join(line for line in everything if line.startswith(OWN)))
            return lines

    def _read(self, begin: int) -> list[bytes]:
        assert self._file is not None
        self._file.seek(begin)  # others append to it
        return self._file.read(MAX_BYTES).splitlines(keepends=True)


def _flush() -> None:
    with suppress(AttributeError, OSError, ValueError):  # none, or closed
        sys.stderr.flush()


_CAUGHT = _Caught()
