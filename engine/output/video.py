"""A film of what is seen: encoded in a thread of its own, with the times at which the pictures were shown."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, OutputError
from .worker_queue import WorkerQueue

TIME_BASE = Fraction(1, 90_000)
QUEUE = 12  # pictures that may wait for the encoder: a fifth of a second
KEY_FRAME_S = 1.0  # a crash loses no more
BT709, UNSPECIFIED = 1, 2  # ITU-T H.273: codes of primaries, of transfers, of matrices
COLOURS = {"srgb": (BT709, 13), "display-p3": (12, 13), "rec709": (BT709, BT709)}  # primaries and transfer
LIMITED_RANGE = 1
LOW_PRIORITY = 10  # nice value of the encoder's thread: the picture on the screen goes first


@dataclass(frozen=True, slots=True)
class Codec:
    """How a film is encoded: FFmpeg's names, and the suffix of the file, which a crash must leave playable."""

    encoder: str
    pixels: str
    suffix: str
    options: dict[str, str]


# Quick presets: two cores show the picture beside them. Fragments make files that play without an end.
CODECS = {
    "h264": Codec("libx264", "yuv420p", ".mp4", {"preset": "ultrafast", "crf": "18", "threads": "1"}),
    "hevc": Codec(
        "libx265", "yuv420p", ".mp4", {"preset": "ultrafast", "crf": "20", "x265-params": "log-level=error:bframes=0"}
    ),
    "prores": Codec("prores_ks", "yuv422p10le", ".mov", {"profile": "2", "threads": "2"}),
}
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}


class VideoWriter:
    """One file being recorded. `add` never waits: what the encoder has no time for is dropped and counted."""

    def __init__(self, path: Path, size: tuple[int, int], codec: str = "h264", space: str = "srgb") -> None:
        """Begins the file, `size` (width, height). `space` is what the pictures are encoded for; a film cannot say of
        one that only an ICC profile tells. Raises OutputError, or MissingExtraError without PyAV.
        """
        check_video(path, codec)
        self.path, self.size = path, size
        self.written = 0
        self.error: OutputError | None = None  # after which nothing more is written
        self._colour = COLOURS.get(space, (UNSPECIFIED, UNSPECIFIED))
        self._container, self._stream = _opened(path, size, CODECS[codec], self._colour)
        self._pixels = CODECS[codec].pixels
        self._queue: WorkerQueue[tuple[float, NDArray[np.uint8]]] = WorkerQueue("film", QUEUE, self._encode)

    @property
    def dropped(self) -> int:
        """Pictures for which the encoder had no time."""
        return self._queue.dropped

    def add(self, rgba: NDArray[np.uint8], time_s: float) -> None:
        """A picture (H, W, 4) uint8, shown at `time_s` from the film's beginning; times rise."""
        self._queue.add((time_s, rgba))

    def end(self) -> None:
        """No picture comes any more; what waits is still written, and the end, by and by."""
        self._queue.end()

    @property
    def is_over(self) -> bool:
        """Whether all is written, or nothing more will be."""
        return self._queue.is_over

    def close(self) -> None:
        """Ends, and waits until all is written. Raises OutputError for what was lost."""
        self._queue.join()
        if self.error is not None:
            raise self.error

    def _encode(self, pictures: Iterator[tuple[float, NDArray[np.uint8]]]) -> None:
        if sys.platform == "linux":  # elsewhere a thread has no priority of its own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)
        try:
            last, key_s = -1, -KEY_FRAME_S
            for time_s, rgba in pictures:
                pts = max(last + 1, round(time_s / TIME_BASE))
                is_key = time_s >= key_s + KEY_FRAME_S
                self._write(self._stream.encode(self._frame(rgba, pts, is_key)))
                last, key_s = pts, time_s if is_key else key_s
                self.written += 1
            self._write(self._stream.encode(None))
            self._container.close()
        except Exception as error:  # the encoder's, the muxer's, the disk's
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
            self.error = OutputError(f"{self.path}: recording stopped ({reason}); what was written plays")
            with suppress(Exception):
                self._container.close()

    def _frame(self, rgba: NDArray[np.uint8], pts: int, is_key: bool) -> Any:
        import av
        from av.video.frame import PictureType

        width, height = self.size
        rgb = np.ascontiguousarray(rgba[:height, :width, :3])
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        # Full-range RGB to limited-range BT.709, as the stream's tags say.
        made = frame.reformat(format=self._pixels, dst_colorspace="ITU709", dst_color_range="MPEG")
        made.pts, made.time_base = pts, TIME_BASE
        made.pict_type = PictureType.I if is_key else PictureType.NONE
        (made.color_primaries, made.color_trc), made.colorspace = self._colour, BT709
        return made

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The size that a film can have: encoders halve the colours, and want even sides."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def check_video(path: Path, codec: str) -> None:
    """OutputError where no film of that codec can be begun there."""
    suffix = CODECS[codec].suffix
    if path.suffix.lower() != suffix:
        raise OutputError(f"{path}: {codec} goes into a {suffix} file; name {path.stem}{suffix}, or another --codec")
    if path.exists():
        raise OutputError(f"{path}: exists; name another file, or move it away")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no such folder; make it, or name another")


def _opened(path: Path, size: tuple[int, int], codec: Codec, colour: tuple[int, int]) -> tuple[Any, Any]:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(str(path), "PyAV", "video") from error
    if codec.encoder not in av.codecs_available:
        raise OutputError(f"{path}: this PyAV has no encoder {codec.encoder}; choose another --codec")
    try:
        path.open("xb").close()  # now, and not with the first picture
    except FileExistsError as error:
        raise OutputError(f"{path}: exists; name another file, or move it away") from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be recorded ({error.strerror}); name another folder") from error
    try:
        container = av.open(str(path), "w", options=_FRAGMENTS)
        stream: Any = container.add_stream(codec.encoder, rate=None, options=codec.options)
        stream.width, stream.height = size
        stream.pix_fmt = codec.pixels
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        context = stream.codec_context
        context.gop_size = 600  # key frames are asked for by the clock
        context.color_range = LIMITED_RANGE
        (context.color_primaries, context.color_trc), context.colorspace = colour, BT709
    except (OSError, ValueError, av.FFmpegError) as error:
        path.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{path}: cannot be recorded ({reason}); use another suffix or another --codec") from error
    return container, stream
