"""The command `groundglass`: its options and their help, nothing else.

Each command's work is in `commands/`, imported only when it runs, so that `--help` answers at once. An error that the
user can mend is one line on standard error and exit status 2.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from .commands import arguments as arg
from .commands.declared import Defaults, Only, Without, options_declared
from .commands.look import look_app
from .commands.new_pass import new_pass
from .commands.options import EngineOptions, Quality, SourceOptions, ViewOptions
from .commands.parsing import parse_size
from .commands.tune import tune_like
from .errors import GroundglassError

app = typer.Typer(
    name="groundglass",
    help="A live ground glass for any camera: RAW in, bokeh and a look out.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(look_app)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"groundglass {version('groundglass')}")
        raise typer.Exit


@app.callback()
def groundglass(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A live ground glass for any camera: RAW in, bokeh and a look out."""


@app.command()
@options_declared
def view(
    source: arg.SourceArgument = "scene:",
    *,
    options: EngineOptions,
    view: ViewOptions,
    source_options: SourceOptions,
) -> None:
    """Open the live window.

    Keys: F fullscreen, Esc or Q quit, Space freeze, S save a full-resolution still; A autofocus, Y hyperfocal, Z street
    mode, P focus peaking, D depth-of-field scale, 1 and 2 rack to a mark, with Shift they set it. A click focuses
    there, a right click makes what is there grey, the wheel changes the f-number. Where there is no display the same
    loop runs off screen for a few seconds.
    """
    from .commands.view import run_view

    run_view(source, source_options, options, view)


app.command()(tune_like(view))
app.command()(new_pass)


@app.command()
@options_declared
def render(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=arg.SOURCE_HELP)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help=".png, .jpg, .tif (16 bit) or .exr (scene-linear); many: %04d.png"
        ),
    ],
    *,
    options: Annotated[EngineOptions, Defaults(demosaic="best", quality=Quality.BEST)],
    frames: arg.FramesOption = None,
    source_options: Annotated[SourceOptions, Without("loop")],
) -> None:
    """Write SOURCE at full resolution through the same graph.

    One picture gives one file; many give numbered files: -o out/%04d.png, or -o out/ for a folder of PNG.
    """
    from .commands.render import run_render

    run_render(source, source_options, options, output, frames)


@app.command()
@options_declared
def profile(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A Bayer raw that shows a ColorChecker Classic.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The profile (.toml).")] = None,
    corners: Annotated[
        str | None,
        typer.Option(
            "--corners",
            metavar="X,Y,...",
            help="Where the chart is not found: its dark skin, bluish green, black and white corners, as fractions.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="A picture of what was measured, to look at.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a profile that is there.")] = False,
    json: arg.JsonOption = None,
    *,
    source_options: Annotated[SourceOptions, Only("raw_format", "raw_size", "raw_black")],
) -> None:
    """Measure a camera by a colour chart: white balance and matrix, for --profile."""
    from .commands.profile import run_profile

    run_profile(source, source_options, corners, output, force, sheet, json)


@app.command()
def bench(
    device: arg.DeviceOption = "auto",
    size: arg.SizeOption = "1920x1080",
    seconds: arg.SecondsOption = None,
    quality: Annotated[bool, typer.Option("--quality", help="Hold the blur against the ray-traced truth.")] = False,
    aids: Annotated[bool, typer.Option("--aids", help="Time what each aid of the viewfinder adds.")] = False,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="How many scenes --quality makes (2).")] = None,
    json: arg.JsonOption = None,
) -> None:
    """Time each stage: device events, GL timer queries and host time. Or see how good the blur is: --quality."""
    from .commands.bench import check_bench_options, run_aids_command, run_bench_command, run_quality_command

    check_bench_options(quality, aids, seconds, seeds)
    if aids:
        run_aids_command(device, parse_size("--size", size) or (1920, 1080), json)
        return
    if quality:
        run_quality_command(device, seeds, json)
        return
    run_bench_command(device, parse_size("--size", size) or (1920, 1080), seconds, json)


@app.command()
def info(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A raw, a picture, a video, a folder of them, or scene:.")
    ],
    json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="As JSON; - is standard output.")] = None,
) -> None:
    """Say what FILE is: camera, size, levels, white balance, matrices, opcodes; also of a raw that is cut off."""
    from .commands.info import run_info

    run_info(file, json)


@app.command()
def devices(
    json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="As JSON; - is standard output.")] = None,
) -> None:
    """List compute devices and the GL renderer, what `auto` chooses and why, and what failed and how to mend it."""
    from .commands.devices import run_devices

    run_devices(json)


def main() -> None:
    """The entry point: `app`, with a user's error as one line and exit status 2."""
    try:
        app()
    except GroundglassError as error:
        print(f"groundglass: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
