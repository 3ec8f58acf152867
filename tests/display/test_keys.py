"""Every key is pressed in a real window: its control changes or its action runs, and the program continues."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from window_support import Live, Screen, until

QUITTING = {"Q"}
# The control needs a device that the test machine does not have: it shows a message and keeps its value.
REFUSED = {"F9"}


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


def xdotool_key(key: str) -> str:
    """The key in the notation of xdotool: `Shift+P` is `shift+p`."""
    *held, letter = key.split("+")
    name = {"Space": "space", "Tab": "Tab", "Up": "Up", "Down": "Down"}.get(letter, letter)
    return "+".join([*map(str.lower, held), name if len(name) > 1 else name.lower()])


def test_every_key_changes_its_control(screen: Screen, tmp_path: Path) -> None:
    pytest.importorskip("imgui_bundle")
    live = Live(screen, tmp_path, "--control", "0")
    try:
        client = RemoteClient(tmp_path)
        controls = [control for control in client.request({"list": True}) if control.get("key")]
        assert len(controls) > 45
        for control in controls:
            key, name = xdotool_key(control["key"]), control["name"]
            if control["key"] in QUITTING:
                continue
            before = control.get("value")
            live.press(key)
            if control["kind"] == "action" or control["key"] in REFUSED:
                client.request({"state": True})
                assert live.process.poll() is None
                continue
            until(lambda name=name, before=before: client.request({"get": name}) != before, f"{key} changes {name}")
            if control["kind"] == "switch":
                live.press(key)
                until(
                    lambda name=name, before=before: client.request({"get": name}) == before,
                    f"{key} changes {name} back",
                )
        until(lambda: list(tmp_path.glob("groundglass-*.dng")), "S writes a raw file")
        until(lambda: list(tmp_path.glob("groundglass-*.mp4")), "R writes a video")
        live.press("q")
        output, _ = live.process.communicate(timeout=60)
        assert live.process.returncode == 0, output
    finally:
        live.end()
