"""Helpers for tests of the real window: a separate X server, `groundglass` in a process, input and screen grabs.

Xvfb is the screen, xdotool sends the input, Pillow grabs the screen. The window's title contains the status line, which
shows the effect of a key.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageGrab, features

SCREEN = (1280, 800)
PICTURE = (480, 270)
SOURCE = f"scene:?size={PICTURE[0]}x{PICTURE[1]}&fps=30"
ABOVE_TEXT = 200  # rows of the picture that the text never covers
FOCUS_M = 1.2  # the vase and the branch
ERROR_DELAY_S = 40.0  # for a slow machine that compiles every kernel first; no test waits longer than necessary


def until(condition: Callable[[], object], message: str) -> None:
    """Waits until `condition()` is true; fails with `message` after ERROR_DELAY_S."""
    deadline = time.monotonic() + ERROR_DELAY_S
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {message}"
        time.sleep(0.02)


@dataclass
class Screen:
    """An X server without a window manager."""

    display: str

    @property
    def environment(self) -> dict[str, str]:
        plain = {key: text for key, text in os.environ.items() if key not in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE")}
        return plain | {"DISPLAY": self.display}

    def xdotool(self, *words: object) -> str:
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=ERROR_DELAY_S)
        return done.stdout.strip()

    def grab(self) -> np.ndarray:
        """The content of the screen, (H, W, 3) uint8."""
        return np.array(ImageGrab.grab(xdisplay=self.display).convert("RGB"))


def open_screen(depth: int = 24) -> Iterator[Screen]:
    """Yields a new screen with `depth` bits per pixel. Skips the test if a tool is missing."""
    for tool in ("Xvfb", "xdotool"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed; 'make test' as root installs it, otherwise prints the command")
    if not features.check("xcb"):
        pytest.skip("this Pillow cannot grab an X screen (built without XCB)")
    read_end, write_end = os.pipe()
    # -noreset: a server that restarts after its last client rejects the next client meanwhile.
    command = [
        "Xvfb",
        "-displayfd",
        str(write_end),
        "-screen",
        "0",
        f"{SCREEN[0]}x{SCREEN[1]}x{depth}",
        "-nolisten",
        "tcp",
    ]
    command += ["-noreset"]
    server = subprocess.Popen(command, pass_fds=(write_end,), stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as numbers:
            number = numbers.readline().strip()
        if not number:
            pytest.skip("Xvfb did not start")
        yield Screen(f":{number}")
    finally:
        server.terminate()
        server.wait()


class Live:
    """`groundglass view`, or another `command`, in a separate process, and the input to its window."""

    def __init__(self, screen: Screen, folder: Path, *options: str, command: str = "view") -> None:
        self.screen, self.folder = screen, folder
        words = [sys.executable, "-m", "groundglass", command, SOURCE, "--focus", str(FOCUS_M)]
        words += ["--json", "run.json", "--save-frame", "last.png", "--no-governor", *options]
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env=screen.environment | {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.window = ""
        until(self._open, "the window opens")
        until(lambda: "f/" in self.title, "the first frame is shown")

    def _open(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        self.window = self.screen.xdotool("search", "--onlyvisible", "--name", "scene:").partition("\n")[0]
        return bool(self.window)

    @property
    def title(self) -> str:
        return self.screen.xdotool("getwindowname", self.window)

    @property
    def f_number(self) -> float:
        return float(re.search(r"f/([\d.]+)", self.title)[1])

    @property
    def focus_m(self) -> float:
        return float(re.search(r"([\d.]+) m\b", self.title)[1])

    @property
    def place(self) -> tuple[int, int, int, int]:
        """The window's (left, top, width, height) on the screen."""
        shell = self.screen.xdotool("getwindowgeometry", "--shell", self.window)
        values = dict(line.split("=") for line in shell.splitlines())
        return tuple(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))

    @property
    def picture(self) -> np.ndarray:
        """The part of the picture above the text, as the screen shows it: (ABOVE_TEXT, W, 3) uint8."""
        left, top, width, _ = self.place
        return self.screen.grab()[top : top + ABOVE_TEXT, left : left + width]

    def frozen_picture(self) -> np.ndarray:
        """The picture after Space, when it is refined: it has not changed for 1 s."""
        until(lambda: self.title.endswith("frozen"), "frozen")
        pictures = [self.picture]

        def is_refined() -> bool:
            time.sleep(1.0)
            pictures.append(self.picture)
            return bool(np.abs(pictures[-2].astype(int) - pictures[-1]).max() <= 1)  # a redraw may round differently

        until(is_refined, "the frozen picture does not change")
        return pictures[-1]

    def rests(self) -> bool:
        """Whether the focus is constant for 0.3 s."""
        focus_m = self.focus_m
        time.sleep(0.3)
        return self.focus_m == focus_m

    def press(self, key: str) -> None:
        self.screen.xdotool("windowfocus", "--sync", self.window)
        self.screen.xdotool("key", key)

    def click(self, x: float, y: float, button: int = 1) -> None:
        """Clicks a button (4 and 5: the wheel) at a position in fractions of the window."""
        _, _, width, height = self.place
        self.screen.xdotool("mousemove", "--window", self.window, round(x * width), round(y * height), "click", button)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class RemoteClient:
    """A client of the remote control of a running viewfinder."""

    def __init__(self, folder: Path) -> None:
        remote = json.loads((folder / "groundglass" / "control.json").read_text())
        self._lines = socket.create_connection(("127.0.0.1", remote["port"]), timeout=40).makefile("rw")
        self.request({"token": remote["token"]})

    def request(self, message: dict[str, Any]) -> Any:
        print(json.dumps(message), file=self._lines, flush=True)
        answer = json.loads(self._lines.readline())
        assert answer["ok"], answer
        return answer.get("value")
