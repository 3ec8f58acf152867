"""The keys of the look: next look, undo, redo, reset, swap and save."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from groundglass.controls import Controls
from groundglass.errors import OutputError
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.look_keys import LookKeys
from groundglass.look.look import list_looks, load_look
from live_engine import LiveEngine, tool_context
from look_support import context


class Harness:
    def __init__(self, folder: Path) -> None:
        self.engine = LiveEngine(gl=context(), look="classic")
        self.controls, self.messages = Controls(), []
        self.editing = Editing(self.engine.history)
        ctx = tool_context(self.engine, None, self.messages.append, self.controls, None)  # type: ignore[arg-type]
        self.keys = LookKeys(ctx, self.editing, folder)
        self.controls.add(self.keys.controls())

    @property
    def toe(self) -> object:
        return self.engine.look.passes[2].values["toe"]


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    made = Harness(tmp_path)
    yield made
    made.engine.close()


def test_keys_undo_redo_reset_and_swap(harness: Harness) -> None:
    before = harness.toe
    harness.controls.press("Ctrl+Z")
    assert harness.messages == ["nothing to undo"]
    harness.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    changed = harness.toe
    harness.controls.press("Ctrl+Z")
    assert harness.toe == before != changed
    harness.controls.press("Ctrl+Shift+Z")
    assert harness.toe == changed
    harness.controls.press("Ctrl+R")
    assert harness.toe == before
    harness.controls.press("Ctrl+Z")
    harness.controls.press("Ctrl+X")
    assert (harness.toe, harness.editing.slot) == (before, "B")


def test_the_next_look_can_be_undone(harness: Harness) -> None:
    looks = list_looks()
    harness.controls.press("L")
    name = looks[(looks.index("classic") + 1) % len(looks)]
    assert harness.engine.look.name == name
    assert harness.messages[-1].startswith(f"{name}: ")
    harness.controls.press("Ctrl+Z")
    assert harness.engine.look.name == "classic"
    harness.controls.set("strength", 0.4)
    assert harness.engine.strength == 0.4


def test_a_built_in_look_is_saved_as_a_new_file_and_a_user_look_in_place(harness: Harness, tmp_path: Path) -> None:
    built_in = load_look("classic").file.read_text()
    harness.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    harness.controls.press("Ctrl+S")
    assert harness.messages == ["saved groundglass-0001.toml"]
    assert load_look("classic").file.read_text() == built_in
    saved = tmp_path / "groundglass-0001.toml"
    assert load_look(saved).passes[2].values["toe"] == (0.5, 0.5, 0.5)
    harness.editing.set("tone_curve", "toe", (0.25, 0.5, 0.5))
    harness.controls.press("Ctrl+S")
    assert load_look(saved).passes[2].values["toe"] == (0.25, 0.5, 0.5)
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    harness = Harness(tmp_path / "nowhere")
    with pytest.raises(OutputError, match="nowhere"):
        harness.controls.press("Ctrl+S")
    assert "nowhere" in harness.messages[0]
    harness.engine.close()
