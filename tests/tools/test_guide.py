"""The beginning: a hint, a button, `?`, and the list of the active aids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.events import Key, Pointer
from groundglass.display.input import InputQueue
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from groundglass.display.tool import Canvas, Tool
from groundglass.live_edit.editing import Editing
from groundglass.tools.aids import Aids
from groundglass.tools.focus import FocusTool
from groundglass.tools.guide import HINT_S, Guide, aid_lines
from groundglass.tools.panel.panel import Panel
from groundglass.tools.scopes.scopes import Scopes
from live_engine import LiveEngine, tool_context
from look_support import context
from window_support import Live, RemoteClient, Screen, until

SIZE = 640, 360


class Bench:
    def __init__(self) -> None:
        self.engine = LiveEngine(gl=context(), look="classic")
        self.surface = OffscreenSurface(SIZE, gl=context())
        self.presenter, self.controls = Presenter(self.surface), Controls()
        ctx = tool_context(self.engine, None, print, self.controls, None, self.surface)
        self.messages = ctx.messages
        self.guide = Guide(ctx)
        panel = Panel(ctx, Editing(self.engine.history))
        self.tools: list[Tool] = [FocusTool(ctx), Aids(ctx), Scopes(ctx), self.guide, panel]
        for tool in self.tools:
            self.controls.add(tool.controls())

    def draw(self, frame: gg.Frame) -> None:
        texture = self.engine.draw(frame)
        self.guide.on_frame(self.engine.drawn)
        self.presenter.draw(texture, [], tools=self.tools)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for tool in bench.tools:
        tool.close()
    bench.presenter.release()
    bench.engine.close()


@pytest.fixture(scope="module")
def frame() -> gg.Frame:
    with gg.open("scene:?size=128x72") as source:
        return next(iter(source))


def test_the_hint_ends_with_a_key_a_click_or_its_time(bench: Bench, frame: gg.Frame) -> None:
    for end in (
        lambda: bench.guide.handle_event(Key("P")),
        lambda: bench.guide.handle_event(Pointer("press", 0.5, 0.5)),
        lambda: bench.guide.tick(bench.guide._until_s + HINT_S),
    ):
        bench.guide._until_s = None
        bench.draw(frame)
        assert "?" in bench.messages.hint
        bench.guide.handle_event(Pointer("move", 0.5, 0.5, "none"))
        assert bench.messages.hint
        end()
        assert not bench.messages.hint
        bench.draw(frame)
        assert not bench.messages.hint, "it is shown once"


def test_the_button_opens_the_panel(bench: Bench, frame: gg.Frame) -> None:
    pytest.importorskip("imgui_bundle")
    bench.draw(frame)
    assert not bench.guide.handle_event(Pointer("press", 0.5, 0.05))
    assert bench.guide.handle_event(Pointer("press", 0.97, 0.04))
    assert bench.controls.get("panel")
    bench.draw(frame)
    assert not bench.guide.handle_event(Pointer("press", 0.97, 0.04)), "the panel has a button of its own"


def test_the_list_of_aids_and_the_button_are_not_over_the_depth_of_field_scale() -> None:
    plain = Canvas(*[None] * 2, (0, 0, 640, 360), 1.0, 13, None, ruler=(598, 70))  # type: ignore[arg-type]
    narrow, wide = replace(plain, size=(640, 360)), replace(plain, size=(1280, 720))
    assert narrow.below_ruler(6, 90) == narrow.below_ruler(580, 54) == 76
    assert wide.below_ruler(6, 90) == wide.below_ruler(1220, 54) == 0
    assert replace(narrow, ruler=(0, 0)).below_ruler(6, 90) == 0


def test_active_aids_are_listed_with_the_reason_why_they_show_nothing(bench: Bench, frame: gg.Frame) -> None:
    bench.draw(frame)
    assert aid_lines(bench.controls) == []
    for name, setting in {"peaking": True, "histogram": "raw", "frame_lines": True, "depth_of_field": True}.items():
        bench.controls.set(name, setting)
    bench.controls.set("frame_lines_pair", "28-90")
    assert aid_lines(bench.controls) == [
        "Depth of field",
        "Focus peaking: by distance",
        "Frame lines: 28 mm outside the picture",
        "Histogram: raw",
    ]
    flat = gg.Frame(np.full((72, 128, 3), 90, np.uint8), gg.Encoding.DISPLAY)
    bench.draw(flat)
    bench.tools[2].on_frame(bench.engine.drawn)
    lines = aid_lines(bench.controls)
    assert "Depth of field: no depth here" in lines
    assert "Focus peaking: by contrast" in lines
    assert "Histogram: this source has no raw data" in lines
    bench.controls.end_aids()
    assert aid_lines(bench.controls) == []


def test_a_question_mark_is_a_key_of_every_layout() -> None:
    queue = InputQueue((100, 100))
    queue.key("ß", True, frozenset({"Shift"}))
    queue.text("?")
    queue.text("x")
    assert queue.take() == [Key("Shift+ß"), Key("?")]


def test_a_newcomer_finds_the_panel_and_the_keys(screen: Screen, tmp_path: Path) -> None:
    pytest.importorskip("imgui_bundle")
    live = Live(screen, tmp_path, "--control", "0")
    try:
        client = RemoteClient(tmp_path)
        live.click(0.95, 0.06)
        until(lambda: client.request({"get": "panel"}), "the button opens the panel")
        live.press("Tab")
        until(lambda: not client.request({"get": "panel"}), "Tab closes it")
        live.press("question")
        until(lambda: client.request({"get": "keys"}), "? shows the keys")
        assert live.focus_m == 1.2, "the button is not a point to focus at"
    finally:
        live.end()
