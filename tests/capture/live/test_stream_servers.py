"""Streams from servers of others: GStreamer's RTSP server, and ffmpeg as an SRT sender. Skipped without them."""

from __future__ import annotations

import functools
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.errors import GroundglassError
from groundglass.frame import Frame
from live_source_support import WAIT_S
from stream_support import no_new_threads

pytest.importorskip("av")

SYSTEM_PYTHON = Path("/usr/bin/python3")
SERVER = Path(__file__).parents[2] / "support/rtsp_server.py"
BITS = 32


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    with no_new_threads():
        yield


@functools.cache
def has_rtsp_server() -> bool:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; "
    check += "Gst.init(None); assert Gst.ElementFactory.find('x264enc')"
    return SYSTEM_PYTHON.exists() and not subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode


@functools.cache
def has_srt() -> bool:
    ffmpeg = shutil.which("ffmpeg")
    return ffmpeg is not None and b"srt" in subprocess.run([ffmpeg, "-protocols"], capture_output=True).stdout


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def rtsp_server(port: int, *user: str) -> Iterator[None]:
    with running(SYSTEM_PYTHON, SERVER, str(port), *user):
        until_s = time.perf_counter() + WAIT_S
        while time.perf_counter() < until_s:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield


def sent_ms(frame: Frame) -> int:
    """The time at which the server drew the picture, in milliseconds of the monotonic clock, modulo 2**32."""
    width, height = frame.size
    row = frame.pixels.reshape(-1)[: width * height].reshape(height, width)[height // 2]
    return int(((row.reshape(BITS, -1).mean(1) > 128) << np.arange(BITS)).sum())


def test_rtsp_returns_after_the_server_was_killed_and_reports_faults() -> None:
    if not has_rtsp_server():
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-ugly (x264enc)")
    port = free_port()
    with rtsp_server(port):
        with pytest.raises(GroundglassError, match="has no such stream; check the path"):
            open_source(f"rtsp://127.0.0.1:{port}/other")
        source = open_source(f"rtsp://127.0.0.1:{port}/live")
        queue = LatestFrameQueue(source)
        queue.start()
        first = queue.latest(WAIT_S)
        assert first is not None
        assert first.size == (256, 144)
        assert abs(time.monotonic_ns() // 1_000_000 % 2**BITS - sent_ms(first)) < WAIT_S * 1000
    until_s = time.perf_counter() + WAIT_S
    while not source.status and time.perf_counter() < until_s:
        time.sleep(0.01)
    assert source.status == f"rtsp://127.0.0.1:{port}/live: the stream has ended; start it again"
    while queue.latest(0.0) is not None:
        pass
    with rtsp_server(port):
        again = queue.latest(WAIT_S)
        queue.close()
        source.close()
    assert again is not None
    assert again.index > first.index
    assert source.reconnects == 1


def test_rtsp_with_a_password_and_over_udp() -> None:
    if not has_rtsp_server():
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-ugly (x264enc)")
    port = free_port()
    with rtsp_server(port, "me", "p@w"):
        with pytest.raises(GroundglassError, match="needs another user or password") as error:
            open_source(f"rtsp://me:wrong@127.0.0.1:{port}/live")
        assert "wrong@" not in str(error.value)
        with open_source(f"rtsp://me:p%40w@127.0.0.1:{port}/live?transport=udp") as source:
            assert source.name == f"rtsp://127.0.0.1:{port}/live"
            assert next(iter(source)).size == (256, 144)


def test_srt() -> None:
    if not has_srt():
        pytest.skip("needs the program ffmpeg, built with SRT")
    address = f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    video = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-c:v", "libx264", "-tune", "zerolatency", "-g", "15")
    with running("ffmpeg", "-re", *video, "-f", "mpegts", f"{address}?mode=listener") as server:
        until_s = time.perf_counter() + WAIT_S
        while True:
            try:
                source = open_source(address)
                break
            except GroundglassError:  # it does not listen yet
                assert time.perf_counter() < until_s
        with source:
            assert source.size == (64, 48)
            with LatestFrameQueue(source) as queue:
                frame = queue.latest(WAIT_S)
                assert frame is not None
                assert frame.captured_s is not None
                server.send_signal(signal.SIGSTOP)
                until_s = time.perf_counter() + WAIT_S
                while not source.status and time.perf_counter() < until_s:
                    time.sleep(0.01)
                assert source.status


def test_srt_without_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    with pytest.raises(av.FFmpegError) as error:
        av.open("srt://127.0.0.1:1", timeout=0.1)
    if not isinstance(error.value, av.ProtocolNotFoundError):
        pytest.skip("this PyAV has SRT")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(GroundglassError, match="install the program ffmpeg"):
        open_source("srt://127.0.0.1:1")
