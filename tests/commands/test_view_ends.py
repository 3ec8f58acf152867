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

import numpy as np
import pytest
from groundglass.interrupts import Interrupts
from live_source_support import WAIT_S
from stream_support import HttpServer, counted, mpegts

av = pytest.importorskip("av")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no signals between processes")


def view(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "groundglass", "view", *arguments, "--headless", "--seconds", "100"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str], number: int) -> tuple[str, str]:
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


def test_ctrl_c_ends_the_wait_for_a_host_that_does_not_answer(tmp_path: Path) -> None:
    with HttpServer(lambda: iter(()), hangs=True) as server:
        process = view(server.address(), folder=tmp_path)
        while not server.clients:
            time.sleep(0.05)
        _, errors = ended(process, signal.SIGINT)
    assert process.returncode != 0
    assert "Traceback" not in errors


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
