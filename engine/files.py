"""Files that appear whole or not at all, and paths that stay in their folder."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

try:
    import fcntl as _fcntl

    fcntl: Any = _fcntl
except ImportError:  # Windows: what a killed program leaves is not recognized there
    fcntl = None

SUM_BYTES = 4
_PART = re.compile(r"\..*\.[0-9a-f]{16}\.groundglass-part(\.\w+)?")


@contextmanager
def whole_file(path: Path, mode: int = 0o666, *, flush: bool = True) -> Iterator[Path]:
    """The name of an empty file to write, which takes the name `path` when the block ends.

    The file is hidden, in the same folder, and new: its name is random. It has the permissions `mode`, less
    those of the umask. Its content is on the disk before it is renamed, so that `path` is whole even after a loss of
    power. A busy disk takes seconds for that; without `flush` nothing waits: a cache can be made again. After a loss of
    power it may hold zeros, which its `checksum` reveals.

    The file is removed if the block raises; after a kill, by the next program that writes into the folder. A link
    stays a link. A pipe or a device is written directly. Raises OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    _remove_parts(path.parent)
    part = path.with_name(f".{path.stem[:64]}.{secrets.token_hex(8)}.groundglass-part{path.suffix.lower()}")
    with new_file(part, mode):
        yield part
        if flush:
            _flush(part)
        os.replace(part, path)


def checksum(*parts: bytes | memoryview) -> bytes:
    """CRC-32 of the parts of a file, SUM_BYTES long."""
    crc = 0
    for part in parts:
        crc = crc32(part, crc)
    return crc.to_bytes(SUM_BYTES, "big")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only what can be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_file(path: Path, mode: int = 0o666) -> Iterator[None]:
    """A new empty file, which is removed when the block ends, unless it has another name by then.

    It is locked in the block, so that `remove_left_over` recognizes it after a kill. Raises FileExistsError, OSError.
    """
    descriptor = _created(path, mode)
    try:
        if fcntl is None:
            os.close(descriptor)
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(descriptor)


def _created(path: Path, mode: int) -> int:
    """The descriptor of a new file, which is locked where that is possible."""
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        if fcntl is None:
            return descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            return descriptor
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)  # before it was locked, another program took it for one of a killed program


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def remove_left_over(folder: Path, pattern: re.Pattern[str]) -> None:
    """Removes the files of killed programs: those of `new_file` whose names match `pattern`, unless they are locked."""
    if fcntl is None:
        return
    with suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(folder)):
            with suppress(OSError):
                _remove_unlocked(folder / name)


def _remove_unlocked(path: Path) -> None:
    if not path.is_file() or path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises OSError while its program runs
        if _is_at(path, descriptor):  # else another file has the name by now
            path.unlink()
    finally:
        os.close(descriptor)


@lru_cache(maxsize=256)
def _remove_parts(folder: Path) -> None:
    """Once for each folder."""
    remove_left_over(folder, _PART)


def path_inside(folder: Path, name: str) -> Path | None:
    """`folder` / `name`; None if that leaves the folder: an absolute path, `..`, or a link to another place.

    >>> path_inside(Path("looks"), "../secret.cube") is None
    True
    """
    path = folder / name
    try:
        resolved = path.resolve()
        is_inside = resolved.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that is too long, a null character, links in a circle
        return None
    return path if is_inside and not os.path.islink(resolved) else None  # Python 3.13 returns links in a circle
