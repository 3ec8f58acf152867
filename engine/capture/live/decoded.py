"""Pictures that FFmpeg decodes, through PyAV, as frames: Y'CbCr samples stay as they are for the device."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ...camera import CameraProfile
from ...colour.cicp import Cicp
from ...errors import MissingExtraError, SourceError
from ...frame import Encoding, Frame
from ...yuv import YuvFormat, YuvLayout, YuvMatrix

HD_ROWS = 720  # an untagged picture is ITU-R BT.709 from this height on, BT.601 below
# ISO/IEC 23091-2, matrix coefficients.
_BT709, _UNSPECIFIED, _BT601 = 1, 2, 5
_MATRICES = {
    **{_BT709: YuvMatrix.BT709, 4: YuvMatrix.BT601, _BT601: YuvMatrix.BT601, 6: YuvMatrix.BT601},
    **{9: YuvMatrix.BT2020, 10: YuvMatrix.BT2020},
}
_YCGCO = 8
_LIMITED, _FULL = 1, 2  # FFmpeg's AVColorRange


class _Samples(NamedTuple):
    """The layout of a pixel format of FFmpeg; `is_full` is its range without a tag."""

    layout: YuvLayout
    bits: int = 8
    low_zeros: int = 0
    is_full: bool = False


def _formats() -> dict[str, _Samples]:
    order = "le" if sys.byteorder == "little" else "be"
    formats = {
        **{"yuyv422": _Samples(YuvLayout.YUYV), "uyvy422": _Samples(YuvLayout.UYVY)},
        **{"yvyu422": _Samples(YuvLayout.YVYU), f"y210{order}": _Samples(YuvLayout.YUYV, 10, 6)},
        **{"gray": _Samples(YuvLayout.GREY, is_full=True)},
    }
    for name in ("nv12", "nv21", "nv16", "nv24"):
        formats[name] = _Samples(YuvLayout(name))
    for bits in (10, 12, 16):
        formats[f"p0{bits}{order}"] = _Samples(YuvLayout.NV12, bits, 16 - bits)
        formats[f"p2{bits}{order}"] = _Samples(YuvLayout.NV16, bits, 16 - bits)
        formats[f"gray{bits}{order}"] = _Samples(YuvLayout.GREY, bits, is_full=True)
    for chroma in ("420", "422", "440", "444"):
        layout = YuvLayout(f"i{chroma}")
        formats[f"yuv{chroma}p"], formats[f"yuvj{chroma}p"] = _Samples(layout), _Samples(layout, is_full=True)
        for bits in (10, 12):
            formats[f"yuv{chroma}p{bits}{order}"] = _Samples(layout, bits)
    return formats


_FORMATS = _formats()


def colours_of(picture: Any) -> Cicp:
    """The primaries and the transfer of a PyAV `VideoFrame`."""
    return Cicp(int(picture.color_primaries), int(picture.color_trc))


def decoded_frame(picture: Any, *, is_jpeg: bool = False, **fields: Any) -> Frame:
    """The frame of a PyAV `VideoFrame`, with the given further `fields`.

    A picture in a layout of `YuvLayout` becomes Encoding.YUV. Its bytes are not copied if its planes lie in memory as
    the layout requires, as those of webcams do; decoders have separate planes, which are copied once. Matrix and range
    are those of its tags: an untagged picture is BT.709 from HD_ROWS rows on, else BT.601. Chroma lies as in MPEG, or
    in the centre in JPEG. Other pictures are converted by FFmpeg to Encoding.DISPLAY. The profile has the matrix of
    the tagged primaries. A tagged transfer unlike sRGB (PQ, HLG) becomes scene-linear light, on the host.
    """
    cicp = colours_of(picture)
    if not cicp.is_srgb:
        fields["profile"] = CameraProfile(camera_to_scene=cicp.to_rec2020)
    if not cicp.has_srgb_curve:
        codes = picture.to_ndarray(format="rgb48le", src_colorspace=_colorspace_of(picture))
        return Frame(cicp.linear_of(codes), Encoding.SCENE, **fields)
    form = _format_of(
        *(picture.format.name, int(picture.width), int(picture.height)),
        *(int(picture.colorspace), int(picture.color_range), is_jpeg),
    )
    if form is None or picture.planes[0].line_size < 0:  # rows from the bottom up
        return Frame(_display_rgb(picture), Encoding.DISPLAY, **fields)
    pixels = _shared(form, picture)
    return Frame(_copied(form, picture) if pixels is None else pixels, Encoding.YUV, yuv=form, **fields)


@lru_cache(maxsize=64)
def _format_of(
    name: str, width: int, height: int, colorspace: int, color_range: int, is_jpeg: bool
) -> YuvFormat | None:
    samples = _FORMATS.get(name)
    if colorspace == _UNSPECIFIED:
        colorspace = _BT709 if height >= HD_ROWS and not is_jpeg else _BT601
    if samples is None or (colorspace not in _MATRICES and samples.layout is not YuvLayout.GREY):
        return None
    across, down = samples.layout.shifts
    return YuvFormat(
        *(samples.layout, width, height, _MATRICES.get(colorspace, YuvMatrix.BT709)),
        full_range=color_range == _FULL or (samples.is_full and color_range != _LIMITED),
        bits=samples.bits,
        low_zeros=samples.low_zeros,
        siting=(across / 2, down / 2) if is_jpeg else None,  # shifts are 0 or 1
    )


class _Memory:
    """The bytes of a picture, (rows, row_bytes), read-only. An array of it keeps the picture alive."""

    def __init__(self, picture: Any, address: int, shape: tuple[int, int]) -> None:
        self._picture = picture
        self.__array_interface__ = {"data": (address, True), "shape": shape, "typestr": "|u1", "version": 3}


def _shared(form: YuvFormat, picture: Any) -> NDArray[np.uint8] | None:
    """The picture's own memory if its planes follow one another as `form` requires, else None."""
    planes = picture.planes
    first, row_bytes = planes[0].buffer_ptr, planes[0].line_size
    if row_bytes < form.min_row_bytes or row_bytes % form.row_unit:
        return None
    regions = form.regions(row_bytes)
    for plane, region in zip(planes, regions, strict=True):
        if plane.buffer_ptr != first + region.first_byte or plane.line_size != region.row_bytes:
            return None
    rows = form.rows(row_bytes)
    last = regions[-1]
    if rows * row_bytes != last.first_byte + last.rows * last.row_bytes:
        return None
    return np.asarray(_Memory(picture, first, (rows, row_bytes)))


def _copied(form: YuvFormat, picture: Any) -> NDArray[np.uint8]:
    row_bytes = form.min_row_bytes
    pixels = np.empty((form.rows(row_bytes), row_bytes), np.uint8)
    flat = pixels.reshape(-1)
    for plane, region in zip(picture.planes, form.regions(row_bytes), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: region.rows, : region.row_bytes]
        flat[region.first_byte :][: rows.size].reshape(rows.shape)[:] = rows
    return pixels


def _display_rgb(picture: Any) -> NDArray[np.uint8]:
    """(H, W, 3) uint8. FFmpeg assumes BT.601 for untagged video at any size, but high definition is BT.709."""
    if int(picture.colorspace) == _YCGCO and picture.format.name in ("yuv444p", "yuvj444p"):
        return _of_ycgco(picture)
    try:
        return np.ascontiguousarray(picture.to_ndarray(format="rgb24", src_colorspace=_colorspace_of(picture)))
    except OSError as error:
        raise SourceError(
            f"a picture in {picture.format.name} with the colour matrix {int(picture.colorspace)} (ITU-T H.273) cannot "
            "be converted; export the video in BT.709"
        ) from error


def _of_ycgco(picture: Any) -> NDArray[np.uint8]:
    """RGB of Y, Cg and Co (ITU-T H.273, matrix coefficients 8), which FFmpeg does not convert."""
    planes = [np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in picture.planes]
    y, cg, co = (plane[: picture.height, : picture.width].astype(np.float32) for plane in planes)
    luma, chroma = (1.0, 1.0) if int(picture.color_range) == _FULL else (255 / 219, 255 / 224)
    y, cg, co = (y - (0 if luma == 1 else 16)) * luma, (cg - 128) * chroma, (co - 128) * chroma
    rgb = np.stack([y - cg + co, y + cg, y - cg - co], axis=-1)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _colorspace_of(picture: Any) -> int | None:
    """The matrix for FFmpeg where the picture has none."""
    if int(picture.colorspace) != _UNSPECIFIED:
        return None
    return _BT709 if picture.height >= HD_ROWS else _BT601


def _do_nothing() -> None:
    """Default of `MjpegDecoder`."""


class MjpegDecoder:
    """Decodes JPEGs of a camera in its own thread; the newest wins.

    `ready` is called by that thread when a frame can be taken. A JPEG that is not whole is dropped and counted in
    `corrupt`: cut off, with a gap, or with codes that do not exist. JPEG has no checksum, so a wrong bit that still
    decodes stays. `dropped` counts JPEGs and frames that a newer one replaced. The creator closes it. Raises
    MissingExtraError without PyAV.
    """

    def __init__(self, name: str, ready: Callable[[], None] = _do_nothing) -> None:
        try:
            import av
        except ImportError as error:
            raise MissingExtraError(name, "PyAV", "video") from error
        self._name, self._ready = name, ready
        self._packet, self._error = av.Packet, av.FFmpegError
        self._context: Any = av.CodecContext.create("mjpeg", "r")
        self._context.options = {"err_detect": "explode"}  # an error instead of a picture with wrong parts
        self._changed = threading.Condition()
        self._waiting: tuple[Any, dict[str, Any]] | None = None
        self._frame: Frame | None = None
        self._is_closed = False
        self.corrupt = self.dropped = 0
        self._thread = threading.Thread(target=self._work, name="groundglass-jpeg", daemon=True)
        self._thread.start()

    def put(self, jpeg: bytes | memoryview | NDArray[np.uint8], **fields: Any) -> None:
        """Copies the bytes of a JPEG for the thread, and returns at once. `fields` are those of its Frame."""
        packet = self._packet(bytes(jpeg)) if len(jpeg) else None
        with self._changed:
            self.corrupt += packet is None
            if packet is not None:
                self.dropped += self._waiting is not None
                self._waiting = packet, fields
                self._changed.notify_all()

    def take(self, timeout_s: float = 0.0) -> Frame | None:
        """The newest decoded frame, at most once, after a wait of up to `timeout_s`; else None."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._is_closed, timeout_s)
            frame, self._frame = self._frame, None
            return None if self._is_closed else frame

    def close(self) -> None:
        """Ends the thread after the JPEG that it decodes; a second call has no effect."""
        with self._changed:
            self._is_closed, self._waiting, self._frame = True, None, None
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._is_closed)
                if self._is_closed or self._waiting is None:
                    return
                (packet, fields), self._waiting = self._waiting, None
            frame = self._decoded(packet, fields)
            with self._changed:
                if frame is None:
                    self.corrupt += 1
                    continue
                self.dropped += self._frame is not None
                self._frame = frame
                self._changed.notify_all()
            self._ready()

    def _decoded(self, packet: Any, fields: dict[str, Any]) -> Frame | None:
        try:
            pictures = self._context.decode(packet)
        except self._error:
            return None
        return decoded_frame(pictures[-1], is_jpeg=True, **fields) if pictures else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
