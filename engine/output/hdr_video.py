"""HDR video of rendered frames: HEVC or AV1 with 10 bits, in HLG or PQ with the primaries of BT.2020."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LostOutputError, MissingExtraError, OutputError
from ..files import whole_file
from ..formats.hdr_pictures import CODE_POINTS
from .video import LIMITED_RANGE, even

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}  # FFmpeg's names
BT2020_NCL = 9  # ITU-T H.273: the matrix of BT.2020 with non-constant luminance
DEFAULT_FPS = 30.0
MIN_SIDE = 64  # the largest block of HEVC; x265 corrupts memory with smaller pictures of 10 bits
_PIXELS = "yuv420p10le"


@dataclass(frozen=True, slots=True)
class HdrCodec:
    """FFmpeg's encoder, its options, and the code of the stream in MP4 and QuickTime files."""

    encoder: str
    options: dict[str, str]
    tag: str


HDR_CODECS = {
    "hevc": HdrCodec("libx265", {"preset": "fast", "crf": "18", "x265-params": "log-level=error"}, "hvc1"),
    "av1": HdrCodec("libsvtav1", {"preset": "8", "crf": "24"}, "av01"),
}


class HdrVideo:
    """A video that is being written. `add` waits for the encoder: no frame is dropped."""

    def __init__(self, container: Any, stream: Any, points: tuple[int, int]) -> None:
        self._container, self._stream, self._points = container, stream, points
        self.written = 0

    def add(self, codes: NDArray[np.uint16]) -> None:
        """Adds a frame (H, W, 3), codes of the video's transfer with white at 65535, RGB of BT.2020."""
        width, height = self._stream.width, self._stream.height
        frame = _frame(codes[:height, :width])
        frame.pts = self.written
        frame.time_base = self._stream.time_base
        (frame.color_primaries, frame.color_trc), frame.colorspace = self._points, BT2020_NCL
        frame.color_range = LIMITED_RANGE
        self._container.mux(self._stream.encode(frame))
        self.written += 1

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))


@contextmanager
def hdr_video(
    path: Path, size: tuple[int, int], fps: float | None, space: str, codec: str = "hevc"
) -> Iterator[HdrVideo]:
    """A video of `size`, (width, height), that appears as a whole when the block ends; nothing stays if it raises.

    `space` is "hlg" or "pq". Sides are cut to even numbers. Raises OutputError for a side below MIN_SIDE,
    LostOutputError if the disk is full, and MissingExtraError without PyAV.
    """
    av = check_hdr_video(path, codec)
    if min(size) < MIN_SIDE:
        raise OutputError(f"{path}: a video of {size[0]}x{size[1]} is too small for {codec}; use {MIN_SIDE} or more")
    try:
        with whole_file(path) as part, av.open(str(part), "w", format=CONTAINERS[path.suffix.lower()]) as container:
            rate = Fraction(fps or DEFAULT_FPS).limit_denominator(1001)
            video = HdrVideo(container, _stream(container, even(size), rate, space, codec), CODE_POINTS[space])
            yield video
            video.finish()
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise LostOutputError(f"{path}: cannot be written ({reason}); name another folder, or make room") from error


def check_hdr_video(path: Path, codec: str) -> Any:
    """PyAV. Raises OutputError for an unknown suffix and without the encoder, MissingExtraError without PyAV."""
    if path.suffix.lower() not in CONTAINERS:
        raise OutputError(f"{path}: an HDR video is one of {' '.join(CONTAINERS)}; name such a file")
    if codec == "av1" and path.suffix.lower() == ".mov":
        raise OutputError(f"{path}: a .mov holds no AV1; name .mp4 or .mkv, or use --codec hevc")
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(str(path), "PyAV", "hdr") from error
    os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 prints its settings otherwise
    if HDR_CODECS[codec].encoder not in av.codecs_available:
        raise OutputError(f"{path}: this PyAV has no encoder {HDR_CODECS[codec].encoder}; choose another --codec")
    return av


def _stream(container: Any, size: tuple[int, int], rate: Fraction, space: str, name: str) -> Any:
    codec = HDR_CODECS[name]
    stream = container.add_stream(codec.encoder, rate=rate, options=codec.options)
    stream.width, stream.height = size
    stream.pix_fmt = _PIXELS
    context = stream.codec_context
    stream.time_base = context.time_base = 1 / rate
    context.color_range = LIMITED_RANGE
    (context.color_primaries, context.color_trc), context.colorspace = CODE_POINTS[space], BT2020_NCL
    if container.format.name != "matroska":
        context.codec_tag = codec.tag  # players of Apple open HEVC with this tag alone
    return stream


def _frame(codes: NDArray[np.uint16]) -> Any:
    """RGB as YCbCr of BT.2020 (table 4) in the limited range of 10 bits; chroma is the mean of 2 x 2 pixels."""
    import av

    rgb = codes.astype(np.float32) / np.float32(65535.0)
    luma = rgb @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    small = rgb.reshape(rgb.shape[0] // 2, 2, rgb.shape[1] // 2, 2, 3).mean(axis=(1, 3))
    small_luma = small @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    planes = [luma * 876.0 + 64.0]
    planes += [(small[..., 2] - small_luma) / 1.8814 * 896.0 + 512.0, (small[..., 0] - small_luma) / 1.4746 * 896 + 512]
    frame = av.VideoFrame(rgb.shape[1], rgb.shape[0], _PIXELS)
    for plane, numbers in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, : numbers.shape[1]] = numbers + 0.5
        plane.update(rows.tobytes())
    return frame
