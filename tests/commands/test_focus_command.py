"""Focus on the command line: racks, street mode, and how a mistake is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import typer
from groundglass.commands import render as render_command
from groundglass.commands.options import EngineOptions, Quality, SourceOptions, parse_focus, parse_rack_s
from groundglass.commands.render import run_render
from groundglass.commands.start import open_engine, open_input
from groundglass.develop.development import Development
from groundglass.engine import Engine
from groundglass.errors import LookError
from groundglass.optics.autofocus import Target
from groundglass.optics.focus import FARTHEST_M, Rack, ZoneFocus
from PIL import Image

SCENE = "scene:?size=160x90&seed=7&fps=10"
SOURCE = SourceOptions(None, None, None, None, False, None, None, None)


def options(**changes: object) -> EngineOptions:
    told = {"lens": "documentary-35", "f_number": None, "focus": None, "zone_focus": None} | changes
    return EngineOptions(
        "neutral", 1.0, told["lens"], told["f_number"], told["focus"], Development(demosaic="half"), Quality.LIVE,
        "auto", None, told["zone_focus"],
    )  # fmt: skip


def test_a_focus_is_a_distance_or_a_rack() -> None:
    assert parse_focus(None) is None
    assert parse_focus("1.2") == 1.2
    assert parse_focus("inf") == FARTHEST_M
    assert parse_focus("0.9..2.5@3") == Rack(0.9, 2.5, 3.0)
    for text in ("near", "nan", "0.9..2.5", "1@2"):
        with pytest.raises(LookError, match=r"0\.9\.\.2\.5@3"):
            parse_focus(text)


def test_rack_seconds_are_one_or_two() -> None:
    assert parse_rack_s("0.4,2") == (0.4, 2.0)
    assert parse_rack_s("0") == (0.0, 0.0)
    for text in ("", "-1", "1,2,3", "fast", "inf"):
        with pytest.raises(typer.BadParameter, match=r"0\.4,2"):
            parse_rack_s(text)


def test_a_render_racks_by_the_time_of_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, float]] = []

    def write(engine: Engine, frame: object, path: Path) -> None:
        seen.append((frame.time_s, engine.focus_m))  # type: ignore[attr-defined]
        Image.fromarray(engine.render(frame)).save(path)  # type: ignore[arg-type]

    monkeypatch.setattr(render_command, "write_frame", write)
    rack = Rack(0.6, 2.5, 0.4)
    run_render(SCENE, SOURCE, options(focus=rack), tmp_path / "%02d.png", 6)
    assert [time_s for time_s, _ in seen] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [focus_m for _, focus_m in seen] == pytest.approx([rack.focus_m(time_s) for time_s, _ in seen])
    assert seen[-1][1] == 2.5
    first, last = (np.asarray(Image.open(tmp_path / f"{number:02d}.png"), dtype=int) for number in (1, 6))
    assert np.abs(first - last).mean() > 0.5


def test_a_rack_goes_no_nearer_than_the_lens(tmp_path: Path) -> None:
    with (
        open_input(SCENE, SOURCE, None) as source,
        open_engine(options(focus=Rack(0.05, 2, 1)), SOURCE, source) as engine,
    ):
        render_command.write_frames(engine, source, tmp_path / "one.png", 1, Rack(0.05, 2, 1))
        assert engine.focus_m == engine.lens.focus_min_m


def test_street_sets_the_engine_and_says_what_is_sharp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zone_focus = ZoneFocus(4.0, 2.0, 5.0)
    with (
        open_input(SCENE, SOURCE, None) as source,
        open_engine(options(zone_focus=zone_focus), SOURCE, source) as engine,
    ):
        assert engine.lens.f_number == 4.0
        assert engine.focus_m == zone_focus.focus_m(engine.lens)
    run_render(SCENE, SOURCE, options(zone_focus=zone_focus), tmp_path / "street.png", None)
    assert "street f/4: only " in capsys.readouterr().out


@pytest.mark.parametrize("also", [{"f_number": 8.0}, {"focus": 1.2}])
def test_street_and_a_focus_of_ones_own_contradict(also: dict[str, float]) -> None:
    with open_input(SCENE, SOURCE, None) as source, pytest.raises(LookError, match="leave out --f-number and --focus"):
        open_engine(options(zone_focus=ZoneFocus(), **also), SOURCE, source)


def test_the_engine_focuses_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_input(SCENE, SOURCE, None) as source, open_engine(options(), SOURCE, source) as engine:
        assert (engine.last, engine.autofocus(), engine.focus_m) == (None, None, 1.2)
        frame = next(iter(source))
        engine.render(frame)
        middle_m = engine.autofocus()
        assert middle_m is not None
        assert frame.depth_m[30:60, 65:95].min() <= middle_m <= frame.depth_m[30:60, 65:95].max()
        assert engine.focus_m == middle_m
        monkeypatch.setattr("groundglass.engine.autofocus", lambda frame, depth_m: Target(0.1))
        assert (engine.autofocus(), engine.focus_m) == (0.1, engine.lens.focus_min_m)
