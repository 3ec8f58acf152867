"""Main memory of the process."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Returns freed memory to the system. Call it once after work with many large arrays, never for each frame.

    glibc keeps the memory of freed arrays of up to 32 MB: 0.15 GB after the scene of 1920x1080 is rendered, 0.45 GB at
    4000x3000 (measured). Other allocators return it themselves.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
