"""Numbered output paths, each reserved for one thread or program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import OutputError
from ..files import new_file, remove_left_over

STEM = "groundglass"
_MARK = re.compile(re.escape(f".{STEM}-") + r"\d{4,}\.taken")
_NUMBERED = re.compile(re.escape(STEM) + r"-(\d{4,})(?:\D.*)?")


@contextmanager
def reserved_path(folder: Path) -> Iterator[Path]:
    """`folder`/groundglass-NNNN without a suffix, one above the highest number in the folder.

    No other thread or program gets that number within the `with`, nor later if a file of that name was created. Raises
    OutputError if the folder cannot be read or written.
    """
    remove_left_over(folder, _MARK)
    number = _highest(folder) + 1
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(new_file(folder / f".{STEM}-{number:04d}.taken"))
            except FileExistsError:
                number += 1
                continue
            except OSError as error:
                raise OutputError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
            highest = _highest(folder)
            if highest >= number:  # another program took and released it since the names were read
                number = highest + 1
                continue
            yield folder / f"{STEM}-{number:04d}"
            return


def _highest(folder: Path) -> int:
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be read ({error.strerror}); name another folder") from error
    return max((int(match[1]) for match in map(_NUMBERED.fullmatch, names) if match), default=0)
