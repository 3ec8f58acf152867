"""The pixel inspector shows the raw values, scene light and display values under the pointer."""

from __future__ import annotations

import groundglass as gg
import numpy as np
import pytest
from groundglass.cfa import Cfa
from groundglass.controls import Controls
from groundglass.display.events import Pointer
from groundglass.display.tool import Invalidation
from groundglass.tools.pixel_inspector import PixelInspector, raw_lines
from live_engine import LiveEngine, tool_context
from look_support import context

COUNTS = np.arange(12 * 8, dtype=np.uint16).reshape(8, 12) * 10


def test_the_raw_values_of_a_block_are_listed_by_colour() -> None:
    frame = gg.Frame(COUNTS, cfa=Cfa("GRBG"), profile=gg.CameraProfile(white=500.0))
    assert raw_lines(frame, 0.3, 0.1) == ["raw  G20  R30  B140  G150  of 500"]
    assert raw_lines(frame, 0.999, 0.999) == ["raw  G820*  R830*  B940*  G950*  of 500"]
    grey = gg.Frame(COUNTS, cfa=Cfa("MONO"), profile=gg.CameraProfile(white=950.0))
    assert raw_lines(grey, 0.0, 0.999) == ["raw  720  730  840  850  of 950"]
    assert raw_lines(gg.Frame(np.zeros((4, 4, 3), np.uint8), gg.Encoding.DISPLAY), 0, 0) == []


def test_scene_light_and_display_values_are_those_under_the_pointer() -> None:
    light = np.full((40, 60, 3), 0.18, np.float32)
    light[:, 30:] = (0.72, 0.72, 0.72)
    depth_m = np.full((4, 6), 2.0, np.float32)
    frame = gg.Frame(light, gg.Encoding.SCENE, depth_m=depth_m)
    lens = gg.Lens(focal_mm=28, f_number=16, sensor_width_mm=36)
    with LiveEngine(gl=context(), look="neutral", lens=lens, focus_m=2.0) as engine:
        controls = Controls()
        inspector = PixelInspector(tool_context(engine, None, print, controls, None))  # type: ignore[arg-type]
        controls.add(inspector.controls())
        engine.draw(frame)
        inspector.on_frame(engine.drawn)
        assert inspector._lines == []
        controls.press("I")
        for x, stops in ((0.2, "+0.0 stops"), (0.8, "+2.0 stops")):
            inspector.handle_event(Pointer("move", x, 0.5, "none"))
            for _ in range(2):
                assert inspector.tick(0.0) is Invalidation.REDRAW
                engine.draw(frame)
                inspector.on_frame(engine.drawn)
            assert inspector.tick(0.0) is Invalidation.NOTHING
            scene, display, depth = inspector._lines
            assert scene.endswith(stops)
            level = engine.render(frame)[20, int(60 * x), 0]
            values = display.split()[1:]
            assert [float(value) for value in values] == pytest.approx([level] * 3, abs=1)
            assert depth == "at 2.00 m"
        inspector.handle_event(Pointer("move", 1.2, 0.5, "none"))
        engine.draw(frame)
        inspector.on_frame(engine.drawn)
        assert inspector._lines == []
        inspector.close()
