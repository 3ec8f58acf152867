"""Custom modes and undo: settings come back exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import groundglass as gg
import pytest
from groundglass.capture import open_source
from groundglass.controls import Action, Choice, Controls, Number
from groundglass.display.events import Pointer, Wheel
from groundglass.errors import ControlError, OutputError
from groundglass.gl.passes import Value
from groundglass.live_edit.custom_mode_file import read_custom_mode
from groundglass.live_edit.custom_modes import CustomModes
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.look_keys import LookKeys
from groundglass.look import arrangement
from groundglass.look.look import Look
from groundglass.tools.development import DevelopmentTool
from groundglass.tools.exposure import ExposureTool
from groundglass.tools.focus import FocusTool
from groundglass.tools.panel.curve import HANDLES, dragged
from groundglass.tools.panel.history_section import step_title
from groundglass.tools.white_balance import WhiteBalanceTool
from live_engine import LiveEngine, tool_context


class Bench:
    """The tools that change settings, over a drawn picture."""

    def __init__(self, folder: Path) -> None:
        self.engine = LiveEngine(look="classic")
        self.controls, self.messages = Controls(), []
        self.editing = Editing(self.engine.history)
        with open_source("scene:?size=96x64") as source:
            ctx = tool_context(self.engine, source, self.messages.append, self.controls)
            self.focus = FocusTool(ctx, seconds=(0.0, 0.0))
            tools = [self.focus, ExposureTool(ctx), WhiteBalanceTool(ctx), DevelopmentTool(ctx)]
            tools += [LookKeys(ctx, self.editing, folder), CustomModes(ctx, self.editing, folder / "custom_modes")]
            for tool in tools:
                self.controls.add(tool.controls())
            self.engine.draw(next(iter(source)))

    @property
    def now(self) -> gg.Settings:
        return self.engine.history.now

    def again(self, folder: Path) -> Bench:
        """Another run of the program."""
        self.engine.close()
        return Bench(folder)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.engine.close()


def test_undo_walks_back_50_mixed_steps_to_the_start(bench: Bench) -> None:
    history, start, step = bench.engine.history, bench.now, 0
    skipped = {"undo", "redo", "save_look", "autofocus"}
    controls = [control for control in bench.controls if control.name not in skipped]
    seen = [start]
    while len(history.steps) <= 50:
        step += 1
        control = controls[step % len(controls)]
        match control:
            case Number(minimum=low, maximum=high):
                bench.controls.set(control.name, low + (high - low) * (step * 0.137 % 1))
            case Choice() as choice:
                bench.controls.set(control.name, choice.following)
            case Action():
                with suppress(ControlError):  # an empty custom mode
                    bench.controls.do(control.name)
            case _ if step % 3 == 0:
                bench.focus.handle_event(Wheel(-1.0))
                bench.focus.handle_event(Pointer("press", 0.5, 0.5))
        for _ in range(3):
            bench.focus.tick(1e9)  # a rack arrives
        history.end_step()
        if bench.now != seen[-1]:
            seen.append(bench.now)
    assert len(history.steps) > 50
    titles = [step_title(now, before) for before, now in zip(history.steps, history.steps[1:], strict=False)]
    assert all(titles)
    end = bench.now
    while history.undo():
        bench.focus.tick(1e9)
    assert bench.now == start
    assert not bench.controls.get("zone_focus")
    while history.redo():
        bench.focus.tick(1e9)
    assert bench.now == end
    history.go_to(25)
    assert history.position == 25
    history.go_to(0)
    assert bench.now == start


def test_every_kind_of_change_is_one_step_and_all_are_walked_back(bench: Bench) -> None:
    history, start, editing, controls = bench.engine.history, bench.now, bench.editing, bench.controls

    def drag(name: str, parameter: str, values: Iterable[Value]) -> None:
        for value in values:
            editing.set(name, parameter, value, drag=True)
        editing.end_drag()

    def turn(name: str, values: Iterable[float]) -> None:
        for value in values:
            controls.set(name, value)
        history.end_step()

    def curve() -> None:
        values = {name: editing.value("tone_curve", name) for name in HANDLES}
        shifted = [dragged(values, "grey", level, (0.2, 0.55)) for level in (0.45, 0.5, 0.55)]  # type: ignore[arg-type]
        drag("tone_curve", "grey", shifted)

    def arrange(change: Callable[[Look], Look]) -> None:
        editing.arrange("passes", change)

    def stored_and_recalled() -> None:
        controls.do("store_custom_1")
        turn("exposure", [1.5])
        controls.do("custom_1")

    kinds: dict[str, tuple[Callable[[], object], int]] = {
        "slider of a pass": (lambda: drag("vignette", "corner_light", [0.7, 0.6, 0.5]), 1),
        "colour wheel": (lambda: drag("tone_curve", "black", [(0.01, 0.0, 0.0), (0.02, 0.01, 0.0)]), 1),
        "curve": (curve, 1),
        "pass off": (lambda: arrange(partial(arrangement.with_enabled, name="grain", enabled=False)), 1),
        "order": (lambda: arrange(partial(arrangement.moved, name="color_matrix", to=0)), 1),
        "removed": (lambda: arrange(partial(arrangement.without, name="grain")), 1),
        "added": (lambda: arrange(partial(arrangement.with_pass, name="halation")), 1),
        "reset": (lambda: editing.reset("vignette"), 1),
        "look": (lambda: controls.press("L"), 1),
        "strength": (lambda: turn("strength", [0.9, 0.8, 0.7]), 1),
        "white balance": (lambda: controls.set("white_balance", "tungsten"), 1),
        "temperature": (lambda: turn("temperature", [4000, 3900, 3800]), 1),
        "grey": (lambda: controls.press("F3"), 1),
        "lens": (lambda: controls.press("Shift+L"), 1),
        "aperture": (lambda: turn("f_number", [2.0, 2.2, 2.8]), 1),
        "focus": (lambda: turn("focus", [2.0, 2.1, 2.2]), 1),
        "exposure": (lambda: turn("exposure", [0.5, 1.0]), 1),
        "custom mode": (stored_and_recalled, 2),
    }
    for name, (change, steps) in kinds.items():
        before, count = bench.now, len(history.steps)
        change()
        assert len(history.steps) == count + steps, name
        assert (bench.now != before) == (name != "custom mode"), name
    end = bench.now
    while history.undo():
        pass
    assert bench.now == start
    while history.redo():
        pass
    assert bench.now == end


def test_saving_a_look_is_not_a_step(bench: Bench) -> None:
    bench.controls.set("strength", 0.5)
    steps = len(bench.engine.history.steps)
    bench.controls.press("Ctrl+S")
    assert len(bench.engine.history.steps) == steps
    bench.controls.press("Ctrl+Z")
    assert (bench.now.strength, bench.now.look.name) == (1.0, "classic")


def test_a_custom_mode_is_recalled_in_another_run_and_undone_in_one_step(bench: Bench, tmp_path: Path) -> None:
    bench.controls.set("look", "vibrant")
    bench.editing.set("saturation", "saturation", 0.5)
    bench.controls.set("lens", "swirl-50")
    bench.controls.set("f_number", 2.8)
    bench.controls.set("focus", 3.5)
    bench.controls.set("strength", 0.7)
    bench.controls.set("temperature", 4300)
    bench.controls.set("denoise", 0.4)
    bench.controls.press("Shift+F5")
    bench.controls.set("custom_1_name", "wedding, evening")
    stored = bench.now
    bench = bench.again(tmp_path)
    try:
        start = bench.now
        assert bench.controls.get("custom_1_name") == "wedding, evening"
        bench.controls.press("F5")
        assert bench.now == stored
        assert bench.messages[-1] == "C1: wedding, evening"
        assert not bench.editing.is_changed
        assert bench.engine.history.undo()
        assert bench.now == start
    finally:
        bench.engine.close()


def test_an_empty_custom_mode_states_how_it_is_stored(bench: Bench) -> None:
    with pytest.raises(ControlError, match=r"custom mode C2 is empty; Shift\+F6 stores"):
        bench.controls.press("F6")
    with pytest.raises(ControlError, match="is empty"):
        bench.controls.set("custom_2_name", "mine")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strength = ", "strength = x"),
        ("focus_m", "focus"),
        ('look = "classic"', 'look = "nowhere.toml"'),
        ("[lens]", "[lens]\nfocal = 3"),
        ("denoise = 0.0", "denoise = 7"),
        ("[development]", "[developments]"),
        ("focal_mm = ", 'focal_mm = "x" #'),
    ],
)
def test_a_broken_custom_mode_names_its_file(bench: Bench, tmp_path: Path, old: str, new: str) -> None:
    bench.controls.press("Shift+F5")
    file = tmp_path / "custom_modes" / "c1.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ControlError, match=r"c1\.toml: .*again"):
        read_custom_mode(file)


def test_a_custom_mode_that_cannot_be_written_is_a_loss(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "custom_modes").write_text("a file")
    with pytest.raises(OutputError, match="custom_modes"):
        bench.controls.press("Shift+F5")
