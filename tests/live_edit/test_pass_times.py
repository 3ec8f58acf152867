"""The time of each pass. The picture keeps playing during the measurement."""

from __future__ import annotations

import gc

import pytest
from gl_objects import GlObjects
from groundglass.capture import open_source
from groundglass.controls import Controls
from groundglass.display.statistics import FrameLog
from groundglass.live_edit.pass_times import PassTimes, times_per_pass
from groundglass.timing import Clock
from live_engine import LiveEngine, tool_context
from tolerances import assert_same_codes


def test_the_time_of_a_pass_is_the_added_time_and_not_negative() -> None:
    times = times_per_pass(["vignette", "tone_curve", "grain"], [1.0, 1.5, 1.25, 4.0])
    assert times == {"base": 1.0, "vignette": 0.5, "tone_curve": 0.0, "grain": 2.5}
    assert sum(times.values()) == 4.0
    assert times_per_pass([], [2.0]) == {"base": 2.0}


@pytest.mark.parametrize("look", ["classic", "neutral"])
def test_every_pass_is_timed_while_frames_are_drawn(look: str) -> None:
    messages: list[str] = []
    with open_source("scene:?size=96x64") as source, LiveEngine(look=look) as engine:
        tool = PassTimes(tool_context(engine, source, messages.append, Controls(), FrameLog(0.1)))
        tool.measure()
        assert not tool.busy  # nothing is drawn yet
        frame = next(iter(source))
        engine.draw(frame)
        before = engine.render(frame)
        tool.measure()
        for _ in range(1000):
            if not tool.busy:
                break
            tool.tick(0.0)
            assert_same_codes(engine.render(frame), before)  # first with uniforms, then with constants
        assert list(tool.times) == ["base", *(settings.name for settings in engine.look.passes)]
        assert min(tool.times.values()) >= 0.0
        assert sum(tool.times.values()) > 0.0
        assert messages[-1].startswith("base ")
        tool.measure()
        tool.tick(0.0)
        tool.close()
        assert not tool.busy


@pytest.mark.filterwarnings("error")
def test_an_unfinished_measurement_gives_no_warning(gl_objects: GlObjects) -> None:
    """Its generator may be collected after the release of the context."""
    with open_source("scene:?size=96x64") as source, LiveEngine(look="neutral") as engine:
        tool = PassTimes(tool_context(engine, source, str, Controls(), FrameLog(0.1)))
        engine.draw(next(iter(source)))
        tool.measure()
        tool.tick(0.0)
    del tool
    gc.collect()
    gl_objects.leaks.clear()  # the objects of the unfinished measurement


def test_the_clock_returns_its_latest_times() -> None:
    clock = Clock()
    for ms in (1.0, 2.0, 3.0):
        clock.add("look", ms)
    clock.add("develop", 4.0)
    assert clock.latest_ms(2) == {"look": [2.0, 3.0], "develop": [4.0]}
