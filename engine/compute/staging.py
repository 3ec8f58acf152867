"""Pinned host memory: a GPU copies from and to it directly, where a driver would copy pageable memory twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

BLOCKS = 2  # used alternately: one is filled while the other is still being copied

Copy = TypeVar("Copy")  # what a driver returns for a queued copy: an event


@dataclass
class PinnedBlock(Generic[Copy]):
    """Pinned memory, and the copy that used it last. `free` gives the memory back to the driver."""

    memory: NDArray[np.uint8]
    free: Callable[[], None]
    copy: Copy | None = None


class Staging(Generic[Copy]):
    """A few pinned blocks of one device that persist from frame to frame and grow when an array is longer.

    `allocate` returns a block of at least the given number of bytes; `wait` waits for a queued copy.
    """

    def __init__(self, allocate: Callable[[int], PinnedBlock[Copy]], wait: Callable[[Copy], object]) -> None:
        self._allocate, self._wait = allocate, wait
        self._blocks: list[PinnedBlock[Copy]] = []  # the one used longest ago first

    def take(self, nbytes: int) -> PinnedBlock[Copy]:
        """A block of `nbytes` bytes or more that no copy uses any more; valid until `BLOCKS` further calls.

        The caller sets `copy` to the queued copy. Raises what `allocate` raises.
        """
        block = self._blocks.pop(0) if len(self._blocks) == BLOCKS else None
        if block is not None and block.copy is not None:
            self._wait(block.copy)
            block.copy = None
        if block is None or block.memory.size < nbytes:
            if block is not None:
                block.free()
            block = self._allocate(nbytes)
        self._blocks.append(block)
        return block

    def release(self) -> None:
        """Frees all blocks after their copies; a second call has no effect."""
        while self._blocks:
            block = self._blocks.pop()
            if block.copy is not None:
                self._wait(block.copy)
            block.free()
