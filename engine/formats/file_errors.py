"""The errors that Pillow, tifffile, NumPy and similar libraries raise on broken files."""

from __future__ import annotations

import os
import struct
import tokenize
import zlib
from pathlib import Path

import tifffile
from PIL import Image

# The documented errors and those that tests with one changed byte have raised.
UNREADABLE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, IndexError, AttributeError, OverflowError),
    *(ZeroDivisionError, MemoryError, RuntimeError, struct.error, zlib.error, tifffile.TiffFileError),
    *(tokenize.TokenError, Image.DecompressionBombError),
)

DEFLATE_RATIO = 1032  # zlib's highest ratio of compression


def check_png_size(image: Image.Image, path: Path) -> None:
    """Raises ValueError for a PNG whose header has more pixels than its bytes can hold, before memory is taken."""
    bits = image.width * image.height * len(image.getbands())  # at least one for each sample
    if image.format == "PNG" and bits > 8 * DEFLATE_RATIO * os.path.getsize(path):
        raise ValueError(f"its header has {image.width}x{image.height} pixels, more than its bytes can hold")
