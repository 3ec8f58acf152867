"""Pictures of YUV4MPEG2 (Y4M) streams, in their own chroma format."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ....errors import SourceError
from ....formats.y4m import FRAME, MAGIC, MAX_LINE_BYTES, Y4mHeader, check_frame_line
from ....frame import Encoding, Frame
from ....yuv import YuvLayout
from ...faults import FaultReport
from .byte_stream import ByteStream
from .raw_frames import WrongFormatError
from .ring import BufferRing

Y4M_SUFFIX = ".y4m"
SEARCH_BYTES = 1 << 16  # at a time, for the next picture after lost bytes


class Y4mFrames:
    """The pictures of a stream as Encoding.YUV. A header in the middle begins another stream.

    Where a picture does not begin with its line, bytes were lost: the next line is searched, and the loss is reported.
    """

    def __init__(self) -> None:
        self.size = (0, 0)
        self.fps: float | None = None
        self._header: Y4mHeader | None = None
        self._header_bytes = 0
        self._torn = 0
        self._faults = FaultReport()

    def begin(self, stream: ByteStream) -> None:
        self._set_header(stream.read_line(MAX_LINE_BYTES))

    def next(self, stream: ByteStream, name: str) -> Frame | None:
        if not self._reach_picture(stream, name) or self._header is None:
            return None
        form = self._header.form
        buffer = self._ring.take()
        rows = buffer.reshape(-1, form.min_row_bytes)
        filled = self._fill(stream, buffer)
        if filled < self._picture_bytes:
            self._ring.give_back(buffer)
            self._torn = filled
            return None
        stream.read(self._header.alpha_bytes)
        return Frame(rows, encoding=Encoding.YUV, yuv=form, name=name, lease=self._ring.lease(buffer))

    def take_torn(self) -> int:
        torn, self._torn = self._torn, 0
        return torn

    def count(self, stream_bytes: int) -> int | None:
        """Known if every picture begins with the plain line."""
        assert self._header is not None
        frame_bytes = len(FRAME) + 1 + self._picture_bytes + self._header.alpha_bytes
        frames, rest = divmod(stream_bytes - self._header_bytes, frame_bytes)
        return None if rest else frames

    def _set_header(self, line: bytes, place: str = "") -> None:
        try:
            self._header = Y4mHeader.parse(line)
        except SourceError as error:
            raise WrongFormatError(f"{place}{error}") from error
        form = self._header.form
        self.size, self.fps = (form.width, form.height), self._header.fps
        self._header_bytes = len(line)
        self._ring = BufferRing(form.rows(form.min_row_bytes) * form.min_row_bytes)
        self._planes = _plane_rows(self._header)
        self._picture_bytes = sum(rows * row_bytes for rows, row_bytes in self._planes)

    def _fill(self, stream: ByteStream, buffer: NDArray[np.uint8]) -> int:
        """Reads the planes. Their rows are those of the buffer, except where an odd width is rounded up."""
        assert self._header is not None
        form = self._header.form
        if self._picture_bytes == len(buffer):
            return stream.fill(buffer.data)
        filled = 0
        for region, (rows, row_bytes) in zip(form.regions(form.min_row_bytes), self._planes, strict=True):
            samples = np.empty((rows, row_bytes), np.uint8)
            filled += stream.fill(samples.reshape(-1).data)
            end = region.first_byte + rows * region.row_bytes
            buffer[region.first_byte : end].reshape(rows, region.row_bytes)[:, :row_bytes] = samples
        return filled

    def _reach_picture(self, stream: ByteStream, name: str) -> bool:
        """Reads the line before a picture. False at the end."""
        while True:
            begin = stream.read(len(FRAME) + 1)
            if len(begin) <= len(FRAME):
                self._torn = len(begin)
                return False
            if begin == FRAME + b"\n":
                return True
            if begin == FRAME + b" ":
                _check_line(stream.read_line(MAX_LINE_BYTES, begin), name)
                return True
            if MAGIC.startswith(begin):
                self._set_header(stream.read_line(MAX_LINE_BYTES, begin), f"{name}: ")
                continue
            self._faults.report(
                f"{name}: a picture does not begin with FRAME: bytes were lost. Going on at the next one"
            )
            stream.push_back(begin)
            if not _find(stream):
                return False


def _check_line(line: bytes, name: str) -> None:
    try:
        check_frame_line(line)
    except SourceError as error:
        raise WrongFormatError(f"{name}: {error}") from error


def _plane_rows(header: Y4mHeader) -> list[tuple[int, int]]:
    """(rows, bytes of a row) of each plane of the stream, without alpha."""
    form = header.form
    luma = form.height, form.width * form.sample_bytes
    chroma = form.chroma_size[1], form.chroma_size[0] * form.sample_bytes
    return [luma] if form.layout is YuvLayout.GREY else [luma, chroma, chroma]


def _find(stream: ByteStream) -> bool:
    """Skips to the next line of a picture or of a header. False at the end."""
    window = b""
    while chunk := stream.read(SEARCH_BYTES):
        window += chunk
        found = [at for line in (FRAME + b"\n", FRAME + b" ", MAGIC) if (at := window.find(line)) >= 0]
        if found:
            stream.push_back(window[min(found) :])
            return True
        window = window[-len(MAGIC) :]
    return False
