"""A source that changes the frames of another source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..controls import Control
from ..frame import Frame
from .base import BaseSource

if TYPE_CHECKING:
    from .source import Source


class SourceFilter(BaseSource, ABC):
    """The frames of `source`, each passed through `change`. Closing the filter closes the source.

    Timing, controls and interruption are those of the source. A `replace`d frame keeps its lease.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.timing = source.timing
        self.fps = source.fps
        self.frames = source.frames
        self.size = source.size

    @property
    def status(self) -> str:  # type: ignore[override]
        return self._source.status

    @property
    def reconnects(self) -> int:  # type: ignore[override]
        return self._source.reconnects

    @abstractmethod
    def change(self, frame: Frame) -> Frame:
        """The changed frame, of the same size."""

    def __iter__(self) -> Iterator[Frame]:
        return map(self.change, self._source)

    def interrupt(self) -> None:
        self._source.interrupt()

    def controls(self) -> Iterable[Control]:
        return self._source.controls()

    def close(self) -> None:
        self._source.close()
