"""The errors that Pillow, tifffile, NumPy and similar libraries raise on broken files."""

from __future__ import annotations

import struct
import tokenize
import zlib

import tifffile
from PIL import Image

# The documented errors and those that tests with one changed byte have raised.
UNREADABLE: tuple[type[Exception], ...] = (
    *(OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, IndexError, AttributeError, OverflowError),
    *(ZeroDivisionError, MemoryError, RuntimeError, struct.error, zlib.error, tifffile.TiffFileError),
    *(tokenize.TokenError, Image.DecompressionBombError),
)
