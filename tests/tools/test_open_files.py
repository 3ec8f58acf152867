"""Files are opened by the dialog, by dropping them, and one after the other."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.events import Drop
from groundglass.errors import ControlError
from groundglass.live_edit.editing import Editing
from groundglass.settings import Settings, SettingsHistory
from groundglass.tools.open_files import OpenFiles, kind_of
from PIL import Image
from window_support import ERROR_DELAY_S

LENS = "focal_mm = 85\nf_number = 2\n"
CUBE = "LUT_3D_SIZE 2\n" + "0.5 0.5 0.5\n" * 8


class Context:
    """A tool context with a folder of files; `opened` lists the opened sources."""

    def __init__(self, folder: Path) -> None:
        self.settings, self.controls = SettingsHistory(Settings()), Controls()
        self.opened: list[str] = []
        self.messages: list[str] = []
        for name in ("a2.png", "a10.png", "b.jpg"):
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(folder / name)
        (folder / "notes.txt").write_text("not a picture")
        (folder / "portrait.toml").write_text(LENS)
        (folder / "mine.toml").write_text("[pass.saturation]\nsaturation = 0.5\n")
        (folder / "grey.cube").write_text(CUBE)
        self.name = str(folder / "a2.png")
        self.tool = OpenFiles(self, Editing(self.settings))  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    @property
    def sources(self) -> Context:
        return self

    def notify(self, message: str) -> None:
        self.messages.append(message)

    def open_source(self, name: str) -> None:
        self.opened.append(Path(name).name)
        self.name = name


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(tmp_path)


def test_the_next_and_the_previous_file_are_in_natural_order(context: Context) -> None:
    context.controls.press("PageDown")
    context.controls.press("PageDown")
    with pytest.raises(ControlError, match=r"b\.jpg is the last file"):
        context.controls.press("PageDown")
    context.controls.press("PageUp")
    assert context.opened == ["a10.png", "b.jpg", "a10.png"]
    context.name = "scene:"
    with pytest.raises(ControlError, match="not a file"):
        context.controls.press("PageUp")


def test_dropped_looks_luts_and_lenses_are_opened_and_undone(context: Context, tmp_path: Path) -> None:
    for name, shown in (
        ("mine.toml", lambda now: now.look.name == "mine"),
        ("grey.cube", lambda now: now.look.name == "mine + grey"),
        ("portrait.toml", lambda now: now.lens.name == "portrait"),
    ):
        assert context.tool.handle_event(Drop((str(tmp_path / name),)))
        assert shown(context.settings.now)
        assert context.messages[-1] == f"opened {name}"
    for _ in range(3):
        assert context.settings.undo()
    assert (context.settings.now.look.name, context.settings.now.lens.name) == ("classic", "noct-50")
    assert not context.tool.handle_event(Drop((str(tmp_path / "b.jpg"),))), "the source menu opens pictures"
    assert context.opened == []


def test_a_broken_file_is_reported(context: Context, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[pass.saturation]\nsaturation = 'x'\n")
    (tmp_path / "worse.toml").write_text("= =")
    (tmp_path / "broken.cube").write_text("LUT_3D_SIZE x")
    for name in ("broken.toml", "worse.toml", "broken.cube"):
        context.tool.handle_event(Drop((str(tmp_path / name),)))
        assert name in context.messages[-1]
    assert context.settings.now == Settings()


def test_the_dialog_opens_what_was_chosen(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for zenity, which prints the chosen path."""
    pytest.importorskip("imgui_bundle")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "zenity").write_text(f'#!/bin/sh\nsleep 0.1\necho "{tmp_path / "mine.toml"}"\n')
    (tools / "zenity").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    context.controls.press("Ctrl+O")
    for _ in range(round(ERROR_DELAY_S / 0.05)):
        context.tool.tick(0.0)
        if not context.tool.busy:
            break
        sleep(0.05)
    assert context.settings.now.look.name == "mine"


def test_without_a_dialog_program_the_message_names_one(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(ControlError, match="install zenity or kdialog"):
        context.controls.press("Ctrl+O")
    assert not context.tool.busy


def test_a_toml_file_is_a_lens_or_a_look(tmp_path: Path) -> None:
    for text, kind in ((LENS, "lens"), ("name = 'x'", "look"), ("[pass.grain]", "look")):
        (tmp_path / "file.toml").write_text(text)
        assert kind_of(tmp_path / "file.toml") == kind
    assert kind_of(tmp_path / "PHOTO.DNG") == "source"
    assert kind_of(tmp_path / "PHOTO.CUBE") == "lut"
