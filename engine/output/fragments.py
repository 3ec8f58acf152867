"""Removes the incomplete end of a fragmented video, after a disk was full (ISO/IEC 14496-12, boxes and fragments)."""

from __future__ import annotations

import os
from pathlib import Path

HEADER_BYTES, LARGE_HEADER_BYTES = 8, 16


def keep_whole_fragments(path: Path) -> bool:
    """Cuts the file after its last complete fragment. False, and the file is unchanged, if it has none.

    A fragment is a `moof` box, which describes pictures, and the `mdat` box after it, which holds them. Raises OSError.
    """
    end = moof = 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = 0
        while start + HEADER_BYTES <= size:
            file.seek(start)
            header = file.read(LARGE_HEADER_BYTES)
            kind, length = header[4:8], int.from_bytes(header[:4], "big")
            if length == 1:  # the length is in the following 8 bytes
                length = int.from_bytes(header[8:16], "big")
            if length < HEADER_BYTES or start + length > size:
                break
            start += length
            if kind == b"moof":
                moof = start
            elif kind == b"mdat" and moof:
                end = start
        if end:
            file.truncate(end)
    return end > 0
