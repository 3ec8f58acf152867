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
from typing import TYPE_CHECKING, Any, Self

from .compute.program import KERNELS
from .errors import DeviceError, GroundglassError
from .gl.program import SHADERS

if TYPE_CHECKING:
    from .compute.device import Device
    from .frame import Frame
    from .settings import Settings

PROGRAM = "groundglass.commands.compile_ahead"
END_WAIT_S = 2.0


class WarmUpProcess:
    """Draws in another process with a device like `device`, and then builds in this one what was built there.

    An engine of `WarmUp`; it has only what that needs. Raises DeviceError if the process cannot be started or ends.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._sent_revisions = (-1, -1)
        command = [sys.executable, "-m", PROGRAM, device.spec, str(device.run_length)]
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


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


class _Pickler(pickle.Pickler):
    """Pickles looks, whose numbers are read-only mappings, too."""

    def reducer_override(self, obj: Any) -> Any:
        return (_read_only, (dict(obj),)) if isinstance(obj, MappingProxyType) else NotImplemented


def _pickled(message: object) -> bytes:
    pickled = BytesIO()
    _Pickler(pickled, pickle.HIGHEST_PROTOCOL).dump(message)
    return pickled.getvalue()
