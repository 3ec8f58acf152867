"""Defaults for sources. A subclass adds at least `name`, `size` and `__iter__`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from ..controls import Control
from ..frame import Frame
from .source import Timing


class BaseSource:
    """A paced, endless source of unknown rate, without controls and open resources.

    A subclass defines `name`, `size`, the (width, height) of its frames in pixels, and `__iter__`. `timing` is when
    frames are delivered, `fps` is the rate and `frames` the number of them, None if unknown or endless. `status` is why
    no frame arrives, empty otherwise; `reconnects` counts how often they came again.

    >>> class Black(BaseSource):
    ...     name, size = "black", (4, 2)
    ...     def __iter__(self):
    ...         yield Frame(np.zeros((2, 4), np.uint16))
    """

    name: str
    size: tuple[int, int]
    timing: Timing = Timing.PACED
    fps: float | None = None
    frames: int | None = None
    status: str = ""
    reconnects: int = 0

    def __iter__(self) -> Iterator[Frame]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")

    def interrupt(self) -> None:
        """Does nothing: no read blocks."""

    def controls(self) -> Iterable[Control]:
        """Exposure, gain and similar controls: here none."""
        return ()

    def trigger(self, folder: Path) -> bool:
        """Releases the shutter of a still camera, which saves its picture in `folder`. False: there is no shutter."""
        return False

    def close(self) -> None:
        """Does nothing: no resource is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
