"""The code points of colour (ITU-T H.273) in PNG and AVIF files, and pictures in their colours as frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..colour.cicp import Cicp
from ..frame import Encoding, Frame

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 1000
MAX_BOX_BYTES = 1 << 24  # bytes searched for metadata
# The folders on the way to the colour of an AVIF picture (ISO/IEC 23008-12): the bytes before their first box.
BOXES = {b"meta": 4, b"iprp": 0, b"ipco": 0}


def colours_of(path: Path) -> Cicp | None:
    """The code points of a PNG (chunk cICP) or AVIF (box colr); None without them or if the file is damaged."""
    try:
        with path.open("rb") as file:
            begin = file.read(12)
            if begin.startswith(PNG_SIGNATURE):
                file.seek(len(PNG_SIGNATURE))
                return _png(file)
            if begin[4:8] == b"ftyp":
                file.seek(0)
                found = (Cicp(*struct.unpack_from(">HH", body, 4)) for body in _nclx(file.read(MAX_BOX_BYTES)))
                return next(found, None)
    except (OSError, struct.error):
        pass
    return None


def _png(file: BinaryIO) -> Cicp | None:
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"cICP" and length == 4:
            primaries, transfer, _matrix, full = file.read(4)
            return Cicp(primaries, transfer, is_narrow=full == 0)
        if kind in (b"IDAT", b"IEND"):
            return None
        file.seek(length + 4, 1)
    return None


def _nclx(content: bytes) -> Iterator[bytes]:
    """The colours, in the order of the file: the first is that of the primary picture, by custom."""
    return (body for kind, body in boxes(content) if kind == b"colr" and body[:4] == b"nclx" and len(body) >= 8)


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the content of each property of the pictures in an AVIF, in the order of the file."""
    offset = 0
    while offset + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, offset)
        body = content[offset + 8 : offset + size] if size else content[offset + 8 :]
        if kind in BOXES:
            yield from boxes(body[BOXES[kind] :])
        else:
            yield kind, body
        if size < 8:
            return
        offset += size


def coloured_frame(pixels: NDArray[Any], cicp: Cicp | None, **fields: Any) -> Frame:
    """The frame of display codes, (H, W, 3) uint8 or uint16, with the given further `fields`.

    A curve like that of sRGB stays Encoding.DISPLAY, and the profile has the matrix of the primaries. Other curves, of
    high dynamic range among them, become scene-linear light in which diffuse white is 1.
    """
    if cicp is not None and cicp.is_narrow:
        pixels = _full_range(pixels)
    if cicp is None or cicp.is_srgb:
        return Frame(np.ascontiguousarray(pixels), Encoding.DISPLAY, **fields)
    profile = CameraProfile(camera_to_scene=cicp.to_rec2020.copy())
    if cicp.has_srgb_curve:
        return Frame(np.ascontiguousarray(pixels), Encoding.DISPLAY, profile=profile, **fields)
    return Frame(np.ascontiguousarray(cicp.linear_of(pixels)), Encoding.SCENE, profile=profile, **fields)


def _full_range(codes: NDArray[Any]) -> NDArray[Any]:
    """RGB codes whose black is 16 and whose white is 235 of 255, with the range of their type."""
    unit = 1 << (8 * codes.dtype.itemsize - 8)
    levels = (np.arange(256 * unit) - 16 * unit) * (np.iinfo(codes.dtype).max / (219 * unit))
    return np.asarray(np.rint(np.clip(levels, 0, np.iinfo(codes.dtype).max)).astype(codes.dtype)[codes])
