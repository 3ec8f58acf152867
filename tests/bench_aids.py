"""What each aid, scope and panel adds to showing a picture: python tests/bench_aids.py [960x540]

The picture is shown with and without it in turns, of new frames each time, and the median difference told. Numbers
stand still, as they do while a photographer looks.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import groundglass as gg
from groundglass.commands.options import EngineOptions, Quality, ViewOptions
from groundglass.commands.view import fit_tools
from groundglass.display.controls import Controls, Setting
from groundglass.display.overlays import NO_OVERLAYS
from groundglass.display.present import Presenter
from groundglass.display.statistics import FrameLog
from groundglass.display.tool import Desk
from groundglass.gl.context import headless_context
from groundglass.tune.editing import Editing
from test_peaking import OffScreen

ROUNDS, SHOWN, SETTLING = 5, 12, 8
AIDS = ("peaking", "zebra", "clipping", "false_colour", "depth_view", "grid", "bright_lines", "aspect_mask")
CASES: dict[str, dict[str, Setting]] = {
    **{aid.replace("_", " "): {aid: True} for aid in AIDS},
    "peaking by contrast": {"peaking": True, "peaking_by": "contrast"},
    "zebra of the raw": {"zebra": True, "zebra_of": "raw"},
    "false colour, stops": {"false_colour": True, "false_colour_scale": "stops"},
    "magnifier": {"magnifier": "5x"},
    "desqueeze": {"desqueeze": "1.33"},
    "depth of field": {"depth_of_field": True},
    "keyboard map": {"keys": True},
    "panel": {"panel": True},
    "all scopes": {"histogram": "both", "waveform": "both", "vectorscope": True},
    "all aids": {aid: True for aid in AIDS} | {"depth_of_field": True, "histogram": "display"},
}


def main() -> None:
    width, height = map(int, (sys.argv[1:] or ["960x540"])[0].split("x"))
    gl = headless_context()
    screen = OffScreen(gl, (width, height))
    with gg.open(f"scene:?size={width}x{height}") as source, gg.Engine(gl=gl) as engine:
        frames = cycle(list(islice(source, 4)))
        presenter, controls = Presenter(screen), Controls()  # type: ignore[arg-type]
        options = EngineOptions("classic", 1.0, "noct-50", None, 1.2, gg.Development(), Quality.LIVE, "auto", None)
        editing = Editing(engine.look, partial(setattr, engine, "look"))
        desk = Desk(engine, source, lambda _: None, controls, FrameLog(1 / 30))
        tools = [make(desk) for make in fit_tools(options, ViewOptions(stills=Path(), fresh=True), editing)]
        for tool in tools:
            controls.add(tool.controls())

        def show() -> float:
            """Milliseconds of a picture that was drawn and waits to be shown."""
            for tool in tools:
                tool.tick(time.perf_counter())
            frame = next(frames)
            picture = engine.draw(frame)
            gl.finish()
            began_s = time.perf_counter()
            for tool in tools:
                tool.drawn(frame, picture)
            overlays = NO_OVERLAYS
            for tool in tools:
                overlays |= tool.overlays(engine.last)
            presenter.draw(picture, (width, height), ["scene:   classic"], 1.0, overlays, tools)
            gl.finish()
            return 1e3 * (time.perf_counter() - began_s)

        def shown(settings: dict[str, Setting]) -> float:
            for name, setting in settings.items():
                controls.set(name, setting)
            for _ in range(SETTLING):
                show()
            return median(show() for _ in range(SHOWN))

        for name, settings in CASES.items():
            usual = {one: controls.get(one) for one in settings}
            added = [(lambda plain: shown(settings) - plain)(shown(usual)) for _ in range(ROUNDS)]
            plain = shown(usual)
            print(f"{name:20} {median(added):+6.2f} ms over {plain:.2f}")
        for tool in tools:
            tool.close()
        presenter.release()


if __name__ == "__main__":
    main()
