"""Raw development and white balance while the picture moves: controls, undo, and frames without a wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture import BaseSource, open_source
from groundglass.controls import Choice, Controls, Number
from groundglass.display.events import Pointer
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.tool import Tool, ToolContext
from groundglass.display.viewer import Viewer
from groundglass.errors import WhiteBalanceError
from groundglass.settings import SettingsHistory
from groundglass.tools.development import DevelopmentTool
from groundglass.tools.exposure import ExposureTool
from groundglass.tools.white_balance import PRESETS, WhiteBalanceTool
from live_engine import LiveEngine, tool_context
from window_support import Live, RemoteClient, Screen, until


class Bench:
    """The tools of the development over a drawn picture."""

    def __init__(self) -> None:
        self.engine = LiveEngine(look="neutral")
        self.controls, self.messages = Controls(), []
        with open_source("scene:?size=96x64") as source:
            ctx = tool_context(self.engine, source, self.messages.append, self.controls)
            self.balance = WhiteBalanceTool(ctx)
            for tool in (ExposureTool(ctx), self.balance, DevelopmentTool(ctx)):
                self.controls.add(tool.controls())
            self.engine.draw(next(iter(source)))

    @property
    def development(self) -> gg.Development:
        return self.engine.history.now.development


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.close()


def test_every_setting_of_the_development_has_a_control(bench: Bench) -> None:
    named = {"exposure_ev": "exposure"}
    for field in fields(gg.Development):
        assert bench.controls[named.get(field.name, field.name)].group in ("exposure", "develop")
    assert bench.controls["quality"].group == "develop"


def test_every_value_of_every_control_is_a_valid_setting_and_is_undone(bench: Bench) -> None:
    start = bench.engine.history.now
    for control in bench.controls:
        if control.group != "develop" and control.name not in ("white_balance", "temperature", "tint"):
            continue
        values = control.choices if isinstance(control, Choice) else ()
        values = (control.minimum, control.maximum) if isinstance(control, Number) else values
        for value in values:
            bench.controls.set(control.name, value)
            assert bench.controls.get(control.name) == value, control.name
            bench.engine.history.end_step()
    while bench.engine.history.undo():
        pass
    assert bench.engine.history.now == start


def test_temperature_starts_at_the_light_of_the_picture(bench: Bench) -> None:
    kelvin, tint = bench.controls.get("temperature"), bench.controls.get("tint")
    before = bench.engine.render(bench.engine.last).astype(int)
    bench.controls.set("white_balance", "custom")
    assert bench.controls.get("temperature") == pytest.approx(kelvin, abs=1)
    assert abs(bench.engine.render(bench.engine.last).astype(int) - before).max() <= 3
    bench.controls.set("temperature", 8000)
    assert bench.controls.get("tint") == pytest.approx(tint, abs=1)
    warmer = bench.engine.render(bench.engine.last).astype(int)
    assert warmer[..., 0].mean() - warmer[..., 2].mean() > before[..., 0].mean() - before[..., 2].mean() + 5
    assert bench.controls.get("white_balance") == "custom"


def test_presets_have_names_and_other_values_are_custom(bench: Bench) -> None:
    for name, setting in PRESETS.items():
        bench.controls.set("white_balance", name)
        assert bench.development.white_balance == setting
        assert bench.controls.get("white_balance") == name
    bench.engine.history.change("white balance", development=gg.Development(white_balance="2,1,1.5"))
    assert bench.controls.get("white_balance") == "custom"


class Mosaics(BaseSource):
    """Of the default camera."""

    name, size, fps = "mosaics", (64, 48), 200.0

    def __iter__(self) -> Iterator[gg.Frame]:
        mosaic = np.random.default_rng(1).integers(0, 65535, (48, 64), dtype=np.uint16)
        for index in count():
            yield gg.Frame(mosaic, index=index)


@pytest.mark.parametrize("before", ["as-shot", "5000K"])
@pytest.mark.parametrize(("impossible", "reason"), [("2000K,+20", "no signal"), ("2000K,+100", "not a real light")])
def test_a_white_that_the_camera_cannot_have_is_taken_back(
    impossible: str, reason: str, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else no frame could be drawn, and a run off screen would end."""
    history = SettingsHistory(gg.Settings(look="neutral", development=gg.Development(white_balance=before)))
    with Mosaics() as source, OffscreenSurface((64, 48)) as surface, gg.Engine(gl=surface.gl) as engine:
        frame = next(iter(source))
        with pytest.raises(WhiteBalanceError, match=reason):
            engine.draw(frame, gg.Settings(development=gg.Development(white_balance=impossible)))

        class Changes(Tool):
            def __init__(self, tool_context: ToolContext) -> None: ...

            def on_frame(self, drawn: gg.Drawn) -> None:
                if drawn.captured.index > 2 and not history.can_undo:
                    history.change("white balance", development=gg.Development(white_balance=impossible))

        viewer = Viewer(engine, source, history, surface=surface, tools=[WhiteBalanceTool, Changes])
        viewer.run(frames=12)
    assert history.now.development.white_balance == before
    lines = [line for line in capsys.readouterr().err.splitlines() if reason in line]
    assert len(lines) == 1
    assert lines[0].endswith(f"; the white balance is {'as-shot' if before == 'as-shot' else 'custom'} again")


def test_a_camera_that_cannot_have_the_white_of_the_start_shows_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    history = SettingsHistory(gg.Settings(development=gg.Development(white_balance="2000K,+20")))
    bench = LiveEngine()
    tool = WhiteBalanceTool(
        tool_context(SimpleNamespace(history=history, drawn=None, engine=bench), None, print, Controls())
    )
    assert not tool.recover(gg.GroundglassError("another"))
    assert history.now.development.white_balance == "2000K,+20"
    assert tool.recover(WhiteBalanceError("no signal"))
    assert history.now.development.white_balance == "as-shot"
    assert not tool.recover(WhiteBalanceError("a broken profile"))
    bench.close()


def test_the_grey_picker_takes_one_click_and_is_undone(bench: Bench) -> None:
    assert not bench.balance.handle_event(Pointer("press", 0.5, 0.5))
    bench.controls.press("N")
    assert bench.balance.handle_event(Pointer("press", 0.5, 0.5))
    assert bench.development.white_balance not in ("as-shot", "auto")
    assert not bench.balance.handle_event(Pointer("press", 0.1, 0.5))
    assert bench.engine.history.undo()
    assert bench.development.white_balance == "as-shot"


def test_the_development_changes_while_the_picture_moves(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path, "--control", "0")
    try:
        client = RemoteClient(tmp_path)
        settings = {"white_balance": "tungsten", "denoise": 0.5, "demosaic": "malvar", "highlights": "clip"}
        settings |= {"sharpen": 0.4, "temporal": 0.5, "aberration": "auto", "quality": "best", "exposure": 0.5}
        before = {name: client.request({"get": name}) for name in settings}
        plain = live.picture[..., 2].mean()
        for name, setting in settings.items():
            client.request({"set": name, "to": setting})
        assert {name: client.request({"get": name}) for name in settings} == settings
        until(lambda: live.picture[..., 2].mean() > plain + 10, "tungsten light is corrected to blue")
        for _ in settings:
            live.press("ctrl+z")
        until(lambda: {name: client.request({"get": name}) for name in settings} == before, "all is undone")
        live.press("q")
        output, _ = live.process.communicate(timeout=60)
        assert live.process.returncode == 0, output
    finally:
        live.end()
