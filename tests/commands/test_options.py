"""Options that are declared once in dataclasses: their values, defaults, order and former names."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from typing import Annotated, Any

import pytest
import typer
from groundglass import cli
from groundglass.commands.declared import Defaults, OldOption, Only, Parsed, Without, options_declared
from groundglass.commands.options import BatchOptions, EngineOptions, Quality, SourceOptions, ViewOptions
from groundglass.commands.parsing import parse_scale
from groundglass.commands.render_hdr import HdrOptions
from groundglass.develop.development import Development
from groundglass.develop.field import settings_of
from typer.testing import CliRunner


def option_names(command: str) -> list[str]:
    """The first name of every option, in the order of the help."""
    listed = typer.main.get_command(cli.app).commands[command].params  # type: ignore[attr-defined]
    return [option.opts[0] for option in listed if option.param_type_name == "option" and not option.hidden]


def arguments_of(monkeypatch: pytest.MonkeyPatch, module: str, function: str, arguments: list[str]) -> tuple[Any, ...]:
    """The arguments that a command passes to the function that implements it."""
    caught: list[Any] = []
    monkeypatch.setattr(f"groundglass.commands.{module}.{function}", lambda *values: caught.extend(values))
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return tuple(caught)


@dataclass(frozen=True)
class Shape:
    side: Annotated[int, typer.Option("--side", help="Length."), OldOption("--edge")] = 3
    at: Annotated[tuple[float, ...], typer.Option("--at"), Parsed(lambda text: tuple(map(float, text.split(","))))] = ()
    round: Annotated[bool, typer.Option("--round")] = False


def run(declared: Any, *arguments: str) -> Shape:
    """The value of the parameter `shape`, declared by `declared`, for the given arguments."""
    made: list[Shape] = []

    def draw(*, shape: Shape) -> None:
        made.append(shape)

    draw.__annotations__["shape"] = declared
    app = typer.Typer()
    app.command()(options_declared(draw))
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return made[0]


def test_a_dataclass_gets_the_values_of_its_options() -> None:
    assert run(Shape, "--side", "5", "--at", "1,2", "--round") == Shape(5, (1.0, 2.0), True)


def test_a_former_name_is_accepted_and_the_present_name_has_priority() -> None:
    @dataclass(frozen=True)
    class Aged:
        side: Annotated[int | None, typer.Option("--side"), OldOption("--edge")] = None

    assert run(Aged, "--edge", "4") == Aged(4)
    assert run(Aged, "--edge", "4", "--side", "5") == Aged(5)
    assert run(Aged) == Aged()


def test_a_command_may_have_a_subset_of_the_options_and_other_defaults() -> None:
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


def test_the_help_lists_options_in_the_order_of_the_fields() -> None:
    engine = option_names("view")
    assert engine[:5] == ["--look", "--strength", "--lut", "--lut-input", "--output-space"]
    assert engine[5:9] == ["--lens", "--f-number", "--focus", "--zone-focus"]
    development = [setting.option for setting, _ in settings_of(Development).values()]
    assert engine[9 : 9 + len(development)] == development
    assert engine[9 + len(development) :][:4] == ["--quality", "--device", "--look-route", "--size"]
    assert engine[-18:] == [
        *("--raw-format", "--raw-size", "--raw-black", "--raw-white", "--raw-stride", "--raw-header", "--raw-trailer"),
        *("--layer", "--fps", "--loop", "--sandbox", "--profile"),
        *("--depth", "--depth-scale", "--depth-range", "--depth-crop", "--matte", "--depth-model"),
    ]


def test_tune_has_the_options_of_view_and_a_shader_folder() -> None:
    assert option_names("tune") == [*option_names("view"), "--shaders"]


def test_render_has_the_source_and_picture_options_of_view() -> None:
    only_in_render = {"--output", "--each", "--workers", "--cluster", "--hdr", "--headroom"}
    only_in_view = {"--loop"} | (set(option_names("view")) - set(option_names("render")))
    assert set(option_names("render")) - set(option_names("view")) == only_in_render
    assert only_in_view == {"--loop", "--fullscreen", "--headless", "--rack", "--seconds", "--json"} | {
        *(
            "--trace",
            "--save-frame",
            "--stills",
            "--record",
            "--record-size",
            "--control",
            "--scale",
            "--no-governor",
            "--fresh",
        )
    }


def test_view_without_options_has_the_defaults_of_the_dataclasses_and_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arguments_of(monkeypatch, "view", "run_view", ["view"]) == (
        "scene:",
        SourceOptions(),
        EngineOptions(development=Development(metering="auto")),
        ViewOptions(),
    )


def test_render_differs_from_view_in_the_best_demosaic_and_defocus(monkeypatch: pytest.MonkeyPatch) -> None:
    sources, source, engine, output, frames, batch, hdr = arguments_of(
        monkeypatch, "render", "run_render", ["render", "scene:", "-o", "a.png"]
    )
    assert (sources, source, output, frames) == (["scene:"], SourceOptions(), "a.png", None)
    assert (batch, hdr) == (BatchOptions(), HdrOptions())
    assert engine == EngineOptions(development=Development(demosaic="best", metering="auto"), quality=Quality.BEST)


def test_given_options_reach_the_dataclasses(monkeypatch: pytest.MonkeyPatch) -> None:
    options = (
        "--wb 5200K --denoise 0.5 --metering highlights --raw-size 64x48 --size 96x64 --rack 1 --zone-focus 8,2..5"
    )
    _, source, engine, view = arguments_of(monkeypatch, "view", "run_view", ["view", *options.split()])
    assert engine.development == Development(white_balance="5200K", denoise=0.5, metering="highlight-weighted")
    assert (source.raw_size, engine.size, view.rack_s) == ((64, 48), (96, 64), (1.0, 1.0))
    former = options.replace("--zone-focus", "--street")
    assert arguments_of(monkeypatch, "view", "run_view", ["view", *former.split()])[2] == engine
    assert str(engine).count("near_m=2.0") == 1


def test_the_error_for_an_invalid_value_names_the_option() -> None:
    result = CliRunner().invoke(cli.app, ["view", "--size", "huge"])
    assert result.exit_code == 2
    assert "--size" in result.output


def test_a_command_has_each_option_once() -> None:
    for command in ("view", "render", "tune", "profile", "bench"):
        names = option_names(command)
        assert len(set(names)) == len(names), command
    assert all(field.name in inspect.signature(Development).parameters for field in fields(Development))


@pytest.mark.parametrize(("text", "scale"), [("auto", None), (" Auto", None), ("0.5", 0.5), ("50%", 0.5), ("1", 1.0)])
def test_a_scale_is_parsed(text: str, scale: float | None) -> None:
    assert parse_scale(text) == scale


@pytest.mark.parametrize("text", ["0.1", "1.5", "half", "nan", "", "25"])
def test_an_invalid_scale_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not a scale; write auto or 0\.25 to 1"):
        parse_scale(text)


def test_the_file_of_a_trace_is_not_written_twice() -> None:
    result = CliRunner().invoke(cli.app, ["bench", "--trace", "trace.json", "--json", "-"])
    assert result.exit_code == 2
    assert "not apply to --trace" in " ".join(result.output.replace("│", " ").split())  # lines of a box
