#!/usr/bin/env python3
"""Photographs every aid, scope and panel in the real window, for docs/viewfinder.md: xvfb-run tools/screenshots.py"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import groundglass as gg
import numpy as np
from groundglass.capture import Source
from groundglass.capture.source_filter import SourceFilter
from groundglass.commands.options import EngineOptions, SourceOptions, ViewOptions
from groundglass.commands.start import open_engine, settings_of
from groundglass.commands.view import fit_tools
from groundglass.controls import Setting
from groundglass.display.events import Pointer
from groundglass.display.glfw import GlfwSurface
from groundglass.display.tool import Canvas, Invalidation, Tool, ToolContext
from groundglass.display.viewer import Viewer
from groundglass.live_edit.editing import Editing
from groundglass.settings import SettingsHistory
from PIL import Image

QUALITY = 84


@dataclass(frozen=True)
class Shot:
    """What is set for a picture, beside what the one before left off; `at` is where the pointer is."""

    name: str
    settings: dict[str, Setting]
    at: tuple[float, float] = (0.47, 0.42)
    press: tuple[str, ...] = ()
    waits: int = 1
    click: tuple[tuple[int, int], ...] = ()  # in the panel, pixels from the upper left


SHOTS = (
    Shot("picture", {}),
    Shot("peaking", {"peaking": True}),
    Shot("peaking-contrast", {"peaking": True, "peaking_by": "contrast"}),
    Shot("zebra", {"zebra": True, "zebra_limit": 0.8, "exposure": 1.5}),
    Shot("clipping", {"clipping": True, "exposure": 2.5}),
    Shot("false-colour", {"false_colour": True}),
    Shot("false-colour-stops", {"false_colour": True, "false_colour_scale": "stops"}),
    Shot("depth-view", {"depth_view": True}),
    Shot("depth-of-field", {"depth_of_field": True}),
    Shot("grid", {"grid": True}),
    Shot("frame-lines", {"frame_lines": True}),
    Shot("aspect-mask", {"aspect_mask": True}),
    Shot("magnifier", {"magnifier": "5x"}, at=(0.55, 0.3)),
    Shot("desqueeze", {"desqueeze": "1.33"}),
    Shot("wipe", {"wipe": True}),
    Shot("pixel-inspector", {"pixel_inspector": True}),
    Shot("histogram", {"histogram": "both"}),
    Shot("waveform", {"waveform": "both"}),
    Shot("vectorscope", {"vectorscope": True}),
    Shot("scopes", {"histogram": "both", "waveform": "both", "vectorscope": True}),
    Shot("keyboard-map", {"keys": True}),
    Shot("panel", {"panel": True}),
    Shot("panel-pass", {"panel": True}, click=((700, 200),)),
    Shot("panel-times", {"panel": True}, press=("Shift+T",), waits=4, click=((700, 24), (700, 216))),
)


class FirstFrame(SourceFilter):
    """A still of a source, so that pictures taken another day are the same."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.fps, self.frames = None, 1

    def change(self, frame: gg.Frame) -> gg.Frame:
        return frame

    def __iter__(self) -> Iterator[gg.Frame]:
        return islice(self._source, 1)


class Photographer(Tool):
    """Sets what a shot wants, waits until the window has settled, keeps what it shows, and sets all back."""

    def __init__(self, tool_context: ToolContext, folder: Path, shots: list[Shot], settled_s: float) -> None:
        self._tool_context, self._folder, self._left, self._settled_s = tool_context, folder, shots, settled_s
        self._before: dict[str, Setting] = {}
        self._began_s: float | None = None
        self._hand: list[Callable[[], object]] = []  # what it does, a step at a time

    def tick(self, now_s: float) -> Invalidation:
        if not self._left:
            self._tool_context.controls.do("quit")
        elif self._began_s is None and self._tool_context.drawn() is not None:
            self._arrange(self._left[0])
            self._began_s = now_s
        if self._hand:
            self._hand.pop(0)()
            self._began_s = now_s
        self._now_s = now_s
        return Invalidation.REDRAW

    def draw(self, canvas: Canvas) -> None:
        if self._began_s is None or self._now_s < self._began_s + self._left[0].waits * self._settled_s:
            return
        width, height = canvas.size
        pixels = np.frombuffer(
            canvas.framebuffer.read(viewport=(0, 0, width, height), components=3, alignment=1), np.uint8
        )
        shot = self._left.pop(0)
        path = self._folder / f"{shot.name}.jpg"
        Image.fromarray(pixels.reshape(height, width, 3)[::-1]).save(path, quality=QUALITY)
        print(path)
        for name, setting in self._before.items():
            self._tool_context.controls.set(name, setting)
        self._began_s = None

    def _arrange(self, shot: Shot) -> None:
        """A step a round of the loop: what a hand does takes a while to be seen."""
        controls, events = self._tool_context.controls, self._tool_context.surface.input
        self._before = {name: controls.get(name) for name in shot.settings}
        pause = [lambda: None] * 4
        self._hand = [*pause, partial(events.post, Pointer("move", *shot.at, "none")), *pause]
        self._hand += [partial(controls.set, name, setting) for name, setting in shot.settings.items()]
        self._hand += [partial(controls.press, key) for key in shot.press]
        for place in shot.click:
            self._hand += [*pause, partial(self._click, *place, True), partial(self._click, *place, False)]

    def _click(self, x: int, y: int, pressed: bool) -> None:
        """In the panel, and then away from it, so that nothing is lit."""
        panel = self._tool_context.surface.input.listener
        if panel:
            panel.on_move(x, y)
            panel.on_button("left", pressed)
            if not pressed:
                self._hand.insert(0, partial(panel.on_move, 0, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default="scene:?size=960x540")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/viewfinder"), help="the folder (%(default)s)")
    parser.add_argument("--size", default="960x540", help="of the window (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=[shot.name for shot in SHOTS], default=[], metavar="SHOT")
    parser.add_argument("--focus", type=float, default=1.2, help="metres (%(default)s)")
    parser.add_argument("--settle", type=float, default=1.5, help="seconds until scopes have counted (%(default)s)")
    wanted = parser.parse_args()
    width, height = map(int, wanted.size.split("x"))
    wanted.output.mkdir(parents=True, exist_ok=True)
    shots = [shot for shot in SHOTS if not wanted.only or shot.name in wanted.only]
    photographer = partial(Photographer, folder=wanted.output, shots=shots, settled_s=wanted.settle)
    options = EngineOptions(look="classic", focus=wanted.focus)
    view = ViewOptions(stills=wanted.output, fresh=True)
    with ExitStack() as stack:
        source = stack.enter_context(FirstFrame(gg.open(wanted.source)))
        surface = stack.enter_context(GlfwSurface((width, height)))
        settings = SettingsHistory(settings_of(options))
        engine = stack.enter_context(open_engine(options, SourceOptions(), surface.gl))
        tools = [*fit_tools(options, view, Editing(settings)), photographer]
        Viewer(engine, source, settings, surface=surface, tools=tools).run()


if __name__ == "__main__":
    try:
        main()
    except gg.GroundglassError as error:
        sys.exit(f"screenshots: {error}")
