"""A source whose frames are changed on their way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..frame import Frame

if TYPE_CHECKING:
    from .source import Source


class SourceFilter(ABC):
    """The frames of `source`, each as `change` returns it; closes the source with itself."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.fps = source.fps
        self.frames = source.frames
        self.size = source.size

    @property
    def origin(self) -> Source:
        """The source whose frames are changed."""
        return self._source

    @abstractmethod
    def change(self, frame: Frame) -> Frame:
        """`frame` with what this source adds; of the same size."""

    def __iter__(self) -> Iterator[Frame]:
        return map(self.change, self._source)

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
