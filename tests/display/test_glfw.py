"""The window of `groundglass view` on a virtual screen, with real key and mouse events."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import rawpy
from groundglass.display.letterbox import letterbox
from PIL import Image
from window_support import ABOVE_TEXT, ERROR_DELAY_S, PICTURE, SCREEN, SOURCE, Live, RemoteClient, Screen, until

BUTTON = 400  # the column at the left of the button that opens the panel


@pytest.fixture(scope="module")
def live(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    viewer = Live(
        screen, tmp_path_factory.mktemp("view"), "--quality", "best", "--control", "0"
    )  # the quality of a still
    yield viewer
    viewer.end()


@contextmanager
def batched_input(live: Live) -> Iterator[Callable[..., str]]:
    """Yields `xdotool`, whose input the program receives all at once: it is stopped meanwhile."""
    live.process.send_signal(signal.SIGSTOP)
    try:
        yield live.screen.xdotool
    finally:
        live.process.send_signal(signal.SIGCONT)


def depths_m(x: float, y: float) -> tuple[float, float]:
    """The range of the scene's depth at a fraction of the picture, while its camera moves."""
    from groundglass.capture import open_source

    column, row = round(x * PICTURE[0]), round(y * PICTURE[1])
    with open_source(SOURCE) as source:
        depths = [frame.depth_m[row, column] for frame, _ in zip(source, range(60), strict=False)]
    return min(depths) - 0.02, max(depths) + 0.02


def test_the_window_opens_at_the_size_of_the_picture(live: Live) -> None:
    assert live.place[2:] == PICTURE
    assert re.fullmatch(r"scene:.*   classic   noct-50   f/0\.95   1\.20 m(   [\d.]+ fps)?", live.title)
    until(lambda: live.picture.std() > 10, "a picture with contrast is on the screen")
    left, top, width, height = live.place
    desktop = live.screen.grab()
    desktop[top : top + height, left : left + width] = 0
    assert not desktop.any()  # nothing is drawn outside the window


def test_peaking_and_scale_are_on_screen_and_not_in_a_still(live: Live) -> None:
    live.press("space")
    before = live.frozen_picture().astype(int)

    def reddened() -> int:
        return int(((live.picture - before) @ (1, -1, -1) > 100).sum())

    live.press("p")
    until(lambda: reddened() > 20, "edges turn red")
    live.press("d")
    until(lambda: np.abs(live.picture[8:60, 40:-40] - before[8:60, 40:-40]).mean() > 5, "the scale is shown")
    live.press("s")
    path = live.folder / "groundglass-0001.jpg"
    until(path.exists, "the still is written")
    still = np.asarray(Image.open(path), dtype=int)[:ABOVE_TEXT]
    assert np.abs(still - before)[:, :BUTTON].mean() < 2
    assert not ((still - before)[:, :BUTTON] @ (1, -1, -1) > 100).any()
    live.press("p")
    live.press("d")
    until(lambda: np.abs(live.picture - before).max() <= 1, "both are gone")
    live.press("space")
    until(lambda: "fps" in live.title, "playing again")


def test_the_wheel_with_alt_changes_the_aperture_in_thirds_of_a_stop(live: Live) -> None:
    live.screen.xdotool("keydown", "alt")
    for _ in range(2):
        live.click(0.5, 0.5, button=5)
    until(lambda: live.f_number == pytest.approx(0.95 * 2 ** (2 / 6), abs=0.01), "f/1.2")
    live.screen.xdotool("keyup", "alt")
    live.press("Right")
    until(lambda: live.f_number == pytest.approx(0.95 * 2 ** (3 / 6), abs=0.01), "f/1.34")
    for _ in range(4):
        live.press("Left")
    until(lambda: live.f_number == 0.95, "wide open again, and no further")


def test_the_wheel_zooms_and_a_drag_moves_the_picture(live: Live) -> None:
    live.press("space")
    before = live.frozen_picture().astype(int)
    focus_m = live.focus_m
    for _ in range(6):
        live.click(0.3, 0.3, button=4)
    until(lambda: np.abs(live.picture - before).mean() > 10, "a part of the picture is shown")
    left, top, _, _ = live.place
    live.screen.xdotool("mousemove", left + 100, top + 100, "mousedown", 1, "mousemove", left + 220, top + 150)
    time.sleep(0.2)
    zoomed = live.picture.astype(int)
    live.screen.xdotool("mousemove", left + 300, top + 180, "mouseup", 1)
    until(lambda: np.abs(live.picture - zoomed).mean() > 5, "the drag moves it")
    live.press("ctrl+0")
    until(lambda: np.abs(live.picture - before).mean() < 1, "the whole picture")
    assert live.focus_m == focus_m, "a drag does not focus"
    live.press("space")
    until(lambda: "fps" in live.title, "playing again")


def test_a_click_focuses_at_the_depth_of_the_point(live: Live) -> None:
    low, high = depths_m(0.06, 0.1)
    live.click(0.06, 0.1)
    until(lambda: low <= live.focus_m <= high, "the focus arrives")


def test_a_click_focuses_only_with_ctrl_where_the_user_asks_for_it(live: Live) -> None:
    client, (low, high) = RemoteClient(live.folder), depths_m(0.06, 0.1)
    live.click(0.06, 0.1)
    until(lambda: low <= live.focus_m <= high and live.rests(), "the focus rests")
    client.request({"set": "focus_needs_ctrl", "to": True})
    before_m = live.focus_m
    live.click(0.5, 0.6)
    time.sleep(1.0)
    assert live.focus_m == before_m
    live.screen.xdotool("keydown", "ctrl")
    live.click(0.5, 0.6)
    live.screen.xdotool("keyup", "ctrl")
    until(lambda: live.focus_m != before_m and live.rests(), "Ctrl+click focuses")
    client.request({"set": "focus_needs_ctrl", "to": False})


def test_a_quick_stroke_of_a_stylus_counts_where_it_began(live: Live) -> None:
    """Press, drag and release arrive between two frames, without a move of the pointer before."""
    (low, high), elsewhere = depths_m(0.06, 0.1), (0.5, 0.6)
    live.click(*elsewhere)
    until(lambda: not low <= live.focus_m <= high and live.rests(), "the focus is elsewhere")
    left, top, width, height = live.place
    begin = left + round(0.06 * width), top + round(0.1 * height)
    end = left + round(elsewhere[0] * width), top + round(elsewhere[1] * height)
    with batched_input(live) as xdotool:
        xdotool("mousemove", *begin, "mousedown", 1, "mousemove", *end, "mouseup", 1)
    until(lambda: low <= live.focus_m <= high, "the focus is where the stroke began")


def test_a_tap_that_trembles_focuses_and_a_stroke_moves_the_zoomed_picture(live: Live) -> None:
    low, high = depths_m(0.5, 0.6)
    live.press("ctrl+0")
    live.click(0.5, 0.6)
    until(lambda: low <= live.focus_m <= high and live.rests(), "the focus rests")
    near_m = live.focus_m
    for _ in range(2):
        live.click(0.06, 0.1, button=4)
    left, top, width, height = live.place
    x, y = left + round(0.06 * width), top + round(0.1 * height)
    with batched_input(live) as xdotool:
        xdotool("mousemove", x, y, "mousedown", 1, "mousemove", x + 60, y + 40, "mouseup", 1)
    time.sleep(0.5)
    assert live.focus_m == near_m, "a stroke does not focus"
    with batched_input(live) as xdotool:
        xdotool("mousemove", x, y, "mousedown", 1, "mousemove", x + 3, y + 2, "mousemove", x + 1, y + 3, "mouseup", 1)
    until(lambda: live.focus_m != near_m and live.rests(), "a tap focuses, although it moves by a few pixels")
    live.press("ctrl+0")


def test_focus_presets_are_stored_with_shift_and_recalled(live: Live) -> None:
    first_m = live.focus_m
    live.press("shift+1")
    live.press("2")  # not set yet: nothing moves
    live.click(0.5, 0.5)
    until(lambda: live.focus_m != first_m, "the focus leaves")
    until(lambda: live.rests(), "it arrives")
    second_m = live.focus_m
    live.press("shift+2")
    live.press("1")
    until(lambda: live.focus_m == first_m, "the focus is at preset one")
    live.press("2")
    until(lambda: live.focus_m == second_m, "the focus is at preset two")


def test_hyperfocal_autofocus_and_zone_focus_have_keys(live: Live) -> None:
    live.press("y")
    until(lambda: live.focus_m == 96, "noct-50 at f/0.95: f^2 / (N c) + f")
    live.press("a")
    until(lambda: 0.5 < live.focus_m < 3 and live.rests(), "the focus is on the object in the centre")
    near_m = live.focus_m
    live.press("z")
    until(lambda: (live.f_number, live.focus_m) == (8.0, 2.86), "zone focus: f/8, 2 to 5 m")
    live.press("a")
    live.click(0.06, 0.1)
    live.press("z")
    until(lambda: (live.f_number, live.focus_m) == (0.95, near_m), "the former focus returns without hunting")


def test_a_right_click_sets_the_white_balance(live: Live) -> None:
    """Few points of the scene are grey, so the colours of the whole picture change."""

    def blue_over_red() -> float:
        rows = live.screen.grab()[: ABOVE_TEXT // 2].reshape(-1, 3).astype(float)
        return float(rows[:, 2].sum() / max(rows[:, 0].sum(), 1.0))

    before = blue_over_red()
    for x in (0.3, 0.4, 0.5, 0.6, 0.7):
        live.click(x, 0.55, button=3)
    until(lambda: abs(blue_over_red() - before) > 0.03, "the balance changes")


def test_fullscreen_fills_the_monitor_and_restores_the_window(live: Live) -> None:
    before = live.place
    live.press("f")
    until(lambda: live.place == (0, 0, *SCREEN), "the window fills the screen")
    left, top, width, height = letterbox(PICTURE, SCREEN)
    assert (left, width) == (0, SCREEN[0])
    assert top > 0
    until(lambda: live.screen.grab()[top : top + height, -40:].std() > 5, "the picture fills the width")
    until(lambda: not live.screen.grab()[:top].any(), "the bar above it is black")
    focus_m = live.focus_m
    live.click(0.5, top / 2 / SCREEN[1])  # in the bar
    live.press("f")
    until(lambda: live.place == before, "the window is back in its place")
    assert live.focus_m == focus_m


def test_space_freezes_and_unfreezes_the_picture(live: Live) -> None:
    live.press("space")
    frozen = live.frozen_picture()
    live.press("space")
    until(lambda: "fps" in live.title, "playing again")
    until(lambda: np.abs(frozen.astype(int) - live.picture).max() > 1, "the picture moves")


def test_s_writes_a_full_size_still(live: Live) -> None:
    for number in (1, 2):
        live.press("s")
        path = live.folder / f"groundglass-{number:04d}.jpg"
        until(path.exists, f"{path.name} is written")
        with Image.open(path) as still:
            still.load()
            assert still.size == PICTURE
        until(path.with_suffix(".toml").exists, "the look is written")
        with rawpy.imread(str(path.with_suffix(".dng"))) as raw:
            assert raw.raw_image_visible.shape == PICTURE[::-1]


def test_q_quits_and_writes_the_statistics_and_the_shown_picture(live: Live) -> None:
    live.press("space")
    on_screen = live.frozen_picture()
    live.press("q")
    output, _ = live.process.communicate(timeout=ERROR_DELAY_S)
    assert live.process.returncode == 0, output
    statistics = json.loads((live.folder / "run.json").read_text())
    assert statistics["frames"] > 0
    assert statistics["size"] == list(PICTURE)
    assert "swap" in statistics["stages"]
    saved = np.asarray(Image.open(live.folder / "last.png"), dtype=int)
    # Same frame, orientation and colours; one step of tolerance for the rounding of square root and square.
    assert np.abs(saved[:ABOVE_TEXT] - on_screen)[:, :BUTTON].max() <= 1


TWO_WINDOWS = """
import sys, numpy, time
from groundglass.display.glfw import GlfwSurface
from groundglass.display.present import Presenter
quarters = numpy.zeros((90, 160, 4), numpy.uint8)
quarters[:45, :80] = 255, 0, 0, 255
quarters[:45, 80:] = 0, 255, 0, 255
quarters[45:, :80] = 0, 0, 255, 255
quarters[45:, 80:] = 255, 255, 255, 255
for title in ("first", "second"):
    with GlfwSurface((160, 90), title=title) as surface:
        picture = surface.gl.texture((160, 90), 4, quarters.tobytes())
        presenter = Presenter(surface)
        surface.poll()
        presenter.draw(picture, [title])
        surface.present(title)
        surface.gl.finish()
        print(title, flush=True)
        sys.stdin.readline()
        picture.release()
        presenter.release()
        surface.close()
"""


def test_two_windows_in_sequence_show_upright_pictures(screen: Screen) -> None:
    command = [sys.executable, "-c", TWO_WINDOWS]
    process = subprocess.Popen(
        command,
        env=screen.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for title in ("first", "second"):
            assert process.stdout.readline().strip() == title, process.stderr.read()
            # (column and row of a corner, colour); the lower left corner contains the text
            corners = (((5, 5), (255, 0, 0)), ((155, 5), (0, 255, 0)), ((155, 50), (255, 255, 255)))
            until(
                lambda: all(tuple(screen.grab()[y, x]) == colour for (x, y), colour in corners),  # noqa: B023
                "red, green and white are in their corners",
            )
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.wait(ERROR_DELAY_S) == 0, process.stderr.read()
    finally:
        process.kill()
        process.communicate()


OPEN = "from groundglass.display.glfw import GlfwSurface; GlfwSurface()"


@pytest.mark.skipif(sys.platform != "linux", reason="only an X or Wayland desktop can be absent")
def test_a_missing_display_gives_one_line() -> None:
    bare = {key: text for key, text in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    failed = subprocess.run(
        [sys.executable, "-c", OPEN], env=bare, capture_output=True, text=True, timeout=ERROR_DELAY_S
    )
    assert re.search(r"DeviceError: no display can be opened \(.*DISPLAY.*\); use --headless", failed.stderr)


def test_an_old_opengl_version_gives_one_line(screen: Screen) -> None:
    old = screen.environment | {"LIBGL_ALWAYS_SOFTWARE": "1", "MESA_GL_VERSION_OVERRIDE": "2.1"}
    failed = subprocess.run(
        [sys.executable, "-c", OPEN], env=old, capture_output=True, text=True, timeout=ERROR_DELAY_S
    )
    assert re.search(r"DeviceError: no OpenGL 3\.3 window \(.+\); update the graphics driver", failed.stderr)
