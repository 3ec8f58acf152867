"""Files that appear whole or not at all, and paths that stay in their folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """The name of an empty file to write, which takes the name `path` when the block ends.

    The file is hidden, in the same folder, and new: its name is random. It has the permissions `mode`, less
    those of the umask. Its content is on the disk before it is renamed, so that `path` is whole even after a loss of
    power. It is removed if the block raises. A link stays a link. A pipe or a device is written directly.
    Raises OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    part = path.with_name(f".{path.stem[:64]}.{secrets.token_hex(4)}.part{path.suffix.lower()}")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield part
        descriptor = os.open(part, os.O_RDWR)  # Windows flushes only what can be written
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def path_inside(folder: Path, name: str) -> Path | None:
    """`folder` / `name`; None if that leaves the folder: an absolute path, `..`, or a link to another place.

    >>> path_inside(Path("looks"), "../secret.cube") is None
    True
    """
    path = folder / name
    try:
        return path if path.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, ValueError, RuntimeError):  # a name that is too long, a null character, links in a circle
        return None
