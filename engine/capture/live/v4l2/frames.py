"""Frames from the filled buffers of a driver: mosaics and Y'CbCr pictures without a copy, JPEG pictures decoded."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ....camera import CameraProfile
from ....errors import SourceError
from ....frame import Encoding, Frame
from ....yuv import YuvFormat
from ...clock import monotonic_to_perf_counter
from ..decoded import MjpegDecoder
from .buffers import Filled
from .device import Mode
from .formats import MOSAICS, YUV_LAYOUTS, colorimetry, format_name


class FrameMaker(ABC):
    """Makes the frames of one mode."""

    @abstractmethod
    def frame(self, filled: Filled, index: int) -> Frame | None:
        """The frame in a buffer, with its number.

        None if the buffer has no whole frame, or if the frame comes later. The buffer is then given back.
        """

    def late_frame(self) -> Frame | None:
        """A frame of an earlier buffer, if one is ready."""
        return None

    def close(self) -> None:
        """Ends decoding. Harmless when called twice."""
        return


def frame_maker(name: str, mode: Mode, black: float, ready: Callable[[], None]) -> FrameMaker:
    """The maker of a mode's frames. `ready` is called by another thread when a late frame is ready.

    Raises SourceError, or MissingExtraError if it needs PyAV.
    """
    if mode.code in MOSAICS:
        return _Mosaics(mode, black)
    if mode.code in YUV_LAYOUTS:
        return _Yuvs(mode)
    return _Jpegs(name, mode, ready)


class _Mosaics(FrameMaker):
    def __init__(self, mode: Mode, black: float) -> None:
        self._format = MOSAICS[mode.code]
        self._mode = mode
        self._row_bytes = max(mode.bytes_per_line, self._format.packing.row_bytes(mode.width))
        self._profile = CameraProfile(black=(black,) * 4, white=float(2**self._format.bits - 1))

    def frame(self, filled: Filled, index: int) -> Frame | None:
        rows = _rows(filled, self._mode.height, self._row_bytes)
        if rows is None:
            return None
        return Frame(
            rows,
            cfa=self._format.cfa,
            profile=self._profile,
            index=index,
            captured_s=_captured_s(filled),
            packing=self._format.packing,
            packed_width=self._mode.width,
            lease=filled.lease,
        )


class _Yuvs(FrameMaker):
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

    def frame(self, filled: Filled, index: int) -> Frame | None:
        rows = _rows(filled, self._rows, self._row_bytes)
        if rows is None:
            return None
        return Frame(
            *(rows, Encoding.YUV),
            yuv=self._format,
            index=index,
            captured_s=_captured_s(filled),
            lease=filled.lease,
        )


class _Jpegs(FrameMaker):
    """Copies each compressed picture and decodes it in another thread; the newest wins."""

    def __init__(self, name: str, mode: Mode, ready: Callable[[], None]) -> None:
        self._size = mode.size
        self._decoder = MjpegDecoder(name, ready)

    def frame(self, filled: Filled, index: int) -> Frame | None:
        self._decoder.put(filled.bytes, index=index, captured_s=_captured_s(filled))
        filled.lease.release()
        return self.late_frame()

    def late_frame(self) -> Frame | None:
        frame = self._decoder.take()
        return frame if frame is not None and frame.size == self._size else None

    def close(self) -> None:
        self._decoder.close()


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
