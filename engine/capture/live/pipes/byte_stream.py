"""Bytes of a pipe, a FIFO or a file, read into buffers without a copy. A read that blocks can be interrupted."""

from __future__ import annotations

import io
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

from ....errors import SourceError

PIPE_BYTES = 1 << 20  # capacity of a pipe where the system lets us choose it: fewer, larger reads
CHECK_S = 1.0  # interval of `idle` while nothing arrives
NO_WRITER_S = 0.1  # wait where the system reports a FIFO without a writer as readable
HAS_POLL = hasattr(select, "poll")  # Windows polls no pipes: a read there ends with the program


class WakeUp:
    """Ends the waits of streams, from any thread, now and in the future."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._ends = os.pipe()
        self._is_open = True

    def is_set(self) -> bool:
        return self._event.is_set()

    @property
    def descriptor(self) -> int:
        """Readable once it is set."""
        return self._ends[0]

    def set(self) -> None:
        with self._lock:
            if self._is_open and not self.is_set():
                os.write(self._ends[1], b"!")
            self._event.set()

    def sleep(self, seconds: float) -> None:
        """Sleeps, until it is set."""
        self._event.wait(seconds)

    def close(self) -> None:
        """No stream may wait any more. Closing twice is harmless."""
        with self._lock:
            self._event.set()
            if self._is_open:
                self._is_open = False
                for end in self._ends:
                    os.close(end)


class ByteStream:
    """Reads the open file `descriptor`, which it closes if `owned`.

    `wake` ends a read that blocks. `idle` is called every second while nothing arrives; it may raise. A FIFO is opened
    without blocking: before its first writer it has not ended.
    """

    def __init__(
        self,
        descriptor: int,
        wake: WakeUp,
        *,
        owned: bool,
        is_fifo: bool = False,
        idle: Callable[[], None] | None = None,
    ) -> None:
        self._file = io.FileIO(descriptor, "rb", closefd=owned)
        self._wake, self._idle = wake, idle
        self._awaits_writer = is_fifo
        self._ahead = bytearray()  # read, but given back
        self.deadline_s = float("inf")  # on the clock of `time.perf_counter`
        _enlarge(descriptor)
        if HAS_POLL:
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLIN)
            self._poll.register(wake.descriptor, select.POLLIN)

    def fill(self, target: memoryview) -> int:
        """Fills `target`. Returns the number of bytes: fewer at the end of the stream, or after `wake` was set.

        Raises OSError, or SourceError at `deadline_s`.
        """
        filled = min(len(self._ahead), len(target))
        target[:filled] = self._ahead[:filled]
        del self._ahead[:filled]
        while filled < len(target) and self._wait():
            count = self._file.readinto(target[filled:])
            if count:
                filled += count
                self._awaits_writer = False
            elif count == 0 and not self._awaits_writer:
                break
            elif count == 0:
                self._wake.sleep(NO_WRITER_S)  # a FIFO has no writer yet
        return filled

    def read(self, count: int) -> bytes:
        """Up to `count` bytes, fewer at the end."""
        target = bytearray(count)
        filled = self.fill(memoryview(target))
        return bytes(target[:filled])

    def read_line(self, max_bytes: int, begin: bytes = b"") -> bytes:
        """`begin` and the bytes up to a newline, which is included unless the line is longer or the stream ends."""
        line = bytearray(begin)
        while not line.endswith(b"\n") and len(line) < max_bytes:
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def push_back(self, content: bytes) -> None:
        """The next reads begin with `content`."""
        self._ahead[:0] = content

    def seek(self, offset: int) -> None:
        """Continues at this byte of a regular file."""
        self._ahead.clear()
        self._file.seek(offset)

    def close(self) -> None:
        self._file.close()

    def _wait(self) -> bool:
        """Waits until bytes can be read. False after `wake` was set."""
        while not self._wake.is_set():
            remaining_s = self.deadline_s - perf_counter()
            if remaining_s <= 0:
                raise SourceError("nothing arrives; start the program that writes first")
            if not HAS_POLL:
                return True
            ready = [descriptor for descriptor, _ in self._poll.poll(1000 * min(CHECK_S, remaining_s))]
            if self._wake.is_set():
                break
            if not ready and self._idle is not None:
                self._idle()
            if ready or self._awaits_writer:
                return True
        return False


def _enlarge(descriptor: int) -> None:
    """Gives a pipe on Linux more capacity. A file, or a user with many pipes, keeps what it has."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
