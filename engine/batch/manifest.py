"""The manifest of a folder of outputs: JSON Lines, one line for each set of settings and each picture.

While a batch runs, each result is appended to a journal. At the end the manifest is written whole, in the order of the
names of the pictures, and the journal is removed. So the manifest is the same whatever interrupted the batch: it has no
times, and what a killed program leaves is read back from the journal. A line that is cut off is ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Self

from ..errors import LostOutputError, OutputError
from ..files import fcntl
from .storage import exists, is_remote, joined, read_bytes, write_bytes

NAME = "groundglass-manifest.jsonl"
JOURNAL = ".groundglass-manifest.journal"
VERSION = 1
NUMBERS = "frame", "groundglass_manifest"  # all other entries are texts
REMOTE_S = 10.0  # an object cannot be appended to: a remote journal is written whole at this interval

Entry = dict[str, Any]


class Manifest:
    """The entries of the folder `root` by output: `input`, `input_sha256`, `settings_sha256`, `output_sha256`; or
    `input` and `error`. `frame` is the number of a frame in its clip.

    One batch at a time may write into a folder; the lock of the journal holds the others off. Raises OutputError.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.entries: dict[str, Entry] = {}
        self.settings: dict[str, Mapping[str, str]] = {}  # by digest
        self._is_remote = is_remote(root)
        self._journal: BinaryIO | None = None if self._is_remote else _locked(Path(root) / JOURNAL)
        self._lines: list[bytes] = []
        self._written_s = monotonic()
        try:
            for name in (NAME, JOURNAL):
                content = read_bytes(joined(root, name)) or b""
                self._read(content)
            if self._journal is not None and content and not content.endswith(b"\n"):
                self._journal.write(b"\n")  # the line was cut off
        except BaseException:
            self.close()
            raise

    def _read(self, content: bytes) -> None:
        for line in content.split(b"\n"):
            read = _entry(line)
            if "output" in read:
                self.entries[read["output"]] = read
            elif "settings_sha256" in read:
                self.settings[read["settings_sha256"]] = read

    def describe(self, digest: str, description: Mapping[str, str]) -> None:
        """Adds what a digest of settings stands for."""
        if self.settings.get(digest) != {"settings_sha256": digest, **description}:
            self.settings[digest] = {"settings_sha256": digest, **description}
            self._append(self.settings[digest])

    def add(self, entry: Entry) -> None:
        """Adds the result of a picture, or replaces it. Raises LostOutputError."""
        self.entries[entry["output"]] = entry
        self._append(entry)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = _line(entry)
        if self._journal is not None:
            try:
                self._journal.write(line)
                self._journal.flush()
            except OSError as error:
                raise LostOutputError(
                    f"{self.root}: the manifest cannot be written ({error.strerror}); make room there"
                ) from error
            return
        self._lines.append(line)
        if monotonic() - self._written_s > REMOTE_S:
            self.save()

    def save(self) -> None:
        """Writes a remote journal now."""
        if self._is_remote and self._lines:
            write_bytes(joined(self.root, JOURNAL), b"".join(_line(entry) for entry in self._all(self.entries)))
            self._lines.clear()
            self._written_s = monotonic()

    def finish(self, outputs: Iterable[str]) -> None:
        """Writes the manifest, and removes the journal. Entries of other pictures than `outputs` stay as long as these
        exist. Raises LostOutputError."""
        own = set(outputs)
        kept = {
            name: entry
            for name, entry in self.entries.items()
            if name in own or ("error" not in entry and exists(joined(self.root, name)))
        }
        write_bytes(joined(self.root, NAME), b"".join(_line(entry) for entry in self._all(kept)))
        self.entries = kept
        if self._is_remote:
            if read_bytes(joined(self.root, JOURNAL)) is not None:
                write_bytes(joined(self.root, JOURNAL), b"")
            self._lines.clear()
        else:
            with suppress(OSError):
                (Path(self.root) / JOURNAL).unlink()

    def _all(self, entries: Mapping[str, Entry]) -> Iterable[Mapping[str, Any]]:
        used = {entry.get("settings_sha256") for entry in entries.values()}
        yield {"groundglass_manifest": VERSION}
        yield from (self.settings[digest] for digest in sorted(self.settings) if digest in used)
        yield from (entries[name] for name in sorted(entries))

    def close(self) -> None:
        """Unlocks the folder. The journal stays, unless the batch is finished. Harmless when called twice."""
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()
        elif self._is_remote:
            with suppress(OutputError):
                self.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _entry(line: bytes) -> Entry:
    """The entry of a line; empty for a line that is cut off, damaged or of another form."""
    try:
        read = json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return {}
    is_entry = isinstance(read, dict) and all(type(value) is str or key in NUMBERS for key, value in read.items())
    return read if is_entry and all(type(read.get(key, 0)) is int for key in NUMBERS) else {}


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def _locked(path: Path) -> BinaryIO:
    """The journal, open for appending and locked where the file system has locks."""
    while True:
        try:
            file = path.open("ab")
        except OSError as error:
            raise OutputError(f"{path.parent}: cannot be written ({error.strerror}); name another folder") from error
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise OutputError(
                f"{path.parent}: another groundglass render writes there; wait for it, or name another folder"
            ) from None
        except OSError:  # a file system without locks
            return file
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()  # another batch has ended, and removed it, before it was locked
