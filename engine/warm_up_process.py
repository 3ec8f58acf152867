"""A process that compiles kernels and shader programs ahead. Drivers keep them on disk, where this process finds them.

PoCL compiles under a lock that every launch takes: a frame of the live picture would wait for a whole kernel, 0.2 to
4 s (measured). A linked shader program holds Python's lock. In another process, with a lower priority, both disturb no
frame. Loading from disk takes some milliseconds.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from io import BytesIO
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Self

from .compute.program import KERNELS
from .errors import DeviceError, GroundglassError
from .gl.program import SHADERS

if TYPE_CHECKING:
    from .compute.device import Device
    from .frame import Frame
    from .settings import Settings

NICENESS = 3  # the live picture has priority, but the governor waits for the next scale
DRAWS = 2  # the second draw compiles a program with constants
END_WAIT_S = 2.0


class WarmUpProcess:
    """Draws in another process with a device like `device`, and then builds in this one what was built there.

    An engine of `WarmUp`; it has only what that needs. Raises DeviceError if the process cannot be started or ends.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._sent_revisions = (-1, -1)
        command = [sys.executable, "-m", __name__, device.spec, str(device.run_length)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        except OSError as error:
            raise DeviceError(f"{command[0]}: cannot be started to compile ahead ({error.strerror})") from error

    def draw(self, frame: Frame, settings: Settings) -> None:
        """Returns when everything for such a draw is compiled."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        revisions = (KERNELS.revision, SHADERS.revision)
        texts = None if revisions == self._sent_revisions else (KERNELS.state(), SHADERS.state())
        self._sent_revisions = revisions
        try:
            self._process.stdin.write(_pickled((texts, frame, settings)))
            self._process.stdin.flush()
            built = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.PickleError) as error:
            raise DeviceError(f"{self._device.spec}: the process that compiles ahead has ended ({error})") from error
        for source, kernel in built:
            with suppress(GroundglassError):  # a text has changed meanwhile: the frame that uses it reports the error
                self._device.kernels.find(source, kernel)

    def interrupt(self) -> None:
        """Ends the process, and with it a running `draw`, from any thread."""
        with suppress(OSError):
            self._process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()  # the process then ends
        try:
            self._process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Pickler(pickle.Pickler):
    """Pickles looks, whose numbers are read-only mappings, too."""

    def reducer_override(self, obj: Any) -> Any:
        return (MappingProxyType, (dict(obj),)) if isinstance(obj, MappingProxyType) else NotImplemented


def _pickled(message: object) -> bytes:
    pickled = BytesIO()
    _Pickler(pickled, pickle.HIGHEST_PROTOCOL).dump(message)
    return pickled.getvalue()


def serve(spec: str, run_length: int, requests: IO[bytes], replies: IO[bytes]) -> None:
    """Draws each request until there are no more. The reply is the built kernels that were not in an earlier reply."""
    from .compute.registry import open_device
    from .engine import Engine
    from .gl.context import headless_context

    with suppress(AttributeError, OSError):  # Windows has no such priority
        os.nice(NICENESS)
    gl = headless_context()
    device = open_device(spec, gl)
    device.run_length = run_length
    known: set[tuple[str, str]] = set()
    with Engine(device, gl=gl) as engine, suppress(EOFError):
        while True:
            texts, frame, settings = pickle.load(requests)
            if texts is not None:
                KERNELS.restore(texts[0])
                SHADERS.restore(texts[1])
            with suppress(GroundglassError):
                for _ in range(DRAWS):
                    engine.draw(frame, settings)
                engine.gl.finish()
                engine.compile_look(settings)
            new = [name for name in device.kernels.names() if name not in known]
            known.update(new)
            pickle.dump(new, replies)
            replies.flush()


def main() -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else that is printed is a reply
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
