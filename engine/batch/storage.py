"""Files by path, and by the address of another computer through fsspec: `s3://bucket/photo.dng`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ..capture.kinds import find_kind
from ..errors import GroundglassError, LostOutputError, MissingExtraError, OutputError, SourceError, cause
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.picture_write import write_atomically
from ..formats.raw import RAW_SUFFIXES

WHOLE_PUT = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"}  # an object appears whole or not at all


def plain(name: str) -> str:
    """`name`; the path of a `file://` address.

    >>> plain("file:///photos/a%20b.dng"), plain("s3://photos/a.dng")
    ('/photos/a b.dng', 's3://photos/a.dng')
    """
    return unquote(urlsplit(name).path) if name.startswith("file://") else name


def is_remote(name: str) -> bool:
    """Whether fsspec reads this name. A web address is a stream, unless it ends like a picture."""
    scheme, separator, _ = name.partition("://")
    if not separator or scheme == "file":
        return False
    if scheme in ("http", "https"):
        return suffix_of(name) in PICTURE_SUFFIXES | RAW_SUFFIXES
    return find_kind(name) is None


def suffix_of(name: str) -> str:
    """The suffix of a path or an address, in lower case."""
    return PurePosixPath(urlsplit(name).path if "://" in name else name).suffix.lower()


def joined(folder: str, name: str) -> str:
    """The path or address of `name`, with slashes, in a folder."""
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else str(Path(folder) / name)


def file_system(address: str) -> tuple[Any, str]:
    """fsspec's file system of an address, and the path there. Raises GroundglassError."""
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(address, "fsspec", "remote") from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SourceError(f"{address}: {cause(error)}") from error
    except Exception as error:  # libraries of all kinds
        raise SourceError(f"{address}: cannot be opened ({cause(error)}); check the address") from error
    return system, str(path)


@contextmanager
def local_file(name: str) -> Iterator[Path]:
    """The path of a file; of a remote one a temporary copy with its name. Raises SourceError."""
    if not is_remote(name):
        yield Path(name)
        return
    system, path = file_system(name)
    with tempfile.TemporaryDirectory(prefix="groundglass-") as folder:
        copy = Path(folder) / (PurePosixPath(urlsplit(name).path).name or "file")
        try:
            system.get_file(path, str(copy))
        except Exception as error:
            raise SourceError(f"{name}: cannot be read ({cause(error)}); check the address and the access") from error
        try:
            yield copy
        except GroundglassError as error:
            raise SourceError(str(error).replace(str(copy), name)) from error


def put_file(path: Path, address: str) -> None:
    """Copies a file to an address, where it appears whole or not at all. Raises LostOutputError."""
    system, target = file_system(address)
    protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
    try:
        if protocols & WHOLE_PUT:
            system.put_file(str(path), target)
        else:
            folder, _, name = target.rpartition("/")
            system.makedirs(folder, exist_ok=True)
            part = f"{folder}/.{name}.groundglass-part"
            system.put_file(str(path), part)
            system.mv(part, target)
    except Exception as error:
        raise LostOutputError(f"{address}: cannot be written ({cause(error)}); check the address and access") from error


def read_bytes(name: str) -> bytes | None:
    """The content of a small file, None if it does not exist. Raises OutputError."""
    try:
        if not is_remote(name):
            return Path(name).read_bytes()
        system, path = file_system(name)
        return bytes(system.cat_file(path))
    except FileNotFoundError:
        return None
    except GroundglassError:
        raise
    except Exception as error:
        raise OutputError(f"{name}: cannot be read ({cause(error)}); check it, or name another folder") from error


def write_bytes(name: str, content: bytes) -> None:
    """Writes a small file whole. Raises LostOutputError."""
    if not is_remote(name):
        write_atomically(Path(name), lambda part: part.write_bytes(content))
        return
    with tempfile.TemporaryDirectory(prefix="groundglass-") as folder:
        copy = Path(folder) / "file"
        copy.write_bytes(content)
        put_file(copy, name)


def exists(name: str) -> bool:
    """Whether a file exists. Raises OutputError."""
    if not is_remote(name):
        return Path(name).is_file()
    system, path = file_system(name)
    try:
        return bool(system.exists(path))
    except Exception as error:
        raise OutputError(f"{name}: cannot be found ({cause(error)}); check the address and the access") from error


def matches(pattern: str) -> list[str]:
    """The sorted addresses of the remote files that a pattern with wildcards matches. Raises SourceError."""
    system, path = file_system(pattern)
    try:
        found = [name for name, entry in system.glob(path, detail=True).items() if entry["type"] == "file"]
    except Exception as error:
        raise SourceError(f"{pattern}: cannot be listed ({cause(error)}); check the address and the access") from error
    return sorted(str(system.unstrip_protocol(name)) for name in found)
