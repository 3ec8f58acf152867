"""Every key is pressed in a real window: its control changes or its action runs, and the program continues."""

from __future__ import annotations

from pathlib import Path

import pytest
from window_support import Live, RemoteClient, Screen, until

QUITTING = {"Q"}
# The control needs a device that the test machine does not have: it shows a message and keeps its value.
REFUSED = {"F9"}


def xdotool_key(key: str) -> str:
    """The key in the notation of xdotool: `Shift+P` is `shift+p`."""
    *held, letter = key.split("+")
    name = {"Space": "space", "PageDown": "Next", "PageUp": "Prior"}.get(letter, letter)
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
            before = None if control["kind"] == "action" else client.request({"get": name})  # a key may change another
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
        aids = {"peaking": True, "grid": True, "desqueeze": "1.5", "histogram": "both", "vectorscope": True}
        aids |= {"pixel_inspector": True, "wipe": True, "magnifier": "5x", "depth_of_field": True}
        for name, setting in aids.items():
            client.request({"set": name, "to": setting})
        live.press("0")
        until(lambda: {client.request({"get": name}) for name in aids} == {False, "off"}, "0 ends every aid")
        until(lambda: list(tmp_path.glob("groundglass-*.dng")), "S writes a raw file")
        until(lambda: list(tmp_path.glob("groundglass-*.mp4")), "R writes a video")
        live.press("q")
        output, _ = live.process.communicate(timeout=60)
        assert live.process.returncode == 0, output
    finally:
        live.end()
