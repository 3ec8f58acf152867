"""Ctrl-C, SIGTERM and Escape while a source delivers frames or blocks: how long `view` takes to end."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from camera_streams import free_port
from faults_run import screen
from measured_figures import Figure, NotPossibleError, summary
from stream_support import HttpServer, counted, mpegts

CLOSE_S = 1.0
START_S = 60.0
SHOWS_S, SOON_S = 3.0, (0.8, 2.5)
ENDS = ("Ctrl-C", "SIGTERM", "Escape")
# A process that is late prints where its threads are. LLVM takes SIGUSR1 and SIGUSR2.
PROGRAM = """
import faulthandler, signal
faulthandler.register(signal.SIGRTMIN + 5)
from groundglass.__main__ import run
run()
"""
TRANSPORT = "video/mp2t"


class Place:
    """A folder with the inputs of the sources, and the servers of their streams."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        (folder / "shoot").mkdir()
        for name in ("fifo", "written"):
            os.mkfifo(folder / name)
        stack.callback(os.close, os.open(folder / "written", os.O_RDWR))  # a writer that writes nothing
        server = stack.enter_context(HttpServer(lambda: iter(()), hangs=True))
        stops = stack.enter_context(HttpServer(lambda: mpegts(counted(count=20)), TRANSPORT, hangs=True))
        sends = stack.enter_context(HttpServer(lambda: mpegts(counted()), TRANSPORT))
        raw = ("--raw-format", "rggb12", "--raw-size", "640x480")
        self.sources: dict[str, tuple[str, ...]] = {
            "scene:": ("scene:?size=640x360",),
            "watch:, an empty folder": (f"watch:{folder / 'shoot'}",),
            "a FIFO without a writer": (str(folder / "fifo"), *raw),
            "a FIFO with a silent writer": (str(folder / "written"), *raw),
            "silent standard input": ("-", *raw),
            "a host that does not answer": (server.address(),),
            "a stream that sends": (sends.address(),),
            "a stream that stops": (stops.address(),),
            "udp:// without a sender": (f"udp://127.0.0.1:{free_port()}",),
            "pylon: at 30 fps": ("pylon:0?size=640x480&fps=30",),
            "pylon: at 0.1 fps": ("pylon:0?size=640x480&fps=0.1",),
            "genicam:": (f"genicam:{producer()}?camera=0",),
            "tether:disk:": (f"tether:disk:{folder / 'shoot'}",),
        }


def producer() -> str:
    """GenTL producer of the package `genicam`."""
    try:
        import genicam
    except ImportError:
        return ""
    return next((str(path) for path in Path(genicam.__file__).parent.glob("*.cti")), "")


def begun(place: Place, arguments: tuple[str, ...], errors: IO[bytes], *, window: bool) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PYLON_CAMEMU": "1",
        "XDG_CONFIG_HOME": str(place.folder),
        "XDG_STATE_HOME": str(place.folder),
    }
    words = [sys.executable, "-c", PROGRAM, "view", *arguments, "--seconds", "100", "--fresh"]
    words += [] if window else ["--headless"]
    return subprocess.Popen(
        words, cwd=place.folder, env=environment, stdin=subprocess.PIPE, stdout=errors, stderr=errors
    )


def has_window() -> str:
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--class", "groundglass"], capture_output=True, text=True, check=False
    )
    return found.stdout.partition("\n")[0]


def end(process: subprocess.Popen[bytes], how: str) -> float:
    """Sends the signal or the key. Returns the time before it."""
    if how == "Escape":
        subprocess.run(["xdotool", "windowfocus", "--sync", has_window()], check=False, capture_output=True)
    began_s = time.monotonic()
    if how == "Escape":
        subprocess.run(["xdotool", "key", "Escape"], check=False, capture_output=True)
    else:
        process.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)
    return began_s


def seconds_to_close(place: Place, arguments: tuple[str, ...], how: str, after_s: float, *, window: bool) -> float:
    """`view` runs for `after_s` from its start, or its window's. Prints where it is if it needs more than CLOSE_S."""
    with tempfile.TemporaryFile() as errors:
        process = begun(place, arguments, errors, window=window)
        try:
            until_s = time.monotonic() + START_S
            while window and not has_window() and process.poll() is None and time.monotonic() < until_s:
                time.sleep(0.05)
            time.sleep(after_s)
            if process.poll() is not None:  # it has refused the source
                return 0.0
            began_s = end(process, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSE_S)
            if process.poll() is None:
                process.send_signal(signal.SIGRTMIN + 5)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(START_S)
                errors.seek(0)
                late_s, where = time.monotonic() - began_s, errors.read().decode(errors="replace")
                print(f"{arguments} {how} after {after_s:.2f} s: {late_s:.2f} s: {where}", flush=True)
            return time.monotonic() - began_s
        finally:
            process.kill()
            process.wait()


def closing(seed: int, rounds: int, *names: str) -> Iterator[Figure]:
    """Each source ends in each way, at a random moment of its start and while it runs, off screen and in a window."""
    if shutil.which("Xvfb") is None or shutil.which("xdotool") is None:
        raise NotPossibleError("Xvfb or xdotool is not installed")
    moments = random.Random(f"closing/{seed}")
    times: dict[str, list[float]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        stack.enter_context(screen())
        place = Place(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="groundglass-closing-"))), stack)
        for _ in range(rounds):
            for name in names or place.sources:
                for how in ENDS:
                    for window in (True,) if how == "Escape" else (False, True):
                        after_s = SHOWS_S if moments.random() < 0.5 else moments.uniform(*SOON_S)
                        seconds = seconds_to_close(place, place.sources[name], how, after_s, window=window)
                        times[f"closing, {how}, {'window' if window else 'off screen'}"].append(seconds)
    for name, measured in times.items():
        yield Figure(name, f"≤ {CLOSE_S:g} s", summary(measured, "s"), max(measured) <= CLOSE_S)
