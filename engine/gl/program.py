"""Shader source: files, includes, and a table that maps each line of the assembled text to its file and line.

Mesa 22 reports line 0 for semantic errors after a `#line`, so the text has no `#line`. The driver's log counts lines of
the assembled text, and the table turns them into `tone_curve.glsl:17: ...`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import moderngl

from ..errors import ShaderError
from ..program_text.includes import with_includes
from ..program_text.library import SourceLibrary

Reader = Callable[[str], str]

SHADERS = SourceLibrary("groundglass.shaders", (".glsl",))

# Mesa `0:17(23): error: ...`, NVIDIA `0(17) : error C1008: ...`, Apple and AMD `ERROR: 0:17: ...`
_LOG_LINE = re.compile(r"^(?:(?:ERROR|WARNING): )?\d+[:(](\d+)\)?(?:\((\d+)\))?\s*:\s*(.*)$")


@dataclass(frozen=True)
class Source:
    """Shader text with the origin (file and line) of each line.

    `again` builds it from the current files; None for text that is not from a file.
    """

    lines: tuple[str, ...] = ()
    origins: tuple[tuple[str, int], ...] = ()
    again: Callable[[], Source] | None = field(default=None, compare=False, repr=False)

    def __add__(self, other: Source) -> Source:
        again = None if self.again is other.again is None else lambda: self.reloaded() + other.reloaded()
        return Source(self.lines + other.lines, self.origins + other.origins, again)

    def reloaded(self) -> Source:
        """This source, built from the current files. Raises ShaderError."""
        return self if self.again is None else self.again()

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def read_shader(name: str) -> str:
    """The text of `shaders/<name>`; raises ShaderError if it cannot be read."""
    try:
        text = SHADERS.read(name)
    except OSError as error:
        raise ShaderError(f"{name}: cannot be read as a shader ({error.strerror})") from None
    if text is None:
        raise ShaderError(f"{name}: no such shader file")
    return text


def source_of(name: str, text: str) -> Source:
    """The source of text that is not in a file; `name` is for error messages."""
    lines = tuple(text.splitlines())
    return Source(lines, tuple((name, number) for number in range(1, len(lines) + 1)))


def load_source(name: str, read: Reader = read_shader) -> Source:
    """A shader file with its `#include "file"` lines replaced by those files. Each file is included once."""
    lines, origins = with_includes(name, read)
    return Source(tuple(lines), tuple(origins), partial(load_source, name, read))


def compile_program(ctx: moderngl.Context, vertex: Source, fragment: Source) -> moderngl.Program:
    """Compiles and links. Raises ShaderError with the driver's first error as `file:line: ...`."""
    try:
        return ctx.program(vertex_shader=vertex.text, fragment_shader=fragment.text)
    except moderngl.Error as error:
        log = str(error)
        source = vertex if re.search(r"^vertex_shader", log, re.MULTILINE) else fragment
        raise explained(log, source) from None


def explained(log: str, source: Source) -> ShaderError:
    """The error of a driver's log: its message is the first error, with file and line, its `places` are all errors.

    Without a column in the log it is 1.
    """
    origins, lines = source.origins, source.lines
    errors: list[tuple[str, int, int, str]] = []
    for line in log.splitlines():
        match = _LOG_LINE.match(line.strip())
        if match and "warning" not in line.lower():
            number = int(match[1])
            file, file_line = origins[number - 1] if 0 < number <= len(origins) else ("shader", number)
            column = _column(lines[number - 1], int(match[2])) if match[2] and 0 < number <= len(lines) else 1
            errors.append((file, file_line, column, re.sub(r"^error[^:]*: ", "", match[3])))
    if not errors:
        return ShaderError("shader: " + " ".join(log.split()))
    file, file_line, _, text = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return ShaderError(
        f"{file}:{file_line}: {text}{more}", [f"{file}:{line}:{column}: {text}" for file, line, column, text in errors]
    )


def _column(line: str, counted: int) -> int:
    """The column of a line, from 1, from that of Mesa, which counts each run of spaces as one."""
    ends = [match.end() for match in re.finditer(r"\s+|\S", line)]
    return ends[counted - 2] + 1 if 2 <= counted <= len(ends) + 1 else 1
