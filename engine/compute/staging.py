"""Pinned host memory: a GPU copies from and to it directly, where a driver would copy pageable memory twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

# A frame copies a mosaic, a depth map and up to two tables, the first one seven arrays. None waits for an earlier copy,
# which may be queued behind the kernels of another frame.
MAX_BLOCKS = 12
_PAGE = 4096  # blocks are at least this long, so that small tables share them

Copy = TypeVar("Copy")  # what a driver returns for a queued copy: an event


@dataclass
class PinnedBlock(Generic[Copy]):
    """Pinned memory, and the copy that used it last. `free` gives the memory back to the driver."""

    memory: NDArray[np.uint8]
    free: Callable[[], None]
    copy: Copy | None = None


class Staging(Generic[Copy]):
    """A few pinned blocks of one device that persist from frame to frame.

    `allocate` returns a block of at least the given number of bytes; `has_ended` is whether a queued copy is done, and
    `wait` waits for it.
    """

    def __init__(
        self,
        allocate: Callable[[int], PinnedBlock[Copy]],
        has_ended: Callable[[Copy], bool],
        wait: Callable[[Copy], object],
    ) -> None:
        self._allocate, self._has_ended, self._wait = allocate, has_ended, wait
        self._blocks: list[PinnedBlock[Copy]] = []  # the one used longest ago first

    @contextmanager
    def block(self, nbytes: int) -> Iterator[PinnedBlock[Copy]]:
        """A block of `nbytes` bytes or more that no copy uses, for the `with` block, in which the caller sets `copy`.

        It waits for a copy only if all of MAX_BLOCKS blocks are in use. Raises what `allocate` raises.
        """
        block = self._take(nbytes)
        try:
            yield block
        finally:
            self._blocks.append(block)

    def _take(self, nbytes: int) -> PinnedBlock[Copy]:
        for block in self._blocks:
            if block.copy is not None and self._has_ended(block.copy):
                block.copy = None
        fitting = [block for block in self._blocks if block.copy is None and block.memory.size >= nbytes]
        if fitting:
            block = min(fitting, key=lambda block: block.memory.size)
            self._blocks = [other for other in self._blocks if other is not block]
            return block
        if len(self._blocks) == MAX_BLOCKS:
            oldest = self._blocks.pop(0)
            if oldest.copy is not None:
                self._wait(oldest.copy)
                oldest.copy = None
            if oldest.memory.size >= nbytes:
                return oldest
            oldest.free()
        return self._allocate(max(nbytes, _PAGE))

    def release(self) -> None:
        """Frees all blocks after their copies; a second call has no effect."""
        while self._blocks:
            block = self._blocks.pop()
            if block.copy is not None:
                self._wait(block.copy)
            block.free()
