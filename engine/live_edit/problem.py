"""What is wrong with a file that was saved: the message, and the lines around the one to blame."""

from __future__ import annotations

import re
from dataclasses import dataclass

AROUND = 2  # lines shown before and after the one to blame
_PLACE = re.compile(r"([^\s:;]+):(\d+)(?::\d+)?:\s*")


@dataclass(frozen=True, slots=True)
class Problem:
    """A message without the place that it tells of: `file` and `line`, 0 where it tells none.

    `excerpt` holds lines around that one, with their numbers.
    """

    message: str
    file: str
    line: int = 0
    excerpt: tuple[tuple[int, str], ...] = ()

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def text(self) -> str:
        """As lines for a terminal, the one to blame marked."""
        marked = (f"{'>' if number == self.line else ' '} {number:4} | {line}" for number, line in self.excerpt)
        return "\n".join((f"{self.place}: {self.message}", *marked))


def place_of(message: str) -> tuple[str, int]:
    """The name of the file, without folders, and the line that a message blames first; ("", 0) where it tells none."""
    place = _PLACE.search(message)
    return (re.split(r"[/\\]", place[1])[-1], int(place[2])) if place else ("", 0)


def problem_of(message: str, file: str, text: str | None) -> Problem:
    """The problem that a message tells of; `text` is that of the file that it blames, `file` where it blames none."""
    place = _PLACE.search(message)
    if place is None:
        named = re.match(r"(?:\S*[/\\])?([\w.-]+\.\w+): ", message)
        return Problem(message[named.end() :], named[1]) if named else Problem(message, file)
    name, line = place_of(message)
    told = re.sub(r"^(fatal )?error: ", "", re.split(r"; (?=\S+:\d)", message[place.end() :])[0])
    lines = (text or "").splitlines()
    first = max(line - 1 - AROUND, 0)
    excerpt = tuple(enumerate((one.expandtabs(4).rstrip() for one in lines[first : line + AROUND]), first + 1))
    return Problem(told or message, name, line, excerpt)
