"""The keys of the look: another one, a step back and forth, and its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from groundglass.controls import Controls
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.look_keys import LookKeys
from groundglass.look.look import list_looks, load_look
from live_engine import LiveEngine, tool_context
from look_support import context


class Bench:
    def __init__(self, folder: Path) -> None:
        self.engine = LiveEngine(gl=context(), look="classic")
        self.controls, self.said = Controls(), []
        self.editing = Editing(self.engine.history)
        fitted = tool_context(self.engine, None, self.said.append, self.controls, None)  # type: ignore[arg-type]
        self.keys = LookKeys(fitted, self.editing, folder)
        self.controls.add(self.keys.controls())

    @property
    def toe(self) -> object:
        return self.engine.look.passes[2].values["toe"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.close()


def test_steps_go_back_and_forth(bench: Bench) -> None:
    before = bench.toe
    bench.controls.press("Ctrl+Z")
    assert bench.said == ["nothing to undo"]
    bench.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    changed = bench.toe
    bench.controls.press("Ctrl+Z")
    assert bench.toe == before != changed
    bench.controls.press("Ctrl+Shift+Z")
    assert bench.toe == changed
    bench.controls.press("Ctrl+R")
    assert bench.toe == before
    bench.controls.press("Ctrl+Z")
    bench.controls.press("Ctrl+X")
    assert (bench.toe, bench.editing.slot) == (before, "B")


def test_the_next_look_can_be_undone(bench: Bench) -> None:
    looks = list_looks()
    bench.controls.press("L")
    name = looks[(looks.index("classic") + 1) % len(looks)]
    assert bench.engine.look.name == name
    assert bench.said[-1].startswith(f"{name}: ")
    bench.controls.press("Ctrl+Z")
    assert bench.engine.look.name == "classic"
    bench.controls.set("strength", 0.4)
    assert bench.engine.strength == 0.4


def test_what_ships_is_saved_beside_stills_and_what_is_ones_own_where_it_was(bench: Bench, tmp_path: Path) -> None:
    shipped = load_look("classic").file.read_text()
    bench.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    bench.controls.press("Ctrl+S")
    assert bench.said == ["saved groundglass-0001.toml"]
    assert load_look("classic").file.read_text() == shipped
    mine = tmp_path / "groundglass-0001.toml"
    assert load_look(mine).passes[2].values["toe"] == (0.5, 0.5, 0.5)
    bench.editing.set("tone_curve", "toe", (0.25, 0.5, 0.5))
    bench.controls.press("Ctrl+S")
    assert load_look(mine).passes[2].values["toe"] == (0.25, 0.5, 0.5)
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]


def test_a_folder_that_refuses_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "nowhere")
    bench.controls.press("Ctrl+S")
    assert "nowhere" in bench.said[0]
    bench.engine.close()
