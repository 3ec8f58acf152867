"""The samples of a DNG that LibRaw would convert or refuse: lossy JPEG, floating point, and deflated integers.

LibRaw scales lossy JPEG to 16 bits and applies some opcodes; it rounds floating point to integers by the largest
sample. The levels of the tags then do not apply. This module decodes them as the file stores them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .areas import Area
from .dng_read import JPEG_COMPRESSIONS, LOSSY_JPEG, Dng, raw_directory
from .file_errors import UNREADABLE
from .inflate import FLOAT_PREDICTORS, inflated, integrated
from .tiff_tags import TagError, TagFile, Tags

UNCOMPRESSED, DEFLATE = 1, (8, 32946)
DIFFERENCES = 2  # the predictor of integers
START_OF_IMAGE, END_OF_IMAGE = b"\xff\xd8", b"\xff\xd9"
START_OF_SCAN, DCT_FRAMES = 0xDA, (0xC0, 0xC1, 0xC2)  # the second bytes of markers; the frames are lossy
MAX_SEGMENTS = 1 << 20
FAULTS: tuple[type[Exception], ...] = (TagError, *UNREADABLE)


class Segment(NamedTuple):
    """A strip or a tile: its place in the picture, and its bytes in the file."""

    area: Area
    start: int
    length: int


class Segments(NamedTuple):
    """The strips or tiles of a raw picture in the order of the file, all of `shape` (rows, columns) but the last."""

    shape: tuple[int, int]
    segments: list[Segment]


def segments_of(tags: Tags, height: int, width: int) -> Segments | None:
    """The strips or tiles of a directory; None if their tags do not describe the picture."""
    for starts_name, counts_name, rows_name, columns_name in (
        ("TileOffsets", "TileByteCounts", "TileLength", "TileWidth"),
        ("StripOffsets", "StripByteCounts", "RowsPerStrip", ""),
    ):
        starts, counts = (tags.finite(name, max_count=MAX_SEGMENTS) for name in (starts_name, counts_name))
        if starts is None or counts is None:
            continue
        rows = tags.whole(rows_name) or height
        columns = (tags.whole(columns_name) or width) if columns_name else width
        if not (columns_name or rows < height):
            rows = height
        if rows < 1 or columns < 1:
            return None
        corners = list(product(range(0, height, rows), range(0, width, columns)))
        if len(corners) != len(starts) or len(starts) != len(counts):
            return None
        return Segments(
            (rows, columns),
            [
                Segment(Area(top, left, min(top + rows, height), min(left + columns, width)), int(start), int(count))
                for (top, left), start, count in zip(corners, starts, counts, strict=True)
            ],
        )
    return None


def cut_off(path: Path) -> str:
    """Why the raw picture of a TIFF-like file is not whole; empty if it is, or if the file has no such picture.

    Strips and tiles must lie in the file. A JPEG in them must begin and end as one: a decoder that meets the end early
    leaves the rest of the picture unwritten.
    """
    try:
        with TagFile(path) as file, path.open("rb") as data:
            page = raw_directory(file)
            if page is None:
                return ""
            tags, is_dng = Tags(page), Tags(file.first).has("DNGVersion")
            size = tags.whole("ImageLength") or 0, tags.whole("ImageWidth") or 0
            segments = segments_of(tags, *size)
            if segments is None:
                return _missing_segments(tags, *size) if is_dng else ""
            file_bytes = path.stat().st_size
            expected = sum(segment.length for segment in segments.segments)
            present = sum(min(max(file_bytes - part.start, 0), part.length) for part in segments.segments)
            if present < expected:
                return f"picture data ends after {present} of {expected} bytes"
            if is_dng and tags.whole("Compression") in JPEG_COMPRESSIONS:
                return _incomplete_jpeg(data, segments.segments)
    except (TagError, OSError):
        pass
    return ""


def _incomplete_jpeg(data: Any, segments: list[Segment]) -> str:
    for number, segment in enumerate(segments, 1):
        data.seek(segment.start)
        jpeg = data.read(segment.length)
        if START_OF_SCAN not in _markers(jpeg) or END_OF_IMAGE not in jpeg:
            return f"part {number} of {len(segments)} of its picture data is not a whole JPEG"
    return ""


def _markers(jpeg: bytes) -> Iterator[int]:
    """The second bytes of the markers up to the scan (ITU-T T.81, annex B)."""
    offset = 2
    while jpeg.startswith(START_OF_IMAGE) and offset + 4 <= len(jpeg) and jpeg[offset] == 0xFF:
        yield jpeg[offset + 1]
        if jpeg[offset + 1] == START_OF_SCAN:
            return
        offset += 1 if jpeg[offset + 1] == 0xFF else 2 + int.from_bytes(jpeg[offset + 2 : offset + 4], "big")


def _missing_segments(tags: Tags, height: int, width: int) -> str:
    """Why the list of strips or tiles is too short for the picture; empty if it is not."""
    for starts_name, rows_name, columns_name in (
        ("TileOffsets", "TileLength", "TileWidth"),
        ("StripOffsets", "RowsPerStrip", ""),
    ):
        starts = tags.finite(starts_name, max_count=MAX_SEGMENTS)
        rows, columns = tags.whole(rows_name) or height, tags.whole(columns_name) if columns_name else width
        if starts is not None and rows > 0 and columns and columns > 0:
            expected = -(-height // rows) * -(-width // columns)
            return f"{len(starts)} of {expected} parts of its picture data" if len(starts) < expected else ""
    return ""


def _is_own(dng: Dng, data: Any, segments: Segments) -> bool:
    """Whether this module decodes the samples, and not LibRaw."""
    if dng.floating or dng.compression in (LOSSY_JPEG, *DEFLATE):
        return True
    if dng.compression not in JPEG_COMPRESSIONS or dng.bits != 8 or not segments.segments:
        return False
    data.seek(segments.segments[0].start)
    return any(marker in DCT_FRAMES for marker in _markers(data.read(segments.segments[0].length)))


def stored_samples(path: Path, dng: Dng) -> NDArray[Any] | None:
    """The samples of lossy JPEG, deflated integers, floating point (as float32) or separate planes as the file stores
    them: (H, W) or (H, W, 3). None if LibRaw does not change their scale, or if this module cannot decode them.
    """
    try:
        with TagFile(path) as file, path.open("rb") as data:
            page = raw_directory(file)
            if page is None:
                return None
            return _planar(page, dng) if _is_planar(Tags(page), dng) else _decoded(Tags(page), data, dng)
    except FAULTS:
        return None


def _decoded(tags: Tags, data: Any, dng: Dng) -> NDArray[Any] | None:
    segments = segments_of(tags, *dng.stored.shape)
    decode = _decoder(tags, dng)
    if segments is None or decode is None or not _is_own(dng, data, segments):
        return None
    picture: NDArray[Any] | None = None
    for segment in segments.segments:
        data.seek(segment.start)
        rows, columns = segment.area.shape
        part = decode(data.read(segment.length), (rows if dng.is_stripped else segments.shape[0], segments.shape[1]))
        if picture is None:
            picture = np.zeros((*dng.stored.shape, dng.samples), part.dtype)
        picture[segment.area.top : segment.area.bottom, segment.area.left : segment.area.right] = part[:rows, :columns]
    if picture is None:
        return None
    picture = _linear(picture, dng)
    return picture if dng.samples == 3 else picture[..., 0]


def _linear(picture: NDArray[Any], dng: Dng) -> NDArray[Any]:
    """Integers through the LinearizationTable, if any."""
    if dng.linearization is None or picture.dtype.kind != "u":
        return picture
    return np.asarray(dng.linearization[np.minimum(picture, len(dng.linearization) - 1)])


def _is_planar(tags: Tags, dng: Dng) -> bool:
    return dng.samples == 3 and tags.whole("PlanarConfiguration") == 2


def _planar(page: Any, dng: Dng) -> NDArray[Any] | None:
    """(H, W, 3) of planes that are stored one after the other, which LibRaw takes for pixels; None if tifffile cannot
    decode them.
    """
    planes = np.asarray(page.asarray())
    if planes.shape != (3, *dng.stored.shape):
        return None
    picture = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    return _linear(picture, dng) if picture.dtype.kind == "u" else picture.astype(np.float32)


Decoder = Callable[[bytes, tuple[int, int]], NDArray[Any]]


def _decoder(tags: Tags, dng: Dng) -> Decoder | None:
    """What decodes the bytes of a strip or tile to (rows, columns, samples); None if the compression is unknown."""
    if dng.compression in JPEG_COMPRESSIONS:
        return lambda encoded, shape: _jpeg(encoded, dng.samples)
    predictor, sample_bytes = tags.whole("Predictor") or 1, dng.bits // 8
    predictors = (1, *FLOAT_PREDICTORS) if dng.floating else (1, DIFFERENCES)
    widths = (16, 24, 32, 64) if dng.floating else (8, 16)
    if dng.compression not in (UNCOMPRESSED, *DEFLATE) or dng.bits not in widths or predictor not in predictors:
        return None

    def decode(encoded: bytes, shape: tuple[int, int]) -> NDArray[Any]:
        size = shape[0] * shape[1] * dng.samples * sample_bytes
        raw = inflated(encoded, size) if dng.compression in DEFLATE else encoded[:size]
        rows = np.frombuffer(raw, np.uint8).reshape(shape[0], -1)
        if not dng.floating:
            order = ">" if dng.is_big_endian else "<"
            samples = rows.view(f"{order}u{sample_bytes}").astype(f"u{sample_bytes}").reshape(*shape, dng.samples)
            return np.cumsum(samples, axis=1, dtype=samples.dtype) if predictor == DIFFERENCES else samples
        if predictor in FLOAT_PREDICTORS:
            rows = integrated(rows, FLOAT_PREDICTORS[predictor] * dng.samples, sample_bytes)
        big = predictor in FLOAT_PREDICTORS or dng.is_big_endian
        return floats(rows, dng.bits, big).reshape(*shape, dng.samples)

    return decode


def _jpeg(encoded: bytes, samples: int) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(encoded)) as image:
        pixels = np.asarray(image)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.shape[2] != samples:
        raise ValueError(f"a JPEG of {pixels.shape[2]} components in a picture of {samples} samples")
    return pixels


def floats(rows: NDArray[np.uint8], bits: int, is_big_endian: bool) -> NDArray[np.float32]:
    """(rows, samples) float32 of rows of bytes: floating point of 16, 24 (DNG 1.4, chapter 5), 32 or 64 bits."""
    order = ">" if is_big_endian else "<"
    if bits != 24:
        return np.ascontiguousarray(rows).view(f"{order}f{bits // 8}").astype(np.float32)
    parts = rows.reshape(len(rows), -1, 3).astype(np.uint32)
    high, middle, low = (parts[..., n] for n in ((0, 1, 2) if is_big_endian else (2, 1, 0)))
    sign, exponent, mantissa = high >> 7, (high & 0x7F).astype(np.int32), (middle << 8 | low).astype(np.float64)
    magnitude = np.where(
        exponent == 0, np.ldexp(mantissa, -62 - 16), np.ldexp(1 + mantissa / 65536, np.clip(exponent, 1, None) - 63)
    )
    return np.asarray(np.where(sign == 1, -magnitude, magnitude), np.float32)
