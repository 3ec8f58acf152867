"""The unchanged demos run at tiny sizes and write their pictures."""

from __future__ import annotations

import itertools
import re
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.connected import find_cameras
from groundglass.compute.registry import list_devices
from groundglass.gl.program import SHADERS
from PIL import Image
from window_support import ERROR_DELAY_S, Screen, until

SCENE = "scene:?size=96x64"
DEMO_LINES = 60

# File name -> arguments, size of the picture.
DEMOS = {
    "benchmark.py": (("--sizes", "96x64", "--frames", "2"), (1120, 640)),
    "bokeh_sheet.py": (
        (SCENE, "--lens", "noct-50", "phone-1inch", "--f-number", "1", "4", "--width", "96"),
        (196, 246),
    ),
    "compare_demosaics.py": ((SCENE, "--side", "16"), (7 * 64, 20 + 3 * 80)),
    "contact_sheet.py": ((SCENE, "--width", "64", "--f-numbers", "0.95", "8", "--looks", "classic"), (72, 91)),
    "custom_lens.py": ((SCENE,), (96, 3 * 82 - 4)),
    "custom_pass.py": ((SCENE,), (196, 78)),
    "custom_source.py": (("--width", "48"), (5 * 48, 32)),
    "first_light.py": (("--width", "128"), (128, 96)),
    "hello_preview.py": ((SCENE, "--frames", "2"), (96, 64)),
    "learn_look.py": (("scene:?size=192x128",), (3 * 196 - 4, 142)),
    "numpy_stages.py": ((SCENE,), (192, 128)),
    "stereo_sheet.py": ((), (2 * 741, 2 * 500)),
}
# These write no picture, or need what not every machine has: each has a test of its own.
OTHERS = {
    "bitmap_surface.py",
    "compare_devices.py",
    "latency_meter.py",
    "qt_window.py",
    "rack_focus.py",
    "remote.py",  # tests/remote runs it
}


@pytest.fixture(autouse=True)
def _search_path_as_before() -> Iterator[None]:
    """A demo is a program of its own: its folder of passes ends with it."""
    yield
    if SHADERS.folders[1:]:
        SHADERS.set_search_path()


def run_demo(path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), *arguments])
    runpy.run_path(str(path), run_name="__main__")


def test_every_demo_has_a_test(repository: Path) -> None:
    assert {path.name for path in (repository / "demos").glob("*.py")} >= DEMOS.keys() | OTHERS
    named = (repository / "tests").rglob("*.py")
    tests = "".join(path.read_text(encoding="utf-8") for path in named)
    assert [path.name for path in (repository / "demos").glob("*.py") if f'"{path.name}"' not in tests] == []


def test_the_bitmap_surface_writes_an_animation(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_demo(repository / "demos" / "bitmap_surface.py", monkeypatch, SCENE)
    assert capsys.readouterr().out == "viewfinder.gif: 24 frames\n"
    with Image.open("viewfinder.gif") as picture:
        assert picture.size == (96, 64)
        assert 12 < picture.n_frames <= 24  # Pillow stores equal consecutive frames once, with a longer duration


def test_the_rack_focus_is_a_video_of_all_its_pictures(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run_demo(repository / "demos" / "rack_focus.py", monkeypatch, SCENE, "--seconds", "0.25", "-o", "rack.mp4")
    with av.open("rack.mp4") as video:
        pictures = [frame.to_ndarray(format="rgb24").astype(float) for frame in video.decode(video=0)]
    assert len(pictures) == 12
    assert pictures[0].shape == (64, 96, 3)
    first, middle, last = (pictures[number] for number in (0, 6, 11))
    assert np.abs(first - middle).mean() > np.abs(first - last).mean()  # there and back


def test_all_devices_draw_the_same(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_demo(repository / "demos" / "compare_devices.py", monkeypatch, SCENE, "--frames", "1", "-o", "devices.png")
    output = capsys.readouterr().out
    differences = [int(number) for number in re.findall(r"at most (\d+) of 255", output)]
    rows = 2 * len(list_devices()[0])
    assert len(differences) == rows
    assert max(differences) <= 3
    assert Image.open("devices.png").size == (2 * 100 - 4, rows * 82 - 4)


def test_the_latency_meter_measures_the_delay_of_its_loop(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_demo(repository / "demos" / "latency_meter.py", monkeypatch, "--flashes", "1", "--delay", "120")
    measured = re.fullmatch(r"1 flashes: median (\d+) ms, \d+ to \d+ ms\n", capsys.readouterr().out)
    assert measured is not None
    assert int(measured[1]) >= 120


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


@pytest.mark.parametrize("name", sorted({*DEMOS, *OTHERS} - {"qt_window.py"}))
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
