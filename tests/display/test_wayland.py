"""The window on Wayland: a compositor nested in an X server, with real keys and a real pointer through the X server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from window_support import SOURCE, RemoteClient, Screen, until

SOCKET = "groundglass-test"
BUSY = 2.0  # processes for each core: more may delay a window without a fault of the program
START_S = 20.0  # a compositor that needs longer is not waited for
WINDOW_S = 60.0  # maximum wait for the window, which the compositor draws between all other work
SIZE = 1000, 700
BACKGROUND = (0x20, 0x30, 0x40)
SHELL = """[core]
shell=desktop-shell.so
[shell]
panel-position=none
background-color=0xff203040
locking=false
[output]
name=X1
mode={width}x{height}
scale={scale}
"""


@dataclass
class Compositor:
    """weston in a window of `screen`, with its runtime directory."""

    screen: Screen
    folder: Path
    process: subprocess.Popen[bytes]
    scale: int

    @property
    def environment(self) -> dict[str, str]:
        plain = {key: text for key, text in self.screen.environment.items() if key != "DISPLAY"}
        return plain | {
            "XDG_RUNTIME_DIR": str(self.folder),
            "XDG_SESSION_TYPE": "wayland",
            "WAYLAND_DISPLAY": SOCKET,
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder),
        }

    def windows(self) -> np.ndarray:
        """(H, W) bool, of SIZE: where the output is not the background."""
        return np.abs(self.screen.grab()[: SIZE[1], : SIZE[0]].astype(int) - BACKGROUND).max(axis=2) > 8

    def covered(self) -> float:
        time.sleep(0.3)  # a grab takes the X server's time, which draws the compositor
        return float(self.windows().mean())

    def shows_window(self) -> bool:
        """Whether a window covers a part of the output. A motion of the pointer makes weston draw."""
        self.screen.xdotool("mousemove", 400, 400, "mousemove", 401, 400)
        return self.covered() > 0.1

    def follows_pointer(self) -> bool:
        """Whether weston draws its pointer where that of the X server is.

        It adds up motions within its output: after two opposite corners its pointer is where that of the X server is.
        """
        self.screen.xdotool("mousemove", SIZE[0] - 1, SIZE[1] - 1, "sleep", 0.2, "mousemove", 0, 0, "sleep", 0.2)
        self.screen.xdotool("mousemove", 400, 400)
        time.sleep(0.3)
        return bool(self.windows()[392:440, 392:440].any())


def within_start(condition: Callable[[], bool], seconds: float = START_S) -> bool:
    """Whether `condition()` becomes true within a number of `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(params=[1, 2])
def compositor(request: pytest.FixtureRequest, screen: Screen) -> Iterator[Compositor]:
    if shutil.which("weston") is None:
        pytest.skip("weston is not installed; 'make test' as root installs it, otherwise prints the command")
    scale: int = request.param
    with tempfile.TemporaryDirectory(prefix="gg") as name:  # a socket's path must be short
        folder = Path(name)
        folder.chmod(0o700)
        (folder / "weston.ini").write_text(SHELL.format(scale=scale, width=SIZE[0] // scale, height=SIZE[1] // scale))
        command = ["weston", "--backend=x11-backend.so", f"--socket={SOCKET}", f"--config={folder / 'weston.ini'}"]
        environment = screen.environment | {"XDG_RUNTIME_DIR": name}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        compositor = Compositor(screen, folder, process, scale)
        try:
            if not within_start(lambda: (folder / SOCKET).exists() or process.poll() is not None):
                pytest.skip(f"weston does not start within {START_S:.0f} s")
            if process.poll() is not None:
                pytest.skip("weston does not start in this X server")
            if not within_start(lambda: compositor.covered() < 0.05):
                pytest.skip(f"weston does not draw its background within {START_S:.0f} s")
            if not within_start(compositor.follows_pointer):
                pytest.skip("weston does not follow the pointer of this X server")
            yield compositor
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.window
def test_keys_pointer_scale_and_full_screen_work_on_wayland(compositor: Compositor) -> None:
    words = [sys.executable, "-m", "groundglass", "view", SOURCE, "--control", "0", "--no-governor"]
    program = subprocess.Popen(
        words,
        cwd=compositor.folder,
        env=compositor.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        control = compositor.folder / "groundglass" / "control.json"
        until(lambda: control.exists() or program.poll() is not None, "the window opens")
        assert program.poll() is None, program.communicate()[0]
        client = RemoteClient(compositor.folder)
        until(lambda: client.request({"get": "focus"}), "the program answers")
        is_shown = within_start(lambda: compositor.shows_window() or program.poll() is not None, WINDOW_S)
        assert program.poll() is None, program.communicate()[0]
        if not is_shown and os.getloadavg()[0] > BUSY * (os.cpu_count() or 1):
            pytest.skip(f"weston shows no window within {WINDOW_S:.0f} s on a machine with much other work")
        assert is_shown, f"no window within {WINDOW_S:.0f} s"
        shown = compositor.covered()
        middle = np.argwhere(compositor.windows()).mean(axis=0)
        xdotool = compositor.screen.xdotool
        focus_m, steps = client.request({"get": "focus"}), cycle([0, 60, 120])

        def is_focused_by_click() -> bool:
            """The nested compositor may lose the click of a pointer that has just entered the window."""
            xdotool("mousemove", round(middle[1]) + next(steps) * compositor.scale, round(middle[0]) + 20)
            time.sleep(0.2)
            xdotool("click", 1)  # gives the window the keys, too
            time.sleep(0.3)
            return client.request({"get": "focus"}) != focus_m

        until(is_focused_by_click, "a click sets the focus")
        xdotool("key", "p")
        until(lambda: client.request({"get": "peaking"}), "P switches peaking")
        zoom = client.request({"get": "zoom"})
        xdotool("click", 4)
        until(lambda: client.request({"get": "zoom"}) > zoom, "the wheel zooms")
        xdotool("key", "f")
        until(lambda: compositor.covered() > 0.97 > shown, "F fills the output")
        xdotool("key", "f")
        until(lambda: compositor.covered() < 0.9, "F restores the window")
        xdotool("key", "q")
        output, _ = program.communicate(timeout=40)
        assert program.returncode == 0, output
    finally:
        if program.poll() is None:
            program.kill()
        program.communicate()
