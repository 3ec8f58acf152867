"""A thread that reads the packets of a stream, so that a slow decoder drops old packets instead of falling behind."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

from ....errors import SourceError
from .address import OPEN_S, SILENT, Address, open_error, read_error
from .ffmpeg_program import FfmpegProgram
from .hardware import problem_of
from .sender_clock import epoch_of

MAX_PACKETS = 600  # without a key frame among them: 10 s at 60 fps
MAX_BYTES = 64_000_000
# Files and playlists arrive faster than they play. Their packets are not dropped, but read as they are played.
PLAYED = frozenset({"hls", "dash", "mov", "matroska", "avi"})
PLAYED_PACKETS = 60
TIMED = frozenset({"rtsp", "sdp", "rtp", "mpegts", "flv", "hls", "dash", "mov", "matroska"})
# A playlist is silent when everything is played and nothing arrives for SILENT_FILES times the length of its files, and
# SILENT_S. An encoder that was restarted numbers its files from 0: FFmpeg would wait until they pass those before.
SILENT_FILES, SILENT_S = 1.5, 1.0
# A stream is reported as silent after this time, or twice its usual pause, long before it is opened again.
NOTICE_S, NOTICE_PAUSES = 2.0, 2.0
PAUSE_SHARES = 0.1, 0.5  # the usual pause follows a shorter and a longer one by these shares of the difference
FILE_GAP_S = 0.25  # a packet after a longer pause begins another file
PICTURE = "_pipe"  # end of FFmpeg's names for formats of a single picture, such as `jpeg_pipe`
PICTURE_S = 0.1  # time from one fetch of a single picture to the next
MAX_FPS = 300.0  # a higher rate is an error of the stream's header


class Arrived(NamedTuple):
    """A packet and the time of its arrival on the clock of `time.perf_counter`."""

    packet: Any
    arrived_s: float


class Video(NamedTuple):
    """What the decoder needs of an open stream."""

    context: Any  # PyAV's codec context, which no other thread uses
    time_base_s: float
    fps: float | None
    is_played: bool  # files and playlists, which arrive faster than they play
    is_timed: bool  # time stamps are those of the sender's clock


class PacketReader:
    """Opens `address` and reads its video packets in a thread, until `close`, an error or the end.

    An address of a single picture, as many cameras have for snapshots, is fetched again and again.
    A read that blocks ends by its time-out, in the thread, and closes the stream there: `close` waits for nothing.
    """

    def __init__(
        self, address: Address, hwaccel: Any = None, on_silence: Callable[[str], None] = lambda reason: None
    ) -> None:
        """`on_silence` is called in `take` with the reason in one line, when no packet arrives for a while."""
        self.dropped = 0
        self._video: Video | None = None
        self._program: FfmpegProgram | None = None
        self._address, self._hwaccel, self._on_silence = address, hwaccel, on_silence
        self._pause_s: float | None = None  # the usual time from one packet to the next
        self._changed = threading.Condition()
        self._packets: deque[Arrived] = deque()
        self._bytes = 0
        self._error: SourceError | None = None
        self._closed = self._ended = False
        self.zero_s: float | None = None  # when time stamp 0 was captured, if the sender reports its clock
        self._file_s = 0.0  # the length of the longest file of a playlist
        self._file_began_s, self._arrived_s = 0.0, -math.inf  # its time stamp, and the arrival of the latest packet
        self._due_s = 0.0  # when a picture is fetched again
        threading.Thread(target=self._run, name="groundglass-stream", daemon=True).start()

    def video(self) -> Video | None:
        """Waits until the stream is open. None after `close`. Raises SourceError."""
        with self._changed:
            waited = self._changed.wait_for(
                lambda: self._video is not None or self._ended or self._closed, 2 * OPEN_S + 1.0
            )
            if not waited:
                raise SourceError(f"{self._address.shown}: no answer; check the address, and that the camera sends")
            if self._video is None and self._error is not None:
                raise self._error
            return None if self._closed else self._video

    def take(self) -> Arrived | None:
        """The next packet; waits for it. None at the end of the stream and after `close`. Raises SourceError."""
        with self._changed:
            is_in_time = self._wait_for_news()
            if self._closed:
                return None
            if self._packets:
                arrived = self._packets.popleft()
                self._bytes -= arrived.packet.size
                self._changed.notify_all()
                return arrived
            if self._error is not None:
                raise self._error
            if not is_in_time:
                raise SourceError(f"{self._address.shown}: {SILENT}")
            return None

    def _wait_for_news(self) -> bool:
        """Whether something has arrived or ended before the stream must be opened again."""
        patience_s = self._patience_s
        notice_s = min(self.notice_s, patience_s)
        if self._changed.wait_for(self._has_news, notice_s):
            return True
        self._on_silence(f"{self._address.shown}: {SILENT}")
        return self._changed.wait_for(self._has_news, patience_s - notice_s)

    @property
    def notice_s(self) -> float:
        """Without a packet for this time the stream is silent."""
        return max(NOTICE_S, NOTICE_PAUSES * (self._pause_s or 0.0), self._file_s)

    def _has_news(self) -> bool:
        return bool(self._packets) or self._ended or self._closed

    @property
    def _is_played(self) -> bool:
        return self._video is not None and self._video.is_played

    @property
    def _patience_s(self) -> float:
        """Maximum wait for a packet when none waits. That of a playlist follows from its files."""
        longest_s = self._address.stall_s + 1.0
        return min(SILENT_FILES * self._file_s + SILENT_S, longest_s) if self._file_s else longest_s

    @property
    def waiting(self) -> int:
        """The number of packets that have arrived and were not taken."""
        return len(self._packets)

    def skip_to_key_frame(self) -> bool:
        """Drops the packets before the newest key frame, if one waits. Then the decoder starts again."""
        with self._changed:
            numbers = [number for number, arrived in enumerate(self._packets) if arrived.packet.is_keyframe]
            for _ in range(numbers[-1] if numbers else 0):
                self._bytes -= self._packets.popleft().packet.size
                self.dropped += 1
            return bool(numbers)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._packets.clear()
            self._changed.notify_all()
            program = self._program
        if program is not None:
            program.close()

    def _run(self) -> None:
        try:
            while self._fetch():
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, self._due_s - perf_counter())
        except SourceError as error:
            self._end(error)

    def _fetch(self) -> bool:
        """Reads the address to its end. True if it must be read again. Raises SourceError."""
        self._due_s = perf_counter() + PICTURE_S
        container = self._open()
        try:
            self._read(container, self._video_stream(container))
            return not (self._closed or self._ended)
        finally:
            container.close()

    def _open(self) -> Any:
        import av

        address = self._address
        try:
            return self._opened(address.url)
        except av.ProtocolNotFoundError:
            program = FfmpegProgram(address)
        except (av.FFmpegError, OSError) as error:
            raise open_error(address, error) from None
        with self._changed:
            self._program = program
            if self._closed:
                program.close()
        try:
            return self._opened(program.file, format="mpegts")
        except (av.FFmpegError, OSError):
            raise program.error() from None

    def _opened(self, file: Any, **options: Any) -> Any:
        """PyAV's container; without hardware decoding if the hardware has failed since it was found."""
        import av

        options |= {"options": self._address.options, "timeout": (OPEN_S, self._address.stall_s)}
        try:
            return av.open(file, **options, hwaccel=self._hwaccel)
        except (av.FFmpegError, OSError):
            if self._hwaccel is None or not problem_of(self._hwaccel):
                raise
        self._hwaccel = None
        return av.open(file, **options)

    def _video_stream(self, container: Any) -> Any:
        stream = next(iter(container.streams.video), None)
        if stream is None or stream.codec_context is None:
            others = ", ".join(stream.type for stream in container.streams) or "nothing"
            raise SourceError(
                f"{self._address.shown}: has no video that can be decoded, but {others}; give the address of a video"
            )
        formats = frozenset(container.format.name.split(","))
        rate = stream.average_rate
        is_timed = not TIMED.isdisjoint(formats)
        with self._changed:
            self._video = self._video or Video(
                stream.codec_context,
                float(stream.time_base),
                float(rate) if is_timed and rate and 0 < rate <= MAX_FPS else None,
                not PLAYED.isdisjoint(formats),
                is_timed,
            )
            self._changed.notify_all()
        return stream

    def _read(self, container: Any, stream: Any) -> None:
        """Reads until the end, which is a fault unless it is a single picture. Raises SourceError."""
        import av

        count, is_picture = 0, container.format.name.endswith(PICTURE)
        try:
            for packet in container.demux(stream):
                if self.zero_s is None and container.start_time_realtime:
                    self.zero_s = epoch_of(container.start_time_realtime)
                count += packet.size > 0
                if packet.size and not self._put(packet):
                    return
        except (av.FFmpegError, OSError) as error:
            if not (is_picture and count == 1):  # a server that does not announce the length: FFmpeg misses its end
                raise read_error(self._address, error) from None
        if self._is_played and container.duration:
            self._end(None)
        elif not is_picture:
            raise SourceError(f"{self._address.shown}: the stream has ended; start it again")

    def _put(self, packet: Any) -> bool:
        """Appends a packet; waits while the stream is played and enough wait. False after `close`."""
        with self._changed:
            if self._is_played:
                self._changed.wait_for(lambda: len(self._packets) < PLAYED_PACKETS or self._closed)
            elif len(self._packets) >= MAX_PACKETS or self._bytes > MAX_BYTES:
                self.dropped += len(self._packets)
                self._packets.clear()
                self._bytes = 0
            arrived = Arrived(packet, perf_counter())
            self._packets.append(arrived)
            if self._is_played:
                self._measure_file(arrived)
            elif self._arrived_s > -math.inf:
                pause_s = arrived.arrived_s - self._arrived_s
                usual_s = pause_s if self._pause_s is None else self._pause_s
                self._pause_s = usual_s + PAUSE_SHARES[pause_s > usual_s] * (pause_s - usual_s)
            self._arrived_s = arrived.arrived_s
            self._bytes += packet.size
            self._changed.notify_all()
            return not self._closed

    def _measure_file(self, arrived: Arrived) -> None:
        packet, arrived_s = arrived
        if packet.dts is not None and packet.time_base is not None:
            time_s = float(packet.dts * packet.time_base)
            if arrived_s - self._arrived_s > FILE_GAP_S:
                self._file_began_s = time_s
            self._file_s = max(self._file_s, time_s - self._file_began_s)

    def _end(self, error: SourceError | None) -> None:
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify_all()
