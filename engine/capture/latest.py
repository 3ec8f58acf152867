"""A capture thread with a mailbox for one frame: the newest wins, and what nobody took is counted."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..frame import Frame
from .source import Source

# A source that fell this far behind starts its clock anew instead of racing to catch up.
MAX_LAG_S = 0.25


class LatestFrameQueue:
    """Runs `source` in a thread of its own at `source.fps`, and hands out the newest frame.

    Frame k is due at start + k / fps, so that a late frame does not delay those after it. The source stays its
    creator's to close; close the mailbox first.

    >>> with LatestFrameQueue(source) as mailbox:                     # doctest: +SKIP
    ...     while (frame := mailbox.latest(1.0)) or not mailbox.ended:
    ...         show(frame)
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._arrival = threading.Condition()
        self._stop = threading.Event()
        self._frame: Frame | None = None
        self._thread: threading.Thread | None = None
        self.dropped = 0
        self.error: BaseException | None = None
        self._finished = False

    @property
    def ended(self) -> bool:
        """True once the source has given its last frame (or failed) and that frame has been taken."""
        with self._arrival:
            return self._finished and self._frame is None

    def start(self) -> None:
        """Start the thread; starting twice, or after `close`, does nothing."""
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._run, name="groundglass-capture", daemon=True)
            self._thread.start()

    def latest(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet taken, waiting up to `timeout_s` seconds for one.

        None where none came in time or the source is at its end (then `ended` is True). An error of the source is
        raised here, after the frames before it.
        """
        with self._arrival:
            self._arrival.wait_for(lambda: self._frame is not None or self._finished, timeout_s)
            frame, self._frame = self._frame, None
            if frame is None and self.error is not None:
                raise self.error
            return frame

    def close(self) -> None:
        """Stop the thread and wait for it; closing twice is harmless."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._arrival:
            self._frame = None
            self._finished = True
            self._arrival.notify_all()

    def _run(self) -> None:
        try:
            self._deliver()
        except BaseException as error:  # whatever it is, the thread that shows frames must hear of it
            self.error = error
        finally:
            with self._arrival:
                self._finished = True
                self._arrival.notify_all()

    def _deliver(self) -> None:
        period_s = 1.0 / self._source.fps if self._source.fps else 0.0
        due_s = time.perf_counter()
        for frame in self._source:
            now_s = time.perf_counter()
            if now_s - due_s > MAX_LAG_S:
                due_s = now_s
            if self._stop.wait(max(0.0, due_s - now_s)):
                return
            with self._arrival:
                self.dropped += self._frame is not None
                self._frame = replace(frame, arrived_s=time.perf_counter())
                self._arrival.notify_all()
            due_s += period_s

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
