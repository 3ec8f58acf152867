"""Ctrl-C, SIGTERM and SIGHUP: the first ends a command in order, a second Ctrl-C or SIGTERM ends it at once."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .errors import print_line

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
SENT = ("SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGXFSZ")  # a program that uses this package may handle them
ACTION_BYTES = 512  # more than a `struct sigaction` of any system
KILLED = 128  # a shell's exit status of a program that a signal ended is this plus the signal's number


class Interrupts:
    """The signals that end this process.

    While its modules are imported, a signal ends it without a word. Then it raises KeyboardInterrupt, or calls what
    `ending` was given. A closed terminal may send SIGHUP twice: that is one signal.
    """

    def __init__(self) -> None:
        self.received = 0  # the first signal that has ended the work
        self.raised = 0  # the signal that has raised KeyboardInterrupt
        self.is_taken = False  # this process runs only a command: it may be ended at once
        self._is_starting = True
        self._end: Callable[[], None] | None = None

    def take(self) -> None:
        """Handles the signals from now on, in the main thread only. A signal that is ignored, as with `nohup`, stays
        so."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in signal_numbers():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)
        self.is_taken = True
        sys.unraisablehook = self._hook

    def begin(self) -> None:
        """The modules are imported: what the command opens from now on is closed after a signal."""
        self._is_starting = False

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Within it a signal calls `end`, which ends the work in order, and raises nothing."""
        self._end = end
        try:
            yield
        finally:
            self._end = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within it a signal ends the process at once: there is nothing to save.

        PoCL compiles with Python's lock held. LLVM installs handlers of signals that remove the files of its compiler,
        which then crashes; the end of the block replaces them.
        """
        numbers = [number for number in signal_numbers() if signal.getsignal(number) == self._handle]
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        try:
            yield
        finally:
            for number in numbers:
                signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_starting:
            os._exit(KILLED + number)
        for each in signal_numbers():
            if signal.getsignal(each) == self._handle:
                signal.signal(each, signal.SIG_IGN if each == getattr(signal, "SIGHUP", None) else signal.SIG_DFL)
        self.received = self.received or number
        if self._end is not None:
            self._end()
            return
        self.raised = number
        raise KeyboardInterrupt

    def _hook(self, unraisable: Any) -> None:
        """A KeyboardInterrupt in a callback from C, which would be printed and forgotten, ends the process."""
        if self.raised and unraisable.exc_type is KeyboardInterrupt:
            os._exit(KILLED + self.raised)
        sys.__unraisablehook__(unraisable)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Within it others may replace the handlers of signals; afterwards they are those of before.

    Some libraries do, and drivers below Python: the compiler of PoCL, and a window system. Only the main thread may
    replace Python's.
    """
    names = NAMES if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in signal_numbers(names)}
    of_others = {number: signal.getsignal(number) for number in signal_numbers(SENT)}
    of_system = _system_handlers(names + SENT)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # else it was not installed by Python
                signal.signal(number, handler)
        for number, action in of_system.items():
            if number in before or signal.getsignal(number) == of_others[number]:  # else the program has set its own
                ctypes.CDLL(None).sigaction(number, action, None)


def _system_handlers(names: tuple[str, ...]) -> dict[int, ctypes.Array[ctypes.c_char]]:
    """What sigaction(2) returns for each signal."""
    if os.name != "posix":
        return {}
    actions = {number: ctypes.create_string_buffer(ACTION_BYTES) for number in signal_numbers(names)}
    return {number: held for number, held in actions.items() if not ctypes.CDLL(None).sigaction(number, None, held)}


def end_process(status: int) -> None:
    """Ends the process at once, after its output is written. A standard output that cannot be written is reported."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # the reader needs no more
            pass
        except OSError as error:
            report_lost_output(error)
            status = status or 1
        except (ValueError, AttributeError):  # closed, or a program without a console
            pass
    os._exit(status)


def report_lost_output(error: OSError) -> None:
    print_line(f"standard output: cannot be written ({error.strerror}); the output is incomplete")


def signal_numbers(names: tuple[str, ...] = NAMES) -> list[int]:
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


INTERRUPTS = Interrupts()
