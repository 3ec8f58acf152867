"""AVIF and HEIC pictures of 10 and 12 bits, with their colours as code points and, for HDR, the content light level."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, OutputError

DEEP_SUFFIXES = (".avif", ".heic", ".heif")
# Primaries and transfer (ITU-T H.273) by the name of the output space.
CODE_POINTS = {"srgb": (1, 13), "display-p3": (12, 13), "pq": (9, 16), "hlg": (9, 18)}
AVIF_BITS, HEIC_BITS = 12, 10
_AVIF_QUALITY, _HEIC_QUALITY = 96, 95
_AVIF_LOSSLESS, _HEIC_LOSSLESS = 100, -1
_MATRIX = {1: 1, 12: 1, 9: 9}  # BT.709, and BT.2020 with constant weights, by primaries


def check_library(path: Path) -> None:
    """Raises MissingExtraError if the library for the suffix of `path` is not installed."""
    _library(path)


def deep_picture(
    path: Path,
    codes: NDArray[np.uint16],
    space: str,
    light: tuple[int, int] | None = None,
    *,
    lossless: bool = False,
) -> bytes:
    """The file of a picture (H, W, 3), white at 65535, in `space`, a key of CODE_POINTS; `path` has its suffix.

    AVIF has 12 bits, HEIC 10, both without chroma subsampling. `light` is the content light level: the largest and the
    mean light in cd/m2. Raises MissingExtraError, and OutputError if the encoder fails.
    """
    library = _library(path)
    primaries, transfer = CODE_POINTS[space]
    try:
        if path.suffix.lower() == ".avif":
            encoded = library.avif_encode(
                np.ascontiguousarray(codes >> np.uint16(16 - AVIF_BITS)),
                _AVIF_LOSSLESS if lossless else _AVIF_QUALITY,
                speed=8,
                bitspersample=AVIF_BITS,
                pixelformat="yuv444",
                primaries=primaries,
                transfer=transfer,
                matrix=_MATRIX[primaries],
            )
        else:
            encoded = _heic(library, codes, CODE_POINTS[space], _HEIC_LOSSLESS if lossless else _HEIC_QUALITY)
    except (RuntimeError, ValueError, OSError) as error:
        raise OutputError(f"{path}: cannot be encoded ({error}); use .png or .tif") from error
    return bytes(encoded) if light is None else with_content_light(bytes(encoded), light)


def _heic(library: Any, codes: NDArray[np.uint16], points: tuple[int, int], quality: int) -> bytes:
    height, width = codes.shape[:2]
    file, encoded = library.from_bytes("RGB;16", (width, height), np.ascontiguousarray(codes).tobytes()), BytesIO()
    file.save(
        encoded,
        quality=quality,
        chroma=444,
        bit_depth=HEIC_BITS,
        color_primaries=points[0],
        transfer_characteristics=points[1],
        matrix_coefficients=_MATRIX[points[0]],
        full_range_flag=1,
    )
    return encoded.getvalue()


def _library(path: Path) -> Any:
    try:
        if path.suffix.lower() == ".avif":
            import imagecodecs

            return imagecodecs
        import pillow_heif
    except ImportError as error:
        name = "imagecodecs" if path.suffix.lower() == ".avif" else "pillow-heif"
        raise MissingExtraError(str(path), name, "hdr") from error
    return pillow_heif


def with_content_light(encoded: bytes, light: tuple[int, int]) -> bytes:
    """The HEIF file with a content light level box (`clli`, ISO/IEC 23008-12, 6.5.32) for its primary picture.

    The box becomes the last property, and the size of the change is added to the offsets of the data in `iloc`.
    """
    meta_at, meta = _box(encoded, b"meta", 0, len(encoded))
    iprp_at, iprp = _box(encoded, b"iprp", meta_at + 12, meta_at + meta)
    ipco_at, ipco = _box(encoded, b"ipco", iprp_at + 8, iprp_at + iprp)
    ipma_at, ipma = _box(encoded, b"ipma", iprp_at + 8, iprp_at + iprp)
    pitm_at, _ = _box(encoded, b"pitm", meta_at + 12, meta_at + meta)
    wide = encoded[pitm_at + 8] > 0
    primary = int.from_bytes(encoded[pitm_at + 12 : pitm_at + (16 if wide else 14)], "big")
    number = _count(encoded, ipco_at + 8, ipco_at + ipco) + 1
    box = struct.pack(">I4sHH", 12, b"clli", *light)
    associations = _associated(encoded[ipma_at : ipma_at + ipma], primary, number)
    added = len(box) + len(associations) - ipma
    result = bytearray(encoded)
    iloc_at, _ = _box(encoded, b"iloc", meta_at + 12, meta_at + meta)
    _shift(result, iloc_at, added, meta_at)
    for at, size, more in ((meta_at, meta, added), (iprp_at, iprp, added), (ipco_at, ipco, len(box))):
        struct.pack_into(">I", result, at, size + more)
    if ipco_at > ipma_at:
        raise OutputError("the encoder wrote an unusual order of boxes; update the library")
    result[ipma_at : ipma_at + ipma] = associations
    result[ipco_at + ipco : ipco_at + ipco] = box
    return bytes(result)


def _box(content: bytes | bytearray, kind: bytes, start: int, end: int) -> tuple[int, int]:
    """Position and size of the first box of this kind among those from `start` to `end`."""
    at = start
    while at + 8 <= end:
        size, found = struct.unpack_from(">I4s", content, at)
        if found == kind:
            return at, size
        if size < 8:
            break
        at += size
    raise OutputError(f"the encoder wrote no box {kind.decode()}; update the library")


def _count(content: bytes, start: int, end: int) -> int:
    count, at = 0, start
    while at + 8 <= end:
        at, count = at + int(struct.unpack_from(">I", content, at)[0]), count + 1
    return count


def _associated(ipma: bytes, item: int, number: int) -> bytes:
    """The box `ipma` with one more property `number`, not essential, for `item`."""
    version, flags = ipma[8], int.from_bytes(ipma[9:12], "big")
    id_bytes, entry_bytes = (4 if version else 2), (2 if flags & 1 else 1)
    at = 16
    result = bytearray(ipma)
    for _ in range(struct.unpack_from(">I", ipma, 12)[0]):
        found, count_at = int.from_bytes(ipma[at : at + id_bytes], "big"), at + id_bytes
        at = count_at + 1 + entry_bytes * ipma[count_at]
        if found == item:
            result[count_at] += 1
            result[at:at] = number.to_bytes(entry_bytes, "big")
            break
    struct.pack_into(">I", result, 0, len(result))
    return bytes(result)


def _shift(content: bytearray, iloc_at: int, added: int, after: int) -> None:
    """Adds to the offsets in a box `iloc` of data in the file behind `after` (ISO/IEC 14496-12, 8.11.3)."""
    version, sizes, more = content[iloc_at + 8], content[iloc_at + 12], content[iloc_at + 13]
    offset_bytes, length_bytes, base_bytes = sizes >> 4, sizes & 15, more >> 4
    index_bytes = more & 15 if version else 0
    at = iloc_at + 14
    count_bytes = 4 if version == 2 else 2
    count = int.from_bytes(content[at : at + count_bytes], "big")
    at += count_bytes
    for _ in range(count):
        at += count_bytes
        in_file = True
        if version:
            in_file = content[at + 1] & 15 == 0
            at += 2
        at += 2
        base = int.from_bytes(content[at : at + base_bytes], "big")
        if in_file and base > after:
            content[at : at + base_bytes] = (base + added).to_bytes(base_bytes, "big")
        at += base_bytes
        extents = int.from_bytes(content[at : at + 2], "big")
        at += 2
        for _ in range(extents):
            at += index_bytes
            offset = int.from_bytes(content[at : at + offset_bytes], "big")
            if in_file and not base and offset > after:
                content[at : at + offset_bytes] = (offset + added).to_bytes(offset_bytes, "big")
            at += offset_bytes + length_bytes
