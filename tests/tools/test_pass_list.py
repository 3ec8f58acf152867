"""The list of passes in the panel: switched, moved, dragged, and the tone curve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from groundglass.gl.passes import load_pass
from groundglass.look.look import load_look
from groundglass.tools.panel.curve import HANDLES, dragged, levels
from groundglass.tools.panel.pass_list import row_below
from panel_support import FIRST_PASS_ROW, LOOK_ROW, Bench, open_bench

imgui_bundle = pytest.importorskip("imgui_bundle")


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from open_bench()


def rows_of(bench: Bench) -> list[str]:
    return [settings.name for settings in bench.editing.look.passes]


def test_passes_are_switched_moved_added_and_removed(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    before = bench.editing.look
    bench.drag(700, 700, LOOK_ROW)
    bench.drag(652, 652, FIRST_PASS_ROW)
    assert [settings.enabled for settings in bench.editing.look.passes] == [False] + 5 * [True]
    assert bench.editing.history.steps[-1].reason == "vignette off"
    bench.editing.history.undo()
    bench.gui.refresh()
    bench.show()
    for act in (
        lambda: bench.gui.on_move(720, FIRST_PASS_ROW),
        lambda: bench.gui.on_button("left", True),
        lambda: bench.gui.on_move(720, FIRST_PASS_ROW + 14),
        lambda: bench.gui.on_move(720, FIRST_PASS_ROW + 24),
        lambda: bench.gui.on_button("left", False),
    ):
        act()
        bench.show(2)
    assert rows_of(bench)[:2] == ["color_matrix", "vignette"]
    bench.editing.history.undo()
    assert bench.editing.look == before


def test_a_point_of_the_tone_curve_is_dragged(bench: Bench) -> None:
    bench.controls.press("Tab")
    bench.show()
    bench.panel.search = "tone curve"
    bench.gui.refresh()
    bench.show()
    before = bench.editing.look
    grey = bench.editing.value("tone_curve", "grey")

    def moved() -> bool:
        return bench.editing.value("tone_curve", "grey") != grey

    for x in (770, 790, 810):  # about the middle of the plot
        for act in (
            lambda x=x: bench.gui.on_move(x, 195),
            lambda: bench.gui.on_button("left", True),
            lambda x=x: bench.gui.on_move(x, 185),
            lambda: bench.gui.on_button("left", False),
        ):
            act()
            bench.show(2)
        if moved():
            break
    assert min(bench.editing.value("tone_curve", "grey")) > max(grey)
    assert (
        len({round(now - then, 4) for now, then in zip(bench.editing.value("tone_curve", "grey"), grey, strict=True)})
        == 1
    )
    while bench.editing.history.undo():
        pass
    assert bench.editing.look == before


def test_a_quick_drag_of_a_row_or_a_point_ends_where_it_was_released(bench: Bench) -> None:
    """All input of a drag may arrive between two frames."""

    def quickly(x: int, y: int, y1: int) -> None:
        bench.gui.on_move(x, y)
        bench.gui.on_button("left", True)
        bench.gui.on_move(x, y1)
        bench.gui.on_button("left", False)
        bench.show(6)

    bench.controls.press("Tab")
    bench.show()
    before = rows_of(bench)
    bench.drag(700, 700, LOOK_ROW)
    quickly(720, FIRST_PASS_ROW, FIRST_PASS_ROW + 24)
    assert rows_of(bench) == [before[1], before[0], *before[2:]]
    quickly(720, FIRST_PASS_ROW + 24, FIRST_PASS_ROW - 24)
    assert rows_of(bench) == before
    last = len(before) - 1  # the passes after the tone curve change places among themselves
    quickly(705, FIRST_PASS_ROW + 24 * last, FIRST_PASS_ROW + 24 * (last - 2))
    assert rows_of(bench) == [*before[: last - 2], before[last], *before[last - 2 : last]]
    while bench.editing.history.undo():
        pass
    bench.panel.search = "tone curve"
    bench.gui.refresh()
    bench.show()
    grey = bench.editing.value("tone_curve", "grey")
    quickly(790, 195, 185)
    quick = bench.editing.value("tone_curve", "grey")
    assert quick != grey
    while bench.editing.history.undo():
        pass
    for step in (
        lambda: bench.gui.on_move(790, 195),
        lambda: bench.gui.on_button("left", True),
        lambda: bench.gui.on_move(790, 190),
        lambda: bench.gui.on_move(790, 185),
        lambda: bench.gui.on_button("left", False),
    ):
        step()
        bench.show(3)
    assert bench.editing.value("tone_curve", "grey") == quick


def test_a_dragged_row_lies_where_it_was_released() -> None:
    edges = [0.0, 20.0, 120.0, 140.0, 160.0]  # the second row is open
    places = [row_below(edges, 0, y) for y in (10, 30, 99, 101, 139, 141, 500)]
    assert places == [0, 0, 0, 1, 2, 3, 3]
    assert [row_below(edges, 3, y) for y in (150, 139, 119, 39, 10, -50)] == [3, 2, 2, 1, 0, 0]
    assert [row_below(edges, 1, y) for y in (25, 39, 41, 70)] == [1, 1, 2, 3]


@pytest.mark.parametrize("name", list(HANDLES))
def test_a_dragged_point_reaches_its_level(name: str) -> None:
    look = load_look("classic")
    values = dict(next(settings for settings in look.passes if settings.name == "tone_curve").values)
    limits = {each.name: (each.low, each.high) for each in load_pass("tone_curve").parameters}[name]
    stop = np.array([HANDLES[name]])
    for share in (0.3, 0.7):
        middle = limits[0] + share * (limits[1] - limits[0])
        level = float(levels({**values, name: (middle, middle, middle)}, stop).mean())
        result = dragged(values, name, level, limits)
        assert float(levels({**values, name: result}, stop).mean()) == pytest.approx(level, abs=2e-3)
