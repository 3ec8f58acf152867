"""Signals end `view` while its source blocks: the recording is finished and the connection closed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import AnyStr

import numpy as np
import pytest
from groundglass.commands.leaving import LOCKED_STATUS, Leaving
from groundglass.commands.view import compilation
from groundglass.display.events import Key
from groundglass.display.input import InputQueue
from groundglass.interrupts import KILLED, Interrupts
from live_source_support import WAIT_S
from stream_support import HttpServer, counted, mpegts

av = pytest.importorskip("av")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no signals between processes")


def view(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "groundglass", "view", *arguments, "--headless", "--seconds", "100"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[AnyStr], number: int) -> tuple[AnyStr, AnyStr]:
    """Sends the signal. Returns the output of the process, and fails if it does not end."""
    process.send_signal(number)
    try:
        return process.communicate(timeout=WAIT_S)
    finally:
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_the_recording_of_a_stream_that_sends_nothing(number: int, tmp_path: Path) -> None:
    silent = threading.Event()

    def until_silent() -> Iterator[np.ndarray]:
        for picture in counted():
            if silent.is_set():
                return
            yield picture

    video = tmp_path / "video.mp4"
    with HttpServer(lambda: mpegts(until_silent()), "video/mp2t", hangs=True) as server:
        process = view(server.address(), "--record", video.name, "--json", "report.json", folder=tmp_path)
        until_s = time.perf_counter() + 60
        while not video.exists() and time.perf_counter() < until_s:
            time.sleep(0.05)
        silent.set()
        time.sleep(0.3)
        _, errors = ended(process, number)
        assert process.returncode == 0
        assert [line.partition(":")[0] for line in errors.splitlines()] == ["groundglass"] * 2
        assert "recording video.mp4: 64x" in errors
        assert "recorded video.mp4: " in errors
        client = server.clients[0]
        client.settimeout(WAIT_S)
        assert is_closed(client)
    with av.open(str(video)) as container:
        assert next(container.decode(video=0)).width == 64


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_host_that_does_not_answer(number: int, tmp_path: Path) -> None:
    with HttpServer(lambda: iter(()), hangs=True) as server:
        process = view(server.address(), folder=tmp_path)
        while not server.clients:
            time.sleep(0.05)
        _, errors = ended(process, number)
    assert (process.returncode, errors) == (KILLED + number, "")


@pytest.mark.parametrize("name", ["HUP", "TERM"])
def test_an_ignored_signal_stays_ignored(name: str) -> None:
    number = getattr(signal, f"SIG{name}")
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)}
    hook = sys.unraisablehook
    signal.signal(number, signal.SIG_IGN)
    try:
        Interrupts().take()
        assert signal.getsignal(number) is signal.SIG_IGN
        os.kill(os.getpid(), number)
    finally:
        sys.unraisablehook = hook
        for each, handler in before.items():
            signal.signal(each, handler)


# The main thread finishes a recording, as after Ctrl-C.
FINISHES = """
import time
from groundglass.interrupts import INTERRUPTS
INTERRUPTS.take()
INTERRUPTS.begin()
try:
    print("ready", flush=True)
    time.sleep(3600)
except KeyboardInterrupt:
    print("finishes", flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(second: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FINISHES], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "finishes\n"
    process.send_signal(signal.SIGHUP)  # a closed terminal sends it twice
    assert ended(process, second) == ("", "")
    assert process.returncode == -second


# The main thread is in a function in C that lasts for hours, like a driver that compiles.
STUCK = """
import contextlib, hashlib, sys, threading, time
from groundglass.commands import leaving
from groundglass.interrupts import INTERRUPTS
class Camera:
    def close(self): print("closed", flush=True)
def save():
    time.sleep(2 * leaving.LEAVE_S)
    print("saved", flush=True)
    saved.set()
INTERRUPTS.take()
INTERRUPTS.begin()
with leaving.Leaving() as end:
    saved = threading.Event()
    end.source, end.status = Camera, lambda: 7
    if sys.argv[1:] == ["saves"]:
        end.is_unsaved = lambda: not saved.is_set()
        threading.Thread(target=save).start()
    lines = ["stuck"]
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the signal came before the function
            while lines:
                print(lines.pop(), flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.parametrize(("arguments", "printed"), [((), "closed"), (("saves",), "saved closed")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_driver_does_not_keep_the_process_but_unsaved_output_does(
    number: int, arguments: tuple[str, ...], printed: str
) -> None:
    # Without a buffer: one that also held the next line would keep it from `ended`.
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"stuck\n"
    output, errors = ended(process, number)
    assert (process.returncode, output.split(), errors) == (7, printed.encode().split(), b"")


# A compiler that holds Python's lock: no thread of this process runs.
COMPILES = """
import ctypes
from groundglass.interrupts import INTERRUPTS
INTERRUPTS.take()
with INTERRUPTS.at_once():
    print("stuck", flush=True)
    ctypes.PyDLL(None).sleep(3600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_compiler_that_holds_the_lock_of_python(number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COMPILES], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "stuck\n"
    assert ended(process, number) == ("", "")
    assert process.returncode == -number


# The user has pressed Escape, and a compiler holds Python's lock.
LOCKED = """
import ctypes
from groundglass.commands.leaving import LOCKED_STATUS, Leaving
from groundglass.interrupts import INTERRUPTS
INTERRUPTS.take()
INTERRUPTS.begin()
with Leaving() as leaving:
    leaving.begin()
    print("stuck", flush=True)
    ctypes.PyDLL(None).sleep(3600)
"""


def test_escape_ends_a_compiler_that_holds_the_lock_of_python() -> None:
    started = subprocess.run(
        [sys.executable, "-c", LOCKED], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert (started.returncode, started.stdout, started.stderr) == (LOCKED_STATUS, "stuck\n", "")


def test_unsaved_work_is_not_lost_to_a_held_lock() -> None:
    program = LOCKED.replace("    leaving.begin()", "    leaving.is_unsaved = lambda: True\n    leaving.begin()")
    program = program.replace("sleep(3600)", "sleep(2)\n    print('saved')")
    started = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (started.returncode, started.stdout) == (0, "stuck\nsaved\n")


def test_signals_interrupt_again_after_the_compiler() -> None:
    program = """
import os, signal
from groundglass.interrupts import INTERRUPTS
INTERRUPTS.take()
INTERRUPTS.begin()
with INTERRUPTS.at_once():
    pass
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    print("interrupted")
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "interrupted\n"


@pytest.mark.parametrize("moment", ["import groundglass.commands.arguments", "import typer"])
def test_ctrl_c_during_the_start_prints_no_traceback(moment: str) -> None:
    program = f"""
import builtins, os, signal
original = builtins.__import__
def interrupted(name, *arguments, **keywords):
    if name in {moment.split()[1]!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return original(name, *arguments, **keywords)
builtins.__import__ = interrupted
from groundglass.__main__ import run
run()
"""
    started = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (started.returncode, started.stderr) == (KILLED + signal.SIGINT, "")


class Window:
    """A surface with only the input that `compilation` reads."""

    def __init__(self) -> None:
        self.input = InputQueue((64, 48))
        self.poll = self.input.take


def test_escape_ends_the_wait_for_the_compiler() -> None:
    window, compiled, leaving = Window(), threading.Event(), Leaving()
    window.input.post(Key("P"))
    window.input.post(Key("Esc"))
    threading.Timer(0.3, compiled.set).start()
    with pytest.raises(SystemExit, match="0"), compilation(window, leaving) as wait:  # type: ignore[arg-type]
        wait(lambda: None if compiled.wait(WAIT_S) else pytest.fail("the wait was not ended"))
    assert leaving.status is not None
    assert leaving.status() == 0


def test_keys_that_are_pressed_while_kernels_are_compiled_are_not_lost() -> None:
    window, seen = Window(), threading.Event()
    poll, window.poll = window.poll, lambda: seen.set() or poll()
    window.input.post(Key("P"))
    with compilation(window, Leaving()) as wait:  # type: ignore[arg-type]
        wait(lambda: None if seen.wait(WAIT_S) else pytest.fail("the window was not polled"))
    assert window.input.take() == [Key("P")]


def test_an_error_of_the_compiler_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), compilation(Window(), Leaving()) as wait:  # type: ignore[arg-type]
        wait(lambda: 1 / 0)  # type: ignore[arg-type, return-value]


# The end takes longer than the process waits after a signal.
CLOSES_SLOWLY = """
import sys, time
from groundglass.commands import leaving
from groundglass.display.tool_list import ToolList
from groundglass.__main__ import run
close = ToolList.close
def close_slowly(tools):
    time.sleep(3 * leaving.LEAVE_S)
    close(tools)
ToolList.close = close_slowly
sys.argv[1:] = "view scene:?size=64x64 --headless --frames 2 --no-governor".split()
run()
"""


def test_the_statistics_are_printed_after_the_end_that_was_asked_for() -> None:
    ended = subprocess.run([sys.executable, "-c", CLOSES_SLOWLY], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "2 frames of 64x64" in ended.stdout


@pytest.mark.parametrize(
    ("main", "status"), [("0", 0), ("sys.exit(3)", 3), ("sys.exit('why')", 1), ("print(1 / 0)", 1), ("sys.exit()", 0)]
)
def test_the_command_ends_at_once_with_its_status_after_threads_and_exit_functions(main: str, status: int) -> None:
    program = f"""
import atexit, sys, threading, time
from groundglass import cli
class Freed:
    def __del__(self): print("freed")
def main():
    main.freed = Freed()
    atexit.register(print, "exit function")
    threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
    {main}
cli.main = main
cli.run()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stdout.split("\n") == ["thread", "exit function", ""]  # and nothing is freed
    assert ended.returncode == status
    assert ("ZeroDivisionError" in ended.stderr) == ("1 / 0" in main)
    assert ("why" in ended.stderr) == ("why" in main)
