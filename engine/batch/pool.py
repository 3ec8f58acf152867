"""The workers of a batch on this computer."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Protocol, Self

from ..compute.registry import list_devices
from ..errors import DeviceError
from .task import Job, Result, Task
from .worker_process import TASKS_AT_ONCE, Runner


class Workers(Protocol):
    """The contract of a pool of workers."""

    identity: dict[str, str]  # equal for all workers: pictures do not depend on them
    count: int

    def results(self, tasks: list[Task]) -> Iterator[Result]:
        """Runs the tasks, in about their order, and yields each result as it arrives. Raises GroundglassError."""

    def stop(self) -> Iterator[Result]:
        """Ends after the pictures that were begun; yields their results."""

    def close(self) -> None:
        """Ends every worker. Harmless when called twice."""


class LocalPool:
    """Processes with one engine each. `devices` are shared out in turn. Raises DeviceError.

    On the processor, the threads of each are limited so that together they have as many as there are cores.
    """

    def __init__(self, job: Job, count: int, devices: list[str]) -> None:
        self.count = count
        threads = None if count == 1 else max((os.cpu_count() or 1) // count, 1)
        self._runners: list[Runner] = []
        self._arrived: SimpleQueue[Result | BaseException | None] = SimpleQueue()
        self._tasks: deque[Task] = deque()
        self._threads: list[threading.Thread] = []
        try:
            with ThreadPoolExecutor(count) as starting:
                started = [
                    starting.submit(Runner, job, devices[number % len(devices)], threads) for number in range(count)
                ]
            errors = [future.exception() for future in started]
            self._runners = [future.result() for future in started if future.exception() is None]
            for error in errors:
                if error is not None:
                    raise error
        except BaseException:
            self.close()
            raise
        self.identity = self._runners[0].identity
        for runner in self._runners:
            check_identity(self.identity, runner.identity, f"--device {','.join(devices)}")

    def results(self, tasks: list[Task]) -> Iterator[Result]:
        self._tasks.extend(tasks)
        self._threads = [
            threading.Thread(target=self._run, args=(runner,), name="groundglass-batch", daemon=True)
            for _ in range(TASKS_AT_ONCE)
            for runner in self._runners
        ]
        for thread in self._threads:
            thread.start()
        yield from self._arriving()

    def _arriving(self) -> Iterator[Result]:
        while self._threads:
            arrived = self._arrived.get()
            if arrived is None:
                self._threads.pop()
            elif isinstance(arrived, BaseException):
                raise arrived
            else:
                yield arrived

    def _run(self, runner: Runner) -> None:
        """One of the threads that hand tasks to a worker."""
        try:
            while True:
                runner.run(self._tasks.popleft(), self._arrived.put)
        except IndexError:  # no task is left
            pass
        except BaseException as error:
            self._arrived.put(error)
        finally:
            self._arrived.put(None)

    def stop(self) -> Iterator[Result]:
        self._tasks.clear()
        for runner in self._runners:
            runner.stop()
        yield from self._arriving()

    def close(self) -> None:
        self._tasks.clear()
        for runner in self._runners:
            runner.stop()
        for runner in self._runners:
            runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_identity(expected: dict[str, str], found: dict[str, str], place: str) -> None:
    """Raises DeviceError if pictures of two workers may differ."""
    for name, value in expected.items():
        if found.get(name) != value:
            shown = "another version of groundglass or of a library" if name == "program" else found.get(name)
            raise DeviceError(
                f"{place}: a worker has {shown}, another has {'this one' if name == 'program' else value}, and their "
                "pictures would differ; use equal workers"
            )


def devices_of(words: str) -> list[str]:
    """The devices of `--device`: one, several with commas, or `all`, which is every GPU, or else `auto`.

    >>> devices_of("cuda:0,cuda:1")
    ['cuda:0', 'cuda:1']
    """
    if words.strip() == "all":
        return [found.spec for found in list_devices()[0] if not found.is_cpu] or ["auto"]
    return [word.strip() for word in words.split(",") if word.strip()] or ["auto"]
