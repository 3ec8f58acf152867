"""A HEIC with an auxiliary image, which pillow-heif reads but does not write."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image

MATTE = "urn:com:apple:photo:2018:aux:portraiteffectsmatte"


def heic_with_auxiliary(heif: Any, picture: Image.Image, grey: Image.Image, name: str = MATTE) -> bytes:
    """The bytes of a HEIC of `picture` with the auxiliary image `grey`: the second of two pictures is referred to."""
    stored = io.BytesIO()
    file = heif.from_pillow(picture)
    file.add_from_pillow(grey)
    file.save(stored, quality=-1, chroma=444, matrix_coefficients=0)
    data = stored.getvalue()
    meta = dict(_boxes(data, 0))[b"meta"]
    parts = dict(_boxes(meta, 12))
    properties = dict(_boxes(parts[b"iprp"], 8))
    number = sum(1 for _ in _boxes(properties[b"ipco"], 8)) + 1
    known = _box(b"ipco", properties[b"ipco"][8:] + _box(b"auxC", bytes(4) + name.encode() + b"\0"))
    used = bytearray(properties[b"ipma"])  # item 1 and its properties, then item 2
    second = 16 + 3 + used[18]
    used[second + 2] += 1
    parts[b"iprp"] = _box(b"iprp", known + _box(b"ipma", bytes(used[8:]) + bytes([number])))
    parts[b"iref"] = _box(b"iref", bytes(4) + _box(b"auxl", struct.pack(">HHH", 2, 1, 1)))
    longer = 12 + sum(map(len, parts.values())) - len(meta)
    places = bytearray(parts[b"iloc"])
    for item in (0, 1):  # the pictures lie behind the longer list
        at = 16 + 18 * item + 4
        struct.pack_into(">I", places, at, struct.unpack_from(">I", places, at)[0] + longer)
    parts[b"iloc"] = bytes(places)
    return data.replace(meta, _box(b"meta", meta[8:12] + b"".join(parts.values())))


def _boxes(data: bytes, start: int) -> Iterator[tuple[bytes, bytes]]:
    while start < len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, data[start : start + size]
        start += size


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body
