"""A source whose frames are changed on their way."""

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
    """The frames of `source`, each as `change` returns it; closes the source with itself.

    All else is the source's: its timing, its controls, and what interrupts it. A `replace`d frame keeps its lease.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.timing = source.timing
        self.fps = source.fps
        self.frames = source.frames
        self.size = source.size

    @abstractmethod
    def change(self, frame: Frame) -> Frame:
        """`frame` with what this source adds; of the same size."""

    def __iter__(self) -> Iterator[Frame]:
        return map(self.change, self._source)

    def interrupt(self) -> None:
        self._source.interrupt()

    def controls(self) -> Iterable[Control]:
        return self._source.controls()

    def close(self) -> None:
        self._source.close()
