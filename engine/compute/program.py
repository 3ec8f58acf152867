"""Kernel source: text, includes, and a table that leads each line of the assembled text back to its file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..errors import ShaderError

_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
_PROTOTYPE = re.compile(r"^KERNEL\s+void\s+(\w+)\s*\(([^)]*)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KernelSource:
    """The assembled text of one kernel file. `lines[i]` is the (file, line) from which line i + 1 came."""

    name: str
    text: str
    lines: tuple[tuple[str, int], ...]

    def entry_points(self) -> dict[str, list[str]]:
        """Argument declarations by kernel name, as written."""
        return {
            name: [" ".join(argument.split()) for argument in arguments.split(",")]
            for name, arguments in _PROTOTYPE.findall(self.text)
        }

    def explain(self, log: str) -> str:
        """A compiler's log with `input.cl:120:7` and its like rewritten to the file and line that a person edits."""

        def locate(match: re.Match[str]) -> str:
            number = int(match.group(1))
            if not 1 <= number <= len(self.lines):
                return match.group(0)
            file, line = self.lines[number - 1]
            return f"{file}:{line}"

        return re.sub(r"(?<![\w.:])(?:<[^>\s]*>|[^\s:()]*?)[:(](\d+)(?:[:,]\d+)?\)?(?=:)", locate, log)


@cache
def load_kernel_source(name: str) -> KernelSource:
    """`kernels/<name>` with its includes pasted in, each file once. ShaderError when a file does not exist."""
    text: list[str] = []
    table: list[tuple[str, int]] = []
    _paste(name, text, table, seen=set())
    return KernelSource(name, "\n".join(text) + "\n", tuple(table))


def list_kernel_sources() -> list[str]:
    """Every kernel file that ships, sorted."""
    folder = resources.files("groundglass.kernels")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".cl"))


def _paste(name: str, text: list[str], table: list[tuple[str, int]], seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    entry = resources.files("groundglass.kernels").joinpath(name)
    if not entry.is_file():
        raise ShaderError(f"kernels/{name}: no such file; the installation is incomplete, reinstall groundglass")
    for number, line in enumerate(entry.read_text(encoding="utf-8").splitlines(), start=1):
        include = _INCLUDE.match(line)
        if include:
            _paste(include.group(1), text, table, seen)
        else:
            text.append(line)
            table.append((name, number))
