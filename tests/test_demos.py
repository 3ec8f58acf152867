"""The unchanged demos run at tiny sizes and write their pictures."""

from __future__ import annotations

import itertools
import runpy
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.connected import find_cameras
from PIL import Image
from window_support import ERROR_DELAY_S, Screen, until

SCENE = "scene:?size=96x64"
DEMO_LINES = 60

# File name -> arguments, size of the picture.
DEMOS = {
    "bokeh_sheet.py": (
        (SCENE, "--lens", "noct-50", "phone-1inch", "--f-number", "1", "4", "--width", "96"),
        (196, 246),
    ),
    "contact_sheet.py": ((SCENE, "--width", "64", "--f-numbers", "0.95", "8", "--looks", "classic"), (72, 91)),
    "develop_sheet.py": ((SCENE, "--side", "16"), (7 * 64, 20 + 3 * 80)),
    "first_light.py": (("--width", "128"), (128, 96)),
    "numpy_stages.py": ((SCENE,), (192, 128)),
    "own_source.py": (("--width", "48"), (5 * 48, 32)),
    "stereo_sheet.py": ((), (2 * 741, 2 * 500)),
}


def run_demo(path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    runpy.run_path(str(path), run_name="__main__")


def test_every_demo_has_a_test(repository: Path) -> None:
    # The remote control writes no picture: test_remote runs it.
    found = {path.name for path in (repository / "demos").glob("*.py")}
    assert found == {*DEMOS, "remote.py", "bitmap_surface.py", "qt_window.py"}


def test_the_bitmap_surface_writes_an_animation(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_demo(repository / "demos" / "bitmap_surface.py", monkeypatch, SCENE)
    assert capsys.readouterr().out == "viewfinder.gif: 24 frames\n"
    with Image.open("viewfinder.gif") as picture:
        assert picture.size == (96, 64)
        assert 12 < picture.n_frames <= 24  # Pillow stores equal consecutive frames once, with a longer duration


@pytest.mark.window
def test_the_qt_window_shows_the_picture_and_handles_input(screen: Screen, repository: Path) -> None:
    pytest.importorskip("PySide6", reason="PySide6 is not installed")
    command = [sys.executable, repository / "demos" / "qt_window.py", "scene:?size=480x270"]
    process = subprocess.Popen(
        command, env=screen.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )

    def window() -> str:
        if process.poll() is not None:
            output = process.stdout.read()
            if "platform plugin" in output:
                pytest.skip("Qt lacks a library for X, such as libxcb-cursor0")
            pytest.fail(output)
        return screen.xdotool("search", "--onlyvisible", "--name", "scene:").partition("\n")[0]

    try:
        until(window, "the window shows its status line")
        until(lambda: screen.grab()[:200, :480].std() > 10, "the picture is on the screen")
        screen.xdotool("windowfocus", "--sync", window(), "key", "Right")
        until(lambda: "f/1.07" in screen.xdotool("getwindowname", window()), "the key closes the aperture")
        screen.xdotool("key", "q")
        assert process.wait(ERROR_DELAY_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_writes_its_picture(
    repository: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, size = DEMOS[name]
    run_demo(repository / "demos" / name, monkeypatch, *arguments, "-o", "picture.png")
    assert capsys.readouterr().out.endswith("wrote picture.png\n")
    picture = Image.open("picture.png")
    assert picture.size == size
    assert np.asarray(picture).std() > 5


def test_a_demo_reports_an_error_in_one_line(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"no such file.*scene:"):
        run_demo(repository / "demos" / "contact_sheet.py", monkeypatch, "nowhere.dng")


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_is_short_enough_to_copy(repository: Path, name: str) -> None:
    assert len((repository / "demos" / name).read_text(encoding="utf-8").splitlines()) <= DEMO_LINES


def test_the_plugin_is_a_source_and_a_listed_camera_of_thirty_lines(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = repository / "demos" / "plugin"
    lines = [line for line in (folder / "groundglass_bars.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 30
    for file in folder.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    prepare = "import setuptools.build_meta as build; build.prepare_metadata_for_build_wheel('.')"
    subprocess.run([sys.executable, "-c", prepare], check=True, capture_output=True)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert "bars:0" in [camera.source for kind in find_cameras() for camera in kind.cameras]
        with open_source("bars:0?fps=200") as source:
            first, second = itertools.islice(source, 2)
            assert (source.fps, first.pixels.shape) == (200.0, (360, 640, 3))
            assert np.array_equal(first.pixels[:, 1:], second.pixels[:, :-1])
            threading.Timer(0.05, source.interrupt).start()
            assert len(list(source)) < 200
    finally:
        sys.modules.pop("groundglass_bars", None)
