"""The pixel formats of V4L2 that can be shown: fourcc codes, and how their samples are packed.

Source: the pixel formats of the Linux Media Userspace API, version 6.1.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from ....cfa import Cfa
from ....packing import Packing
from ....yuv import YuvLayout, YuvMatrix

IS_BIG_ENDIAN_CODE = 1 << 31  # v4l2_fourcc_be
_WORDS, _SWAPPED = Packing.U16_ROWS, Packing.U16_SWAPPED
_LITTLE, _BIG = (_WORDS, _SWAPPED) if sys.byteorder == "little" else (_SWAPPED, _WORDS)


@dataclass(frozen=True, slots=True)
class MosaicFormat:
    """A mosaic: `bits` significant bits in samples packed as `packing`."""

    name: str
    code: int
    cfa: Cfa
    bits: int
    packing: Packing


def fourcc(text: str) -> int:
    """The code of four characters, the first lowest."""
    return int.from_bytes(text.encode("ascii"), "little")


def text_of(code: int) -> str:
    """The four characters of a code, without trailing spaces; `-BE` follows if the words are big-endian."""
    raw = (code & ~IS_BIG_ENDIAN_CODE).to_bytes(4, "little")
    letters = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in raw).rstrip()
    return f"{letters}-BE" if code & IS_BIG_ENDIAN_CODE else letters


# Fourcc codes of the orders BGGR, GBRG, GRBG and RGGB: bits, packed as MIPI, codes.
_BAYER = (
    (8, False, ("BA81", "GBRG", "GRBG", "RGGB")),
    (10, False, ("BG10", "GB10", "BA10", "RG10")),
    (10, True, ("pBAA", "pGAA", "pgAA", "pRAA")),
    (12, False, ("BG12", "GB12", "BA12", "RG12")),
    (12, True, ("pBCC", "pGCC", "pgCC", "pRCC")),
    (14, False, ("BG14", "GB14", "GR14", "RG14")),
    (14, True, ("pBEE", "pGEE", "pgEE", "pREE")),
    (16, False, ("BYR2", "GB16", "GR16", "RG16")),
)
_MIPI = {10: Packing.RAW10, 12: Packing.RAW12, 14: Packing.RAW14}
_MONO = (
    ("GREY", fourcc("GREY"), 8, Packing.U8),
    ("Y10", fourcc("Y10 "), 10, _LITTLE),
    ("Y10P", fourcc("Y10P"), 10, Packing.RAW10),
    ("Y12", fourcc("Y12 "), 12, _LITTLE),
    ("Y12P", fourcc("Y12P"), 12, Packing.RAW12),
    ("Y14", fourcc("Y14 "), 14, _LITTLE),
    ("Y14P", fourcc("Y14P"), 14, Packing.RAW14),
    ("Y16", fourcc("Y16 "), 16, _LITTLE),
    ("Y16-BE", fourcc("Y16 ") | IS_BIG_ENDIAN_CODE, 16, _BIG),
    ("Z16", fourcc("Z16 "), 16, _LITTLE),  # depth
)


def _mosaics() -> list[MosaicFormat]:
    found = []
    for bits, is_mipi, codes in _BAYER:
        packing = _MIPI[bits] if is_mipi else Packing.U8 if bits == 8 else _LITTLE
        for order, code in zip(("BGGR", "GBRG", "GRBG", "RGGB"), codes, strict=True):
            found.append(MosaicFormat(f"S{order}{bits}{'P' * is_mipi}", fourcc(code), Cfa(order), bits, packing))
    return found + [MosaicFormat(name, code, Cfa("MONO"), bits, packing) for name, code, bits, packing in _MONO]


MOSAICS = {each.code: each for each in _mosaics()}

# Y'CbCr layouts: V4L2's names and codes.
YUV_NAMES = {
    "YUYV": (fourcc("YUYV"), YuvLayout.YUYV),
    "UYVY": (fourcc("UYVY"), YuvLayout.UYVY),
    "YVYU": (fourcc("YVYU"), YuvLayout.YVYU),
    "VYUY": (fourcc("VYUY"), YuvLayout.VYUY),
    "NV12": (fourcc("NV12"), YuvLayout.NV12),
    "NV21": (fourcc("NV21"), YuvLayout.NV21),
    "NV16": (fourcc("NV16"), YuvLayout.NV16),
    "NV24": (fourcc("NV24"), YuvLayout.NV24),
    "YUV420": (fourcc("YU12"), YuvLayout.I420),
    "YVU420": (fourcc("YV12"), YuvLayout.YV12),
    "YUV422P": (fourcc("422P"), YuvLayout.I422),
}
YUV_LAYOUTS = dict(YUV_NAMES.values())
JPEG_NAMES = {"MJPEG": fourcc("MJPG"), "JPEG": fourcc("JPEG")}
JPEGS = frozenset(JPEG_NAMES.values())
NAMES = {
    **{each.code: each.name for each in MOSAICS.values()},
    **{code: name for name, (code, _) in YUV_NAMES.items()},
    **{code: name for name, code in JPEG_NAMES.items()},
}


# Formats of depth cameras with two pictures in one, by their fourcc, and what to choose instead.
DOUBLE_FORMATS = {
    fourcc("INZI"): "INZI is infrared and depth in one picture; choose format=Z16 for its depth",
    fourcc("Y8I "): "Y8I is two infrared pictures in one; choose format=Z16 for depth, or format=GREY for one of them",
    fourcc("Y12I"): "Y12I is two infrared pictures in one; choose format=Z16 for depth, or format=Y16 for one of them",
}


def format_name(code: int) -> str:
    """The name of a format in V4L2, such as SRGGB10; its fourcc if this program does not know it."""
    return NAMES.get(code) or text_of(code)


_COLORSPACE_709, _COLORSPACE_JPEG, _COLORSPACE_2020, _COLORSPACE_P3 = 3, 7, 10, 12
_COLORSPACE_240M = 2
# V4L2_YCBCR_ENC_...: SMPTE 240M has the weights 0.212 and 0.087, close to those of BT.709.
_MATRICES = {
    **{
        1: YuvMatrix.BT601,
        3: YuvMatrix.BT601,
        5: YuvMatrix.BT601,
        2: YuvMatrix.BT709,
        4: YuvMatrix.BT709,
        8: YuvMatrix.BT709,
    },
    **{6: YuvMatrix.BT2020, 7: YuvMatrix.BT2020},
}
_DEFAULTS = {
    **{_COLORSPACE_709: YuvMatrix.BT709, _COLORSPACE_P3: YuvMatrix.BT709, _COLORSPACE_240M: YuvMatrix.BT709},
    _COLORSPACE_2020: YuvMatrix.BT2020,
}
_FULL_RANGE = 1


def colorimetry(colorspace: int, ycbcr_encoding: int, quantization: int) -> tuple[YuvMatrix, bool]:
    """The matrix of Y'CbCr samples, and whether they have the full range, from V4L2's numbers and its defaults for 0.

    Constant luminance of BT.2020 is read as non-constant luminance.
    """
    matrix = _MATRICES.get(ycbcr_encoding) or _DEFAULTS.get(colorspace, YuvMatrix.BT601)
    is_full = quantization == _FULL_RANGE if quantization else colorspace == _COLORSPACE_JPEG
    return matrix, is_full
