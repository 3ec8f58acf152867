"""Which files of a growing folder are new, and whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ....formats.raw import RAW_SUFFIXES
from ...sequence import natural_key

CLOSED_S = 0.1  # time without a change of a file that no program has open for writing
UNKNOWN_S = 1.0  # the same, where the file system does not report it
RETRY_S = 0.5  # between attempts to read a file that is not whole
GIVE_UP_S = 5.0  # an unchanged file that still cannot be read is broken


class FileState(NamedTuple):
    """What changes while a file is written."""

    number: int
    size: int
    modified_ns: int


class _Pending(NamedTuple):
    state: FileState
    since_s: float  # the state was first seen
    again_s: float  # not to be read before


class Arrivals:
    """New and changed files, found by `list_files`. Times are those of one clock, in seconds."""

    def __init__(self) -> None:
        self._known: dict[Path, FileState] = {}  # shown, passed over or broken
        self._pending: dict[Path, _Pending] = {}
        self._have_raw: set[tuple[Path, str]] = set()  # exposures whose raw file is known

    @property
    def has_pending(self) -> bool:
        """Whether a file may soon be whole."""
        return bool(self._pending)

    def ready(self, found: Mapping[Path, FileState], now_s: float) -> list[Path]:
        """New files that have not changed for a while, the newest first; a raw file before its JPEG."""
        self._pending = {path: pending for path, pending in self._pending.items() if path in found}
        for path, state in found.items():
            pending = self._pending.get(path)
            if self._known.get(path) == state:
                self._pending.pop(path, None)
            elif pending is None or pending.state != state:
                self._pending[path] = _Pending(state, now_s, now_s)
        whole = [
            path
            for path, pending in self._pending.items()
            if now_s >= max(pending.again_s, pending.since_s + CLOSED_S) and self._is_whole(path, pending, now_s)
        ]
        for path in [path for path in whole if not _is_raw(path) and _exposure(path) in self._have_raw]:
            self.pass_over(path, found[path])  # its raw file is shown, or older
            whole.remove(path)
        newest: dict[tuple[Path, str], int] = {}
        for path in whole:
            newest[_exposure(path)] = max(newest.get(_exposure(path), 0), found[path].modified_ns)
        whole.sort(key=lambda path: (newest[_exposure(path)], _exposure(path), _is_raw(path), natural_key(path)))
        return whole[::-1]

    def pass_over(self, path: Path, state: FileState) -> None:
        """The file in this state is shown or passed over: it is new again when it changes."""
        self._known[path] = state
        self._pending.pop(path, None)
        if _is_raw(path):
            self._have_raw.add(_exposure(path))

    def postpone(self, path: Path, now_s: float) -> bool:
        """The file cannot be read: it is tried again later. False if it is broken: unchanged for too long."""
        pending = self._pending[path]
        if now_s - pending.since_s >= GIVE_UP_S:
            self._known[path] = self._pending.pop(path).state
            return False
        self._pending[path] = pending._replace(again_s=now_s + RETRY_S)
        return True

    def _is_whole(self, path: Path, pending: _Pending, now_s: float) -> bool:
        written = is_being_written(path)
        return not written if written is not None else now_s >= pending.since_s + UNKNOWN_S


def list_files(folder: Path, suffixes: frozenset[str], *, subfolders: bool) -> dict[Path, FileState]:
    """The visible files with these suffixes. Raises OSError if the folder itself cannot be listed."""
    found = {}
    for entry in _entries(folder, subfolders):
        if os.path.splitext(entry.name)[1].lower() not in suffixes or entry.name.startswith((".", "~")):
            continue
        with suppress(OSError):  # it was removed meanwhile, or is a broken link
            if entry.is_file():
                status = entry.stat()
                found[Path(entry.path)] = FileState(status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _entries(folder: Path, subfolders: bool) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        listed = list(entries)
    yield from listed
    for entry in listed if subfolders else ():
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _entries(Path(entry.path), subfolders)


def is_being_written(path: Path) -> bool | None:
    """Whether a program has the file open for writing; None if this is unknown.

    Linux grants a read lease on a local file of the same user only if no program writes to it.
    """
    try:
        import fcntl

        set_lease, set_signal, read, unlock = fcntl.F_SETLEASE, fcntl.F_SETSIG, fcntl.F_RDLCK, fcntl.F_UNLCK
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (ImportError, AttributeError, OSError):
        return None
    try:
        fcntl.fcntl(descriptor, set_signal, signal.SIGURG)  # to a writer that comes now: ignored by default
        fcntl.fcntl(descriptor, set_lease, read)
        fcntl.fcntl(descriptor, set_lease, unlock)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _is_raw(path: Path) -> bool:
    return path.suffix.lower() in RAW_SUFFIXES


def _exposure(path: Path) -> tuple[Path, str]:
    """The files of one exposure have the same name, with other suffixes."""
    return path.parent, path.stem.lower()
