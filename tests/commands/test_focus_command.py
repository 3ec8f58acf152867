"""Focus on the command line: racks, zone focus and errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
import typer
from groundglass.commands import render as render_command
from groundglass.commands.options import EngineOptions, SourceOptions
from groundglass.commands.parsing import parse_focus, parse_rack_s
from groundglass.commands.render import run_render
from groundglass.commands.start import open_input, settings_of
from groundglass.develop.development import Development
from groundglass.errors import LookError
from groundglass.optics.autofocus import autofocus
from groundglass.optics.focus import AUTO, MAX_FOCUS_M, Rack, ZoneFocus
from PIL import Image

SCENE = "scene:?size=160x90&seed=7&fps=10"
SOURCE = SourceOptions()


def options(**changes: object) -> EngineOptions:
    plain = EngineOptions(look="neutral", lens="documentary-35", development=Development(demosaic="half"))
    return replace(plain, **changes)


def test_a_focus_is_a_distance_or_a_rack() -> None:
    assert parse_focus(None) is None
    assert parse_focus("1.2") == 1.2
    assert parse_focus("inf") == MAX_FOCUS_M
    assert parse_focus("0.9..2.5@3") == Rack(0.9, 2.5, 3.0)
    for text in ("auto", "AUTO", " auto "):
        assert parse_focus(text) == AUTO
    for text in ("near", "nan", "0.9..2.5", "1@2"):
        with pytest.raises(LookError, match=r"0\.9\.\.2\.5@3"):
            parse_focus(text)


def test_rack_seconds_are_one_or_two() -> None:
    assert parse_rack_s("0.4,2") == (0.4, 2.0)
    assert parse_rack_s("0") == (0.0, 0.0)
    for text in ("", "-1", "1,2,3", "fast", "inf"):
        with pytest.raises(typer.BadParameter, match=r"0\.4,2"):
            parse_rack_s(text)


def test_a_render_racks_by_the_time_of_the_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[float, float]] = []

    def write(engine: gg.Engine, settings: gg.Settings, frame: object, path: Path) -> None:
        written.append((frame.time_s, settings.focus_m))  # type: ignore[attr-defined]
        Image.fromarray(engine.render(frame, settings)).save(path)  # type: ignore[arg-type]

    monkeypatch.setattr(render_command, "write_frame", write)
    rack = Rack(0.6, 2.5, 0.4)
    run_render([SCENE], SOURCE, options(focus=rack), tmp_path / "%02d.png", 6)
    assert [time_s for time_s, _ in written] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [focus_m for _, focus_m in written] == pytest.approx([rack.focus_m(time_s) for time_s, _ in written])
    assert written[-1][1] == 2.5
    first, last = (np.asarray(Image.open(tmp_path / f"{number:02d}.png"), dtype=int) for number in (1, 6))
    assert np.abs(first - last).mean() > 0.5


def test_a_rack_stops_at_the_minimum_focus_distance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[gg.Settings] = []
    monkeypatch.setattr(render_command, "write_frame", lambda engine, settings, frame, path: written.append(settings))
    with open_input(SCENE, SOURCE, None) as source, gg.Engine() as engine:
        settings = settings_of(options(focus=Rack(0.6, 2, 1)))
        render_command.write_frames(engine, settings, source, tmp_path / "one.png", 1, Rack(0.05, 2, 1))
    assert written[0].focus_m == settings.lens.focus_min_m


def test_a_render_focuses_on_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[float] = []
    monkeypatch.setattr(render_command, "write_frame", lambda _, settings, *__: written.append(settings.focus_m))
    run_render([SCENE], SOURCE, options(focus=AUTO), tmp_path / "%d.png", 3)
    with open_input(SCENE, SOURCE, None) as source:
        first = next(iter(source))
        target = autofocus(first, first.depth_m)
    assert written == [target.distance_m] * 3  # type: ignore[union-attr]


def test_zone_focus_sets_f_number_and_focus_and_reports_the_depth_of_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zone_focus = ZoneFocus(4.0, 2.0, 5.0)
    settings = settings_of(options(zone_focus=zone_focus))
    assert settings.f_number == 4.0
    assert settings.focus_m == zone_focus.focus_m(settings.lens)
    run_render([SCENE], SOURCE, options(zone_focus=zone_focus), tmp_path / "zone.png", None)
    assert "zone focus f/4: only " in capsys.readouterr().out


@pytest.mark.parametrize("also", [{"f_number": 8.0}, {"focus": 1.2}])
def test_zone_focus_excludes_f_number_and_focus(also: dict[str, float]) -> None:
    with pytest.raises(LookError, match="leave out --f-number and --focus"):
        settings_of(options(zone_focus=ZoneFocus(), **also))


def test_a_drawn_frame_has_an_autofocus_target() -> None:
    with open_input(SCENE, SOURCE, None) as source, gg.Engine() as engine:
        frame = next(iter(source))
        target = engine.draw(frame, settings_of(options())).autofocus()
        assert target is not None
        assert frame.depth_m[30:60, 65:95].min() <= target.distance_m <= frame.depth_m[30:60, 65:95].max()
        assert engine.draw(replace(frame, depth_m=None), gg.Settings()).autofocus() is None
