"""The thread of a depth model: one piece of work at a time, with a lower priority than the live picture."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ..child_process import lower_priority

Result = TypeVar("Result")

CLOSE_WAIT_S = 0.5  # maximum wait at the end for work that does not stop
_NICENESS = 19  # niceness of the model's threads: the live loop has priority


class ModelWorker:
    """Runs functions in a daemon thread, one after the other."""

    def __init__(self) -> None:
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="groundglass-depth-model", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Queues `work`. Its exception is that of the future."""
        future: Future[Result] = Future()
        self._work.put((future, work))
        return future

    def close(self) -> None:
        """Ends the thread after its work. Work that takes longer than `CLOSE_WAIT_S` ends later, without a result.

        A second call has no effect.
        """
        if not self._is_closed:
            self._is_closed = True
            self._work.put(None)
            self._thread.join(CLOSE_WAIT_S)

    def _run(self) -> None:
        lower_priority(_NICENESS)
        while (item := self._work.get()) is not None:
            future, work = item
            try:
                future.set_result(work())
            except BaseException as error:  # every error reaches the thread that asks for the result
                future.set_exception(error)
            del item, future, work  # while it waits, it holds no picture
