"""A process of a batch: opens an engine, renders tasks from its standard input, and sends the results. A program.

Messages are pickles. It receives the device and the job, then tasks, and None at the end. It sends ("ready", identity)
or ("refused", message, kind of error), then for each picture ("result", task, result), and ("end", task) after each
task. When the sender is gone, it finishes the picture that it draws, and ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import suppress
from time import sleep
from typing import Any, BinaryIO

from ..compute.registry import list_devices
from ..engine import Engine
from ..errors import GroundglassError
from ..memory import limit_arenas
from ..pickling import pickled
from .digest import program_digest
from .pipeline import Notes, Pipeline
from .task import Job, Result

# The thread that draws waits at most this long for Python's lock, which those that read and write hold. With Python's
# default of 5 ms a picture of 640x480 takes 58 ms on two cores, not less than without threads; so 45 ms (measured).
SWITCH_S = 5e-4
END_S = 20.0  # for the last picture, when the sender is gone


class Sender:
    """Sends messages from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def send(self, *message: Any) -> None:
        """Ends the process if its owner has ended."""
        try:
            with self._lock:
                self._stream.write(pickled(message))
                self._stream.flush()
        except OSError:
            os._exit(0)


def identity_of(engine: Engine) -> dict[str, str]:
    """The program, the device and the drivers: pictures of equal ones are equal."""
    driver = next((found.driver for found in list_devices()[0] if found.spec == engine.device.spec), "")
    return {
        "program": program_digest(),
        "device": " ".join(f"{engine.device.name} {driver}".split()),
        "gl": engine.gl_name,
    }


def run(source: BinaryIO, sender: Sender, notes: Notes) -> None:
    device, job = pickle.load(source)
    assert isinstance(job, Job)
    try:
        engine = Engine(device, repeatable=True, **job.engine_options)
    except GroundglassError as error:
        sender.send("refused", str(error))
        return
    with engine:
        sender.send("ready", identity_of(engine))

        def report(task: int, result: Result | None) -> None:
            if result is None:
                sender.send("end", task)
            else:
                sender.send("result", task, result)

        pipeline = Pipeline(job, engine, report, notes)

        def receive() -> None:
            with suppress(EOFError, OSError):
                while (task := pickle.load(source)) is not None:
                    pipeline.add(task)
            pipeline.stop()
            sleep(END_S)
            os._exit(1)

        threading.Thread(target=receive, daemon=True).start()
        pipeline.run()


def main() -> None:
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(number, signal.SIG_IGN)  # they reach the command, which ends this process
    limit_arenas()
    sys.setswitchinterval(SWITCH_S)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the output of drivers is not mixed with messages
    sys.stderr = notes = Notes()
    threading.excepthook = lambda failed: end_with(failed.exc_value)
    try:
        run(sys.stdin.buffer, Sender(output), notes)
    except Exception as error:
        end_with(error)
    os._exit(0)


def end_with(error: BaseException | None) -> None:
    """Ends the process with an error, which its owner reads."""
    traceback.print_exception(error, file=sys.__stderr__)
    os._exit(1)


if __name__ == "__main__":
    main()
