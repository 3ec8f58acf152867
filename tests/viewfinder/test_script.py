"""`gg.view` in a script: the window of an array, its end, and what the script gets."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import groundglass as gg
import numpy as np
import pytest
from window_support import ERROR_DELAY_S, Screen, until

SCRIPT = """
import signal, sys
import groundglass as gg, numpy as np

before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
picture = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
try:
    settings = gg.view(picture, look="natural", f_number=2.0)
    print("settings", settings.f_number, settings.look.name, flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
again = gg.view(picture, frames=3)  # a second window of the same script
print("again", again.look.name)
"""


def started(screen: Screen) -> tuple[subprocess.Popen[str], str]:
    """The script, and its window when it shows the picture."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=screen.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def window() -> str:
        assert process.poll() is None, process.communicate()[1]
        found = screen.xdotool("search", "--onlyvisible", "--name", "array.*f/2").partition("\n")[0]
        return found

    until(window, "the window shows the picture")
    return process, window()


def test_the_script_gets_the_settings_of_the_window(screen: Screen) -> None:
    process, window = started(screen)
    screen.xdotool("windowfocus", "--sync", window, "key", "Right")
    until(lambda: "f/2.24" in screen.xdotool("getwindowname", window), "the key closes the aperture by a third stop")
    screen.xdotool("key", "q")
    out, errors = process.communicate(timeout=ERROR_DELAY_S)
    assert (process.returncode, errors) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["settings", "again"]
    assert float(out.split()[1]) == pytest.approx(2.24, abs=0.01)


def test_an_interrupt_closes_the_window_and_reaches_the_script(screen: Screen) -> None:
    process, _ = started(screen)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=ERROR_DELAY_S)
    assert (process.returncode, out, errors) == (0, "interrupted\nagain classic\n", "")


def test_without_a_display_the_error_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(gg.GroundglassError, match=r"no display can be opened .*; groundglass\.render makes a picture"):
        gg.view(np.zeros((8, 8, 3), np.uint8))


def test_another_thread_has_no_window() -> None:
    errors: list[Exception] = []

    def view() -> None:
        try:
            gg.view(np.zeros((8, 8, 3), np.uint8))
        except gg.GroundglassError as error:
            errors.append(error)

    thread = threading.Thread(target=view)
    thread.start()
    thread.join()
    assert str(errors[0]).startswith("view: a window belongs to the main thread; use groundglass.qt")
