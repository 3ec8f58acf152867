"""PoCL's programs saved as binaries, in a process that runs while a core is idle.

PoCL finds a program that it has compiled by its text: 50 ms each, and 40 MB of memory for its compiler. From the binary
it is built in 5 ms without the compiler (measured). But a binary takes PoCL up to 10 s, because it then compiles every
kernel for groups of any size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread, Timer
from types import TracebackType
from typing import Self

from ..child_process import module_environment
from .compiled_record import CompiledRecord, write_program
from .opencl_programs import context_of

AFTER_S = 10.0  # then most kernels of a run are in use
END_WAIT_S = 5.0


class ProgramSaving:
    """Within the `with` block, after AFTER_S seconds: saves what `record` misses for the device `spec`.

    The end of the block ends the process. A later run continues with the programs that are left.
    """

    def __init__(self, spec: str, record: CompiledRecord, after_s: float = AFTER_S) -> None:
        self._spec, self._record = spec, record
        self._process: subprocess.Popen[bytes] | None = None
        self._timer = Timer(after_s, self._start)
        self._timer.daemon = True

    def _start(self) -> None:
        programs = [(str(file), *program) for file, program in list(self._record.missing.items())]
        if not programs:
            return
        command = [sys.executable, "-m", __name__, self._spec]
        environment = module_environment()
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        with suppress(OSError):  # without the process the next start is as slow as this one
            self._process = subprocess.Popen(command, stdin=pipe, stdout=null, stderr=null, env=environment)
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(programs).encode() + b"\n")
            self._process.stdin.flush()  # the pipe stays open: its end is the end of the process

    def wait(self) -> None:
        """Waits until everything is saved."""
        self._timer.join()
        if self._process is not None:
            self._process.wait()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(END_WAIT_S)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def save_programs(number: int, programs: list[tuple[str, str, str]]) -> None:
    """Builds programs, each a file, text and options, on the `number`-th OpenCL device, and writes their binaries."""
    import pyopencl as cl

    devices = [device for platform in cl.get_platforms() for device in platform.get_devices()]
    context = context_of(devices[number], keep=False)
    for file, text, options in programs:
        with suppress(cl.Error):  # a text that does not compile
            program = cl.Program(context, text).build(options)
            write_program(Path(file), program.get_info(cl.program_info.BINARIES)[0])


def _run_when_idle() -> None:
    """Lets every other process go first."""
    with suppress(OSError, AttributeError):  # other systems than Linux have no such policy
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _end_with_parent() -> None:
    """Ends this process when the pipe of the parent ends, even if the parent was killed."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    _run_when_idle()
    os.environ["PYOPENCL_COMPILER_OUTPUT"] = "0"
    programs = json.loads(sys.stdin.buffer.readline())
    Thread(target=_end_with_parent, daemon=True).start()
    save_programs(int(sys.argv[1].partition(":")[2]), programs)
    os._exit(0)  # the thread reads still


if __name__ == "__main__":
    main()
