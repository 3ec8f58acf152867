"""Video recording: pictures are encoded in a separate thread, with their display times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..child_process import lower_priority
from ..errors import LostOutputError, MissingExtraError, OutputError
from .fragments import FragmentFile
from .worker_queue import WorkerQueue

TIME_BASE = Fraction(1, 90_000)
QUEUE = 12  # pictures waiting for the encoder: a fifth of a second
KEY_FRAME_S = 0.75  # a fragment each: a crash loses it, and what the encoder and the queue hold
BT709, UNSPECIFIED = 1, 2  # ITU-T H.273: codes of primaries, of transfers, of matrices
COLOURS = {"srgb": (BT709, 13), "display-p3": (12, 13), "rec709": (BT709, BT709)}  # primaries and transfer
LIMITED_RANGE = 1
LOW_PRIORITY = 10  # nice value of the encoder's thread: the display has priority


@dataclass(frozen=True, slots=True)
class Codec:
    """The encoding of a video: FFmpeg's names, and the file suffix. Its container must stay playable after a crash."""

    encoder: str
    pixels: str
    suffix: str
    options: dict[str, str]
    min_side: int = 2  # pixels


# Fast presets: the live view needs the CPU, too. Fragmented files play even if their end is missing. No encoder looks
# ahead, and every requested key frame begins a fragment: else x265 would keep 1.4 s at 30 fps (measured).
CODECS = {
    "h264": Codec("libx264", "yuv420p", ".mp4", {"preset": "ultrafast", "crf": "18", "threads": "1"}),
    "hevc": Codec(
        *("libx265", "yuv420p", ".mp4"),
        {
            **{"preset": "ultrafast", "crf": "20", "tune": "zerolatency", "forced-idr": "1"},
            "x265-params": "log-level=error",
        },
        min_side=16,
    ),
    "prores": Codec("prores_ks", "yuv422p10le", ".mov", {"profile": "2", "threads": "2"}),
}
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}


class VideoWriter:
    """Writes one video file. `add` never waits: if the encoder is too slow, pictures are dropped and counted."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        codec: str = "h264",
        space: str = "srgb",
        *,
        reservation: ExitStack | None = None,
    ) -> None:
        """`size` is (width, height), `space` the colour space of the pictures. The file appears with the first ones.

        `reservation` of the file's name is closed when writing has finished or failed.

        A space that only an ICC profile describes is tagged as unspecified. Raises OutputError, or MissingExtraError
        without PyAV.
        """
        check_video(path, codec)
        minimum_px = CODECS[codec].min_side
        if min(size) < minimum_px:
            raise OutputError(
                f"{path}: pictures of {size[0]}x{size[1]} are too small for {codec}, which encodes sides of"
                f" {minimum_px} pixels or more; record them larger, or choose another --codec"
            )
        self.path, self.size = path, size
        self.written = 0
        self.error: OutputError | None = None  # if set, writing has stopped
        self._colour = COLOURS.get(space, (UNSPECIFIED, UNSPECIFIED))
        self._reservation = ExitStack() if reservation is None else reservation
        self._file = FragmentFile(path)
        self._container, self._stream = _opened(path, self._file, size, CODECS[codec], self._colour)
        self._pixels = CODECS[codec].pixels
        self._queue: WorkerQueue[tuple[float, NDArray[np.uint8]]] = WorkerQueue("video", QUEUE, self._encode)

    @property
    def dropped(self) -> int:
        """Number of pictures dropped because the encoder was too slow."""
        return self._queue.dropped

    def add(self, rgba: NDArray[np.uint8], time_s: float) -> None:
        """Adds a picture (H, W, 4) uint8, shown `time_s` seconds after the start; times must increase."""
        self._queue.add((time_s, rgba))

    def end(self) -> None:
        """Accepts no more pictures. Queued pictures and the end of the file are still written."""
        self._queue.end()

    @property
    def is_over(self) -> bool:
        """Whether writing has finished or failed."""
        return self._queue.is_over

    def join(self) -> None:
        """Ends, and waits until all pictures are written, or until writing has failed: see `error`."""
        self._queue.join()

    def summary(self) -> str:
        """The result of a finished recording, for a message."""
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return f"recorded {self.path.name}: {self.written} pictures{dropped}"

    def close(self) -> None:
        """Ends, and waits until all pictures are written. Raises OutputError if writing failed."""
        self.join()
        if self.error is not None:
            raise self.error

    def _encode(self, pictures: Iterator[tuple[float, NDArray[np.uint8]]]) -> None:
        lower_priority(LOW_PRIORITY)
        try:
            last, key_s = -1, -KEY_FRAME_S
            for time_s, rgba in pictures:
                pts = max(last + 1, round(time_s / TIME_BASE))
                # The second one ends the first fragment at once: a file of a picture is better than none.
                is_key = self.written < 2 or time_s >= key_s + KEY_FRAME_S
                self._write(self._stream.encode(self._frame(rgba, pts, is_key)))
                last, key_s = pts, time_s if is_key else key_s
                self.written += 1
            self._write(self._stream.encode(None))
            self._container.close()
            self._file.finish()
        except Exception as error:  # raised by the encoder, the muxer or the disk
            with suppress(Exception):
                self._container.close()
            self._file.close()
            reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
            left = "the video up to here is playable" if self._file.has_fragments else "nothing was recorded"
            self.error = LostOutputError(f"{self.path}: recording stopped ({reason}); {left}")
        finally:
            self._reservation.close()

    def _frame(self, rgba: NDArray[np.uint8], pts: int, is_key: bool) -> Any:
        import av
        from av.video.frame import PictureType

        width, height = self.size
        rgb = np.ascontiguousarray(rgba[:height, :width, :3])
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        # Full-range RGB to limited-range BT.709, as in the stream's tags.
        encoded = frame.reformat(format=self._pixels, dst_colorspace="ITU709", dst_color_range="MPEG")
        encoded.pts, encoded.time_base = pts, TIME_BASE
        encoded.pict_type = PictureType.I if is_key else PictureType.NONE
        (encoded.color_primaries, encoded.color_trc), encoded.colorspace = self._colour, BT709
        return encoded

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)
        self._file.save_fragments()


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The largest even size within `size`: chroma subsampling requires even sides."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def check_video(path: Path, codec: str) -> None:
    """Raises OutputError if no video of that codec can be created at `path`."""
    suffix = CODECS[codec].suffix
    if path.suffix.lower() != suffix:
        raise OutputError(f"{path}: {codec} requires a {suffix} file; use {path.stem}{suffix} or another --codec")
    if path.exists():
        raise OutputError(f"{path}: exists; name another file, or move it away")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder does not exist; create it, or name another")
    try:
        path.open("xb").close()  # now, not with the first picture; rights do not show that a disk is read-only
        path.unlink()
    except OSError as error:
        raise OutputError(f"{path}: cannot be recorded ({error.strerror}); name another folder") from error


def record_scale(size: tuple[int, int], picture: tuple[int, int], codec: str) -> float:
    """The scale of the live picture that records `size` of a source of size `picture`, both (width, height).

    Raises OutputError for a size that the codec cannot encode, that is larger, or that has another shape.
    """
    width, height = size
    named = f"--record-size {width}x{height}"
    if width % 2 or height % 2:
        raise OutputError(
            f"{named}: {codec} encodes colour for pairs of pixels; use even sides: {width // 2 * 2}x{height // 2 * 2}"
        )
    is_rotated = (width - height) * (picture[0] - picture[1]) < 0
    full = (picture[1], picture[0]) if is_rotated else picture
    if width > full[0] or height > full[1]:
        raise OutputError(f"{named}: the picture has {full[0]}x{full[1]}; name a smaller size, or leave it out")
    scale = width / full[0]
    fitting = even((width, round(scale * full[1])))
    if fitting != size:
        raise OutputError(
            f"{named}: has another shape than the picture of {full[0]}x{full[1]}; use {fitting[0]}x{fitting[1]}"
        )
    return scale


def _opened(
    path: Path, file: FragmentFile, size: tuple[int, int], codec: Codec, colour: tuple[int, int]
) -> tuple[Any, Any]:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(str(path), "PyAV", "video") from error
    if codec.encoder not in av.codecs_available:
        raise OutputError(f"{path}: this PyAV has no encoder {codec.encoder}; choose another --codec")
    try:
        container = av.open(file, "w", format=codec.suffix[1:], options=_FRAGMENTS)
        stream: Any = container.add_stream(codec.encoder, rate=None, options=codec.options)
        stream.width, stream.height = size
        stream.pix_fmt = codec.pixels
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        context = stream.codec_context
        context.gop_size = 600  # key frames are requested by time
        context.color_range = LIMITED_RANGE
        (context.color_primaries, context.color_trc), context.colorspace = colour, BT709
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{path}: cannot be recorded ({reason}); use another suffix or another --codec") from error
    return container, stream
