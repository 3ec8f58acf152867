"""Shader source: files, includes, and a table that leads from the assembled text back to file and line.

Mesa 22 reports line 0 for semantic errors that follow a `#line`, so none is written: the driver's log counts lines of
the assembled text, and the table turns them into `tone_curve.glsl:17: ...`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import moderngl

from ..errors import ShaderError
from ..program_text.library import SourceLibrary

Reader = Callable[[str], str]

SHADERS = SourceLibrary("groundglass.shaders", (".glsl",))

_INCLUDE = re.compile(r'\s*#include\s+"([^"]+)"')
# Mesa `0:17(23): error: ...`, NVIDIA `0(17) : error C1008: ...`, Apple and AMD `ERROR: 0:17: ...`
_LOG_LINE = re.compile(r"^(?:(?:ERROR|WARNING): )?\d+[:(](\d+)\)?(?:\(\d+\))?\s*:\s*(.*)$")


@dataclass(frozen=True)
class Source:
    """Shader text with the file and line that each of its lines came from.

    `again` makes it anew of the files as they are now; None where it came from none.
    """

    lines: tuple[str, ...] = ()
    origins: tuple[tuple[str, int], ...] = ()
    again: Callable[[], Source] | None = field(default=None, compare=False, repr=False)

    def __add__(self, other: Source) -> Source:
        again = None if self.again is other.again is None else lambda: self.renewed() + other.renewed()
        return Source(self.lines + other.lines, self.origins + other.origins, again)

    def renewed(self) -> Source:
        """This text of the files as they are now. Raises ShaderError."""
        return self if self.again is None else self.again()

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def read_shader(name: str) -> str:
    """The text of `shaders/<name>`; raises ShaderError where there is no such file."""
    try:
        text = SHADERS.read(name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ShaderError(f"{name}: cannot be read as a shader ({reason})") from None
    if text is None:
        raise ShaderError(f"{name}: no such shader file")
    return text


def source_of(name: str, text: str) -> Source:
    """Text that is not in a file, under a name for error messages."""
    lines = tuple(text.splitlines())
    return Source(lines, tuple((name, number) for number in range(1, len(lines) + 1)))


def load_source(name: str, read: Reader = read_shader) -> Source:
    """A shader file with its `#include "file"` lines replaced by those files; each file comes in once."""
    return replace(_load(name, read, set()), again=partial(load_source, name, read))


def _load(name: str, read: Reader, seen: set[str]) -> Source:
    seen.add(name)
    source = Source()
    for number, line in enumerate(read(name).splitlines(), 1):
        include = _INCLUDE.match(line)
        if include is None:
            source += Source((line,), ((name, number),))
        elif include[1] not in seen:
            source += _load(include[1], read, seen)
    return source


def compile_program(ctx: moderngl.Context, vertex: Source, fragment: Source) -> moderngl.Program:
    """Compile and link; raises ShaderError with the driver's first complaint as `file:line: ...`."""
    try:
        return ctx.program(vertex_shader=vertex.text, fragment_shader=fragment.text)
    except moderngl.Error as error:
        log = str(error)
        source = vertex if re.search(r"^vertex_shader", log, re.MULTILINE) else fragment
        raise ShaderError(explain_log(log, source.origins)) from None


def explain_log(log: str, origins: Sequence[tuple[str, int]]) -> str:
    """The driver's log on one line, its first error led back to file and line."""
    complaints = []
    for line in log.splitlines():
        match = _LOG_LINE.match(line.strip())
        if match and "warning" not in line.lower():
            number = int(match[1])
            file, file_line = origins[number - 1] if 0 < number <= len(origins) else ("shader", number)
            complaints.append(f"{file}:{file_line}: {re.sub(r'^error[^:]*: ', '', match[2])}")
    if not complaints:
        return "shader: " + " ".join(log.split())
    more = len(complaints) - 1
    return complaints[0] + (f" (and {more} more)" if more else "")
