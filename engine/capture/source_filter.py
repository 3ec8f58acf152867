"""A source that changes the frames of another source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..controls import Control
from ..errors import GroundglassError
from ..frame import Frame
from .base import BaseSource
from .faults import FaultReport

if TYPE_CHECKING:
    from .source import Source


class SourceFilter(BaseSource, ABC):
    """The frames of `source`, each passed through `change`. Closing the filter closes the source.

    Timing, controls and interruption are those of the source. A `replace`d frame keeps its lease. If it is `tolerant`,
    a frame that cannot be changed is reported and skipped, unless it is the first.
    """

    def __init__(self, source: Source, *, tolerant: bool = False) -> None:
        self._source = source
        self._faults = FaultReport() if tolerant else None
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
        """The changed frame, of the same size. Raises GroundglassError."""

    def __iter__(self) -> Iterator[Frame]:
        return self._changed(self._source)

    def _changed(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        has_begun = False
        for frame in frames:
            try:
                changed = self.change(frame)
            except GroundglassError as error:
                if self._faults is None or not has_begun:
                    raise
                self._faults.report(f"{error}; skipped")
                frame.release()
                continue
            has_begun = True
            yield changed

    def interrupt(self) -> None:
        self._source.interrupt()

    def controls(self) -> Iterable[Control]:
        return self._source.controls()

    def trigger(self, folder: Path) -> bool:
        return self._source.trigger(folder)

    def close(self) -> None:
        self._source.close()
