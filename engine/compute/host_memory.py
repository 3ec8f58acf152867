"""Main memory for buffers: large pages, made before a frame needs them."""

from __future__ import annotations

import mmap
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE_BYTES = 4096
HUGE_PAGE_BYTES = 2 << 20
_TOUCHING = Lock()  # one thread at a time: a frame needs the memory's bandwidth


def in_huge_pages(nbytes: int) -> NDArray[np.uint8]:
    """Zeroed memory in pages of 2 MiB, if the system supports them; what does not fill one is in small pages.

    It begins with a page: kernels read and write whole vectors. A frame touches 200 MB. With pages of 4 KiB a CPU
    spends 4 % of its time on page lookups (measured). But a large page for each small buffer would take twice the
    memory of all buffers.
    """
    whole_bytes = nbytes // HUGE_PAGE_BYTES * HUGE_PAGE_BYTES if hasattr(mmap, "MADV_HUGEPAGE") else 0
    spare_bytes = HUGE_PAGE_BYTES if whole_bytes else 0
    private: dict[str, Any] = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    pages = mmap.mmap(-1, max(nbytes, 1) + spare_bytes, **private)
    memory = np.frombuffer(pages, dtype=np.uint8)
    start = -memory.ctypes.data % HUGE_PAGE_BYTES if whole_bytes else 0
    if whole_bytes:
        pages.madvise(mmap.MADV_HUGEPAGE, start, whole_bytes)
    return memory[start : start + nbytes]


def touch(memory: NDArray[np.uint8]) -> None:
    """Makes the system provide the pages of `memory`, zeros, now. A frame would wait for it: 0.4 s at 1440x810."""
    with _TOUCHING:
        memory[::PAGE_BYTES] = 0
