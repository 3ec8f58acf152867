"""The time of kernels by the stage in which they were queued."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ..timing import Clock

Span = TypeVar("Span")  # a driver's record of a kernel's time: an event, or a pair of events


class Stages(Generic[Span]):
    """Collects the spans of kernels by stage until their times are known."""

    def __init__(self) -> None:
        self._open: list[Span] | None = None  # the spans of the stage whose kernels are queued now
        self._queued: deque[tuple[str, Clock, list[Span]]] = deque()  # in the order in which they end

    @property
    def is_open(self) -> bool:
        """Whether the kernels queued now belong to a stage."""
        return self._open is not None

    @property
    def is_empty(self) -> bool:
        """Whether no kernel was queued in the open stage."""
        return not self._open

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        spans = self._open = []
        try:
            with clock.span(name):
                yield
        finally:
            self._open = None
            if spans:
                self._queued.append((name, clock, spans))

    def add(self, span: Span) -> None:
        """Adds `span` to the open stage, if any."""
        if self._open is not None:
            self._open.append(span)

    def report_times(self, milliseconds: Callable[[list[Span]], float], has_ended: Callable[[Span], bool]) -> None:
        """Adds the time of each stage whose last span has ended to its clock. The others remain for a later call."""
        while self._queued and has_ended(self._queued[0][2][-1]):
            name, clock, spans = self._queued.popleft()
            clock.add(name, milliseconds(spans))

    def clear(self) -> None:
        self._queued.clear()
