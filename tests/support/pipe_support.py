"""Programs that write frames into pipes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WAIT_S = 20.0  # much more than a loaded machine needs


def numbered_rows(number: int, height: int, row_bytes: int) -> NDArray[np.uint8]:
    """A frame, (height, row_bytes) uint8, whose first and last bytes hold its number."""
    rows = np.full((height, row_bytes), number % 251, np.uint8)
    rows[0, :4] = rows[-1, -4:] = np.frombuffer(number.to_bytes(4, "little"), np.uint8)
    return rows


def number_of(rows: NDArray[np.uint8]) -> int:
    """The number of a frame. Fails if the frame holds parts of several."""
    number = int.from_bytes(rows[0, :4].tobytes(), "little")
    assert rows[-1, -4:].tobytes() == rows[0, :4].tobytes()
    assert (rows[1:-1] == number % 251).all()
    return number


@contextmanager
def writer(path: Path, parts: Iterable[bytes]) -> Iterator[threading.Thread]:
    """A thread that opens the FIFO `path`, writes the parts and closes it."""

    def write() -> None:
        with path.open("wb", buffering=0) as fifo:
            for part in parts:
                left = memoryview(part)
                while left:
                    left = left[fifo.write(left) :]

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    yield thread
    thread.join(WAIT_S)
    assert not thread.is_alive()
