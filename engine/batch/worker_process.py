"""A worker of a batch as its owner sees it: a process that renders tasks, and is started again after a crash."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from ..child_process import module_environment
from ..errors import DeviceError
from ..pickling import pickled
from .task import Job, Result, Task, after_crash

PROGRAM = f"{__package__}.worker"
TASKS_AT_ONCE = 3  # one is read, one is drawn, one is written
CLOSE_S = 10.0  # for the pictures that a worker has begun
Report = Callable[[Result], None]


class WorkerDiedError(Exception):
    """The process has ended with a task; the text is the reason."""


class WorkerProcess:
    """One process. `threads` limits those of its libraries; None: as many as cores.

    Raises DeviceError if the device cannot be opened, WorkerDiedError if the process ends before it is ready.
    """

    def __init__(self, job: Job, device: str, threads: int | None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._inboxes: dict[int, SimpleQueue[tuple[Any, ...] | None]] = {}
        self._lock = threading.Lock()
        self.is_dead = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=_environment(threads),
                cwd=job.folder,
            )  # fmt: skip
        except OSError as error:
            raise DeviceError(
                f"{job.folder}: a worker cannot be started there ({error.strerror}); use a folder that all have"
            ) from error
        self._send((device, job))
        ready = self._receive()
        if ready is None:
            raise WorkerDiedError(self._reason())
        if ready[0] != "ready":
            self.kill()
            raise DeviceError(ready[1])
        self.identity: dict[str, str] = ready[1]
        threading.Thread(target=self._dispatch, name="groundglass-worker", daemon=True).start()

    def run(self, task: Task, report: Report) -> None:
        """Renders a task. Several threads may do so at once; the process takes their tasks in their order.

        Raises WorkerDiedError.
        """
        inbox: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        with self._lock:
            self._inboxes[task.number] = inbox
            if self.is_dead:
                inbox.put(None)
            else:
                self._send(task)
        try:
            while (message := inbox.get()) is not None and message[0] == "result":
                report(message[2])
        finally:
            with self._lock:
                del self._inboxes[task.number]
        if message is None:
            raise WorkerDiedError(self._reason())

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has died, which `_dispatch` notices
            self._process.stdin.write(pickled(message))
            self._process.stdin.flush()

    def _receive(self) -> tuple[Any, ...] | None:
        assert self._process.stdout is not None
        try:
            message: tuple[Any, ...] = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        return message

    def _dispatch(self) -> None:
        while (message := self._receive()) is not None:
            inbox = self._inboxes.get(message[1])
            if inbox is not None:
                inbox.put(message)
        self._process.wait()
        with self._lock:
            self.is_dead = True
            for inbox in self._inboxes.values():
                inbox.put(None)

    def _reason(self) -> str:
        """Why the process has ended: its signal, or the last line of its errors."""
        status = self._process.wait()
        if status < 0:
            with suppress(ValueError):
                return f"its worker crashed ({signal.Signals(-status).name})"
        with suppress(OSError, ValueError):
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            if lines:
                return f"its worker ended ({lines[-1].strip()[:200]})"
        return f"its worker ended (status {status})"

    def stop(self) -> None:
        """Lets the process end after the frames that it has read. Returns at once."""
        self._send(None)

    def join(self, timeout_s: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """Ends the process. Harmless when called twice."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()


class Runner:
    """Runs tasks in a worker, which is started again after a crash. The picture on which it crashes twice has failed.

    `run` may be called by TASKS_AT_ONCE threads at once. Raises DeviceError if the device cannot be opened.
    """

    def __init__(self, job: Job, device: str, threads: int | None) -> None:
        self._options = job, device, threads
        self._turn = threading.Condition()
        self._running = 0
        self._is_alone = False
        self._ending = threading.Event()
        self._worker = self._started()

    def _started(self) -> WorkerProcess:
        """A new worker; the second one if the first ends before it is ready."""
        with suppress(WorkerDiedError):
            return WorkerProcess(*self._options)
        try:
            return WorkerProcess(*self._options)
        except WorkerDiedError as error:
            device = self._options[1]
            raise DeviceError(f"--device {device}: {error}, twice; run `groundglass selftest`") from None

    @property
    def identity(self) -> dict[str, str]:
        return self._worker.identity

    def run(self, task: Task, report: Report) -> None:
        """Renders a task, whatever happens to the process. Returns early when closed."""
        remaining: Task | None = task
        while remaining is not None and not self._ending.is_set():
            finished: set[str] = set()

            def note(result: Result, finished: set[str] = finished) -> None:
                finished.add(result.output)
                report(result)

            try:
                with self._turn_for(remaining) as worker:
                    worker.run(remaining, note)
                return
            except WorkerDiedError as error:
                if self._ending.is_set():
                    return
                remaining, failed = after_crash(remaining, finished, str(error))
            if failed is not None:
                report(failed)

    @contextmanager
    def _turn_for(self, task: Task) -> Iterator[WorkerProcess]:
        """The living worker; a careful task has it alone."""
        with self._turn:
            self._turn.wait_for(lambda: not self._is_alone and (not task.careful or self._running == 0))
            self._running += 1
            self._is_alone = task.careful
            try:
                if self._worker.is_dead and not self._ending.is_set():
                    self._worker = self._started()
            except BaseException:
                self._leave(task)
                raise
        try:
            yield self._worker
        finally:
            with self._turn:
                self._leave(task)

    def _leave(self, task: Task) -> None:
        self._running -= 1
        self._is_alone = self._is_alone and not task.careful
        self._turn.notify_all()

    def stop(self) -> None:
        """Begins the end: no task begins any more. Returns at once."""
        self._ending.set()
        self._worker.stop()

    def close(self) -> None:
        """Ends the worker after the pictures that it has begun. Harmless when called twice."""
        self.stop()
        self._worker.join(CLOSE_S)


def _environment(threads: int | None) -> dict[str, str]:
    environment = module_environment()
    if threads is not None:
        names = ("POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT", "LP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        for name in (*names, "OMP_NUM_THREADS"):
            environment.setdefault(name, str(threads))
    return environment
