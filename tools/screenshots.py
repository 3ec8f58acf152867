#!/usr/bin/env python3
"""Captures every aid, scope and panel in the real window for docs/viewfinder.md: xvfb-run tools/screenshots.py"""

from __future__ import annotations

import argparse
import sys
import time
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
from groundglass.commands.options import EngineOptions, SourceOptions
from groundglass.commands.start import open_engine, settings_of
from groundglass.controls import Setting
from groundglass.display.events import Pointer
from groundglass.display.glfw import GlfwSurface
from groundglass.display.tool import Canvas, Invalidation, Tool, ToolContext
from groundglass.display.viewer import Viewer
from groundglass.live_edit.editing import Editing
from groundglass.settings import SettingsHistory
from groundglass.viewfinder.fitting import ToolOptions, fit_tools
from numpy.typing import NDArray
from PIL import Image

QUALITY = 84
MAX_WAIT_S = 20.0  # maximum wait for a change of the window
CHANGED, CHANGED_SHARE = 40, 1e-4  # codes of a colour, and the share of such colours in a changed window
PAUSE_S = 0.1  # between two pictures of a window at rest; the scopes need two of them


@dataclass(frozen=True)
class Screenshot:
    """The settings of one screenshot in addition to the defaults; `at` is the position of the pointer."""

    name: str
    settings: dict[str, Setting]
    at: tuple[float, float] = (0.47, 0.42)
    press: tuple[str, ...] = ()
    waits: int = 1
    click: tuple[tuple[int, int], ...] = ()  # positions in the panel, in pixels from the upper left


SCREENSHOTS = (
    Screenshot("picture", {}),
    Screenshot("peaking", {"peaking": True}),
    Screenshot("peaking-contrast", {"peaking": True, "peaking_by": "contrast"}),
    Screenshot("zebra", {"zebra": True, "zebra_limit": 0.8, "exposure": 1.5}),
    Screenshot("clipping", {"clipping": True, "exposure": 2.5}),
    Screenshot("false-colour", {"false_colour": True}),
    Screenshot("false-colour-stops", {"false_colour": True, "false_colour_scale": "stops"}),
    Screenshot("depth-view", {"depth_view": True}),
    Screenshot("depth-of-field", {"depth_of_field": True}),
    Screenshot("grid", {"grid": True}),
    Screenshot("frame-lines", {"frame_lines": True}),
    Screenshot("aspect-mask", {"aspect_mask": True}),
    Screenshot("magnifier", {"magnifier": "5x"}, at=(0.55, 0.3)),
    Screenshot("desqueeze", {"desqueeze": "1.33"}),
    Screenshot("wipe", {"wipe": True}),
    Screenshot("pixel-inspector", {"pixel_inspector": True}),
    Screenshot("histogram", {"histogram": "both"}),
    Screenshot("waveform", {"waveform": "both"}),
    Screenshot("vectorscope", {"vectorscope": True}),
    Screenshot("scopes", {"histogram": "both", "waveform": "both", "vectorscope": True}),
    Screenshot("keyboard-map", {"keys": True}),
    Screenshot("panel", {"panel": True}, click=((760, 114), (760, 90))),
    Screenshot("panel-pass", {"panel": True}, click=((760, 90), (760, 114), (760, 162), (700, 349))),
    Screenshot("panel-times", {"panel": True}, press=("Shift+T",), waits=4, click=((760, 162), (760, 306))),
)


class ScaledSurface(GlfwSurface):
    """A window as on a monitor with a content scale of its own; the virtual screen has 1."""

    def __init__(self, size: tuple[int, int], scale: float) -> None:
        super().__init__(size)
        self._scale = scale

    @property
    def scale(self) -> float:
        return self._scale


class FirstFrame(SourceFilter):
    """Provides only the first frame of a source, so that screenshots are reproducible."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.fps, self.frames = None, 1

    def change(self, frame: gg.Frame) -> gg.Frame:
        return frame

    def __iter__(self) -> Iterator[gg.Frame]:
        return islice(self._source, 1)


class ScreenshotTool(Tool):
    """Applies the settings of a screenshot, waits until the window is stable, saves it, and restores the settings."""

    def __init__(self, tool_context: ToolContext, folder: Path, screenshots: list[Screenshot], delay_s: float) -> None:
        self._tool_context, self._folder, self._left, self._delay_s = tool_context, folder, screenshots, delay_s
        self._before: dict[str, Setting] = {}
        self._began_s: float | None = None
        self._steps: list[Callable[[], object]] = []  # input, one step per tick
        self._plain: NDArray[np.int16] | None = None  # the window before the settings

    def tick(self, now_s: float) -> Invalidation:
        if not self._left:
            self._tool_context.controls.do("quit")
        elif self._began_s is None and self._tool_context.drawn() is not None:
            self._arrange(self._left[0])
            self._began_s = now_s
        if self._steps:
            self._steps.pop(0)()
            self._began_s = now_s
        else:
            time.sleep(PAUSE_S)
        self._now_s = now_s
        return Invalidation.REDRAW

    def draw(self, canvas: Canvas) -> None:
        if self._began_s is None:
            return
        if self._plain is None:
            self._plain = self._window(canvas)
        screenshot, waited_s = self._left[0], self._now_s - self._began_s
        if waited_s < screenshot.waits * self._delay_s:
            return
        window = self._window(canvas)
        changes = bool(screenshot.settings or screenshot.press)
        if changes and waited_s < MAX_WAIT_S and (np.abs(window - self._plain) > CHANGED).mean() < CHANGED_SHARE:
            return  # a busy computer: a thread still prepares what is shown
        self._left.pop(0)
        path = self._folder / f"{screenshot.name}.jpg"
        Image.fromarray(window.astype(np.uint8)).save(path, quality=QUALITY)
        print(path)
        for name, setting in self._before.items():
            self._tool_context.controls.set(name, setting)
        self._tool_context.notify("")  # removes the message about a setting that is restored
        self._began_s = None

    def _arrange(self, screenshot: Screenshot) -> None:
        """Queues the input, one step per tick: the window shows its effect after a delay."""
        self._tool_context.messages.hint = ""
        controls, events = self._tool_context.controls, self._tool_context.surface.input
        self._before = {name: controls.get(name) for name in screenshot.settings}
        pause = [lambda: None] * 4
        forget = partial(setattr, self, "_plain", None)  # the settings of the last screenshot are gone by now
        self._steps = [*pause, forget, partial(events.post, Pointer("move", *screenshot.at, "none")), *pause]
        self._steps += [partial(controls.set, name, setting) for name, setting in screenshot.settings.items()]
        self._steps += [partial(controls.press, key) for key in screenshot.press]
        for position in screenshot.click:
            self._steps += [*pause, partial(self._click, *position, True), partial(self._click, *position, False)]

    def _click(self, x: int, y: int, pressed: bool) -> None:
        """Clicks in the panel, then moves the pointer away, so that no control is highlighted."""
        panel = self._tool_context.surface.input.listener
        if panel is None:  # its library is still imported
            self._steps.insert(0, partial(self._click, x, y, pressed))
            return
        scale = self._tool_context.surface.scale
        right = self._tool_context.surface.size[0]
        panel.on_move(right - (960 - x) * scale, y * scale)
        panel.on_button("left", pressed)
        if not pressed:
            self._steps.insert(0, partial(panel.on_move, 0, 0))

    def _window(self, canvas: Canvas) -> NDArray[np.int16]:
        """The window, (H, W, 3), from the top."""
        width, height = self._tool_context.surface.size
        data = canvas.framebuffer.read(viewport=(0, 0, width, height), components=3, alignment=1)
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)[::-1].astype(np.int16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default="scene:?size=960x540")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/viewfinder"), help="folder (%(default)s)")
    parser.add_argument("--size", default="960x540", help="window size (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="content scale of the monitor (%(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=[screenshot.name for screenshot in SCREENSHOTS], default=[], metavar="NAME"
    )
    parser.add_argument("--focus", type=float, default=1.2, help="focus distance in metres (%(default)s)")
    parser.add_argument(
        "--settle", type=float, default=1.5, help="seconds until the scopes are up to date (%(default)s)"
    )
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    screenshots = [screenshot for screenshot in SCREENSHOTS if not arguments.only or screenshot.name in arguments.only]
    screenshot_tool = partial(
        ScreenshotTool, folder=arguments.output, screenshots=screenshots, delay_s=arguments.settle
    )
    options = EngineOptions(look="classic", focus=arguments.focus, development=gg.Development(metering="auto"))
    with ExitStack() as stack:
        source = stack.enter_context(FirstFrame(gg.open(arguments.source)))
        surface = stack.enter_context(ScaledSurface((width, height), arguments.scale))
        settings = SettingsHistory(settings_of(options))
        engine = stack.enter_context(open_engine(options, SourceOptions(), surface.gl))
        tools = [*fit_tools(ToolOptions(stills=arguments.output), Editing(settings)), screenshot_tool]
        Viewer(engine, source, settings, surface=surface, tools=tools).run()


if __name__ == "__main__":
    try:
        main()
    except gg.GroundglassError as error:
        sys.exit(f"screenshots: {error}")
