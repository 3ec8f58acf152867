"""Faults that do not end the frames: said on standard error, each once."""

from __future__ import annotations

import sys


class FaultReport:
    """Prints each fault once, as one line on standard error."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, fault: str) -> None:
        """`fault` says what is wrong, where, and what happens instead. The same text is printed once."""
        line = " ".join(fault.split())
        if line not in self._said:
            self._said.add(line)
            print(f"groundglass: {line}", file=sys.stderr, flush=True)
