"""Decodes a file in another process, with limits: a crash of a C library there is an error here, and the window stays.

The frames come through memory that both processes map: the process decodes the next frame while this one uses the
last.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from ..child_process import module_environment
from ..documents import decoded, parse_json
from ..errors import GroundglassError, SourceError
from ..frame import Frame
from .base import BaseSource
from .kinds import find_kind
from .sandbox_frames import MAX_INTEGER, MAX_SIDE, error_of, finite, received_text, unpacked
from .sandbox_worker import FrameMemory
from .source import Timing
from .stereo import PREFIX as STEREO

try:
    import fcntl
except ImportError:  # Windows
    HAS_SANDBOX = False
else:
    HAS_SANDBOX = True

ADD_SEALS, SEAL_SHRINK = 1033, 2  # Linux, fcntl.h
PROGRAM = f"{__package__}.sandbox_worker"
INVALID = (TypeError, ValueError, OverflowError)  # from fields of other kinds or numbers than the process has to send
END_S = 5.0  # for the end of a process that has closed its connection
MAX_MESSAGE = 1 << 20  # bytes: arrays are in the shared memory
REMEDY = "the file may be damaged or hostile; convert it with another program"


def is_file_source(source: str, depth: str | None = None) -> bool:
    """Whether a source, and its depth, are files or folders, which another process can open."""
    names = [source]
    if depth is not None and depth != "none" and not depth.startswith("plane:"):
        names.append(depth.removeprefix(STEREO).partition("?")[0] if depth.startswith(STEREO) else depth)
    return all(find_kind(name) is None and (Path(name).is_file() or Path(name).is_dir()) for name in names)


class SandboxedSource(BaseSource):
    """The frames of `open_source(name, **options)`, decoded by another process.

    Raises the errors of `open_source`, and SourceError if the process ends by itself.
    """

    def __init__(self, name: str | Path, **options: Any) -> None:
        self.name = str(name)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._is_closed = False
        self._start()

    def _start(self) -> None:
        """Starts the process and reads what the source is."""
        self._is_closed = False
        self._files = [_shared_file() for _ in range(2)]
        self._memories = [FrameMemory(file.fileno()) for file in self._files]
        own, other = socket.socketpair()
        descriptors = [other.fileno(), *(file.fileno() for file in self._files)]
        environment = module_environment()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, *map(str, descriptors)],
                stdin=subprocess.DEVNULL, pass_fds=descriptors, env=environment,
            )  # fmt: skip
        except OSError as error:
            own.close()
            raise SourceError(f"{self.name}: the decoding process cannot be started ({error.strerror})") from error
        finally:
            other.close()
        self._pipe = Connection(own.detach())
        try:
            self._pipe.send_bytes(pickle.dumps((self.name, self._options)))
            message = self._received(b"S")
            if message is None:
                raise SourceError(f"{self.name}: was closed while it was opened; open it again")
            self._describe(message)
        except BaseException:
            self.close()
            raise

    def _describe(self, message: bytes) -> None:
        """Sets the properties of the source that the process sent."""
        try:
            name, (width, height), timing, fps, frames = parse_json(decoded(message))
            self.name, self.size = received_text(name), (_whole(width, MAX_SIDE), _whole(height, MAX_SIDE))
            self.timing, self.fps = Timing(timing), finite(fps)
            self.frames = None if frames is None else _whole(frames, MAX_INTEGER)
        except INVALID:
            raise self._invalid() from None

    def __iter__(self) -> Iterator[Frame]:
        if self._pipe is None:  # a second iteration decodes from the beginning
            self._start()
        count = 0
        try:
            self._grant(2)
            while (message := self._received(b"F")) is not None and not self._is_closed:
                frame = self._frame(message, self._memories[count % 2])
                self._grant(1)
                count += 1
                yield frame
        finally:
            self._end()

    def _frame(self, message: bytes, memory: FrameMemory) -> Frame:
        held = memory.size
        try:
            return unpacked(message, memory.of(max(held, 1)), held)
        except SourceError as error:
            raise SourceError(f"{self.name}: {error}") from error

    def _grant(self, frames: int) -> None:
        pipe = self._pipe
        with suppress(OSError):  # the process has ended: the next message has the reason
            for _ in range(frames):
                if pipe is not None:
                    pipe.send_bytes(b"n")

    def _received(self, expected: bytes) -> bytes | None:
        """The content of the next message; None at the end of the source. Raises the errors of the process."""
        pipe = self._pipe
        try:
            message = b"" if pipe is None else pipe.recv_bytes(MAX_MESSAGE)
        except (EOFError, OSError):  # an OSError also for a message that is too long
            message = b""
        if not message:
            if self._is_closed:
                return None
            raise self._lost()
        kind, content = message[:1], message[1:]
        if kind == b"E":
            return None
        if kind == b"X":
            raise self._sent_error(content)
        if kind != expected:
            raise self._invalid()
        return content

    def _sent_error(self, content: bytes) -> GroundglassError:
        try:
            kind, text, extra = map(received_text, parse_json(decoded(content)))
        except INVALID:
            return self._invalid()
        return error_of(kind, text, extra)

    def _invalid(self) -> SourceError:
        return SourceError(f"{self.name}: the decoding process sent an invalid message; open the file again")

    def _lost(self) -> SourceError:
        """The error of a process that has ended."""
        process = self._process
        try:
            status = 0 if process is None else process.wait(END_S)
        except subprocess.TimeoutExpired:  # `close` kills it
            return SourceError(f"{self.name}: the decoding process no longer answers; {REMEDY}")
        reason = f"exit status {status}"
        if status < 0:
            with suppress(ValueError):
                reason = signal.Signals(-status).name
        return SourceError(f"{self.name}: the decoding process crashed ({reason}); {REMEDY}")

    def interrupt(self) -> None:
        """Ends the process, and with it a read that blocks, from any thread."""
        self._is_closed = True
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()

    def _end(self) -> None:
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.wait()
        if pipe is not None:
            pipe.close()
        for file in self._files:
            file.close()

    def close(self) -> None:
        self._is_closed = True
        self._end()


def _whole(number: Any, limit: int) -> int:
    """A whole number from 0 to `limit`. Raises ValueError."""
    if type(number) is not int or not 0 <= number <= limit:
        raise ValueError(number)
    return number


def _shared_file() -> BinaryIO:
    """An empty file in memory. On Linux the decoding process cannot make it smaller: reading beyond its end would end
    this process."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("groundglass-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        fcntl.fcntl(descriptor, ADD_SEALS, SEAL_SHRINK)
        return open(descriptor, "r+b")
    return tempfile.TemporaryFile()  # type: ignore[return-value,unused-ignore]


def open_apart(source: str, **options: Any) -> BaseSource:
    """The source in another process. Raises SourceError on Windows, and if the depth is not a file."""
    if not HAS_SANDBOX:
        raise SourceError(f"{source}: --sandbox is for Linux and macOS; leave it out")
    if not is_file_source(source, options.get("depth")):
        raise SourceError(
            f"{source}: --sandbox decodes files, but --depth {options['depth']} is not one; leave one of both out"
        )
    return SandboxedSource(source, **options)
