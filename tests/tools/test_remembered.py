"""The window, the look and the lens of the last run, if the user turns that on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from groundglass.errors import ControlError
from groundglass.tools.remembered import LastRun, last_run
from window_support import Live, RemoteClient, Screen, until


def test_nothing_is_remembered_without_a_file(tmp_path: Path) -> None:
    assert last_run(tmp_path / "remembered.toml") == LastRun()


@pytest.mark.parametrize(
    ("text", "remembered"),
    [
        ('left = 10\ntop = 20\nwidth = 640\nheight = 360\nlook = "natural"\nlens = "noct-50"\n',
         LastRun((10, 20, 640, 360), "natural", "noct-50")),
        ('left = 10\ntop = 20\nwidth = 640\nlook = "gone.toml"\nlens = "gone"\n', LastRun()),
        ('left = 10\ntop = 20\nwidth = true\nheight = 3e9\nlook = 3\n', LastRun()),
    ],
)  # fmt: skip
def test_what_is_gone_or_wrong_is_left_out(tmp_path: Path, text: str, remembered: LastRun) -> None:
    (tmp_path / "remembered.toml").write_text(text)
    assert last_run(tmp_path / "remembered.toml") == remembered


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "remembered.toml").write_text("left = [")
    with pytest.raises(ControlError, match=r"remembered\.toml: cannot be read"):
        last_run(tmp_path / "remembered.toml")


@pytest.mark.window
def test_the_next_run_starts_as_the_last_one_ended(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path, "--control", "0")
    try:
        client = RemoteClient(tmp_path)
        assert client.request({"get": "remember"}) is False
        client.request({"set": "remember", "to": True})
        client.request({"set": "look", "to": "natural"})
        client.request({"set": "lens", "to": "documentary-35"})
        screen.xdotool("windowmove", "--sync", live.window, 40, 50)
        screen.xdotool("windowsize", "--sync", live.window, 600, 400)
        file = tmp_path / "groundglass" / "remembered.toml"
        until(lambda: file.exists() and "width = 600" in file.read_text(), "the place is written")
        live.press("q")
        live.process.wait(20)
    finally:
        live.end()
    live = Live(screen, tmp_path, "--control", "0")
    try:
        assert live.place == (40, 50, 600, 400)
        assert re.search(r"natural +documentary-35", live.title)
        RemoteClient(tmp_path).request({"set": "remember", "to": False})
        assert not file.exists()
    finally:
        live.end()
    live = Live(screen, tmp_path)
    try:
        assert live.place[2:] == (480, 270)
        assert re.search(r"classic +noct-50", live.title)
    finally:
        live.end()
