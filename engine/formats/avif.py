"""AVIF pictures of more than 8 bits, which Pillow reduces to 8: decoded by FFmpeg, where PyAV is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour_tags import MAX_BOX_BYTES, boxes

HIGH_BIT_DEPTH = 0x40  # in the third byte of av1C (AV1 Codec ISO Media File Format Binding, 2.3)
_ONLY_THIS_FILE = {"protocol_whitelist": "file"}


def read_deep_avif(path: Path, size: tuple[int, int]) -> NDArray[np.uint16] | None:
    """The codes of an AVIF of 10 or 12 bits, (H, W, 3) uint16 with white at 65535, as stored.

    None if it has 8 bits, without PyAV, and for a picture of several tiles, which FFmpeg does not put together.
    """
    with path.open("rb") as file:
        begin = file.read(MAX_BOX_BYTES)
    if not any(kind == b"av1C" and len(body) > 2 and body[2] & HIGH_BIT_DEPTH for kind, body in boxes(begin)):
        return None
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(str(path), format="mov", options=_ONLY_THIS_FILE) as container:
            picture: Any = next(container.decode(video=0), None)
            if picture is None or (picture.width, picture.height) != size:
                return None
            return np.ascontiguousarray(picture.to_ndarray(format="rgb48le"))
    except (av.FFmpegError, IndexError, ValueError):
        return None
