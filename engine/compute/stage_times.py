"""The time of kernels by the stage in which they were queued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ..timing import Clock

Span = TypeVar("Span")  # a driver's record of a kernel's time: an event, or a pair of events


class Stages(Generic[Span]):
    """Collects the spans of kernels by stage until their times are known."""

    def __init__(self) -> None:
        self._current: tuple[str, Clock] | None = None
        self._spans: dict[tuple[str, Clock], list[Span]] = {}

    @property
    def is_open(self) -> bool:
        """Whether the kernels queued now belong to a stage."""
        return self._current is not None

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        self._current = (name, clock)
        try:
            with clock.span(name):
                yield
        finally:
            self._current = None

    def add(self, span: Span) -> None:
        """Adds `span` to the current stage, if any."""
        if self._current is not None:
            self._spans.setdefault(self._current, []).append(span)

    def report_times(self, milliseconds: Callable[[Span], float]) -> None:
        """Adds the sum of each stage's spans to its clock and clears them. The spans must have ended."""
        for (name, clock), spans in self._spans.items():
            clock.add(name, sum(milliseconds(span) for span in spans))
        self._spans.clear()

    def clear(self) -> None:
        self._spans.clear()
