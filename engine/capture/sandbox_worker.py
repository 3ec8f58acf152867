"""The decoding process of `sandbox`: opens a file as a source and sends its frames. Run it as a module."""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ..errors import GroundglassError
from .sandbox_frames import bytes_of, message_of, packed, text_of

MIN_MEMORY_BYTES = 4 << 30
MAX_FILE_BYTES = 4 << 30  # frames, and temporary files of the libraries
NO_NEW_PRIVILEGES = 38  # prctl


def limit() -> None:
    """Limits this process: half of the main memory, no large files, no core dump, no new privileges."""
    import resource

    with suppress(OSError, ValueError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        resource.setrlimit(resource.RLIMIT_AS, (max(memory // 2, MIN_MEMORY_BYTES),) * 2)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES,) * 2)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)


class FrameMemory:
    """A file that both processes map. The sender enlarges it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mapped: mmap.mmap | None = None

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def of(self, size: int) -> mmap.mmap:
        """The memory, of at least `size` bytes. Raises OSError if the disk or the memory is full."""
        if self._mapped is None or len(self._mapped) < size:
            if self._mapped is not None:
                self._mapped.close()
            if self.size < size:
                os.truncate(self._descriptor, size)
            self._mapped = mmap.mmap(self._descriptor, self.size)
        return self._mapped


def send_frames(pipe: Connection, memories: tuple[FrameMemory, FrameMemory]) -> None:
    """Answers one request: its source and, for each credit, a frame, until the source or this process ends."""
    from .open import open_source

    name, options = pickle.loads(pipe.recv_bytes())
    with open_source(name, **options) as source:
        fields = (text_of(source.name), source.size, source.timing.value, source.fps, source.frames)
        pipe.send_bytes(b"S" + message_of(fields))
        for count, frame in enumerate(source):
            if not pipe.recv_bytes():
                return
            kept = frame.owned()
            frame.release()
            memory = memories[count % 2].of(max(bytes_of(kept), 1))
            pipe.send_bytes(b"F" + packed(kept, memory))
        pipe.send_bytes(b"E")


def run(descriptors: list[int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the viewer, which ends this process
    limit()
    pipe = Connection(descriptors[0])
    try:
        send_frames(pipe, (FrameMemory(descriptors[1]), FrameMemory(descriptors[2])))
    except (BrokenPipeError, ConnectionError, EOFError):
        return
    except BaseException as error:
        pipe.send_bytes(b"X" + message_of([text_of(text) for text in _described(error)]))
        if not isinstance(error, Exception):
            raise


def _described(error: BaseException) -> tuple[str, str, str]:
    if isinstance(error, GroundglassError):
        return type(error).__name__, str(error), str(getattr(error, "extra", ""))
    return "SourceError", f"cannot be decoded ({type(error).__name__}: {error}); copy it again or convert it", ""


def main() -> Any:
    run([int(text) for text in sys.argv[1:]])


if __name__ == "__main__":
    main()
