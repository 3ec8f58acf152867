"""Writes a LUT for other programs: .cube, or a HaldCLUT in a 16-bit PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from .lut import UNIT, Domain, Lut


def cube_text(lut: Lut, title: str, notes: Sequence[str] = ()) -> str:
    """A .cube file: Iridas's format for one table, Resolve's for curves before a cube."""
    lines = [f"# {note}" for note in notes] + [f'TITLE "{title}"']
    both = lut.shaper is not None and lut.cube is not None
    for table, kind, domain in ((lut.shaper, "1D", lut.shaper_domain), (lut.cube, "3D", lut.cube_domain)):
        if table is not None:
            lines.append(f"LUT_{kind}_SIZE {len(table)}")
            lines += _range(domain, kind, title) if both else _domain(domain)
    for table in (lut.shaper, lut.cube):
        if table is not None:
            rows = table if table.ndim == 2 else table.transpose(2, 1, 0, 3).reshape(-1, 3)
            lines += [f"{red:.6f} {green:.6f} {blue:.6f}" for red, green, blue in rows.tolist()]
    return "\n".join(lines) + "\n"


def hald_png(lut: Lut) -> bytes:
    """A HaldCLUT as a PNG of 16 bits a channel. Raises OutputError for curves, for a domain other than 0..1, and for a
    side that is not a square number.

    Pillow cannot write 16-bit colour, so the PNG is encoded here.
    """
    side = 0 if lut.cube is None else len(lut.cube)
    level = round(side**0.5)
    if lut.cube is None or lut.shaper is not None or lut.cube_domain != UNIT or level**2 != side:
        raise OutputError(f"{lut.name}: a HaldCLUT holds a cube over 0..1 of 4, 9, 16, 25, 36, 49 or 64 nodes a side")
    numbers = (np.clip(lut.cube.transpose(2, 1, 0, 3), 0.0, 1.0) * 65535.0 + 0.5).astype(">u2")
    return _png_16(numbers.reshape(level**3, level**3, 3))


def write_cube(path: Path, lut: Lut, title: str, notes: Sequence[str] = ()) -> None:
    path.write_text(cube_text(lut, title, notes), encoding="utf-8")


def write_hald(path: Path, lut: Lut) -> None:
    path.write_bytes(hald_png(lut))


def _domain(domain: Domain) -> list[str]:
    if domain == UNIT:
        return []
    ends = zip(("MIN", "MAX"), domain, strict=True)
    return [f"DOMAIN_{end} {' '.join(f'{number:g}' for number in edge)}" for end, edge in ends]


def _range(domain: Domain, kind: str, title: str) -> list[str]:
    (minimum,), (maximum,) = (set(edge) if len(set(edge)) == 1 else {None} for edge in domain)
    if minimum is None or maximum is None:
        raise OutputError(f"{title}: curves and a cube in one file must have one range for all channels")
    return [f"LUT_{kind}_INPUT_RANGE {minimum:g} {maximum:g}"]


def _png_16(rgb: NDArray[np.uint16]) -> bytes:
    """(H, W, 3) big-endian as PNG (W3C, 2003): header, unfiltered rows, end."""
    height, width = rgb.shape[:2]
    rows = np.zeros((height, 1 + width * 6), np.uint8)
    rows[:, 1:] = rgb.reshape(height, -1).view(np.uint8)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
