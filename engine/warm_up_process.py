"""A process that compiles kernels and shader programs ahead. Drivers keep them on disk, where this process finds them.

PoCL compiles under a lock that every launch takes: a frame of the live picture would wait for a whole kernel, 0.2 to
4 s (measured). A linked shader program holds Python's lock. In another process, with a lower priority, both disturb no
frame. Loading from disk takes some milliseconds.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from .child_process import module_environment
from .compute.program import KERNELS
from .errors import DeviceError, GroundglassError
from .gl.program import SHADERS
from .kernel_choice import kernel_choice
from .pickling import pickled

if TYPE_CHECKING:
    from .compute.device import Device
    from .frame import Frame
    from .settings import Settings

PROGRAM = "groundglass.commands.compile_ahead"
END_WAIT_S = 2.0


class WarmUpProcess:
    """Draws in another process with a device like `device`, and then builds in this one what was built there.

    An engine of `WarmUp`; it has only what that needs. The process is started by the first draw that needs one: the
    device's record names the kernels of a draw that an earlier run has compiled.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._sent_revisions = (-1, -1)
        self._process: subprocess.Popen[bytes] | None = None
        self._is_interrupted = False
        self._built: list[list[str]] = []  # source and kernel of everything that the process has built

    def draw(self, frame: Frame, settings: Settings) -> None:
        """Returns when everything for such a draw is compiled.

        Raises DeviceError if the process cannot be started or ends.
        """
        record, key = self._device.compiled, _key_of(frame, settings)
        built = record.find(*key)
        if built is None:
            self._built += self._draw_in_process(frame, settings)
            built = self._built
            record.add(*key, note=built)
        for source, kernel in built:
            if self._is_interrupted:
                return
            with suppress(GroundglassError):  # a text has changed meanwhile: the frame that uses it reports the error
                self._device.kernels.find(source, kernel)

    def _draw_in_process(self, frame: Frame, settings: Settings) -> list[list[str]]:
        """The kernels that the process has built for this draw."""
        process = self._process = self._process or self._start()
        if self._is_interrupted:
            process.terminate()
        assert process.stdin is not None
        assert process.stdout is not None
        revisions = (KERNELS.revision, SHADERS.revision)
        texts = None if revisions == self._sent_revisions else (KERNELS.state(), SHADERS.state())
        self._sent_revisions = revisions
        try:
            process.stdin.write(pickled((texts, frame, settings)))
            process.stdin.flush()
            return [list(names) for names in pickle.load(process.stdout)]
        except (OSError, EOFError, pickle.PickleError) as error:
            raise DeviceError(f"{self._device.spec}: the process that compiles ahead has ended ({error})") from error

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", PROGRAM, self._device.spec, str(self._device.run_length)]
        environment = module_environment()
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=null, env=environment)
        except OSError as error:
            raise DeviceError(f"{command[0]}: cannot be started to compile ahead ({error.strerror})") from error

    def interrupt(self) -> None:
        """Ends the process, and with it a running `draw`, from any thread."""
        self._is_interrupted = True
        process = self._process
        if process is not None:
            with suppress(OSError):
                process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()  # the process then ends
        try:
            process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _key_of(frame: Frame, settings: Settings) -> tuple[object, ...]:
    """Equal for draws that need the same kernels and programs. It depends on no pixel."""
    return "draw", KERNELS.digest(), SHADERS.digest(), *kernel_choice(frame, settings)
