"""A regular file with many frames, played at its rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from ....errors import SourceError
from ....frame import Frame
from ...base import BaseSource
from ...faults import FaultReport
from ...source import Timing
from .byte_stream import ByteStream, WakeUp
from .raw_frames import StreamFrames

DEFAULT_FPS = 24.0


class StreamFile(BaseSource):
    """The frames of a regular file, each in a leased buffer, read when it is due.

    `open_file` returns a descriptor at the first byte of the stream, which is closed here. A frame that is incomplete
    at the end is dropped and reported. Raises SourceError if the file cannot be read.
    """

    timing = Timing.PACED

    def __init__(
        self, name: str, frames: StreamFrames, open_file: Callable[[], int], *, fps: float | None, loop: bool
    ) -> None:
        self.name = name
        self._parts, self._open_file, self._loop = frames, open_file, loop
        self._wake = WakeUp()
        self._faults = FaultReport()
        try:
            descriptor = self._opened()
            self._first_byte = os.lseek(descriptor, 0, os.SEEK_CUR)
            stream_bytes = os.fstat(descriptor).st_size - self._first_byte
            stream = ByteStream(descriptor, self._wake, owned=True)
            try:
                frames.begin(stream)
            finally:
                stream.close()
        except SourceError as error:
            self._wake.close()
            raise error if str(error).startswith(name) else type(error)(f"{name}: {error}") from error
        self.size = frames.size
        self.fps: float = fps or frames.fps or DEFAULT_FPS
        self.frames = None if loop else frames.count(stream_bytes)

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while index == 0 or self._loop:
            stream = ByteStream(self._opened(), self._wake, owned=True)
            try:
                stream.seek(self._first_byte)
                self._parts.begin(stream)
                while (frame := self._parts.next(stream, self.name)) is not None:
                    yield replace(frame, index=index, time_s=index / self.fps)
                    index += 1
            finally:
                stream.close()
            if index == 0:
                raise SourceError(f"{self.name}: ends before its first frame; write it again")
            if torn := self._parts.take_torn():
                self._faults.report(f"{self.name}: ends {torn} bytes into frame {index + 1}, which is dropped")

    def close(self) -> None:
        self._wake.close()

    def _opened(self) -> int:
        try:
            return self._open_file()
        except OSError as error:
            raise SourceError(f"{self.name}: cannot be read ({error.strerror}); check its permissions") from error
