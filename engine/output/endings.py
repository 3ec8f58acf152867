"""Recordings and raw sequences that have ended, until their files are whole."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from ..controls import Pending
from ..display.messages import Messages
from ..errors import OutputError


class Writer(Protocol):
    """Writes in a thread. `error` is why it has failed."""

    error: OutputError | None

    @property
    def is_over(self) -> bool: ...
    def join(self) -> None: ...
    def summary(self) -> str: ...


class Endings:
    """Reports to the user and to those who wait for a result, when the files of a writer are whole or lost."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._writers: list[tuple[Writer, Future[str]]] = []
        self.lost = ""  # why the latest writer ended by itself

    def __bool__(self) -> bool:
        return bool(self._writers)

    def add(self, writer: Writer) -> Future[str]:
        """Takes a writer that accepts nothing more. The result arrives when its files are whole."""
        ended: Future[str] = Future()
        self._writers.append((writer, ended))
        return ended

    def report(self) -> None:
        """Reports the writers that are over."""
        for writer, ended in [each for each in self._writers if each[0].is_over]:
            if writer.error is not None:
                self._messages.report_loss(str(writer.error))
                ended.set_exception(writer.error)
            else:
                self._messages.notify(writer.summary())
                ended.set_result(writer.summary())
            self._writers.remove((writer, ended))  # only now: another thread asks, and may end the process

    def finish(self) -> None:
        """Waits for all writers, and reports them."""
        for writer, _ in self._writers:
            writer.join()
        self.report()

    def requested(self, ended: Pending) -> Pending:
        """The result for the user who ends a writer. OutputError if it had ended by itself before."""
        lost, self.lost = self.lost, ""
        if ended is None and lost:
            raise OutputError(lost)
        return ended
