"""The time that each aid, scope and panel adds to displaying a picture."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice
from statistics import median
from typing import Any

from ..capture import open_source
from ..controls import Controls, Setting
from ..display.messages import Messages
from ..display.offscreen import OffscreenSurface
from ..display.overlays import NO_OVERLAYS
from ..display.present import Presenter
from ..display.sources import Sources
from ..display.statistics import FrameLog
from ..display.tool import Tool, ToolContext
from ..drawn import Drawn
from ..engine import Engine
from ..live_edit.editing import Editing
from ..settings import Settings, SettingsHistory

ROUNDS, SHOWN, WARM_UP_FRAMES = 5, 12, 8  # alternations without and with; timed pictures; pictures before them
FRAMES = 4
AIDS = ("peaking", "zebra", "clipping", "false_colour", "depth_view", "grid", "frame_lines", "aspect_mask")
CASES: dict[str, dict[str, Setting]] = {
    **{aid.replace("_", " "): {aid: True} for aid in AIDS},
    "peaking by contrast": {"peaking": True, "peaking_by": "contrast"},
    "zebra of the raw": {"zebra": True, "zebra_of": "raw"},
    "false colour, stops": {"false_colour": True, "false_colour_scale": "stops"},
    "magnifier": {"magnifier": "5x"},
    "desqueeze": {"desqueeze": "1.33"},
    "depth of field": {"depth_of_field": True},
    "all scopes": {"histogram": "both", "waveform": "both", "vectorscope": True},
    "keyboard map": {"keys": True},
    "panel": {"panel": True},
    "all aids": {**{aid: True for aid in AIDS}, "depth_of_field": True, "histogram": "display"},
}

FitTools = Callable[[Editing], list[Callable[[ToolContext], Tool]]]


class Bench:
    """The viewfinder as in a window, displayed into a texture."""

    def __init__(self, engine: Engine, surface: OffscreenSurface, fit_tools: FitTools) -> None:
        self._engine = engine
        self._source = open_source("scene:?size={}x{}".format(*surface.size))
        self._frames = cycle(list(islice(self._source, FRAMES)))
        self._presenter = Presenter(surface)
        self._settings = SettingsHistory(Settings())
        self._drawn: Drawn | None = None
        self.controls = Controls()
        tool_context = ToolContext(
            *(engine, self._settings, Sources(self._source), Messages(), self.controls, FrameLog(1.0), surface),
            drawn=lambda: self._drawn,
        )
        self._tools = [make(tool_context) for make in fit_tools(Editing(self._settings))]
        for tool in self._tools:
            self.controls.add(tool.controls())

    def show(self) -> float:
        """Milliseconds to display a new frame after it was drawn."""
        engine = self._engine
        for tool in self._tools:
            tool.tick(time.perf_counter())
        frame = next(self._frames)
        drawn = self._drawn = engine.draw(frame, self._settings.now)
        engine.gl.finish()
        began_s = time.perf_counter()
        overlays = NO_OVERLAYS
        for tool in self._tools:
            tool.on_frame(drawn)
            overlays |= tool.overlays(drawn)
        self._presenter.draw(drawn.texture, ["scene:   classic"], overlays, self._tools)
        engine.gl.finish()
        return 1e3 * (time.perf_counter() - began_s)

    def median_ms(self, settings: dict[str, Setting]) -> float:
        """The median of `show` with `settings`, after the warm-up."""
        for name, setting in settings.items():
            self.controls.set(name, setting)
        for _ in range(WARM_UP_FRAMES):
            self.show()
        return median(self.show() for _ in range(SHOWN))

    def close(self) -> None:
        for tool in self._tools:
            tool.close()
        self._presenter.release()
        self._source.close()


def run_aids(device: str, size: tuple[int, int], fit_tools: FitTools) -> dict[str, Any]:
    """Measures each of CASES: the milliseconds that it adds, as the median of alternate runs without and with it.

    `fit_tools` creates the viewer's tools from the edited settings. The look does not change during the measurement.
    Returns `{"aids": {case: {"added_ms", "shown_ms"}}, "size", "device", "gl"}`.
    """
    figures: dict[str, Any] = {"aids": {}, "size": list(size)}
    with OffscreenSurface(size) as surface, Engine(device, gl=surface.gl) as engine:
        figures |= {"device": engine.device_name, "gl": engine.gl_name}
        bench = Bench(engine, surface, fit_tools)
        try:
            for name, settings in CASES.items():
                usual = {control: bench.controls.get(control) for control in settings}
                plain, added = [], []
                for _ in range(ROUNDS):
                    plain.append(bench.median_ms(usual))
                    added.append(bench.median_ms(settings) - plain[-1])
                bench.median_ms(usual)
                figures["aids"][name] = {"added_ms": median(added), "shown_ms": median(plain) + median(added)}
        finally:
            bench.close()
    return figures
