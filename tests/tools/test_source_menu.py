"""The source menu: its entries, the key, dropped files, recent files, and the search for cameras."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from drop_support import drop
from groundglass.capture import connected
from groundglass.commands.options import SourceOptions
from groundglass.commands.start import options_for
from groundglass.controls import Controls
from groundglass.display.events import Drop
from groundglass.display.messages import Messages
from groundglass.display.sources import Sources
from groundglass.display.tool import Invalidation, ToolContext
from groundglass.errors import ControlError
from groundglass.tools.recent_sources import MAX_RECENT, RecentSources
from groundglass.tools.source_menu import CHOOSE_S, Entry, SourceMenu, announcement, menu_lines
from PIL import Image
from remote_support import Client
from window_support import Live, Screen, until

CAMERAS = {
    "cameras": [{"source": "cam:0", "name": "Maker Model", "kind": "cam:", "modes": []}],
    "missing": [],
    "failed": [],
}


class Menu:
    """A menu on a source `scene:` that opens nothing: `opened` are the names."""

    def __init__(self, recent: RecentSources, announces: bool = False) -> None:
        self.opened: list[str] = []
        self.messages: list[str] = []
        self.controls = Controls()
        sources = Sources(SimpleNamespace(name="scene:", status="", timing=None), lambda name: None)  # type: ignore[arg-type]
        tool_context = ToolContext(
            *(None, None, sources, Messages(self.messages.append), self.controls, None),  # type: ignore[arg-type]
            SimpleNamespace(wake=lambda: None),  # type: ignore[arg-type]
            drawn=lambda: SimpleNamespace(),  # type: ignore[arg-type, return-value]
            open_source=self.open,
        )
        self.tool = SourceMenu(tool_context, recent, announces)
        self.controls.add(self.tool.controls())

    def open(self, name: str) -> None:
        if "wrong" in name:
            raise ControlError(f"{name} is not a source")
        self.opened.append(name)

    def search_ends(self) -> None:
        deadline_s = time.perf_counter() + 20
        while self.tool._search is not None and not self.tool._search.is_over:
            assert time.perf_counter() < deadline_s
            time.sleep(0.01)


@pytest.fixture(autouse=True)
def _search_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of another process, which finds one camera."""
    monkeypatch.setattr(connected, "SEARCH_COMMAND", (sys.executable, "-c", f"print({json.dumps(CAMERAS)!r})"))


def test_the_key_marks_the_next_source_and_a_pause_opens_it(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (4, 4)).save(photo)
    recent = RecentSources()
    recent.add(str(photo))
    menu = Menu(recent)
    menu.controls.press("O")  # opens the menu on the current source
    menu.search_ends()
    assert menu.tool.tick(time.perf_counter()) is Invalidation.REPAINT
    assert menu.controls["source"].suggestions() == ("scene:", "cam:0", str(photo))  # type: ignore[attr-defined]
    menu.controls.press("O")
    assert menu.tool.busy
    assert (menu.tool.tick(time.perf_counter()), menu.opened) == (Invalidation.NOTHING, [])
    menu.tool.tick(time.perf_counter() + CHOOSE_S)
    assert (menu.opened, menu.tool.busy) == (["cam:0"], False)
    menu.controls.press("O")
    menu.tool.tick(time.perf_counter() + CHOOSE_S)
    assert menu.opened == ["cam:0"]  # the current source is not opened again
    menu.tool.close()


def test_cameras_are_announced_after_the_first_picture() -> None:
    menu = Menu(RecentSources(), announces=True)
    menu.tool.tick(time.perf_counter())
    menu.search_ends()
    menu.tool.tick(time.perf_counter())
    assert menu.messages == ["Maker Model connected: press O to choose the source"]
    menu.tool.close()


def test_dropped_files_are_opened_and_remembered(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    menu = Menu(RecentSources())
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    assert menu.tool.handle_event(Drop(tuple(paths)))
    assert menu.opened == paths[:1]
    assert menu.controls["source"].suggestions() == ("scene:", *paths)  # type: ignore[attr-defined]
    menu.tool.handle_event(Drop(("/wrong",)))
    assert menu.messages == ["/wrong is not a source"]


def test_a_search_that_crashes_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connected, "SEARCH_COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    search = connected.CameraSearch(lambda: None)
    search._thread.join(20)
    assert search.take() == []
    search.close()


def test_the_search_of_the_command_is_read() -> None:
    assert connected.SEARCH_COMMAND[0] == sys.executable
    found = connected.CameraSearch(lambda: None)
    found._thread.join(20)
    assert [camera.source for camera in found.take() or []] == ["cam:0"]


def test_lines_and_announcements() -> None:
    entries = [Entry("scene:", ""), Entry("cam:0", "Maker Model"), Entry("/" + 90 * "x", "")]
    lines = menu_lines(entries, "cam:0", is_searching=True)
    assert lines[1] == "> cam:0   Maker Model"
    assert (len(lines[2]), lines[3]) == (63, "searching for cameras ...")
    assert announcement([]) == "no camera is connected"
    assert announcement(entries[1:2]).startswith("Maker Model connected")
    assert announcement([entries[1], entries[1]]).startswith("Maker Model and 1 more connected")


def test_recent_files_survive_the_run_and_a_broken_list(tmp_path: Path) -> None:
    file = tmp_path / "state" / "recent.json"
    paths = [tmp_path / f"{number}.png" for number in range(MAX_RECENT + 2)]
    recent = RecentSources(file)
    for path in paths:
        path.touch()
        recent.add(str(path))
    recent.add("scene:")
    paths[-1].unlink()
    kept = [str(path) for path in reversed(paths)][:MAX_RECENT]
    assert RecentSources(file).existing() == kept[1:]
    for text in ("[1, 2", "{}", "[1, null]"):
        file.write_text(text)
        assert RecentSources(file).existing() == []


def test_options_of_the_first_source_are_not_those_of_another() -> None:
    given: dict[str, Any] = {
        "raw_format": "rggb12",
        "raw_size": (4, 4),
        "depth": "plane:1..2",
        "fps": 5.0,
        "loop": True,
    }
    options = SourceOptions(**given)
    assert options_for("v4l2:0", "first.raw", options) == SourceOptions(loop=True)
    assert options_for("second.raw", "first.raw", options) == SourceOptions(
        loop=True, raw_format="rggb12", raw_size=(4, 4)
    )
    raw = SourceOptions(raw_white=4000.0, raw_stride=8, raw_header=1, raw_trailer=1, layer="left")
    assert options_for("second.jpg", "first.raw", raw) == SourceOptions()
    assert options_for("second.raw", "first.raw", raw) == raw
    piped = SourceOptions(raw_format="rggb12", raw_size=(4, 4))
    assert options_for("v4l2:0", "-", piped) == SourceOptions()
    model = SourceOptions(depth_model="net.onnx", depth_range="1..3")
    assert options_for("v4l2:0", "first.raw", model) == model


def test_a_window_shows_another_source_and_returns(screen: Screen, tmp_path: Path) -> None:
    """A dropped picture is shown, an error of the remote control leaves it, and the key returns to the scene."""
    red = tmp_path / "red.png"
    Image.new("RGB", (480, 270), (200, 40, 40)).save(red)
    live = Live(screen, tmp_path, "--control", "0")
    try:
        access = json.loads((tmp_path / "groundglass" / "control.json").read_text())
        client = Client(access["port"], access["token"])

        def request(line: dict[str, Any]) -> Any:
            client.send(line)
            return client.receive()["value"]

        client.receive()
        drop(screen.display, int(live.window), red)
        until(lambda: "red.png" in live.title and "no depth" in live.title, "the picture replaces the scene")
        until(lambda: live.picture[100, 100, 0] > 2 * live.picture[100, 100, 1], "it is on the screen")
        request({"set": "source", "to": "/nowhere.png"})
        until(lambda: "no such file" in request({"state": True})["status"], "the error is reported")
        assert "red.png" in live.title
        live.press("o")
        live.press("o")
        until(lambda: "scene:" in live.title, "the scene is back")
        live.press("q")
        assert live.process.wait(20) == 0
        assert json.loads((tmp_path / "run.json").read_text())["frames"] > 2
    finally:
        live.end()
