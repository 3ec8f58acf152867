"""JSON results: to a file, or to a standard output without any other text."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from ..errors import LostOutputError, OutputError
from ..files import whole_file

Write = Callable[[dict[str, Any]], None]


@contextmanager
def json_target(target: str | None) -> Iterator[Write]:
    """Yields a function that writes one document to `target`: a path, "-" for standard output, or None.

    With "-", all other output goes to standard error. File descriptor 1 itself is redirected because drivers print
    from C. A missing folder raises OutputError before the work starts.
    """
    if target is None:
        yield lambda document: None
    elif target == "-":
        sys.stdout.flush()
        real_stdout = os.dup(1)
        os.dup2(2, 1)
        try:
            with redirect_stdout(sys.stderr):
                yield lambda document: _write_descriptor(real_stdout, document)
        finally:
            sys.stderr.flush()
            os.dup2(real_stdout, 1)
            os.close(real_stdout)
    else:
        path = Path(target)
        check_folder(path)
        yield lambda document: _write_file(path, document)


def check_folder(path: Path) -> None:
    """Raises OutputError if the folder of the file `path` does not exist, or if `path` is a folder."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")


def _write_descriptor(descriptor: int, document: dict[str, Any]) -> None:
    with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=2) + "\n")


def write_file(path: Path, content: bytes) -> None:
    """Writes the whole file or nothing (`files.whole_file`). Raises LostOutputError."""
    try:
        with whole_file(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise LostOutputError(f"{path}: cannot be written ({error.strerror}); name another file") from error


def _write_file(path: Path, document: dict[str, Any]) -> None:
    write_file(path, (json.dumps(document, indent=2) + "\n").encode())
