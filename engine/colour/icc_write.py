"""Writes ICC display profiles from primaries and a curve, to embed in files (ICC.1:2022)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from .white import D50, D65, adaptation, xyz_of

# Parameters of a `para` tag (ICC.1:2022, 10.18): a power, or sRGB's curve with its linear part.
GAMMA_24 = (2.4,)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
PROFILE_DATE = 2026, 1, 1, 0, 0, 0  # equal profiles are equal bytes
_KINDS = {1: 0, 5: 3}  # function type by number of parameters


def write_profile(name: str, to_xyz_d50: NDArray[np.float64], parameters: tuple[float, ...]) -> bytes:
    """A version 4.4 display profile from a matrix (3, 3), screen light to XYZ under D50, and the curve's parameters."""
    curve = b"para" + bytes(4) + struct.pack(">HH", _KINDS[len(parameters)], 0) + _fixed(parameters)
    columns = [b"XYZ " + bytes(4) + _fixed(column) for column in to_xyz_d50.T]
    white = b"XYZ " + bytes(4) + _fixed(xyz_of(D50))
    adapted = b"sf32" + bytes(4) + _fixed(adaptation(D65, D50).ravel())
    tags = [
        (b"desc", _text(name)),
        (b"cprt", _text("No copyright, use freely")),
        (b"wtpt", white),
        (b"chad", adapted),
        *zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True),
        *((tag, curve) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags:
        table += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", *PROFILE_DATE) + b"acsp" + bytes(28) + _fixed(xyz_of(D50)) + bytes(48)
    return header + table + body


def _fixed(numbers: tuple[float, ...] | NDArray[np.float64]) -> bytes:
    """The numbers as s15Fixed16Number."""
    return b"".join(struct.pack(">i", round(float(number) * 65536)) for number in numbers)


def _text(text: str) -> bytes:
    """A multiLocalizedUnicodeType with one English record."""
    encoded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(encoded), 28) + encoded
