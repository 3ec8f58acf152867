"""Network streams through PyAV: RTSP, MJPEG and HLS over HTTP, SRT, RTP, MPEG-TS over UDP. The newest picture wins."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ....errors import MissingExtraError, SourceError
from ....frame import Frame
from ...video import orientation_of
from ..decoded import decoded_frame
from ..retry import LiveSource
from .address import parse_address
from .hardware import hardware_decoder
from .packets import PacketReader, Video
from .sender_clock import SenderClock

if TYPE_CHECKING:
    from ...kinds import Request

BEHIND = 4  # waiting packets from which a decoder is behind: more than a burst of the network
LOW_DELAY = 1 << 19  # AV_CODEC_FLAG_LOW_DELAY
BEHIND_S = 0.2  # a decoder that is behind converts a picture for each such time
MAX_LAG_S, MAX_LEAD_S = 0.25, 10.0  # with more a stream that is played restarts its clock
MAX_BAD_PACKETS = 100  # in a row


def open_source(name: str, request: Request) -> StreamSource:
    """Opens the stream at an address, or of an .sdp file. Raises SourceError, or MissingExtraError without PyAV."""
    return StreamSource(name, request.fps)


class DecodeError(SourceError):
    """No picture can be decoded: from the next opening on without hardware."""


class StreamSource(LiveSource):
    """A camera's stream: frames as `decoded_frame` makes them.

    A thread reads its packets. Where decoding is too slow, packets before a key frame are dropped, and pictures that no
    other picture needs. `captured_s` follows the time stamps of the stream, see `SenderClock`.
    """

    max_wait_s = 0.4  # a server that has not started refuses at once

    def __init__(self, name: str, fps: float | None = None) -> None:
        address = parse_address(name)
        super().__init__(address.shown)
        try:
            import av  # noqa: F401
        except ImportError as error:
            raise MissingExtraError(self.name, "PyAV", "video") from error
        self._address, self._requested_fps = address, fps
        self._reader: PacketReader | None = None
        self._opening = threading.Lock()
        self._uses_hardware = True
        self._connect()

    def _open(self) -> Iterator[Frame]:
        hwaccel = hardware_decoder().hwaccel if self._uses_hardware else None
        with self._opening:
            reader = self._reader = PacketReader(self._address, hwaccel, self._report)
            if self._stop.is_set():
                reader.close()
        video = reader.video()
        if video is None:
            return iter(())
        self.fps = self._requested_fps or video.fps
        video.context.thread_type = "SLICE"  # threads for whole pictures would delay each by several
        video.context.flags |= LOW_DELAY
        frames = self._played(reader, video) if video.is_played else self._newest(reader, video)
        width, height = int(video.context.width), int(video.context.height)
        if not (width and height):  # the header does not have the size
            first = next(frames, None)
            if first is None:
                raise SourceError(f"{self.name}: ends before its first picture; check the camera")
            (width, height), frames = first.size, chain([first], frames)
        self.size = width, height
        return frames

    def _report(self, reason: str) -> None:
        """The status until the next frame."""
        self.status = reason

    def _release(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _lose(self, error: Exception) -> None:
        self._uses_hardware &= not isinstance(error, DecodeError)
        super()._lose(error)

    def interrupt(self) -> None:
        super().interrupt()
        with self._opening:
            self._release()

    def _newest(self, reader: PacketReader, video: Video) -> Iterator[Frame]:
        """The pictures of a live stream; fewer if decoding is slow."""
        clock = SenderClock(video.time_base_s)
        shown_s = -math.inf
        decoder = Decoder(self.name, video)
        while (arrived := reader.take()) is not None:
            is_behind = reader.waiting >= BEHIND
            if is_behind and reader.skip_to_key_frame():
                decoder.restart()
                continue
            picture = decoder.picture(arrived.packet, needs_all=not is_behind)
            if picture is None or (is_behind and arrived.arrived_s - shown_s < BEHIND_S):
                continue  # to convert a picture takes longer than to decode it
            shown_s = arrived.arrived_s
            captured_s = None
            if video.is_timed and picture.pts is not None:
                captured_s = clock.captured_s(picture.pts, arrived.arrived_s, reader.zero_s)
            yield replace(decoder.frame(picture, arrived.arrived_s), captured_s=captured_s)

    def _played(self, reader: PacketReader, video: Video) -> Iterator[Frame]:
        """The pictures of a playlist or a file at the times of their time stamps."""
        decoder = Decoder(self.name, video)
        begun_s: float | None = None
        while (arrived := reader.take()) is not None:
            picture = decoder.picture(arrived.packet)
            if picture is None:
                continue
            frame, now_s = decoder.frame(picture, perf_counter()), perf_counter()
            if begun_s is None or not -MAX_LAG_S < begun_s + frame.time_s - now_s < MAX_LEAD_S:
                begun_s = now_s - frame.time_s
            if self._stop.wait(max(begun_s + frame.time_s - now_s, 0.0)):
                return
            yield frame


class Decoder:
    """Decodes the packets of one stream. Used by one thread."""

    def __init__(self, name: str, video: Video) -> None:
        self._name, self._video = name, video
        self._decoded = self._bad = 0
        self._first_s: float | None = None

    def picture(self, packet: Any, needs_all: bool = True) -> Any:
        """The newest picture after `packet`, None without one. Raises SourceError after many bad packets in a row.

        Without `needs_all`, pictures that no other picture needs are not decoded.
        """
        import av

        context = self._video.context
        context.skip_frame = "DEFAULT" if needs_all else "NONREF"
        try:
            pictures = context.decode(packet)
        except (av.FFmpegError, OSError) as error:
            self._bad += 1
            if self._bad >= MAX_BAD_PACKETS:
                raise DecodeError(f"{self._name}: cannot be decoded ({error.strerror}); check the camera") from None
            return None
        self._decoded += len(pictures)
        if not pictures or (self._first_s is None and pictures[-1].is_corrupt):  # joined in the middle
            return None
        self._bad = 0
        return pictures[-1]

    def restart(self) -> None:
        """The next packet is a key frame, and does not follow the one before."""
        self._video.context.flush_buffers()

    def frame(self, picture: Any, now_s: float) -> Frame:
        """The picture as a frame. `now_s` is its time if the stream has no time stamps."""
        is_timed = self._video.is_timed and picture.pts is not None
        time_s = picture.pts * self._video.time_base_s if is_timed else now_s
        self._first_s = time_s if self._first_s is None else self._first_s
        return decoded_frame(
            picture,
            is_jpeg=self._video.context.name == "mjpeg",
            index=self._decoded - 1,
            time_s=max(time_s - self._first_s, 0.0),
            orientation=orientation_of(picture, self._video.context.name),
            name=self._name,
        )
