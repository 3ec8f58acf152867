"""A capture thread with a mailbox for one frame: the newest wins, and what nobody took is counted."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..frame import Frame
from .source import Source, Timing

# A paced source that fell this far behind starts its clock anew instead of racing to catch up.
MAX_LAG_S = 0.25
CLOSE_WAIT_S = 1.0  # how long `close` waits for a read that does not end when it is interrupted


class LatestFrameQueue:
    """Runs `source` in a thread of its own at `source.fps`, and hands out the newest frame.

    A still is delivered once. Frame k of a paced source is due at start + k / fps, so that a late frame does not delay
    those after it. A live source is never delayed: its frames are delivered as they arrive. A frame that nobody took
    is released when a newer one comes; whoever takes one releases it. The source stays its creator's to close; close
    this first, after which a live source has ended.

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
        """Stop the thread, interrupting a read that blocks; closing twice is harmless.

        It waits for at most `CLOSE_WAIT_S`: a read that cannot be interrupted ends in its own time, its frame is
        released, and its thread keeps no program alive.
        """
        self._stop.set()
        if self._thread is not None:
            if self._thread.is_alive():
                self._source.interrupt()
            self._thread.join(CLOSE_WAIT_S)
            self._thread = None
        with self._arrival:
            frame, self._frame = self._frame, None
            self._finished = True
            self._arrival.notify_all()
        if frame is not None:
            frame.release()

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
        is_paced = self._source.timing is Timing.PACED and self._source.fps
        period_s = 1.0 / self._source.fps if is_paced and self._source.fps else 0.0
        due_s = time.perf_counter()
        for frame in self._source:
            if is_paced:
                now_s = time.perf_counter()
                if now_s - due_s > MAX_LAG_S:
                    due_s = now_s
                self._stop.wait(max(0.0, due_s - now_s))
                due_s += period_s
            if not self._put(replace(frame, arrived_s=time.perf_counter())):
                return

    def _put(self, frame: Frame) -> bool:
        """Makes `frame` the newest; the one that it replaces is dropped. False once the queue is closed."""
        with self._arrival:
            is_open = not self._stop.is_set()
            dropped: Frame | None = frame
            if is_open:
                dropped, self._frame = self._frame, frame
                self.dropped += dropped is not None
                self._arrival.notify_all()
        if dropped is not None:
            dropped.release()
        return is_open

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
