"""Faults that do not end the frames: reported on standard error, each once."""

from __future__ import annotations

import sys


class FaultReport:
    """Prints each fault once, as one line on standard error."""

    def __init__(self) -> None:
        self._reported: set[str] = set()

    def report(self, fault: str) -> None:
        """`fault` names the problem, its place and the consequence. The same text is printed once."""
        line = " ".join(fault.split())
        if line not in self._reported:
            self._reported.add(line)
            print(f"groundglass: {line}", file=sys.stderr, flush=True)
