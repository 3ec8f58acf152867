"""Ultra HDR JPEG: the SDR picture, and behind it a gain map that turns it into the HDR picture.

Both generations of readers find the gain map: by XMP (Google, "Ultra HDR Image Format v1.1", 2024; Adobe, "Gain map
specification", 2023), and by binary metadata (ISO 21496-1:2025). The file is a multi-picture container (CIPA DC-007).
Other readers show the SDR picture.
"""

from __future__ import annotations

import math
import struct
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..colour.output_space import OutputSpace, srgb_profile
from ..errors import OutputError

_XMP, _ISO, _MPF = b"http://ns.adobe.com/xap/1.0/\0", b"urn:iso:std:iso:ts:21496:-1\0", b"MPF\0"
_HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
_APP1, _APP2 = 0xE1, 0xE2
_MIN_STOPS = 0.1  # range of the map of a picture without highlights
_MPF_BYTES = 82  # the index of two pictures, from its byte order mark
_UNITS = 1_000_000  # denominator of the fractions


def ultra_hdr_jpeg(
    display_rgb: NDArray[np.uint8],
    gain: NDArray[np.float32],
    *,
    space: OutputSpace | None = None,
    exif: bytes = b"",
) -> bytes:
    """The JPEG of a picture (H, W, 3) in sRGB or `space`, whose HDR rendition is its light times `gain`, (H, W) >= 1.

    Raises OutputError for a gain that is not finite or below 1.
    """
    if gain.shape != display_rgb.shape[:2] or not np.isfinite(gain).all() or gain.min(initial=1.0) < 1.0 - 1e-3:
        raise OutputError("a gain map has one number of at least 1 for each pixel; render the picture again")
    stops = np.log2(np.maximum(gain, 1.0))
    largest = max(float(stops.max()), _MIN_STOPS)
    codes = (stops * (255.0 / largest) + 0.5).astype(np.uint8)
    profile = srgb_profile() if space is None else space.profile
    primary = _jpeg(Image.fromarray(np.ascontiguousarray(display_rgb), "RGB"), icc_profile=profile, exif=exif)
    second = _with_segments(
        _jpeg(Image.fromarray(codes, "L")),
        _segment(_APP1, _XMP + _gain_map_xmp(largest)) + _segment(_APP2, _ISO + _iso_metadata(largest)),
    )
    head = _segment(_APP1, _XMP + _container_xmp(len(second))) + _segment(_APP2, _ISO + struct.pack(">HH", 0, 0))
    begin = _with_segments(primary, head + _segment(_APP2, _MPF + bytes(_MPF_BYTES)))
    return begin.replace(_MPF + bytes(_MPF_BYTES), _MPF + _mp_index(begin, len(second)), 1) + second


def _jpeg(picture: Image.Image, **options: bytes) -> bytes:
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=95, subsampling=0, **options)
    return encoded.getvalue()


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _with_segments(jpeg: bytes, segments: bytes) -> bytes:
    """The segments behind JFIF and EXIF, which readers expect first."""
    at = 2
    while jpeg[at + 1] == 0xE0 or (jpeg[at + 1] == _APP1 and jpeg[at + 4 : at + 8] == b"Exif"):
        at += 2 + int(struct.unpack_from(">H", jpeg, at + 2)[0])
    return jpeg[:at] + segments + jpeg[at:]


def _xmp(attributes: str, content: str = "") -> bytes:
    body = f">{content}</rdf:Description>" if content else "/>"
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:hdrgm="{_HDRGM}" {attributes}{body}</rdf:RDF></x:xmpmeta>'
    ).encode()


def _gain_map_xmp(stops: float) -> bytes:
    numbers = {"GainMapMin": 0.0, "GainMapMax": stops, "Gamma": 1.0, "OffsetSDR": 0.0, "OffsetHDR": 0.0}
    numbers |= {"HDRCapacityMin": 0.0, "HDRCapacityMax": stops}
    texts = " ".join(f'hdrgm:{name}="{number:.6f}"' for name, number in numbers.items())
    return _xmp(f'hdrgm:Version="1.0" {texts} hdrgm:BaseRenditionIsHDR="False"')


def _container_xmp(gain_map_bytes: int) -> bytes:
    items = [
        'Item:Semantic="Primary" Item:Mime="image/jpeg"',
        f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{gain_map_bytes}"',
    ]
    listed = "".join(f'<rdf:li rdf:parseType="Resource"><Container:Item {item}/></rdf:li>' for item in items)
    return _xmp(
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0"',
        f"<Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>",
    )


def _iso_metadata(stops: float) -> bytes:
    """ISO 21496-1, annex C: versions, flags (one channel, the base's primaries), headrooms, and the channel."""
    largest = math.ceil(stops * _UNITS)
    headrooms = 0, _UNITS, largest, _UNITS  # base and alternate rendition, in stops
    ends = 0, _UNITS, round(stops * _UNITS), _UNITS  # least and largest gain of the map
    gamma, offsets = (_UNITS, _UNITS), (0, _UNITS, 0, _UNITS)
    return struct.pack(">HHB14i", 0, 0, 0x40, *headrooms, *ends, *gamma, *offsets)


def _mp_index(begin: bytes, second_bytes: int) -> bytes:
    """The MP index IFD (CIPA DC-007, 5.2). Offsets count from its byte order mark."""
    mark = begin.index(_MPF) + len(_MPF)
    entries_at = 8 + 2 + 3 * 12 + 4
    tags = struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    tags += struct.pack(">HHII", 0xB002, 7, 32, entries_at)
    primary = struct.pack(">IIIHH", 0x030000, len(begin), 0, 0, 0)
    second = struct.pack(">IIIHH", 0, second_bytes, len(begin) - mark, 0, 0)
    return b"MM\0\x2a" + struct.pack(">IH", 8, 3) + tags + struct.pack(">I", 0) + primary + second
