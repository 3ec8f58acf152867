"""Faults that do not end the frames: reported on standard error, each once."""

from __future__ import annotations

from ..errors import print_line


class FaultReport:
    """Prints each fault once, as one line on standard error."""

    def __init__(self) -> None:
        self._reported: set[str] = set()

    def report(self, fault: str) -> None:
        """`fault` names the problem, its place and the consequence. The same text is printed once."""
        if fault not in self._reported:
            self._reported.add(fault)
            print_line(fault)
