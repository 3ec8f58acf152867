"""A capture thread with a queue of one frame: the newest frame wins, dropped frames are counted."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..frame import Frame
from .source import Source, Timing

# With more lag a paced source restarts its clock instead of catching up.
MAX_LAG_S = 0.25
CLOSE_WAIT_S = 0.2  # maximum wait of `close` for a read that ignores `interrupt`


class LatestFrameQueue:
    """Iterates `source` in its own thread at `source.fps`, and returns the newest frame.

    A still is delivered once. Frame k of a paced source is due at start + k / fps, so that a late frame does not delay
    the next ones, and a skipped one leaves a gap. Frames of a live source are delivered as they arrive; gaps in their
    numbers count as dropped. The queue releases a frame that is replaced by a newer one; the caller of `latest`
    releases the frame that it takes. The creator of the source closes it, after the queue. A live source has then
    ended.

    >>> with LatestFrameQueue(source) as queue:                       # doctest: +SKIP
    ...     while (frame := queue.latest(1.0)) or not queue.ended:
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
        """True after the source has ended or failed and its last frame has been taken."""
        with self._arrival:
            return self._finished and self._frame is None

    def start(self) -> None:
        """Start the thread. Does nothing the second time or after `close`."""
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._run, name="groundglass-capture", daemon=True)
            self._thread.start()

    def latest(self, timeout_s: float) -> Frame | None:
        """Takes the newest frame, and waits up to `timeout_s` seconds for it.

        Returns None after the timeout, or if the source has ended (then `ended` is True). Raises an error of the
        source after the frames before it.
        """
        with self._arrival:
            self._arrival.wait_for(lambda: self._frame is not None or self._finished, timeout_s)
            frame, self._frame = self._frame, None
            if frame is None and self.error is not None:
                raise self.error
            return frame

    def close(self) -> None:
        """Stop the thread and interrupt a read that blocks. Harmless when called twice.

        Waits for at most `CLOSE_WAIT_S`. A read that cannot be interrupted ends later in a daemon thread, which
        releases its frame.
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
        except BaseException as error:  # every error must reach the thread that calls `latest`
            self.error = error
        finally:
            with self._arrival:
                self._finished = True
                self._arrival.notify_all()

    def _deliver(self) -> None:
        is_paced = self._source.timing is Timing.PACED and self._source.fps
        period_s = 1.0 / self._source.fps if is_paced and self._source.fps else 0.0
        is_live = self._source.timing is Timing.LIVE
        due_s, index = time.perf_counter(), None
        following: int | None = None
        for frame in self._source:
            if is_live and following is not None and frame.index > following:
                self.dropped += frame.index - following  # by the driver
            following = frame.index + 1
            if is_paced:
                now_s = time.perf_counter()
                due_s += 0.0 if index is None else period_s * max(1, frame.index - index)
                index = frame.index
                if now_s - due_s > MAX_LAG_S:
                    due_s = now_s
                self._stop.wait(max(0.0, due_s - now_s))
            if not self._put(replace(frame, arrived_s=time.perf_counter())):
                return

    def _put(self, frame: Frame) -> bool:
        """Makes `frame` the newest and drops the frame before it. False if the queue is closed."""
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
