"""Includes: a file whose `#include "file"` lines are replaced by those files, with the origin of each line."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import ShaderError

MAX_DEPTH = 32
MAX_LINES = 200_000

Origin = tuple[str, int]  # file and line
_INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]*)"\s*(?://.*)?$')


def with_includes(name: str, read: Callable[[str], str]) -> tuple[list[str], list[Origin]]:
    """The lines of the file `name` and their origins. Each file is included once.

    `read` returns the text of a file or raises ShaderError. Raises ShaderError, with the line of the include.
    """
    lines: list[str] = []
    origins: list[Origin] = []
    seen = {name}

    def paste(name: str, text: str, depth: int) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            include = _INCLUDE.match(line)
            if include is None:
                lines.append(line)
                origins.append((name, number))
                if len(lines) > MAX_LINES:
                    raise ShaderError(f"{name}:{number}: more than {MAX_LINES} lines with the includes")
            elif include[1] not in seen:
                if depth == MAX_DEPTH:
                    raise ShaderError(f"{name}:{number}: includes nested deeper than {MAX_DEPTH}; include fewer files")
                seen.add(include[1])
                try:
                    text_of_include = read(include[1])
                except ShaderError as error:
                    raise ShaderError(f"{name}:{number}: {error}") from None
                paste(include[1], text_of_include, depth + 1)

    paste(name, read(name), 0)
    return lines, origins
