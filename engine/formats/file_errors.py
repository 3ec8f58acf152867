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

DEFLATE_RATIO = 1032  # zlib's highest ratio of compression, in bits: a sample has at least one
LZW_PIXELS = 2731  # the longest word of a GIF: 4096 pixels in 12 bits
USUAL_PIXELS = 1 << 24  # the screen of a GIF may be larger than its picture


def check_held(image: Image.Image, path: Path) -> None:
    """Raises ValueError if the header has more pixels than the bytes can hold (PNG, GIF), before memory is taken."""
    pixels, size = image.width * image.height, os.path.getsize(path)
    limits = {"PNG": 8 * DEFLATE_RATIO * size // len(image.getbands()), "GIF": max(LZW_PIXELS * size, USUAL_PIXELS)}
    if pixels > limits.get(image.format or "", pixels):
        raise ValueError(f"its header has {image.width}x{image.height} pixels, more than its bytes can hold")
