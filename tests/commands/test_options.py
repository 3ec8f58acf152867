"""Options that are declared once: what commands make of dataclasses, their defaults, order and older names."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from typing import Annotated, Any

import pytest
import typer
from groundglass import cli
from groundglass.commands.declared import Defaults, OldOption, Only, Parsed, Without, options_declared
from groundglass.commands.options import EngineOptions, Quality, SourceOptions, ViewOptions
from groundglass.develop.development import Development
from groundglass.develop.field import settings_of
from typer.testing import CliRunner


def option_names(command: str) -> list[str]:
    """The first name of every option that the help lists, in its order."""
    listed = typer.main.get_command(cli.app).commands[command].params  # type: ignore[attr-defined]
    return [one.opts[0] for one in listed if one.param_type_name == "option" and not one.hidden]


def given_to(monkeypatch: pytest.MonkeyPatch, module: str, function: str, arguments: list[str]) -> tuple[Any, ...]:
    """What a command hands to the function that does its work."""
    caught: list[Any] = []
    monkeypatch.setattr(f"groundglass.commands.{module}.{function}", lambda *values: caught.extend(values))
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return tuple(caught)


@dataclass(frozen=True)
class Shape:
    side: Annotated[int, typer.Option("--side", help="Of it."), OldOption("--edge")] = 3
    at: Annotated[tuple[float, ...], typer.Option("--at"), Parsed(lambda text: tuple(map(float, text.split(","))))] = ()
    round: Annotated[bool, typer.Option("--round")] = False


def run(declared: Any, *arguments: str) -> Shape:
    """What a command whose parameter `shape` is declared so makes of the arguments."""
    made: list[Shape] = []

    def draw(*, shape: Shape) -> None:
        made.append(shape)

    draw.__annotations__["shape"] = declared
    app = typer.Typer()
    app.command()(options_declared(draw))
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return made[0]


def test_a_dataclass_is_made_of_its_options() -> None:
    assert run(Shape, "--side", "5", "--at", "1,2", "--round") == Shape(5, (1.0, 2.0), True)


def test_an_older_name_is_accepted_and_the_newer_one_goes_first() -> None:
    @dataclass(frozen=True)
    class Aged:
        side: Annotated[int | None, typer.Option("--side"), OldOption("--edge")] = None

    assert run(Aged, "--edge", "4") == Aged(4)
    assert run(Aged, "--edge", "4", "--side", "5") == Aged(5)
    assert run(Aged) == Aged()


def test_a_command_takes_a_part_of_the_options_and_has_defaults_of_its_own() -> None:
    assert run(Annotated[Shape, Only("side"), Defaults(side=7)]) == Shape(7)
    assert run(Annotated[Shape, Without("at")], "--round").round
    result = CliRunner().invoke(typer_of(Annotated[Shape, Only("side")]), ["--round"])
    assert result.exit_code == 2


def typer_of(declared: Any) -> typer.Typer:
    def draw(*, shape: Shape) -> None: ...

    draw.__annotations__["shape"] = declared
    app = typer.Typer()
    app.command()(options_declared(draw))
    return app


def test_the_help_lists_the_fields_in_their_order() -> None:
    engine = option_names("view")
    assert engine[:5] == ["--look", "--strength", "--lut", "--lut-input", "--output-space"]
    assert engine[5:9] == ["--lens", "--f-number", "--focus", "--zone-focus"]
    development = [setting.option for setting, _ in settings_of(Development).values()]
    assert engine[9 : 9 + len(development)] == development
    assert engine[9 + len(development) :][:3] == ["--quality", "--device", "--size"]
    assert engine[-10:] == [
        *("--raw-format", "--raw-size", "--raw-black", "--fps", "--loop", "--profile"),
        *("--depth", "--depth-scale", "--depth-range", "--depth-model"),
    ]


def test_tune_takes_what_view_takes_and_a_folder() -> None:
    assert option_names("tune") == [*option_names("view"), "--shaders"]


def test_render_takes_what_view_takes_of_source_and_picture() -> None:
    only_of_view = {"--loop", "--output"} | (set(option_names("view")) - set(option_names("render")))
    assert set(option_names("render")) - set(option_names("view")) == {"--output"}
    assert only_of_view == {"--loop", "--output", "--fullscreen", "--headless", "--rack", "--seconds", "--json"} | {
        *("--save-frame", "--stills", "--record", "--codec", "--control", "--scale", "--no-governor", "--fresh")
    }


def test_view_without_options_has_the_defaults_of_the_dataclasses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_to(monkeypatch, "view", "run_view", ["view"]) == (
        "scene:",
        SourceOptions(),
        EngineOptions(),
        ViewOptions(),
    )


def test_render_differs_from_view_in_the_best_demosaic_and_defocus(monkeypatch: pytest.MonkeyPatch) -> None:
    _, source, engine, _, frames = given_to(monkeypatch, "render", "run_render", ["render", "scene:", "-o", "a.png"])
    assert (source, frames) == (SourceOptions(), None)
    assert engine == EngineOptions(development=Development(demosaic="best"), quality=Quality.BEST)


def test_what_is_given_reaches_the_dataclasses(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "--wb 5200K --denoise 0.5 --metering highlights --raw-size 64x48 --size 96x64 --rack 1 --street 8,2..5"
    _, source, engine, view = given_to(monkeypatch, "view", "run_view", ["view", *told.split()])
    assert engine.development == Development(white_balance="5200K", denoise=0.5, metering="highlight-weighted")
    assert (source.raw_size, engine.size, view.rack_s) == ((64, 48), (96, 64), (1.0, 1.0))
    same = given_to(monkeypatch, "view", "run_view", ["view", *told.replace("--street", "--zone-focus").split()])
    assert same[2] == engine
    assert str(engine).count("near_m=2.0") == 1


def test_an_option_that_cannot_be_read_names_itself() -> None:
    result = CliRunner().invoke(cli.app, ["view", "--size", "huge"])
    assert result.exit_code == 2
    assert "--size" in result.output


def test_no_command_takes_an_option_twice() -> None:
    for command in ("view", "render", "tune", "profile", "bench"):
        names = option_names(command)
        assert len(set(names)) == len(names), command
    assert all(field.name in inspect.signature(Development).parameters for field in fields(Development))
