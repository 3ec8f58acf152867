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

from ..errors import SourceError
from ..frame import Frame
from .base import BaseSource
from .kinds import find_kind
from .sandbox_frames import error_of, finite, unpacked
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
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
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
            fields = self._received("S")
            if fields is None:
                raise SourceError(f"{self.name}: was closed while it was opened; open it again")
            self._describe(fields)
        except BaseException:
            self.close()
            raise

    def _describe(self, fields: Any) -> None:
        """Sets the properties of the source that the process sent."""
        try:
            name, (width, height), timing, fps, frames = fields
            self.name, self.size, self.timing = str(name), (int(width), int(height)), Timing(timing)
            self.fps, self.frames = finite(fps), None if frames is None else int(frames)
        except INVALID:
            raise self._invalid() from None

    def __iter__(self) -> Iterator[Frame]:
        if self._pipe is None:  # a second iteration decodes from the beginning
            self._start()
        count = 0
        try:
            self._grant(2)
            while (message := self._received("F")) is not None and not self._is_closed:
                frame = self._frame(message, self._memories[count % 2])
                self._grant(1)
                count += 1
                yield frame
        finally:
            self._end()

    def _frame(self, message: Any, memory: FrameMemory) -> Frame:
        held = memory.size
        with suppress(*INVALID):
            data, places = message
            if all(0 <= start <= start + length <= held for start, length in places):
                frame = unpacked(data, places, memory.of(max(held, 1)))
                if isinstance(frame, Frame):
                    return frame
        raise SourceError(f"{self.name}: the decoding process sent an invalid frame; open the file again")

    def _grant(self, frames: int) -> None:
        pipe = self._pipe
        with suppress(OSError):  # the process has ended: the next message has the reason
            for _ in range(frames):
                if pipe is not None:
                    pipe.send_bytes(b"n")

    def _received(self, expected: str) -> Any:
        """The content of the next message; None at the end of the source. Raises the errors of the process."""
        pipe = self._pipe
        try:
            message = b"" if pipe is None else pipe.recv_bytes()
        except (EOFError, OSError):
            message = b""
        if not message:
            if self._is_closed:
                return None
            raise self._lost()
        kind, content = message[:1].decode("latin-1"), message[1:]
        if kind == "E":
            return None
        fields = unpacked(content, [], self._memories[0].of(1))
        if kind == "X" and isinstance(fields, tuple) and len(fields) == 3:
            raise error_of(*map(str, fields))
        if kind != expected:
            raise self._invalid()
        return fields

    def _invalid(self) -> SourceError:
        return SourceError(f"{self.name}: the decoding process sent an invalid message; open the file again")

    def _lost(self) -> SourceError:
        """The error of a process that has ended."""
        status = 0 if self._process is None else self._process.wait()
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
