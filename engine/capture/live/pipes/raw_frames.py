"""Headerless mosaics, one after another in a stream of bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ....errors import SourceError
from ....formats.headerless import Layout
from ....frame import Frame
from .byte_stream import ByteStream
from .ring import BufferRing


class WrongFormatError(SourceError):
    """The bytes do not have the format that the user gave: opening the source again does not help."""


class StreamFrames(Protocol):
    """Takes the frames of one kind from a stream."""

    size: tuple[int, int]
    fps: float | None  # by the stream; None if unknown

    def begin(self, stream: ByteStream) -> None:
        """Reads what the stream begins with. Raises WrongFormatError, or SourceError at the stream's deadline."""

    def next(self, stream: ByteStream, name: str) -> Frame | None:
        """The next frame, which leases a buffer; None at the end, and if interrupted. Raises WrongFormatError."""

    def take_torn(self) -> int:
        """The number of bytes of an incomplete frame at the end, once."""

    def count(self, stream_bytes: int) -> int | None:
        """The number of frames after the beginning in a stream of this length; None if it is unknown."""


class RawFrames:
    """The mosaics of a stream, in `layout`. The first one must have the bits of the layout."""

    fps: float | None = None

    def __init__(self, layout: Layout) -> None:
        self.size = layout.width, layout.height
        self._layout = layout
        self._ring = BufferRing(layout.picture_bytes)
        self._torn = 0
        self._is_checked = False

    def begin(self, stream: ByteStream) -> None:
        """Does nothing: the stream begins with the first frame."""

    def next(self, stream: ByteStream, name: str) -> Frame | None:
        layout = self._layout
        skipped = len(stream.read(layout.header_bytes))
        buffer = self._ring.take()
        filled = stream.fill(buffer.data)
        if filled < layout.picture_bytes:
            self._ring.give_back(buffer)
            self._torn = skipped + filled
            return None
        frame = replace(layout.frame(buffer, name), lease=self._ring.lease(buffer))
        stream.read(layout.trailer_bytes)
        if not self._is_checked:
            try:
                layout.check(frame)
            except SourceError as error:
                raise WrongFormatError(str(error)) from error
            self._is_checked = True
        return frame

    def take_torn(self) -> int:
        torn, self._torn = self._torn, 0
        return torn

    def count(self, stream_bytes: int) -> int:
        return stream_bytes // self._layout.frame_bytes
