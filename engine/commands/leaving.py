"""The end of a run in time: after a signal or Escape the process ends soon, whatever its drivers do."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Self, TextIO

from ..interrupts import INTERRUPTS, KILLED, end_process, signal_numbers

if TYPE_CHECKING:
    from ..capture import Source

LEAVE_S = 0.3  # from the request to end until the process ends without its drivers
CLOSE_S = 0.15  # maximum wait for the camera to be closed then
CHECK_S = 0.02  # interval at which the output is checked
# After the request, where a compiler holds Python's lock and the thread cannot run: no line of Python is needed then.
LOCKED_S = 0.7
LOCKED_STATUS = 1


class Leaving:
    """In the process of a command, a thread ends the process LEAVE_S after a signal or `begin` in the `with` block.

    A driver that compiles cannot be interrupted: for seconds Python runs no handler in the main thread, and memory is
    not released before. Before it ends the process, the thread waits while `is_unsaved`, and closes the camera of
    `source`. `status` returns the exit status; by default that of a program that the signal ended.

    A compiler may hold Python's lock, so that the thread does not run, for seconds on a busy computer. After `begin`
    the process then ends with LOCKED_STATUS after LOCKED_S, unless something is unsaved.
    """

    def __init__(self) -> None:
        self.source: Callable[[], Source | None] = lambda: None
        self.is_unsaved: Callable[[], bool] = lambda: False
        self.status: Callable[[], int] | None = None
        self._ended = threading.Event()
        is_main = threading.current_thread() is threading.main_thread()
        self._ends = socket.socketpair() if INTERRUPTS.is_taken and is_main else None
        self._descriptor_before = -1
        self._lock_watch: TextIO | None = None  # where the watch for a held lock prints

    def begin(self) -> None:
        """The user quits: from now on the time counts."""
        if self._ends is not None:
            self._watch_lock()
            with suppress(OSError):  # signals have filled it
                self._ends[1].send(b"\0")

    def __enter__(self) -> Self:
        if self._ends is not None:
            self._ends[1].setblocking(False)
            # The C handler writes the signal there, also while the main thread is inside of a driver.
            self._descriptor_before = signal.set_wakeup_fd(self._ends[1].fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._watch, args=(self._ends[0],), name="groundglass-leave", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._stop_lock_watch()
        if self._ends is not None:
            signal.set_wakeup_fd(self._descriptor_before)
            self._ends[1].close()  # ends the thread, which closes the other end

    def _watch(self, receiver: socket.socket) -> None:
        requests = {b"\0", *(bytes([number]) for number in signal_numbers())}
        with receiver:
            while (request := receiver.recv(1)) not in requests:
                if not request:
                    return
        due_s = perf_counter() + LEAVE_S
        while not self._ended.wait(max(due_s - perf_counter(), CHECK_S)):
            if self.is_unsaved():
                self._stop_lock_watch()
            else:
                self._close_source()
                if not self._ended.is_set():
                    end_process(KILLED + request[0] if self.status is None else self.status())

    def _watch_lock(self) -> None:
        """Ends the process in time although Python's lock is held: a thread of C of `faulthandler` does it."""
        if self._lock_watch is None and not self.is_unsaved():
            self._lock_watch = open(os.devnull, "w")  # noqa: SIM115 - the thread of C prints there
            faulthandler.dump_traceback_later(LOCKED_S, exit=True, file=self._lock_watch)

    def _stop_lock_watch(self) -> None:
        watch, self._lock_watch = self._lock_watch, None
        if watch is not None:
            faulthandler.cancel_dump_traceback_later()
            watch.close()

    def _close_source(self) -> None:
        source = self.source()
        if source is not None:
            closing = threading.Thread(target=source.close, name="groundglass-close", daemon=True)
            closing.start()
            closing.join(CLOSE_S)
