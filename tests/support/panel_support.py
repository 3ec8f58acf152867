"""The panel over a picture, off screen, for tests with simulated input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import groundglass as gg
import numpy as np
from groundglass.controls import Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from groundglass.display.tool import Tool
from groundglass.live_edit.editing import Editing
from groundglass.tools.aids import Aids
from groundglass.tools.keyboard_map import KeyboardMap
from groundglass.tools.panel.panel import Panel
from live_engine import LiveEngine, tool_context
from look_support import context

SIZE = 960, 540
SEARCH_ROW, LOOK_ROW, FIRST_PASS_ROW = 42, 162, 258  # with all sections closed, or only the look open


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

    def find(self, done: Callable[[], object], x0: int = 660, x1: int = 720, top: int = 80, step: int = 6) -> int:
        """Drags along successive rows until `done()`; returns that row. `top` is below the header of a section."""
        for y in range(top, SIZE[1], step):
            self.drag(x0, x1, y)
            if done():
                return y
        raise AssertionError("no row has the widget")

    def type(self, text: str) -> None:
        for letter in text:
            self.gui.on_text(letter)
            self.show(2)


def open_bench() -> Iterator[Bench]:
    """Yields a bench, and closes it."""
    bench = Bench()
    yield bench
    bench.panel.close()
    bench.presenter.release()
    bench.engine.close()
