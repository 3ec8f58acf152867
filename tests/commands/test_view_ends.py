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


def test_sigterm_finishes_the_recording_of_a_stream_that_sends_nothing(tmp_path: Path) -> None:
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
        _, errors = ended(process, signal.SIGTERM)
        assert (process.returncode, errors) == (0, "")
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
