"""What every live source shares when its camera is gone: it is opened again and again, until it returns."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

from ...errors import SourceError, cause
from ...frame import Frame
from ..base import BaseSource
from ..source import Timing

MIN_WAIT_S, MAX_WAIT_S = 0.2, 1.0  # before the camera is opened again; doubled after each attempt, until a frame comes
CLOSE_WAIT_S = 0.2  # maximum wait of `close` for a read that ignores `interrupt`


class LiveSource(BaseSource, ABC):
    """A camera that is opened again when it is gone.

    A subclass defines `_open` and `_release`, sets `size`, and calls `_connect` at the end of its constructor. A fault
    raises SourceError or OSError there or while a frame is read: its text becomes `status`, the camera is released, and
    opened again after a wait. The next frame clears `status`. Frame numbers and times continue after the gap. A camera
    may return with another size, which is shown; `_open` refuses what cannot be shown, with one line. A subclass lowers
    `max_wait_s` if an attempt costs little.
    """

    timing = Timing.LIVE
    max_wait_s: float | None = None  # None: MAX_WAIT_S

    def __init__(self, name: str) -> None:
        self.name = name
        self._stop = threading.Event()
        self._reading = threading.Lock()  # held by the thread that opens, reads or releases the camera
        self._frames: Iterator[Frame] | None = None
        self._wait_s = MIN_WAIT_S
        self._is_lost = False
        self._began_s: float | None = None  # arrival of the first frame
        self._last_index, self._last_s = -1, 0.0
        self._first_index, self._first_s = 0, 0.0  # added to the frames since the camera was opened

    @abstractmethod
    def _open(self) -> Iterator[Frame]:
        """Opens the camera and returns its frames, from any `index` and `time_s` on. Their end is the source's end.

        Sets `size` and `fps`, again after a gap. Raises SourceError or OSError: the camera is then released.
        """

    @abstractmethod
    def _release(self) -> None:
        """Closes the camera, also if it is partly open or closed already. Must not raise.

        The viewer still reads the frame that it shows: memory of a leased frame lives until its lease is released.
        """

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._next()) is not None:
            yield frame

    def interrupt(self) -> None:
        """A subclass extends it if its reads do not end by themselves within some tenths of a second."""
        self._stop.set()

    def close(self) -> None:
        self.interrupt()
        if self._reading.acquire(timeout=CLOSE_WAIT_S):  # else the thread that reads releases it
            try:
                self._disconnect()
            finally:
                self._reading.release()

    def _connect(self) -> None:
        """Opens the camera the first time. Raises its SourceError or OSError, after `_release`."""
        try:
            self._frames = self._open()
        except BaseException:
            self._release()
            raise

    def _disconnect(self) -> None:
        self._frames = None
        self._release()

    def _next(self) -> Frame | None:
        """The next frame, after the camera has returned if it is gone. None at the end, or after `interrupt`."""
        with self._reading:
            while not self._stop.is_set():
                try:
                    if self._frames is None:
                        self._frames = self._open()
                    frame = next(self._frames, None)
                except (SourceError, OSError) as error:
                    self._lose(error)
                    continue
                if frame is None:
                    break
                if not self._stop.is_set():
                    return self._continued(frame)
                frame.release()
            self._disconnect()
            return None

    def _lose(self, error: Exception) -> None:
        """Reports why the camera is gone, releases it and waits."""
        if self._stop.is_set():  # a read that `interrupt` ended
            return
        text = cause(error)
        self.status = text if text.startswith(self.name) else f"{self.name}: {text}"
        self._is_lost = True
        self._disconnect()
        self._stop.wait(self._wait_s)
        self._wait_s = min(2.0 * self._wait_s, self.max_wait_s or MAX_WAIT_S)

    def _continued(self, frame: Frame) -> Frame:
        """The frame with a number and a time after those of all frames before it."""
        arrived_s = perf_counter()
        if self._began_s is None:
            self._began_s, self._is_lost = arrived_s, False
        if self._is_lost:
            self._is_lost, self.reconnects = False, self.reconnects + 1
            self._first_index = self._last_index + 1 - frame.index
            self._first_s = max(arrived_s - self._began_s, self._last_s) - frame.time_s
        self.status, self._wait_s = "", MIN_WAIT_S
        self._last_index, self._last_s = frame.index + self._first_index, frame.time_s + self._first_s
        return replace(frame, index=self._last_index, time_s=self._last_s)
