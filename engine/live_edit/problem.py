"""The error in a saved file: the message, and the source lines around the faulty line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

AROUND = 2  # lines shown before and after the faulty line
_PLACE = re.compile(r"([^\s:;]+):(\d+)(?::\d+)?:\s*")


@dataclass(frozen=True, slots=True)
class Problem:
    """A message without its position, which is in `file` and `line` (0 if unknown).

    `excerpt` holds the numbers and texts of the lines around `line`, `places` all errors of a compiler.
    """

    message: str
    file: str
    line: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()
    places: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def report(self, path_of: Callable[[str], Path | None]) -> str:
        """All errors for a terminal, each as `file:line:column: message`, then the excerpt with the faulty line marked.

        `path_of` returns the path of a file by its name: an editor can then go to the place.
        """
        places = self.places or (f"{self.file}:{self.line or 1}:1: {self.message}",)
        lines = [
            f"{_shown_path(path_of(name), name)}:{rest}" for name, _, rest in (each.partition(":") for each in places)
        ]
        marked = (f"{'>' if number == self.line else ' '} {number:4} | {line}" for number, line in self.excerpt)
        return "\n".join((*lines, *marked))


def _shown_path(path: Path | None, name: str) -> str:
    """Relative to the current directory if the file is below it."""
    if path is None:
        return name
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def place_of(message: str) -> tuple[str, int]:
    """The first file name (without folders) and line in a message; ("", 0) if it has none."""
    place = _PLACE.search(message)
    return (re.split(r"[/\\]", place[1])[-1], int(place[2])) if place else ("", 0)


def problem_of(message: str, file: str, text: str | None) -> Problem:
    """The problem in a message. `text` is the text of the faulty file, `file` its name if the message has none."""
    place = _PLACE.search(message)
    if place is None:
        named = re.match(r"(?:\S*[/\\])?([\w.-]+\.\w+): ", message)
        return Problem(message[named.end() :], named[1]) if named else Problem(message, file)
    name, line = place_of(message)
    reason = re.sub(r"^(fatal )?error: ", "", re.split(r"; (?=\S+:\d)", message[place.end() :])[0])
    lines = (text or "").splitlines()
    first = max(line - 1 - AROUND, 0)
    excerpt = tuple(enumerate((source.expandtabs(4).rstrip() for source in lines[first : line + AROUND]), first + 1))
    return Problem(reason or message, name, line, excerpt)
