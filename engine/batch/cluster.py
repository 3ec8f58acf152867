"""The workers of a batch on a Dask cluster. Each process of Dask starts a worker, so that a crash ends only that."""

from __future__ import annotations

import logging
import os
import pickle
import platform
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, Self

from ..errors import DeviceError, GroundglassError, MissingExtraError, OutputError
from ..pickling import pickled
from .pool import check_identity
from .storage import is_remote
from .task import Failed, Job, Result, Task
from .worker_process import TASKS_AT_ONCE, Runner

LOCAL = "local"
CONNECT_S = 10.0
WORKERS_S = 30.0  # until a worker must have joined
CHECK_S = 2.0
STOP_S = 0.1  # interval of looking for pictures that were begun
AHEAD = 2  # tasks handed out for each thread of the workers

_RUNNERS: dict[str, Runner] = {}  # in a process of Dask, by job
_STARTING = threading.Lock()


class RefusedError(Exception):
    """The task came to a worker whose pictures would differ."""


def runner_of(key: str, message: bytes) -> Runner:
    """The worker of this process for a job. It replaces that of an earlier job. Raises GroundglassError."""
    with _STARTING:
        if key not in _RUNNERS:
            for other in list(_RUNNERS):
                _RUNNERS.pop(other).close()
            job, device, threads = pickle.loads(message)
            root = Path(job.folder) / job.root
            if not is_remote(job.root) and not root.is_dir():
                raise OutputError(f"{root}: does not exist on {platform.node()}; use a shared folder or s3://")
            _RUNNERS[key] = Runner(job, device, threads)
        return _RUNNERS[key]


def identity_in_worker(key: str, message: bytes) -> dict[str, str]:
    return runner_of(key, message).identity


def run_in_worker(key: str, message: bytes, task: Task, identity: dict[str, str]) -> list[Result]:
    """Runs a task in a process of Dask. Raises RefusedError."""
    runner, results = runner_of(key, message), list[Result]()
    if not is_equal(runner.identity, identity):
        raise RefusedError
    runner.run(task, results.append)
    return results


def is_equal(identity: dict[str, str], other: dict[str, str]) -> bool:
    """Whether the pictures of two workers are equal."""
    return identity == other


def stop_in_worker(key: str) -> None:
    """Lets the worker of this process finish what it has begun; tasks that come later do nothing."""
    runner = _RUNNERS.get(key)
    if runner is not None:
        runner.stop()


def close_in_worker(key: str) -> None:
    runner = _RUNNERS.pop(key, None)
    if runner is not None:
        runner.close()


@contextmanager
def _ignored_by_processes(number: signal.Signals) -> Iterator[None]:
    """Processes that are started meanwhile ignore the signal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


class Cluster:
    """The pool of workers behind a scheduler at `address`, or of `count` processes on this computer (`local`).

    Dask runs a task again if its worker dies. Raises DeviceError if the address does not answer, has no workers, or if
    pictures of two workers would differ; MissingExtraError without Dask.
    """

    def __init__(self, job: Job, address: str, count: int, device: str) -> None:
        distributed = _distributed(address)
        self._address = address
        self._local: Any = None
        self._tasks: deque[Task] = deque()
        self._running: dict[Any, Task] = {}
        self._done: SimpleQueue[Any] = SimpleQueue()
        try:
            self._client = self._connected(distributed, address, count)
        except (OSError, ValueError, ImportError, TimeoutError) as error:
            self._close_local()
            raise DeviceError(
                f"--cluster {address}: no scheduler answers ({error}); start one with `dask scheduler`, or give local"
            ) from error
        threads = None if self._local is None else max((os.cpu_count() or 1) // count, 1)
        message = pickled((job, device, threads))
        self._key = sha256(message).hexdigest()
        try:
            self._message = self._client.submit(bytes, message, pure=False)  # is computed again if its worker dies
            self.identity = self._checked_identity()
            self.count = sum(self._workers().values())
        except BaseException:
            self.close()
            raise

    def _connected(self, distributed: Any, address: str, count: int) -> Any:
        if address == LOCAL:
            with _ignored_by_processes(signal.SIGINT):  # Ctrl+C reaches the command, which ends them
                self._local = distributed.LocalCluster(
                    n_workers=count, threads_per_worker=TASKS_AT_ONCE, dashboard_address="127.0.0.1:0", silence_logs=50
                )
            return distributed.Client(self._local)
        return distributed.Client(address, timeout=CONNECT_S)

    def _workers(self) -> dict[str, int]:
        """The threads of each worker, by address."""
        return dict(self._client.nthreads())

    def _checked_identity(self) -> dict[str, str]:
        """The identity of all workers. Raises GroundglassError."""
        try:
            self._client.wait_for_workers(1, timeout=WORKERS_S)
        except TimeoutError:
            raise DeviceError(
                f"--cluster {self._address}: it has no workers; start some with `dask worker {self._address}`"
            ) from None
        futures = {
            name: self._client.submit(identity_in_worker, self._key, self._message, workers=[name], pure=False)
            for name in self._workers()
        }
        self._checked = set(futures)
        expected: dict[str, str] | None = None
        for name, future in futures.items():
            try:
                found = future.result()
            except GroundglassError as error:
                raise DeviceError(f"worker {name}: {error}") from error
            except ImportError as error:
                raise DeviceError(f"worker {name}: has no groundglass ({error}); install this version there") from error
            check_identity(expected or found, found, f"worker {name}")
            expected = expected or found
        assert expected is not None
        return expected

    def results(self, tasks: list[Task]) -> Iterator[Result]:
        self._tasks.extend(tasks)
        alone_s, counted_s = 0.0, monotonic()
        while self._tasks or self._running:
            if monotonic() - counted_s > CHECK_S:  # workers may join
                counted_s, self.count = monotonic(), max(sum(self._workers().values()), 1)
            while self._tasks and len(self._running) < AHEAD * self.count:
                self._submit(self._tasks.popleft())
            try:
                future = self._done.get(timeout=CHECK_S)
            except Empty:
                alone_s = self._check_alive(alone_s)
                continue
            alone_s = 0.0
            task = self._running.pop(future, None)
            if task is not None:
                yield from self._results_of(future, task)

    def _submit(self, task: Task, workers: list[str] | None = None) -> None:
        self._check_scheduler()
        future = self._client.submit(
            *(run_in_worker, self._key, self._message, task, self.identity),
            pure=False, priority=-task.number, workers=workers,
        )  # fmt: skip
        self._running[future] = task
        future.add_done_callback(self._done.put)

    def _results_of(self, future: Any, task: Task) -> list[Result]:
        """The results of a task that has ended; none if it must run again, because the cluster lost its result."""
        error: BaseException | None = None
        try:
            if future.status == "finished":
                results: list[Result] = future.result()
                return results
            error = future.exception() if future.status == "error" else None
        except (OSError, CancelledError):  # the scheduler or the worker with the result is gone
            self._check_scheduler()
        if isinstance(error, GroundglassError):
            raise error
        if error is None or isinstance(error, RefusedError):
            self._submit(task, None if error is None else self._equal_workers())
            return []
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return [Failed(picture.output, f"{picture.inputs[0]}: {reason}") for picture in task.pictures]

    def _equal_workers(self) -> list[str]:
        """The workers whose identity was checked, for a task that came to another one, which has joined later."""
        equal = [name for name in self._workers() if name in self._checked]
        if not equal:
            raise DeviceError(f"--cluster {self._address}: the workers that joined are different; repeat the command")
        return equal

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise DeviceError(f"--cluster {self._address}: the scheduler is gone; start it, and repeat the command")

    def _check_alive(self, alone_s: float) -> float:
        """Since when no worker is connected; 0 if there is one. Raises DeviceError."""
        self._check_scheduler()
        with suppress(OSError, ValueError):
            if self._workers():
                return 0.0
        alone_s = alone_s or monotonic()
        if monotonic() - alone_s > WORKERS_S:
            raise DeviceError(f"--cluster {self._address}: no worker is left; start some, and repeat the command")
        return alone_s

    def stop(self) -> Iterator[Result]:
        self._tasks.clear()
        with suppress(Exception):  # the cluster may be gone
            self._client.run(stop_in_worker, self._key, on_error="ignore")
        alone_s = 0.0
        while self._running:
            ended = [future for future in self._running if future.done()]
            for future in ended:
                del self._running[future]
                with suppress(OSError, CancelledError):  # the worker with the result is gone
                    if future.status == "finished":
                        yield from future.result()
            if not ended:
                try:
                    alone_s = self._check_alive(alone_s)
                except DeviceError:
                    return
                sleep(STOP_S)

    def close(self) -> None:
        with suppress(Exception):  # the cluster may be gone
            self._client.run(close_in_worker, self._key, on_error="ignore")
        with suppress(Exception):
            self._client.close(timeout=CONNECT_S)
        self._close_local()

    def _close_local(self) -> None:
        local, self._local = self._local, None
        if local is not None:
            local.close(timeout=CONNECT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _distributed(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError(f"--cluster {address}", "Dask distributed", "cluster") from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # errors are reported as those of the command
    return distributed
