"""A source that is being opened to replace another one."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from ..capture.latest import LatestFrameQueue
from ..capture.live.network.address import shown_address
from ..capture.source import Timing
from ..errors import GroundglassError, SourceError, cause

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..frame import Frame

NO_FRAME = "ended before its first frame; open it again"


class Opening:
    """A source that is being opened in a thread, by the first of `names` that succeeds, after `closing` has ended.

    A paced source then starts again at its first frame: none of its time passes before it is shown.
    """

    def __init__(
        self,
        names: list[str],
        open_source: Callable[[str], Source],
        wake: Callable[[], None],
        closing: threading.Thread | None,
    ) -> None:
        self.name = names[0]
        self.source: Source | None = None
        self.queue: LatestFrameQueue | None = None
        self.frame: Frame | None = None
        self.error: GroundglassError | None = None
        self.is_prepared = False
        self._names, self._open_source, self._wake, self._before = names, open_source, wake, closing
        self._first_frame_s = math.inf
        self._is_abandoned = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="groundglass-open", daemon=True)
        self._thread.start()

    @property
    def status(self) -> str:
        if self.source is None:
            return f"opening {shown_address(self.name)}"
        return self.source.status or f"{shown_address(self.name)}: waiting for the first frame"

    @property
    def has_failed(self) -> bool:
        return not self._thread.is_alive() and self.source is None

    @property
    def waits_s(self) -> float:
        """Seconds since the first frame."""
        return perf_counter() - self._first_frame_s

    def newest(self) -> Frame | None:
        """The newest frame, None before the first. Raises the error of the source."""
        if self.queue is None:
            return None
        newest = self.queue.latest(0.0)
        if newest is not None:
            if self.frame is not None:
                self.frame.release()
            self.frame = newest
        elif self.frame is None and self.queue.ended:
            raise SourceError(f"{shown_address(self.name)}: {NO_FRAME}")
        if self.frame is not None:
            self._first_frame_s = min(self._first_frame_s, perf_counter())
        return self.frame

    def abandon(self, close: Callable[[LatestFrameQueue, Source], object]) -> None:
        with self._lock:
            self._is_abandoned = True
        if self.frame is not None:
            self.frame.release()
            self.frame = None
        if self.queue is not None and self.source is not None:
            close(self.queue, self.source)

    def _run(self) -> None:
        if self._before is not None:
            self._before.join()
        for name in self._names:
            try:
                self._keep(name, self._open_source(name))
            except GroundglassError as error:
                self.error = self.error or error
            except Exception as error:  # a driver's own error
                self.error = self.error or SourceError(f"{shown_address(name)}: {type(error).__name__}: {cause(error)}")
            else:
                break
        self._wake()

    def _keep(self, name: str, source: Source) -> None:
        try:
            first = self._first_of(source) if source.timing is Timing.PACED else None
        except BaseException:
            source.close()
            raise
        with self._lock:
            if not self._is_abandoned:
                queue = LatestFrameQueue(source)
                if first is None:
                    queue.start()
                self.name, self.frame, self.source = name, first, source
                self.queue = queue  # last: from now on the loop takes frames of this source
                return
        source.close()

    def _first_of(self, source: Source) -> Frame:
        """A copy of the first frame of a paced source. Raises SourceError."""
        frame = next(iter(source), None)
        if frame is None:
            raise SourceError(f"{source.name}: {NO_FRAME}")
        first = replace(frame.owned(), arrived_s=perf_counter())
        frame.release()
        return first
