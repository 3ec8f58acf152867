"""Fragmented videos that are whole at any time: after a crash, and on a full disk (ISO/IEC 14496-12, fragments).

A fragment is a `moof` box, which describes pictures, and the `mdat` box after it, which holds them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from ..files import whole_file

HEADER_BYTES, LARGE_HEADER_BYTES = 8, 16


class FragmentFile:
    """The file of a video, for its muxer. It appears with its first whole fragment, and grows by whole fragments."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = bytearray()
        self._file: FileIO | None = None
        self._size = 0

    @property
    def has_fragments(self) -> bool:
        return self._size > 0

    def write(self, content: bytes) -> int:
        """Keeps what the muxer writes. It raises nothing: the muxer would hide the reason."""
        self._waiting += content
        return len(content)

    def save_fragments(self) -> None:
        """Writes the whole fragments that wait. Raises OSError."""
        self._save(end_of_fragments(BytesIO(self._waiting)))

    def finish(self) -> None:
        """Writes what waits, and closes. Raises OSError."""
        try:
            self._save(len(self._waiting))
        finally:
            self.close()

    def close(self) -> None:
        """Harmless when called twice."""
        if self._file is not None:
            self._file.close()

    def _save(self, count: int) -> None:
        if not count:
            return
        content = bytes(self._waiting[:count])
        if self._file is None:
            if self._path.exists():
                raise FileExistsError(0, "a file of this name has appeared")
            with whole_file(self._path) as part:
                part.write_bytes(content)
            self._file = FileIO(self._path, "a")
        else:
            self._append(self._file, content)
        self._size += count
        del self._waiting[:count]

    def _append(self, file: FileIO, content: bytes) -> None:
        """Writes all of it or nothing."""
        try:
            written = 0
            while written < len(content):
                written += file.write(content[written:]) or 0
        except OSError:
            with suppress(OSError):
                file.truncate(self._size)
            raise


def end_of_fragments(file: BinaryIO) -> int:
    """The position after the last whole fragment; 0 without one. Raises OSError."""
    end = moof = start = 0
    size = file.seek(0, os.SEEK_END)
    while start + HEADER_BYTES <= size:
        file.seek(start)
        header = file.read(LARGE_HEADER_BYTES)
        kind, length = header[4:8], int.from_bytes(header[:4], "big")
        if length == 1:  # the length is in the following 8 bytes
            length = int.from_bytes(header[8:16], "big")
        if length < HEADER_BYTES or start + length > size:
            break
        start += length
        if kind == b"moof":
            moof = start
        elif kind == b"mdat" and moof:
            end = start
    return end
