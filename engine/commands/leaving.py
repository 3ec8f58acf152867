"""The end of a run: signals end it as Ctrl-C does, and the process ends in time, whatever its drivers do."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ..capture import Source

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # SIGHUP is that of a closed terminal
LEAVE_S = 0.3  # from the request to end until the process ends without its drivers
CLOSE_S = 0.15  # maximum wait for the camera to be closed then
CHECK_S = 0.02  # interval at which the output is checked
INTERRUPTED = 130  # exit status of a process that Ctrl-C ended

_of_command = False


def own_process() -> None:
    """This process runs only the command: `Leaving` may end it."""
    global _of_command
    _of_command = True


def end_process(status: int) -> None:
    """Ends the process at once. What it has printed is written."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a closed pipe, or a program without a console
            stream.flush()
    os._exit(status)


class Leaving:
    """Within the `with` block the first signal of SIGNALS raises KeyboardInterrupt; later ones do nothing.

    So recordings and stills are finished. Only in the main thread; a signal that is ignored, as with `nohup`, stays so.

    A driver that compiles cannot be interrupted: for seconds Python runs no handler in the main thread, and memory is
    not released before. So a thread ends the process of the command after LEAVE_S, with `status`. Before, it closes
    the camera of `source`, and waits while `is_unsaved`.
    """

    def __init__(self) -> None:
        self.source: Callable[[], Source | None] = lambda: None
        self.is_unsaved: Callable[[], bool] = lambda: False
        self.status = INTERRUPTED
        self._before: dict[int, Any] = {}
        self._is_leaving = False
        self._ended = threading.Event()
        self._ends = socket.socketpair() if _of_command and _in_main_thread() else None
        self._descriptor_before = -1

    def begin(self) -> None:
        """The user quits: from now on signals do nothing, and the time counts."""
        self._is_leaving = True
        if self._ends is not None:
            with suppress(OSError):  # signals have filled it
                self._ends[1].send(b"\0")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within the `with` block a signal ends the process of the command at once: there is nothing to save.

        PoCL compiles with Python's lock held. LLVM installs handlers of signals that remove the files of its compiler,
        which then crashes; the end of the block replaces them.
        """
        numbers = self._before if self._ends is not None else ()
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        try:
            yield
        finally:
            for number in numbers:
                signal.signal(number, self._on_signal)

    def __enter__(self) -> Self:
        if not _in_main_thread():
            return self
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        self._before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._on_signal)
        if self._ends is not None:
            self._ends[1].setblocking(False)
            # The C handler writes the signal there, also while the main thread is inside of a driver.
            self._descriptor_before = signal.set_wakeup_fd(self._ends[1].fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._watch, name="groundglass-leave", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._ends is not None:
            signal.set_wakeup_fd(self._descriptor_before)
            self._ends[1].close()  # ends the thread, which closes the other end
        for number, handler in self._before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            raise KeyboardInterrupt

    def _watch(self) -> None:
        assert self._ends is not None
        requests = {b"\0", *(bytes([number]) for number in self._before)}
        with self._ends[0] as receiver:
            while (request := receiver.recv(1)) not in requests:
                if not request:
                    return
            due_s = perf_counter() + LEAVE_S
            while not self._ended.wait(max(due_s - perf_counter(), CHECK_S)):
                if not self.is_unsaved():
                    self._close_source()
                    if not self._ended.is_set():
                        end_process(self.status)

    def _close_source(self) -> None:
        source = self.source()
        if source is not None:
            closing = threading.Thread(target=source.close, name="groundglass-close", daemon=True)
            closing.start()
            closing.join(CLOSE_S)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
