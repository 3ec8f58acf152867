"""Digests (SHA-256) of all that determines a picture: its input, its settings, the program."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = ("numpy", "Pillow", "tifffile", "imagecodecs", "rawpy", "OpenEXR", "pillow-heif", "av", "onnxruntime")
SUFFIXES = (".py", ".cl", ".h", ".glsl", ".toml")
NOT_OF_PICTURES = frozenset({"file", "text"})  # where a look, a LUT or an image was read


def file_digest(path: str | Path) -> str:
    """Of the content of a file. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def joined_digest(digests: list[str]) -> str:
    """Of several files; that of one file is the file's."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def value_digest(value: object) -> str:
    """Of numbers, texts, arrays, dataclasses and containers of them, by value: equal in every process."""
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    digest.update(type(value).__name__.encode())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        value = {name: content for name, content in value.items() if name not in NOT_OF_PICTURES}
    if isinstance(value, Mapping):
        # In their order: that of the passes of a look matters.
        value = [part for item in value.items() for part in item]
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        digest.update(f"{len(value)}:".encode())
        for part in value:
            _add(digest, part)
    elif isinstance(value, bytes):
        digest.update(value)
    else:
        text = repr(value).encode()
        digest.update(f"{len(text)}:".encode() + text)


@cache
def program_digest() -> str:
    """Of the program's own files, and the versions of the libraries that read and write pictures."""
    digest = hashlib.sha256()
    for package in ("groundglass", "groundglass.kernels", "groundglass.shaders"):
        for file in _files(resources.files(package)):
            digest.update(file.name.encode() + file.read_bytes())
    for library in LIBRARIES:
        try:
            digest.update(f"{library} {metadata.version(library)}".encode())
        except metadata.PackageNotFoundError:
            digest.update(f"no {library}".encode())
    return digest.hexdigest()


def _files(folder: Traversable) -> list[Traversable]:
    files: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            files += _files(entry)
        elif entry.name.endswith(SUFFIXES):
            files.append(entry)
    return files
