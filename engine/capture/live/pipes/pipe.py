"""Frames on standard input and in FIFOs, from another program."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ....errors import SourceError
from ....frame import Frame
from ...faults import FaultReport
from ..retry import LiveSource
from .byte_stream import ByteStream, WakeUp
from .raw_frames import StreamFrames, WrongFormatError

STANDARD_INPUT = "-"
BEGIN_S = 30.0  # wait for the beginning of a stream whose size is not known without it
EXAMPLE = "rpicam-raw -o - | groundglass view - --raw-format SRGGB10_CSI2P --raw-size 1920x1080"
_CHECK = "check the program that writes, and --raw-size and --raw-stride if the picture is skewed"


class PipeSource(LiveSource):
    """The frames of standard input, or of the FIFO `path`: all of them in order, each in a leased buffer.

    A frame that is incomplete at the end is dropped and reported. If `resumes`, a FIFO waits for its next writer;
    else the source ends with the first. Standard input always ends. Raises SourceError if it cannot be opened, or if
    the header of the stream, which has its size, does not arrive within 30 s.
    """

    def __init__(self, name: str, frames: StreamFrames, path: Path | None, *, resumes: bool, fps: float | None) -> None:
        super().__init__("standard input" if path is None else name)
        self._parts, self._path, self._fps = frames, path, fps
        self._resumes = resumes and path is not None and path.resolve().exists()  # an unnamed pipe has one writer
        self._wake = WakeUp()
        self._stream: ByteStream | None = None
        self._faults = FaultReport()
        try:
            self._connect()
        except OSError as error:
            self._wake.close()
            raise SourceError(f"{self.name}: cannot be read ({error.strerror}); check its permissions") from error
        except BaseException:
            self._wake.close()
            raise

    def interrupt(self) -> None:
        super().interrupt()
        self._wake.set()

    def close(self) -> None:
        super().close()
        self._wake.close()

    def _open(self) -> Iterator[Frame]:
        self._stream = stream = self._opened()
        stream.deadline_s = perf_counter() + BEGIN_S
        try:
            self._parts.begin(stream)
        except SourceError as error:
            raise type(error)(f"{self.name}: {error}") from error
        stream.deadline_s = float("inf")
        self.size, self.fps = self._parts.size, self._fps or self._parts.fps
        return self._deliver()

    def _opened(self) -> ByteStream:
        if self._path is None:
            return ByteStream(standard_input(), self._wake, owned=False, idle=self._on_idle)
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._opened_file = os.fstat(descriptor)
        if not stat.S_ISFIFO(self._opened_file.st_mode):
            os.close(descriptor)
            raise SourceError(f"{self.name}: is not a FIFO any more; make it again with mkfifo")
        return ByteStream(descriptor, self._wake, owned=True, is_fifo=True, idle=self._on_idle)

    def _release(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _lose(self, error: Exception) -> None:
        if not self._stop.is_set() and (not self._resumes or isinstance(error, WrongFormatError)):
            raise error if isinstance(error, SourceError) else SourceError(f"{self.name}: {error}") from error
        super()._lose(error)

    def _deliver(self) -> Iterator[Frame]:
        began_s, index = perf_counter(), 0
        while self._stream is not None and not self._stop.is_set():
            frame = self._parts.next(self._stream, self.name)
            if frame is not None:
                yield replace(frame, index=index, time_s=perf_counter() - began_s)
                self.size = self._parts.size
                index += 1
                continue
            if self._stop.is_set():
                return
            torn = self._parts.take_torn()
            if not self._resumes and index == 0:
                raise SourceError(f"{self.name}: ended after {torn} bytes, before its first frame; {_CHECK}")
            if torn:
                self._faults.report(
                    f"{self.name}: ended {torn} bytes into frame {index + 1}, which is dropped; {_CHECK}"
                )
            if not self._resumes:
                return
            ended, self._stream = self._stream, self._opened()  # opened first: the next writer may be waiting
            ended.close()
            self.status = f"{self.name}: the writer has closed it; waiting for the next"

    def _on_idle(self) -> None:
        """Nothing has arrived for a second. Raises OSError or SourceError if the path is another FIFO now."""
        if self._path is not None and not os.path.samestat(self._opened_file, os.stat(self._path)):
            raise SourceError(f"{self.name}: was replaced by another file; opening it again")
        self.status = self.status or f"{self.name}: nothing arrives; start the program that writes"


def standard_input() -> int:
    """The descriptor. Raises SourceError if it is closed or a terminal."""
    try:
        descriptor = sys.stdin.fileno()
        is_terminal = os.isatty(descriptor)
    except (AttributeError, OSError, ValueError) as error:
        raise SourceError(f"standard input is closed; pipe frames into it: {EXAMPLE}") from error
    if is_terminal:
        raise SourceError(f"standard input is a terminal; pipe frames into it: {EXAMPLE}")
    return descriptor
