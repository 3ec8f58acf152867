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
from .commands.look import look_app
from .commands.new_pass import new_pass
from .commands.options import (
    EngineOptions,
    Quality,
    SourceOptions,
    VideoCodec,
    ViewOptions,
    parse_focus,
    parse_rack_s,
    parse_size,
)
from .commands.tune import tune_like
from .develop.demosaic import check_method
from .develop.development import Development
from .errors import GroundglassError
from .optics.focus import ZoneFocus

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
def view(
    source: arg.SourceArgument = "scene:",
    look: arg.LookOption = None,
    strength: arg.StrengthOption = 1.0,
    lut: arg.LutOption = None,
    lut_input: arg.LutInputOption = "srgb",
    output_space: arg.OutputSpaceOption = "srgb",
    lens: arg.LensOption = "noct-50",
    f_number: arg.FNumberOption = None,
    focus: arg.FocusOption = None,
    zone_focus: arg.ZoneFocusOption = None,
    exposure: arg.ExposureOption = 0.0,
    metering: arg.MeteringOption = "off",
    demosaic: arg.DemosaicOption = "rcd",
    wb: arg.WbOption = "as-shot",
    highlights: arg.HighlightsOption = "rebuild",
    defects: arg.DefectsOption = "listed",
    denoise: arg.DenoiseOption = 0.0,
    temporal: arg.TemporalOption = 0.0,
    aberration: arg.AberrationOption = "off",
    sharpen: arg.SharpenOption = 0.0,
    quad: arg.QuadOption = "remosaic",
    quality: arg.QualityOption = Quality.LIVE,
    device: arg.DeviceOption = "auto",
    size: arg.SizeOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Run the same loop off screen.")] = False,
    rack: Annotated[
        str, typer.Option("--rack", metavar="S,S", help="Seconds that the focus takes to a click and to a mark.")
    ] = "0.4,2",
    frames: arg.FramesOption = None,
    seconds: arg.SecondsOption = None,
    json: arg.JsonOption = None,
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Write the last frame shown.")
    ] = None,
    stills: Annotated[
        Path, typer.Option("--stills", metavar="DIR", help="Where stills, raws and recordings go.")
    ] = Path(),
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Record a film from the first frame on.")
    ] = None,
    codec: Annotated[VideoCodec, typer.Option("--codec", help="What films are encoded in.")] = VideoCodec.H264,
    control: Annotated[
        int | None, typer.Option("--control", metavar="PORT", min=0, max=65535, help="Listen for scripts; 0: any port.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Neither take nor keep settings of other runs.")] = False,
    raw_format: arg.RawFormatOption = None,
    raw_size: arg.RawSizeOption = None,
    raw_black: arg.RawBlackOption = None,
    fps: arg.FpsOption = None,
    loop: arg.LoopOption = False,
    profile: arg.ProfileOption = None,
    depth: arg.DepthOption = None,
    depth_scale: arg.DepthScaleOption = None,
    depth_range: arg.DepthRangeOption = None,
    depth_model: arg.DepthModelOption = None,
) -> None:
    """Open the live window.

    Keys: F fullscreen, Esc or Q quit, Space freeze, S save a full-resolution still; A autofocus, Y hyperfocal, Z street
    mode, P focus peaking, D depth-of-field scale, 1 and 2 rack to a mark, with Shift they set it. A click focuses
    there, a right click makes what is there grey, the wheel changes the f-number. Where there is no display the same
    loop runs off screen for a few seconds.
    """
    from .commands.view import run_view

    run_view(
        source,
        SourceOptions(
            raw_format,
            parse_size("--raw-size", raw_size),
            raw_black,
            fps,
            loop,
            profile,
            depth,
            depth_scale,
            depth_range,
            depth_model,
        ),
        EngineOptions(
            look,
            strength,
            lens,
            f_number,
            parse_focus(focus),
            Development(
                check_method(demosaic),
                exposure,
                metering,
                wb,
                highlights,
                defects,
                denoise,
                temporal,
                aberration,
                sharpen,
                quad,
            ),
            quality,
            device,
            parse_size("--size", size),
            None if zone_focus is None else ZoneFocus.parse(zone_focus),
            lut,
            lut_input,
            output_space,
        ),
        ViewOptions(
            *(fullscreen, headless, frames, seconds, json, save_frame, parse_rack_s(rack), stills, record, codec),
            *(fresh, control),
        ),
    )


app.command()(tune_like(view))
app.command()(new_pass)


@app.command()
def render(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=arg.SOURCE_HELP)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help=".png, .jpg, .tif (16 bit) or .exr (scene-linear); many: %04d.png"
        ),
    ],
    look: arg.LookOption = None,
    strength: arg.StrengthOption = 1.0,
    lut: arg.LutOption = None,
    lut_input: arg.LutInputOption = "srgb",
    output_space: arg.OutputSpaceOption = "srgb",
    lens: arg.LensOption = "noct-50",
    f_number: arg.FNumberOption = None,
    focus: arg.FocusOption = None,
    zone_focus: arg.ZoneFocusOption = None,
    exposure: arg.ExposureOption = 0.0,
    metering: arg.MeteringOption = "off",
    demosaic: arg.DemosaicOption = "best",
    wb: arg.WbOption = "as-shot",
    highlights: arg.HighlightsOption = "rebuild",
    defects: arg.DefectsOption = "listed",
    denoise: arg.DenoiseOption = 0.0,
    temporal: arg.TemporalOption = 0.0,
    aberration: arg.AberrationOption = "off",
    sharpen: arg.SharpenOption = 0.0,
    quad: arg.QuadOption = "remosaic",
    quality: arg.QualityOption = Quality.BEST,
    device: arg.DeviceOption = "auto",
    size: arg.SizeOption = None,
    frames: arg.FramesOption = None,
    raw_format: arg.RawFormatOption = None,
    raw_size: arg.RawSizeOption = None,
    raw_black: arg.RawBlackOption = None,
    fps: arg.FpsOption = None,
    profile: arg.ProfileOption = None,
    depth: arg.DepthOption = None,
    depth_scale: arg.DepthScaleOption = None,
    depth_range: arg.DepthRangeOption = None,
    depth_model: arg.DepthModelOption = None,
) -> None:
    """Write SOURCE at full resolution through the same graph.

    One picture gives one file; many give numbered files: -o out/%04d.png, or -o out/ for a folder of PNG.
    """
    from .commands.render import run_render

    run_render(
        source,
        SourceOptions(
            raw_format,
            parse_size("--raw-size", raw_size),
            raw_black,
            fps,
            False,
            profile,
            depth,
            depth_scale,
            depth_range,
            depth_model,
        ),
        EngineOptions(
            look,
            strength,
            lens,
            f_number,
            parse_focus(focus),
            Development(
                check_method(demosaic),
                exposure,
                metering,
                wb,
                highlights,
                defects,
                denoise,
                temporal,
                aberration,
                sharpen,
                quad,
            ),
            quality,
            device,
            parse_size("--size", size),
            None if zone_focus is None else ZoneFocus.parse(zone_focus),
            lut,
            lut_input,
            output_space,
        ),
        output,
        frames,
    )


@app.command()
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
    raw_format: arg.RawFormatOption = None,
    raw_size: arg.RawSizeOption = None,
    raw_black: arg.RawBlackOption = None,
) -> None:
    """Measure a camera by a colour chart: white balance and matrix, for --profile."""
    from .commands.profile import run_profile

    size = parse_size("--raw-size", raw_size)
    options = SourceOptions(raw_format, size, raw_black, None, False, None, None, None)
    run_profile(source, options, corners, output, force, sheet, json)


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
