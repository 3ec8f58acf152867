"""Every key, pressed in the real window: what it turns is turned, what it does is done, and nothing falls over."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from window_support import Live, Screen, until

ENDS = {"Q"}
# Need what the built-in scene, or this machine, has not; they say so, and stay as they are.
REFUSED = {"F9"}


class Asked:
    """What a running viewfinder answers over its remote control."""

    def __init__(self, folder: Path) -> None:
        told = json.loads((folder / "groundglass" / "control.json").read_text())
        self._lines = socket.create_connection(("127.0.0.1", told["port"]), timeout=40).makefile("rw")
        self.ask({"token": told["token"]})

    def ask(self, request: dict[str, Any]) -> Any:
        print(json.dumps(request), file=self._lines, flush=True)
        answer = json.loads(self._lines.readline())
        assert answer["ok"], answer
        return answer.get("value")


def xdotool_key(key: str) -> str:
    """`Shift+P` as xdotool says it."""
    *held, letter = key.split("+")
    name = {"Space": "space", "Tab": "Tab", "Up": "Up", "Down": "Down"}.get(letter, letter)
    return "+".join([*map(str.lower, held), name if len(name) > 1 else name.lower()])


def test_every_key_does_what_the_map_says(screen: Screen, tmp_path: Path) -> None:
    pytest.importorskip("imgui_bundle")
    live = Live(screen, tmp_path, "--control", "0")
    try:
        asked = Asked(tmp_path)
        controls = [one for one in asked.ask({"list": True}) if one.get("key")]
        assert len(controls) > 45
        for one in controls:
            key, name = xdotool_key(one["key"]), one["name"]
            if one["key"] in ENDS:
                continue
            before = one.get("value")
            live.press(key)
            if one["kind"] == "action" or one["key"] in REFUSED:
                asked.ask({"state": True})
                assert live.process.poll() is None
                continue
            until(lambda name=name, before=before: asked.ask({"get": name}) != before, f"{key} turns {name}")
            if one["kind"] == "switch":
                live.press(key)
                until(lambda name=name, before=before: asked.ask({"get": name}) == before, f"{key} turns {name} back")
        until(lambda: list(tmp_path.glob("groundglass-*.dng")), "S keeps a raw")
        until(lambda: list(tmp_path.glob("groundglass-*.mp4")), "R keeps a film")
        live.press("q")
        assert live.process.wait(timeout=60) == 0
    finally:
        live.end()
