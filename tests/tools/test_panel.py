"""The panel: widgets for the controls and the look's parameters, operated with simulated input."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import pytest
from groundglass.controls import Number, Text
from groundglass.display.tool import Invalidation
from groundglass.look.look import load_look
from groundglass.tools.aids import AIDS
from groundglass.tools.keyboard_map import key_rows, label_of
from groundglass.tools.panel.widgets import number_format
from panel_support import SEARCH_ROW, SIZE, Bench, open_bench
from window_support import FOCUS_M, Live, RemoteClient, Screen, until

imgui_bundle = pytest.importorskip("imgui_bundle")


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from open_bench()


def test_tab_shows_and_hides_the_panel(bench: Bench) -> None:
    plain = bench.show()
    assert bench.controls.press("Tab")
    shown = bench.show()
    room = SIZE[0] - bench.panel.dock_px(SIZE, 13)
    bar = (SIZE[1] - room * SIZE[1] // SIZE[0]) // 2  # the picture is beside the panel, not below it
    assert not shown[: bar - 1, :room].any()
    assert shown[bar + 1 : SIZE[1] - bar - 1, :room].any(axis=2).mean() > 0.9
    assert shown[:, room:].any(axis=2).mean() > 0.9
    assert bench.controls.press("Tab")
    assert np.array_equal(bench.show(), plain)


def test_a_slider_changes_the_look_and_a_drag_is_one_undo_step(bench: Bench, tmp_path: Path) -> None:
    bench.controls.press("Tab")
    bench.show()
    before = bench.engine.look
    bench.panel.search = "corner light"

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


def test_a_quick_drag_ends_where_it_was_released(bench: Bench) -> None:
    """All input of a drag may arrive between two frames."""
    bench.controls.press("Tab")
    bench.show()
    bench.panel.search = "corner light"

    def corner() -> object:
        return bench.editing.value("vignette", "corner_light")

    row = bench.find(lambda: corner() != 0.78)
    bench.drag(700, 740, row)
    slowly = corner()
    for x0, x1, y1 in ((660, 740, row), (745, 740, row + 200), (700, 740, row)):
        bench.gui.on_move(x0, row)
        bench.gui.on_button("left", True)
        bench.gui.on_move(x0 + 3, row)
        bench.gui.on_move(x1, y1)
        bench.gui.on_button("left", False)
        bench.gui.on_move(x0, y1)
        bench.show(6)
        assert corner() == slowly
    assert not bench.gui.on_move(100, 300), "nothing is held"


def test_a_check_box_switches_a_control_and_text_is_typed(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    bench.panel.search = "clipping"
    bench.show()
    bench.find(lambda: any(bench.controls.get(aid.name) for aid in AIDS), 655, 655, 80)
    bench.panel.search = ""
    bench.show()
    bench.drag(700, 700, SEARCH_ROW)
    assert bench.gui._imgui.get_io().want_text_input
    assert bench.gui.on_key("S", True, frozenset())
    bench.type("corner")
    assert bench.panel.search == "corner"


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
    bench.panel.search = "source"
    bench.show()
    row = bench.find(lambda: chosen, 720, 720, 88)  # below the header
    bench.drag(720, 720, row + 24)
    assert chosen == ["scene:", "cam:0"]
    bench.drag(720, 720, row - 24)
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


def test_letters_that_are_typed_between_two_frames_are_all_there(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    bench.drag(700, 700, SEARCH_ROW)
    for letter in "WHITE-7":
        bench.gui.on_key(letter, True, frozenset())
        bench.gui.on_text(letter.lower())
        bench.gui.on_key(letter, False, frozenset())
    bench.show(2)
    assert bench.panel.search == "white-7"
    bench.gui.on_key("A", True, frozenset({"Ctrl"}))
    bench.show(2)
    bench.gui.on_key("A", False, frozenset())
    bench.type("x")
    assert bench.panel.search == "x", "Ctrl+A has marked all"


def test_a_finger_hits_a_widget_within_24_pixels(bench: Bench) -> None:
    """WCAG 2.2, 2.5.8: the button in the first row is 19 pixels high."""
    bench.controls.press("Tab")
    bench.show()
    hits = []
    for y in range(2, 36):
        bench.drag(655, 655, y)
        hits.append(bench.controls.get("keys"))
        if hits[-1]:
            bench.controls.set("keys", False)
    assert 24 <= sum(hits) <= 25


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

    bench.gui._imgui.get_io().key_repeat_delay = 1e3  # on a busy computer a key is down for long
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
    assert bench.messages == ["the panel opens ..."]
    bench.show()
    if not stays:
        bench.controls.press("Tab")
    until_s = perf_counter() + 20.0
    while bench.panel.busy and perf_counter() < until_s:
        bench.panel.tick(perf_counter())
        sleep(0.001)
    assert (bench.gui is not None) == stays == bench.controls.get("panel")
    bench.show()


def test_the_keyboard_map_lists_every_key(bench: Bench) -> None:
    rows = dict(key_rows(bench.controls))
    assert rows["H, ?"] == "Keyboard map"
    assert all(rows[control.key] == label_of(control) for control in bench.controls if control.key not in ("", "H"))
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
    live = Live(screen, tmp_path, "--control", "0", "--fps", "15", "--look", "classic")
    try:
        client = RemoteClient(tmp_path)
        live.press("Tab")
        left, top, width, _ = live.place
        margin = np.s_[top + 80 : top + 200, left + width // 2 + 2 : left + width // 2 + 8]  # left of the widgets
        until(lambda: screen.grab()[margin].reshape(-1, 3).std(axis=0).max() == 0.0, "the panel is shown")
        x, row = left + width - width // 2 + 20, top + 210
        screen.xdotool("mousemove", x + 60, top + 186, "click", 1)  # the header of the look, whose first row follows

        def strength() -> float:
            return float(client.request({"get": "strength"}))

        def clicks() -> bool:
            screen.xdotool("mousemove", x + 20, row, "mousedown", 1)
            time.sleep(0.2)
            screen.xdotool("mouseup", 1)
            return strength() < 1.0

        until(clicks, "the slider is clicked")
        screen.xdotool("mousemove", x + 5, row, "mousedown", 1, "mousemove", x + 40, row)
        until(lambda: strength() > 0.6, "the slider follows")
        screen.xdotool("mouseup", 1)
        slowly = strength()
        for start in (x + 5, x + 50, x + 20):
            drag = ("mousemove", start, row, "mousedown", 1, "mousemove", x + 30, row, "mousemove", x + 40, row)
            screen.xdotool(*drag, "mouseup", 1)
            until(lambda: strength() == slowly, "a quick drag ends where it was released")
        for _ in range(20):
            live.press("ctrl+z")
        until(lambda: strength() == 1.0, "all is undone")
        live.press("Tab")
        until(lambda: not client.request({"get": "panel"}), "the panel is closed")
        assert live.focus_m == FOCUS_M, "no click reached the picture behind the panel"
    finally:
        live.end()
