"""The panel: widgets for the controls and the look's parameters, operated with simulated input."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls, Number, Text
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from groundglass.display.tool import Invalidation, Tool
from groundglass.live_edit.editing import Editing
from groundglass.look.look import load_look
from groundglass.tools.aids import AIDS, Aids
from groundglass.tools.keyboard_map import KeyboardMap, key_rows
from groundglass.tools.panel.panel import Panel, number_format
from live_engine import LiveEngine, tool_context
from look_support import context
from window_support import FOCUS_M, Live, Screen, until

imgui_bundle = pytest.importorskip("imgui_bundle")

SIZE = 960, 540


class Bench:
    """The panel over an engine's picture, off screen, with simulated mouse and keyboard."""

    def __init__(self) -> None:
        self.engine = LiveEngine(gl=context(), look="classic")
        self.surface = OffscreenSurface(SIZE, gl=context())
        self.presenter = Presenter(self.surface)
        self.controls, self.messages = Controls(), []
        self.editing = Editing(self.engine.history)
        ctx = tool_context(self.engine, None, self.messages.append, self.controls, None, self.surface)
        self.aids, self.panel = Aids(ctx), Panel(ctx, self.editing)
        self.keys = KeyboardMap(ctx)
        self.tools: list[Tool] = [self.aids, self.keys, self.panel]
        for tool in self.tools:
            self.controls.add(tool.controls())
        with gg.open(f"scene:?size={SIZE[0] // 4}x{SIZE[1] // 4}") as source:
            self.picture = self.engine.draw(next(iter(source)))

    @property
    def gui(self) -> Any:
        return self.panel._gui

    def show(self, times: int = 4) -> np.ndarray:
        """(H, W, 3) uint8: the screen after the given number of frames."""
        for _ in range(times):
            self.presenter.draw(self.picture, [], tools=self.tools)
        pixels = self.surface.framebuffer.read(viewport=(0, 0, *SIZE), components=3, alignment=1)
        return np.frombuffer(pixels, np.uint8).reshape(SIZE[1], SIZE[0], 3)[::-1]

    def drag(self, x0: int, x1: int, y: int) -> None:
        for action in (
            lambda: self.gui.on_move(x0, y),
            lambda: self.gui.on_button("left", True),
            lambda: self.gui.on_move(x1, y),
            lambda: self.gui.on_button("left", False),
        ):
            action()
            self.show(2)

    def find(self, done: Callable[[], object], x0: int = 660, x1: int = 720, top: int = 128, step: int = 6) -> int:
        """Drags along successive rows until `done()`; returns that row. `top` is below the buttons of the look."""
        for y in range(top, SIZE[1], step):
            self.drag(x0, x1, y)
            if done():
                return y
        raise AssertionError("no row has the widget")

    def type(self, text: str) -> None:
        for letter in text:
            self.gui.on_text(letter)
            self.show(2)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.panel.close()
    bench.presenter.release()
    bench.engine.close()


def test_tab_shows_and_hides_the_panel(bench: Bench) -> None:
    plain = bench.show()
    assert bench.controls.press("Tab")
    shown = bench.show()
    left = SIZE[0] // 2
    assert np.array_equal(shown[:, :left], plain[:, :left])
    assert (shown[:300, 650:] != plain[:300, 650:]).mean() > 0.5
    assert bench.controls.press("Tab")
    assert np.array_equal(bench.show(), plain)


def test_a_slider_changes_the_look_and_a_drag_is_one_undo_step(bench: Bench, tmp_path: Path) -> None:
    bench.controls.press("Tab")
    bench.show()
    before = bench.engine.look
    bench.panel._look._search = "corner light"

    def corner() -> object:
        return bench.editing.value("vignette", "corner_light")

    row = bench.find(lambda: corner() != 0.78)
    assert bench.panel.tick(time.perf_counter()) is Invalidation.REDRAW
    assert bench.engine.look is bench.editing.look
    assert {step.name for step in bench.editing.look.passes} == {step.name for step in before.passes}
    dragged = corner()
    saved = load_look(str(bench.editing.save_as(tmp_path / "mine.toml")))
    assert dict(saved.passes[0].values)["corner_light"] == pytest.approx(dragged, abs=1e-5)
    assert bench.editing.history.undo()
    assert corner() == 0.78
    bench.drag(700, 660, row)
    assert corner() != dragged


def test_a_check_box_switches_a_control_and_text_is_typed(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    bench.panel._look._search = "no such parameter"
    # The drags open the header of the aids, then hit one of its check boxes.
    bench.find(lambda: any(bench.controls.get(aid.name) for aid in AIDS), 646, 646, 198, 24)
    bench.panel._look._search = ""
    bench.find(lambda: bench.gui._imgui.get_io().want_text_input, 700, 700, 108)
    assert bench.gui.on_key("S", True, frozenset())
    bench.type("corner")
    assert bench.panel._look._search == "corner" or bench.panel._look._file == "corner"


def test_a_text_is_chosen_from_its_suggestions_or_typed(bench: Bench) -> None:
    chosen: list[str] = []
    source = Text(
        *("source", "Source", "source"),
        get=lambda: "scene:",
        set=chosen.append,
        suggestions=lambda: ("scene:", "cam:0"),
    )
    bench.controls.replace([*bench.controls], [*bench.panel.controls(), source])
    bench.controls.press("Tab")
    bench.show()
    bench.panel._look._search = "no such parameter"
    bench.show()
    row = bench.find(lambda: chosen, 720, 720, 130)  # the drags open the headers, then hit the first suggestion
    bench.drag(720, 720, row + 20)
    assert chosen == ["scene:", "cam:0"]
    bench.drag(720, 720, row - 18)
    bench.type("9")
    bench.gui.on_key("Enter", True, frozenset())
    bench.show()
    assert "9" in chosen[-1]


def test_keys_go_to_the_viewfinder_unless_text_is_typed(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    assert not bench.gui.on_key("S", True, frozenset())
    assert not bench.gui.on_move(100, 300)
    assert not bench.gui.on_button("left", True)
    bench.gui.on_button("left", False)
    bench.show()
    assert bench.gui.on_move(801, 60)
    assert bench.gui.on_button("left", True)
    assert bench.gui.on_button("left", False)
    assert bench.gui.on_scroll(1.0)


def test_the_panel_works_without_a_mouse(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()

    def press(key: str) -> bool:
        """Whether the panel handled the key."""
        taken = bench.gui.on_key(key, True, frozenset())
        bench.show(2)
        bench.gui.on_key(key, False, frozenset())
        bench.show(2)
        return taken

    assert not press("Space")  # without a focused widget Space freezes the picture
    for _ in range(12):  # steps to the list of looks or the randomize button
        if not bench.editing.history.can_undo:
            assert press("Down")
            assert press("Space")
    assert bench.editing.history.can_undo
    bench.gui.on_move(100, 300)
    bench.gui.on_button("left", True)
    bench.show(2)
    bench.gui.on_button("left", False)
    bench.show(2)
    assert not press("Down")


def test_without_imgui_the_panel_reports_the_extra(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imgui_bundle", None)
    bench.controls.press("Tab")
    assert bench.messages == ["the panel: needs imgui-bundle; pip install groundglass[panel]"]
    assert not bench.controls.get("panel")
    bench.show()


@pytest.mark.parametrize("stays", [True, False])
def test_the_panel_appears_when_its_library_is_imported(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    """The import takes 0.2 s, in which frames continue. The panel may be closed meanwhile."""
    monkeypatch.setattr("groundglass.tools.panel.panel.is_imported", lambda: False)
    bench.controls.press("Tab")
    assert bench.gui is None
    assert bench.panel.busy
    bench.show()
    if not stays:
        bench.controls.press("Tab")
    until_s = perf_counter() + 20.0
    while bench.panel.busy and perf_counter() < until_s:
        bench.panel.tick(perf_counter())
    assert (bench.gui is not None) == stays == bench.controls.get("panel")
    bench.show()


def test_the_keyboard_map_lists_every_key(bench: Bench) -> None:
    rows = dict(key_rows(bench.controls))
    assert rows["H"] == "Keyboard map"
    assert all(rows[control.key] == control.title for control in bench.controls if control.key)
    plain = bench.show()
    bench.controls.press("H")
    assert (bench.show()[200:340, 380:580] != plain[200:340, 380:580]).any(axis=2).mean() > 0.5


def test_numbers_have_as_many_digits_as_their_step() -> None:
    def shown(step: float, unit: str = "") -> str:
        return number_format(
            Number("a", "A", "b", minimum=0, maximum=1, step=step, unit=unit, get=lambda: 0.0, set=lambda _: None)
        )

    assert [shown(1), shown(0.05), shown(0.005, "m"), shown(0.05, "f/")] == ["%.0f", "%.2f", "%.3f m", "f/%.2f"]


def test_a_slider_is_dragged_on_a_real_screen(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path)
    try:
        live.press("space")
        until(lambda: live.title.endswith("frozen"), "frozen")
        before = live.picture.astype(int)
        live.press("Tab")
        until(lambda: np.abs(live.picture - before)[:, 300:].mean() > 10, "the panel is shown")
        left, top, width, _ = live.place
        x = left + width - min(325, int(0.6 * width)) + 30
        screen.xdotool("mousemove", x, top + 140, "click", 1)
        time.sleep(0.3)
        screen.xdotool("type", "corner light")
        time.sleep(0.6)
        for y in range(top + 152, top + 212, 6):  # rows of the slider, below the name of its pass
            screen.xdotool("mousemove", x + 100, y, "mousedown", 1, "mousemove", x, y)
            time.sleep(0.15)
            screen.xdotool("mouseup", 1)
            time.sleep(0.15)
        until(lambda: np.abs(live.picture - before)[:40, :40].mean() > 1, "the corner changes with the slider")
        live.press("Tab")
        until(lambda: np.abs(live.picture - before)[120:150, 215:265].mean() < 5, "the panel is hidden")
        assert live.focus_m == FOCUS_M, "no click reached the picture behind the panel"
        live.press("s")
        look = tmp_path / "groundglass-0001.toml"
        until(look.exists, "the look is saved")
        assert dict(load_look(str(look)).passes[0].values)["corner_light"] != 0.78
    finally:
        live.process.kill()
        live.process.communicate()
