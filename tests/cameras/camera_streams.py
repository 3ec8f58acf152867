"""Network streams: a server is killed and started again, and the time from the camera's picture to the frame."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from groundglass.capture import open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.errors import GroundglassError
from groundglass.frame import Frame
from groundglass.yuv import encoded_rgb
from measured_figures import Figure, NotPossibleError, summary

RESTARTS = 10
BACK_S = 3.0
LATENCY_S = 0.1
WAIT_S = 60.0
SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).resolve().parents[1] / "support/rtsp_server.py"
PATCH = 64  # px: the left upper corner has a grey of its own after each start
GREYS = np.linspace(0.1, 0.9, RESTARTS + 1)
BITS, MILLISECONDS = 32, 1000.0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def encoder(grey: float, *output: str, codec: Sequence[str] = ()) -> list[str]:
    """The command of `ffmpeg` that sends a moving picture, with the grey in its corner."""
    level = f"{round(grey * 255):02x}"
    picture = f"testsrc2=size=640x360:rate=30,drawbox=w={PATCH}:h={PATCH}:color=0x{level * 3}:t=fill"
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-pix_fmt", "yuv420p")
    words = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", picture]
    return [*words, *(codec or h264), *output]


class Server:
    """The processes of a stream's server."""

    def __init__(self, name: str, address: str, commands: Callable[[float], list[list[str]]]) -> None:
        self.name, self.address, self._commands = name, address, commands
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, grey: float) -> None:
        for command in self._commands(grey):
            self._processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()


def servers(folder: Path, names: Sequence[str]) -> Iterator[Server]:
    """A server for each protocol, with a port of its own."""
    port = free_port()
    http = f"http://127.0.0.1:{port}"
    listening = ("-flush_packets", "1", "-listen", "1", f"{http}/video")
    mjpeg = ("-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p")
    udp = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    srt = f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    rtsp = free_port()
    files = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]

    def playlist(seconds: int) -> Callable[[float], list[list[str]]]:
        output = ("-f", "hls", "-hls_time", str(seconds), "-hls_list_size", "3", "-g", "30")
        flags = ("-hls_flags", "delete_segments", str(folder / "live.m3u8"))

        def commands(grey: float) -> list[list[str]]:
            for left in folder.glob("live*"):  # the files of the one before
                left.unlink()
            return [files, encoder(grey, *output, *flags)]

        return commands

    made = {
        "RTSP": (f"rtsp://127.0.0.1:{rtsp}/live", lambda grey: [[SYSTEM_PYTHON, str(RTSP_SERVER), str(rtsp)]]),
        "HTTP": (f"{http}/video", lambda grey: [encoder(grey, "-f", "mpegts", *listening)]),
        "MJPEG": (f"{http}/video", lambda grey: [encoder(grey, "-f", "mpjpeg", *listening, codec=mjpeg)]),
        "HLS 1 s": (f"{http}/live.m3u8", playlist(1)),
        "HLS 2 s": (f"{http}/live.m3u8", playlist(2)),
        "HLS 4 s": (f"{http}/live.m3u8", playlist(4)),
        "UDP": (udp, lambda grey: [encoder(grey, "-f", "mpegts", f"{udp}?pkt_size=1316")]),
        "SRT": (srt, lambda grey: [encoder(grey, "-f", "mpegts", f"{srt}?mode=listener")]),
    }
    for name in names or made:
        yield Server(name, *made[name])


def is_new(frame: Frame, name: str, grey: float, began_s: float) -> bool:
    """Whether the server made the picture after its start."""
    if name == "RTSP":
        return sent_s(frame) >= began_s
    corner = encoded_rgb(frame.yuv_format, frame.pixels, np.array([PATCH // 2]), np.array([PATCH // 2]))
    return bool(abs(float(corner.mean()) - grey) < 0.5 * (GREYS[1] - GREYS[0]))


def sent_s(frame: Frame) -> float:
    """The time on the monotonic clock at which the server drew the picture, which it shows as bars."""
    width, height = frame.size
    columns = (np.arange(BITS) * 2 + 1) * width // (2 * BITS)
    bars = encoded_rgb(frame.yuv_format, frame.pixels, np.array([height // 2]), columns)[0].mean(-1)
    sent_ms = int(((bars > 0.5) << np.arange(BITS)).sum())
    now_ms = time.monotonic_ns() // 1_000_000
    return (now_ms - (now_ms - sent_ms) % 2**BITS) / MILLISECONDS


def opened(address: str):
    """The source, when its server has started."""
    until_s = time.monotonic() + WAIT_S
    while True:
        try:
            return open_source(address)
        except GroundglassError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)


def seconds_until_back(server: Server, seed: int) -> list[float]:
    """The time from each start of the server to its first picture, after a first start."""
    pauses, times = random.Random(f"{server.name}/{seed}"), []
    server.start(GREYS[0])
    try:
        with opened(server.address) as source, LatestFrameQueue(source) as queue:
            assert queue.latest(WAIT_S) is not None
            for grey in GREYS[1:]:
                time.sleep(1.0)
                server.kill()
                time.sleep(pauses.uniform(0.2, 2.5))
                began_s = time.monotonic()
                server.start(grey)
                while True:
                    frame = queue.latest(WAIT_S)
                    if frame is None:
                        return [*times, WAIT_S]
                    if is_new(frame, server.name, grey, began_s):
                        break
                times.append(time.monotonic() - began_s)
    finally:
        server.kill()
    return times


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise NotPossibleError(f"{program} is not installed")


def restarts(seed: int, *names: str) -> Iterator[Figure]:
    """Each server is killed and started again ten times."""
    needs("ffmpeg")
    with tempfile.TemporaryDirectory(prefix="groundglass-streams-") as folder:
        for server in servers(Path(folder), names):
            times = seconds_until_back(server, seed)
            yield Figure(
                f"{server.name}: killed and restarted {len(times)} times, picture back",
                f"≤ {BACK_S:g} s each",
                summary(times, "s"),
                max(times) <= BACK_S,
            )


def latency(seconds: float = 15.0) -> Iterator[Figure]:
    """H.264 zerolatency over RTSP, from the picture's drawing by the server to the decoded frame."""
    port, delays = free_port(), []
    with contextlib.ExitStack() as stack:
        server = Server(
            "RTSP", f"rtsp://127.0.0.1:{port}/live", lambda _: [[SYSTEM_PYTHON, str(RTSP_SERVER), str(port)]]
        )
        stack.callback(server.kill)
        server.start(0.0)
        try:
            source = stack.enter_context(opened(server.address))
        except GroundglassError as error:
            raise NotPossibleError(f"no RTSP server: {error}") from error
        queue = stack.enter_context(LatestFrameQueue(source))
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            frame = queue.latest(WAIT_S)
            assert frame is not None
            delays.append(time.monotonic() - sent_s(frame))
    delays = delays[len(delays) // 10 :]  # the start
    yield Figure(
        "RTSP, H.264 zerolatency on loopback, until it is decoded",
        "≤ 100 ms",
        summary([1e3 * delay for delay in delays], "ms"),
        float(np.percentile(delays, 95)) <= LATENCY_S,
    )
