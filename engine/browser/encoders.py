"""Encodes pictures for viewers: H.264 and VP8 for WebRTC, JPEG for browsers without it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLOCK_HZ = 90_000  # time stamps of video in RTP (RFC 6184, RFC 7741)
NOMINAL_FPS = 30  # the rate control distributes its bits for this frame rate
BITS_PER_PIXEL = 0.2
MIN_BITRATE, MAX_BITRATE = 500_000, 12_000_000  # bits per second
BUFFER_S = 0.25  # maximum length of a picture in seconds of the bit rate: longer ones would arrive late
JPEG_QUALITY = 80
BIG_PIXELS = 1280 * 720  # above it the encoder uses two threads
LIMITED_RANGE, BT709, SRGB_TRANSFER = 1, 1, 13  # code points of ITU-T H.273


class Encoded(NamedTuple):
    """A picture in the stream. `pts` is the time of its presentation, in `CLOCK_HZ` of `time.perf_counter()`."""

    data: bytes
    is_key: bool
    pts: int


class Encoder(Protocol):
    """Encodes pictures in the order of their times. `bitrate_factor` scales the bit rate."""

    bitrate_factor: float

    def encode(self, rgb: NDArray[np.uint8], time_s: float, is_key: bool) -> Encoded:
        """Encodes (H, W, 3) display RGB. With `is_key` the picture depends on none before it."""
        ...


class JpegEncoder:
    """JPEG, full range, BT.601, as JFIF defines it."""

    bitrate_factor = 1.0

    def encode(self, rgb: NDArray[np.uint8], time_s: float, is_key: bool) -> Encoded:
        with io.BytesIO() as file:
            Image.fromarray(np.ascontiguousarray(rgb)).save(file, "JPEG", quality=JPEG_QUALITY)
            return Encoded(file.getvalue(), True, round(time_s * CLOCK_HZ))


class _Codec(NamedTuple):
    """The encoder's name in FFmpeg, the matrix from RGB, and its options for a bit rate."""

    name: str
    matrix: str
    options: Mapping[str, str]


CODECS = {
    # Limited range BT.709 with the primaries and the transfer function of sRGB, as the stream's VUI states.
    "h264": _Codec(
        "libx264",
        "ITU709",
        {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"},
    ),
    # VP8 has one colour space, limited range BT.601 (RFC 6386, section 9.2), and no flags for another.
    "vp8": _Codec(
        "libvpx",
        "ITU601",
        {"deadline": "realtime", "cpu-used": "-12", "lag-in-frames": "0", "static-thresh": "1", "error-resilient": "0"},
    ),
}


class VideoEncoder:
    """H.264 or VP8 without delay. A change of the size or the bit rate begins a new sequence with a key picture."""

    def __init__(self, codec: str) -> None:
        self._codec = CODECS[codec]
        self.bitrate_factor = 1.0
        self._opened_for: tuple[int, int, float] | None = None  # width, height, bitrate_factor
        self._context: Any = None
        self._last_pts = -1

    def encode(self, rgb: NDArray[np.uint8], time_s: float, is_key: bool) -> Encoded:
        import av
        from av.video.frame import PictureType

        height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2  # pairs of pixels share their colour
        wanted = width, height, self.bitrate_factor
        if wanted != self._opened_for:
            self._context, self._opened_for, is_key = self._opened(*wanted), wanted, True
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb[:height, :width]), format="rgb24")
        encoded = picture.reformat(format="yuv420p", dst_colorspace=self._codec.matrix, dst_color_range="MPEG")
        self._last_pts = max(self._last_pts + 1, round(time_s * CLOCK_HZ))
        encoded.pts, encoded.time_base = self._last_pts, Fraction(1, CLOCK_HZ)
        encoded.pict_type = PictureType.I if is_key else PictureType.NONE
        packets = self._context.encode(encoded)
        return Encoded(b"".join(map(bytes, packets)), any(packet.is_keyframe for packet in packets), self._last_pts)

    def _opened(self, width: int, height: int, factor: float) -> Any:
        import av

        bitrate = round(factor * min(max(BITS_PER_PIXEL * width * height * NOMINAL_FPS, MIN_BITRATE), MAX_BITRATE))
        context: Any = av.CodecContext.create(self._codec.name, "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = Fraction(1, CLOCK_HZ), NOMINAL_FPS
        context.bit_rate = bitrate
        context.gop_size = 1 << 20  # key pictures are requested
        context.thread_count = 2 if width * height > BIG_PIXELS else 1
        context.color_range = LIMITED_RANGE
        if self._codec.matrix == "ITU709":
            context.color_primaries, context.color_trc, context.colorspace = BT709, SRGB_TRANSFER, BT709
        limits = {"maxrate": str(bitrate), "bufsize": str(round(BUFFER_S * bitrate))}
        if self._codec.name == "libvpx":
            limits["minrate"] = str(bitrate)  # constant bit rate
        context.options = {**self._codec.options, **limits}
        return context


def new_encoder(codec: str) -> Encoder:
    """The encoder of `h264`, `vp8` or `jpeg`."""
    return JpegEncoder() if codec == "jpeg" else VideoEncoder(codec)
