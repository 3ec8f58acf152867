"""Frames from the filled buffers of a driver: mosaics and Y'CbCr pictures without a copy, JPEG pictures decoded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....camera import CameraProfile
from ....errors import MissingExtraError, SourceError
from ....frame import Encoding, Frame
from ....yuv import YuvFormat
from ...clock import monotonic_to_perf_counter
from ..decoded import decoded_frame
from .buffers import Filled
from .device import Mode
from .formats import MOSAICS, YUV_LAYOUTS, colorimetry, format_name

# The frame in a buffer, with its number and its exposure in EV; None if the buffer has no whole frame. The buffer is
# then given back.
FrameMaker = Callable[[Filled, int, float], Frame | None]


def frame_maker(mode: Mode, black: float) -> FrameMaker:
    """What makes the frames of a mode. Raises SourceError, or MissingExtraError if it needs PyAV."""
    if mode.code in MOSAICS:
        return _Mosaics(mode, black).frame
    if mode.code in YUV_LAYOUTS:
        return _Yuvs(mode).frame
    return _Jpegs(mode).frame


class _Profiles:
    """The camera profile of the latest exposure."""

    def __init__(self, profile: CameraProfile) -> None:
        self._profile = profile
        self._ev = 0.0

    def of(self, ev: float) -> CameraProfile:
        if ev != self._ev:
            self._ev, self._profile = ev, replace(self._profile, exposure_ev=-ev)
        return self._profile


class _Mosaics:
    def __init__(self, mode: Mode, black: float) -> None:
        self._format = MOSAICS[mode.code]
        self._mode = mode
        self._row_bytes = max(mode.bytes_per_line, self._format.packing.row_bytes(mode.width))
        self._profiles = _Profiles(CameraProfile(black=(black,) * 4, white=float(2**self._format.bits - 1)))

    def frame(self, filled: Filled, index: int, ev: float) -> Frame | None:
        rows = _rows(filled, self._mode.height, self._row_bytes)
        if rows is None:
            return None
        return Frame(
            rows,
            cfa=self._format.cfa,
            profile=self._profiles.of(ev),
            index=index,
            captured_s=_captured_s(filled),
            packing=self._format.packing,
            packed_width=self._mode.width,
            lease=filled.lease,
        )


class _Yuvs:
    def __init__(self, mode: Mode) -> None:
        matrix, is_full = colorimetry(mode.colorspace, mode.ycbcr_encoding, mode.quantization)
        self._format = YuvFormat(YUV_LAYOUTS[mode.code], *mode.size, matrix, is_full)
        self._row_bytes = max(mode.bytes_per_line, self._format.min_row_bytes)
        if self._row_bytes % self._format.row_unit:
            raise SourceError(
                f"the driver's rows of {self._row_bytes} bytes cut a sample of {format_name(mode.code)} in two; "
                "try another size"
            )
        self._rows = self._format.rows(self._row_bytes)
        self._profiles = _Profiles(CameraProfile())

    def frame(self, filled: Filled, index: int, ev: float) -> Frame | None:
        rows = _rows(filled, self._rows, self._row_bytes)
        if rows is None:
            return None
        return Frame(
            *(rows, Encoding.YUV),
            yuv=self._format,
            profile=self._profiles.of(ev),
            index=index,
            captured_s=_captured_s(filled),
            lease=filled.lease,
        )


class _Jpegs:
    """Decodes in the thread that reads frames; the driver meanwhile fills further buffers."""

    def __init__(self, mode: Mode) -> None:
        try:
            import av
        except ImportError as error:
            raise MissingExtraError(format_name(mode.code), "PyAV", "camera") from error
        self._av = av
        self._size = mode.size
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._decoder.thread_count = 1  # with more threads the decoder returns a picture some frames later
        self._profiles = _Profiles(CameraProfile())

    def frame(self, filled: Filled, index: int, ev: float) -> Frame | None:
        captured_s = _captured_s(filled)
        packet = self._av.Packet(filled.bytes.tobytes())
        filled.lease.release()
        try:
            pictures = self._decoder.decode(packet)
        except self._av.FFmpegError:  # cut or corrupt on the way
            return None
        if not pictures or (pictures[-1].width, pictures[-1].height) != self._size:
            return None
        return decoded_frame(
            pictures[-1], is_jpeg=True, profile=self._profiles.of(ev), index=index, captured_s=captured_s
        )


def _rows(filled: Filled, rows: int, row_bytes: int) -> NDArray[np.uint8] | None:
    """(rows, row_bytes) of the driver's bytes; None, and the buffer is given back, if it holds less."""
    if len(filled.bytes) < rows * row_bytes:
        filled.lease.release()
        return None
    return filled.bytes[: rows * row_bytes].reshape(rows, row_bytes)


def _captured_s(filled: Filled) -> float | None:
    """When the driver stamped the frame, never in the future: some drivers stamp the end of a frame ahead."""
    if filled.stamp_s is None:
        return None
    return min(monotonic_to_perf_counter(filled.stamp_s), time.perf_counter())
