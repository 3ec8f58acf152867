"""The scale of the live picture, in the settings and in the loop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import groundglass as gg
import pytest
from groundglass.display.live_scale import REFINE_AFTER_S, LiveScale, start_scale
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.tool import Tool
from groundglass.display.viewer import Viewer
from groundglass.settings import Settings, SettingsHistory
from groundglass.timing import Clock
from look_support import context

PERIOD_S = 1 / 60


class EngineDouble:
    """Records what is prepared. With `compiles` it is preparing from then on."""

    def __init__(self, compiles: bool = False) -> None:
        self.is_preparing, self.is_rehearsing, self.prepared = False, False, []
        self._compiles = compiles
        self.device, self.clock = SimpleNamespace(is_cpu=True), Clock()
        self.gl = SimpleNamespace(info={"GL_RENDERER": "llvmpipe"})

    def prepare(self, drawn: object, settings: Settings) -> None:
        self.prepared.append(settings.scale)
        self.is_preparing = self._compiles


def live_scale(engine: Any, scale: float = 1.0) -> tuple[LiveScale, SettingsHistory]:
    history = SettingsHistory(Settings(scale=scale))
    return LiveScale(engine, history, PERIOD_S), history


def overload(scale: LiveScale, frames: int = 30) -> None:
    for number in range(frames):
        scale.measure(SimpleNamespace(settings=scale._settings.now), 0.045, 0.0, 0.045 * number)  # type: ignore[arg-type]


def test_an_overload_changes_the_settings_without_a_step_of_undo() -> None:
    engine = EngineDouble()
    scale, history = live_scale(engine)
    overload(scale)
    assert (history.now.scale, engine.prepared, history.can_undo) == (0.5, [0.5], False)


def test_the_scale_changes_when_everything_is_compiled() -> None:
    engine = EngineDouble(compiles=True)
    scale, history = live_scale(engine)
    overload(scale)
    assert (history.now.scale, engine.prepared) == (1.0, [0.5])
    engine.is_preparing = False
    overload(scale, 1)
    assert history.now.scale == 0.5


def test_a_gpu_that_the_host_does_not_wait_for_can_be_overloaded() -> None:
    engine = EngineDouble()
    engine.device.is_cpu = False
    for stage, ms in (("develop", 12.0), ("optics", 30.0), ("look", 3.0)):
        engine.clock.add(stage, ms)
    scale, history = live_scale(engine)
    for number in range(30):
        scale.measure(SimpleNamespace(settings=scale._settings.now), 0.002, 0.0, 0.045 * number)  # type: ignore[arg-type]
    assert (history.now.scale, engine.prepared) == (0.5, [0.5])


def test_a_gpu_that_waits_for_the_display_is_not_overloaded() -> None:
    engine = EngineDouble()
    engine.gl.info["GL_RENDERER"] = "NVIDIA"
    scale, history = live_scale(engine)
    for number in range(20):
        scale.measure(SimpleNamespace(settings=scale._settings.now), 0.0166, 0.012, number / 60)  # type: ignore[arg-type]
    assert history.now.scale == 1.0


def test_a_picture_that_rests_is_refined_once_and_governed_again_when_it_moves() -> None:
    scale, history = live_scale(EngineDouble(), 0.5)
    scale.move(10.0)
    assert scale.will_refine
    assert not scale.rest(10.0 + 0.5 * REFINE_AFTER_S)
    assert scale.rest(10.0 + 1.1 * REFINE_AFTER_S)
    assert not scale.rest(20.0)
    refined = scale.refined(history.now)
    assert (refined.scale, refined.quality) == (1.0, "best")
    assert (history.now.quality, history.can_undo) == ("live", False)
    scale.move(30.0)
    assert (history.now.scale, scale.refined(history.now).quality) == (0.5, "live")


def test_a_refined_picture_is_not_measured() -> None:
    scale, history = live_scale(EngineDouble(), 0.5)
    scale.rest(1.0)
    overload(scale)
    assert history.now.scale == 1.0


@pytest.mark.parametrize(
    ("size", "is_cpu", "scale"),
    [((640, 360), True, 1.0), ((1920, 1080), True, 0.5), ((8000, 6000), True, 0.25), ((8000, 6000), False, 1.0)],
)
def test_the_first_frame_has_a_size_that_the_device_can_hold(size: tuple[int, int], is_cpu: bool, scale: float) -> None:
    assert start_scale(size, is_cpu) == scale


def viewer_of(surface: OffscreenSurface, source: Any, engine: Any, tools: Any = ()) -> Viewer:
    history = SettingsHistory(Settings(scale=0.5, look="neutral"))
    return Viewer(engine, source, history, surface=surface, tools=tools, holds_rate=True)


def test_the_loop_draws_at_the_scale_and_counts_it() -> None:
    with (
        gg.open("scene:?size=96x64&fps=200") as source,
        OffscreenSurface((96, 64), gl=context()) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        statistics = viewer_of(surface, source, engine).run(frames=4)
    assert (statistics.scale, statistics.size, statistics.frames_by_scale) == (0.5, (48, 32), {"0.5": 4})


def test_a_recording_keeps_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    class Recorder(Tool):
        keeps_size = True

    monkeypatch.setattr(LiveScale, "measure", lambda *_: pytest.fail("the size may change"))
    with (
        gg.open("scene:?size=96x64&fps=200") as source,
        OffscreenSurface((96, 64), gl=context()) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        assert viewer_of(surface, source, engine, [lambda _: Recorder()]).run(frames=3).frames == 3


def test_a_recording_of_a_refined_picture_begins_at_the_governed_scale() -> None:
    class Recorder(Tool):
        keeps_size = False

    recorder = Recorder()
    with (
        gg.open("scene:?size=96x64&fps=200") as source,
        OffscreenSurface((96, 64), gl=context()) as surface,
        gg.Engine(gl=surface.gl) as engine,
    ):
        viewer = viewer_of(surface, source, engine, [lambda _: recorder])
        frame, live_scale = next(iter(source)), viewer._live_scale
        assert live_scale is not None
        scales = []
        viewer._show(frame)
        assert live_scale.rest(1e9)
        for recorder.keeps_size in (False, True):
            viewer._show(frame)
            assert viewer.drawn is not None
            scales.append(viewer.drawn.settings.scale)
        assert scales == [1.0, 0.5]
        viewer._presenter.release()
