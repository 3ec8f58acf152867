"""A ring of buffers that frames lease in turn."""

from __future__ import annotations

from collections import deque
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ....frame import Lease

BUFFERS = 4  # one is filled, one waits, one is drawn; one more for a reader that keeps a frame


class BufferRing:
    """Buffers of `frame_bytes` bytes. A buffer is free again when its lease is released.

    While all are leased a new one is made, so that a reader that keeps frames never waits for itself.
    """

    def __init__(self, frame_bytes: int) -> None:
        self.frame_bytes = frame_bytes
        self.allocated = BUFFERS
        self._free = deque(np.empty(frame_bytes, np.uint8) for _ in range(BUFFERS))

    def take(self) -> NDArray[np.uint8]:
        """A buffer, (frame_bytes,) uint8, that no frame uses."""
        try:
            return self._free.popleft()
        except IndexError:
            self.allocated += 1
            return np.empty(self.frame_bytes, np.uint8)

    def lease(self, buffer: NDArray[np.uint8]) -> Lease:
        """The lease of a filled buffer."""
        return Lease(partial(self.give_back, buffer))

    def give_back(self, buffer: NDArray[np.uint8]) -> None:
        """May be called by any thread. Keeps at most the first number of buffers."""
        if len(self._free) < BUFFERS:
            self._free.append(buffer)
