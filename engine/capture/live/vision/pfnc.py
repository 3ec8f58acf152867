"""Pixel formats of machine-vision cameras by their names: GenICam's Pixel Format Naming Convention (PFNC) and the
older names of GigE Vision.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....cfa import Cfa
from ....errors import SourceError
from ....frame import Encoding
from ....packing import Packing
from ....yuv import YuvFormat, YuvLayout, YuvMatrix

_BAYER = {"rg": "RGGB", "bg": "BGGR", "gr": "GRBG", "gb": "GBRG"}  # a Bayer order is named by its first row
_PACKED = {
    ("p", 10): Packing.P10,
    ("p", 12): Packing.P12,
    ("packed", 10): Packing.GEV10,
    ("packed", 12): Packing.GEV12,
}
# Y'CbCr 4:2:2: the layout, the matrix, and whether the range is full. Names without 601 or 709 have the range of JPEG.
_YUV = {
    "yuv422packed": (YuvLayout.UYVY, YuvMatrix.BT601, True),
    "yuv422_8_uyvy": (YuvLayout.UYVY, YuvMatrix.BT601, True),
    "yuv422_yuyv_packed": (YuvLayout.YUYV, YuvMatrix.BT601, True),
    "yuv422_8": (YuvLayout.YUYV, YuvMatrix.BT601, True),
    "ycbcr422_8": (YuvLayout.YUYV, YuvMatrix.BT601, True),
    "ycbcr422_8_cbycry": (YuvLayout.UYVY, YuvMatrix.BT601, True),
    "ycbcr601_422_8": (YuvLayout.YUYV, YuvMatrix.BT601, False),
    "ycbcr601_422_8_cbycry": (YuvLayout.UYVY, YuvMatrix.BT601, False),
    "ycbcr709_422_8": (YuvLayout.YUYV, YuvMatrix.BT709, False),
    "ycbcr709_422_8_cbycry": (YuvLayout.UYVY, YuvMatrix.BT709, False),
}
_WORDS = Packing.U16 if sys.byteorder == "little" else Packing.U16_SWAPPED  # cameras send the low byte first


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A pixel format: a mosaic of `bits` significant bits in `packing`, a picture with the letters of `channels`, or
    Y'CbCr as `_YUV` describes it.
    """

    name: str
    bits: int
    packing: Packing = Packing.U16
    cfa: Cfa | None = None
    channels: str = ""
    yuv: tuple[YuvLayout, YuvMatrix, bool] | None = None

    @property
    def white(self) -> float:
        """The largest sensor value."""
        return float((1 << self.bits) - 1)

    def row_bytes(self, width: int) -> int:
        """Bytes of a row of `width` pixels, without padding."""
        if self.channels:
            return len(self.channels) * width * (1 if self.bits == 8 else 2)
        if self.yuv:
            return -(-width // 2) * 4
        return self.packing.row_bytes(width)

    def check_width(self, width: int) -> None:
        """Raises SourceError if rows of `width` do not end with a byte: the next row would begin inside it."""
        samples, group_bytes = self.packing.group
        if self.cfa is not None and width * group_bytes % samples:
            raise SourceError(f"{self.name}: rows of {width} pixels do not end with a byte; choose a multiple of 4")

    def fields(self, data: NDArray[np.uint8], size: tuple[int, int], padding: int = 0) -> tuple[dict[str, Any], bool]:
        """The fields of a Frame of the image `data` (bytes) of `size`, (width, height), and whether they share `data`.

        `padding` is the number of bytes between two rows. Red and blue are swapped, and alpha and the padding of
        pictures are removed in a copy. Raises SourceError if `data` is shorter than the image.
        """
        width, height = size
        used = self.row_bytes(width)
        stride = used + padding
        if len(data) < stride * (height - 1) + used:
            raise SourceError(f"{len(data)} bytes are not {width}x{height} {self.name}; the frame is incomplete")
        if len(data) < stride * height:  # the last row needs no padding
            data = np.concatenate([data, np.zeros(stride * height - len(data), np.uint8)])
        rows = data[: stride * height].reshape(height, stride)
        if self.channels:
            return self._picture(rows[:, :used], width)
        if self.yuv:
            layout, matrix, is_full = self.yuv
            yuv = YuvFormat(layout, width, height, matrix, is_full)
            return {"pixels": rows, "encoding": Encoding.YUV, "yuv": yuv}, True
        fields: dict[str, Any] = {"cfa": self.cfa}
        if self.packing is Packing.U16 and padding == 0:
            return {**fields, "pixels": rows.view(np.uint16)}, True
        packing = Packing.U16_ROWS if self.packing is Packing.U16 else self.packing
        return {**fields, "pixels": rows, "packing": packing, "packed_width": width}, True

    def _picture(self, rows: NDArray[np.uint8], width: int) -> tuple[dict[str, Any], bool]:
        words = rows.view(np.uint8 if self.bits == 8 else "<u2").reshape(len(rows), width, len(self.channels))
        fields: dict[str, Any] = {"encoding": Encoding.DISPLAY}
        if self.channels == "RGB" and self.bits in (8, 16) and words.dtype.isnative and words.flags.c_contiguous:
            return {**fields, "pixels": words}, True
        rgb = np.empty((*words.shape[:2], 3), words.dtype.newbyteorder("="))
        for channel, letter in enumerate("RGB"):
            rgb[..., channel] = words[..., self.channels.index(letter)]
        if self.bits not in (8, 16):
            rgb <<= 16 - self.bits
        return {**fields, "pixels": rgb}, False


def parse_format(name: str) -> PixelFormat | None:
    """The format with this name, in any case; None for formats that cannot be shown."""
    lowered = name.lower()
    if found := re.fullmatch(r"(?:bayer(rg|bg|gr|gb)|mono)(8|10|12|14|16)(p|packed|)", lowered):
        bits = int(found[2])
        words = Packing.U8 if bits == 8 else _WORDS
        packing = _PACKED.get((found[3], bits)) if found[3] else words
        return packing and PixelFormat(name, bits, packing, Cfa(_BAYER.get(found[1], "MONO")))
    if found := re.fullmatch(r"(rgb|bgr)(a?)(8|10|12|14|16)(?:packed)?", lowered):
        return PixelFormat(name, int(found[3]), channels=(found[1] + found[2]).upper())
    return PixelFormat(name, 8, yuv=_YUV[lowered]) if lowered in _YUV else None
