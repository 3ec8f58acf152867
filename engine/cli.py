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

from .commands.look import look_app
from .commands.options import (
    EngineOptions,
    Quality,
    SourceOptions,
    ViewOptions,
    check_exposure_ev,
    parse_focus,
    parse_rack_s,
    parse_size,
    parse_strength,
)
from .develop.demosaic import METHODS, check_method
from .develop.development import DefectPixels, Development, Highlights, Quad
from .errors import GroundglassError
from .optics.focus import Street

app = typer.Typer(
    name="groundglass",
    help="A live ground glass for any camera: RAW in, bokeh and a look out.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(look_app)

SOURCE_HELP = (
    "What to show: scene: (built in; scene:?size=1920x1080&fps=60&noise=1&seed=7), a raw still, a headerless mosaic "
    "(with --raw-format and --raw-size), a folder of raws, a picture, or a video."
)
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)]

# Picture
LookOption = Annotated[str, typer.Option("--look", help="A look's name, or a look file (.toml).")]
StrengthOption = Annotated[
    float,
    typer.Option("--strength", parser=parse_strength, metavar="0..1|PERCENT%", help="How much of the look: 0.7, 70%."),
]
LensOption = Annotated[str, typer.Option("--lens", help="A lens's name, or a lens file (.toml).")]
FNumberOption = Annotated[float | None, typer.Option("--f-number", help="Within the lens's range; else wide open.")]
FocusOption = Annotated[
    str | None,
    typer.Option("--focus", metavar="METRES|FROM..TO@S", help="Focus distance in metres, or a rack in S seconds."),
]
StreetOption = Annotated[
    str | None,
    typer.Option("--street", metavar="N,NEAR..FAR", help="Aperture and the zone that shall be sharp: 8,2..5 (metres)."),
]
ExposureOption = Annotated[
    float,
    typer.Option("--exposure", metavar="EV", callback=check_exposure_ev, help="Brighter by so many stops, -10 to 10."),
]
QualityOption = Annotated[Quality, typer.Option("--quality", help="Of the defocus.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, opencl, opencl:N, cuda or cuda:N.")]
SizeOption = Annotated[str | None, typer.Option("--size", metavar="WxH", help="Window or picture size in pixels.")]

# Development
DemosaicOption = Annotated[str, typer.Option("--demosaic", help=f"{', '.join(METHODS)}; half gives half the size.")]
WbOption = Annotated[
    str,
    typer.Option(
        "--wb", metavar="BALANCE", help="as-shot, auto, 5200K, 5200K,+10 (tint), 2,1,1.6 (red, green, blue), grey:X,Y."
    ),
]
HighlightsOption = Annotated[Highlights, typer.Option("--highlights", help="What becomes of clipped channels.")]
DefectsOption = Annotated[DefectPixels, typer.Option("--defects", help="Which dead and hot sites are replaced.")]
DenoiseOption = Annotated[float, typer.Option("--denoise", min=0.0, max=1.0, help="Raw noise reduction.")]
TemporalOption = Annotated[float, typer.Option("--temporal", min=0.0, max=1.0, help="Noise reduction over frames.")]
AberrationOption = Annotated[
    str,
    typer.Option(
        "--aberration", metavar="off|auto|RED,BLUE", help="Lateral colour: how many thousandths farther out than green."
    ),
]
SharpenOption = Annotated[float, typer.Option("--sharpen", min=0.0, max=1.0, help="Capture sharpening.")]
QuadOption = Annotated[Quad, typer.Option("--quad", help="Of a quad-Bayer sensor: its full size, or half of it.")]

# Source
RawFormatOption = Annotated[
    str | None,
    typer.Option(
        "--raw-format",
        metavar="CFA+BITS+PACKING",
        help="Of a headerless mosaic: rggb12, bggr16be, rggb10-mipi, grbg12p, mono8, quad-rggb10.",
    ),
]
RawSizeOption = Annotated[str | None, typer.Option("--raw-size", metavar="WxH", help="Of a headerless mosaic.")]
RawBlackOption = Annotated[float | None, typer.Option("--raw-black", help="Black level of a headerless mosaic.")]
FpsOption = Annotated[float | None, typer.Option("--fps", min=0.01, help="Frames a second of a sequence.")]
LoopOption = Annotated[bool, typer.Option("--loop", help="Start a sequence or video again at its end.")]
ProfileOption = Annotated[
    Path | None, typer.Option("--profile", metavar="FILE", help="A camera profile that groundglass profile wrote.")
]
DepthOption = Annotated[
    str | None,
    typer.Option(
        "--depth",
        metavar="FILE|FOLDER|plane:NEAR..FAR@DEGREES|stereo:RIGHT?FIGURES|none",
        help="Depth, in place of what the source brings: a map, a folder of them, a tilted plane, a pair, or none.",
    ),
]
DepthScaleOption = Annotated[
    float | None, typer.Option("--depth-scale", help="Steps a metre of an integer depth file (TUM: 5000).")
]
DepthRangeOption = Annotated[
    str | None,
    typer.Option(
        "--depth-range",
        metavar="BRIGHTEST..DARKEST",
        help="Metres of a relative map's ends: 0.8..6 where bright is near; 6..0.8,linear, greys that follow distance.",
    ),
]
DepthModelOption = Annotated[
    str | None,
    typer.Option("--depth-model", metavar="ONNX[?metric]", help="A model that tells depth where SOURCE brings none."),
]

# Run
FramesOption = Annotated[int | None, typer.Option("--frames", min=1, help="Stop after so many frames.")]
SecondsOption = Annotated[float | None, typer.Option("--seconds", min=0.01, help="Stop after so many seconds.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - is standard output.")
]


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
    source: SourceArgument = "scene:",
    look: LookOption = "classic",
    strength: StrengthOption = 1.0,
    lens: LensOption = "noct-50",
    f_number: FNumberOption = None,
    focus: FocusOption = None,
    street: StreetOption = None,
    exposure: ExposureOption = 0.0,
    demosaic: DemosaicOption = "rcd",
    wb: WbOption = "as-shot",
    highlights: HighlightsOption = "rebuild",
    defects: DefectsOption = "listed",
    denoise: DenoiseOption = 0.0,
    temporal: TemporalOption = 0.0,
    aberration: AberrationOption = "off",
    sharpen: SharpenOption = 0.0,
    quad: QuadOption = "remosaic",
    quality: QualityOption = Quality.LIVE,
    device: DeviceOption = "auto",
    size: SizeOption = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Run the same loop off screen.")] = False,
    rack: Annotated[
        str, typer.Option("--rack", metavar="S,S", help="Seconds that the focus takes to a click and to a mark.")
    ] = "0.4,2",
    frames: FramesOption = None,
    seconds: SecondsOption = None,
    json: JsonOption = None,
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Write the last frame shown.")
    ] = None,
    raw_format: RawFormatOption = None,
    raw_size: RawSizeOption = None,
    raw_black: RawBlackOption = None,
    fps: FpsOption = None,
    loop: LoopOption = False,
    profile: ProfileOption = None,
    depth: DepthOption = None,
    depth_scale: DepthScaleOption = None,
    depth_range: DepthRangeOption = None,
    depth_model: DepthModelOption = None,
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
                check_method(demosaic), exposure, wb, highlights, defects, denoise, temporal, aberration, sharpen, quad
            ),
            quality,
            device,
            parse_size("--size", size),
            None if street is None else Street.parse(street),
        ),
        ViewOptions(fullscreen, headless, frames, seconds, json, save_frame, parse_rack_s(rack)),
    )


@app.command()
def render(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help=".png, .jpg, .tif (16 bit) or .exr (scene-linear); many: %04d.png"
        ),
    ],
    look: LookOption = "classic",
    strength: StrengthOption = 1.0,
    lens: LensOption = "noct-50",
    f_number: FNumberOption = None,
    focus: FocusOption = None,
    street: StreetOption = None,
    exposure: ExposureOption = 0.0,
    demosaic: DemosaicOption = "best",
    wb: WbOption = "as-shot",
    highlights: HighlightsOption = "rebuild",
    defects: DefectsOption = "listed",
    denoise: DenoiseOption = 0.0,
    temporal: TemporalOption = 0.0,
    aberration: AberrationOption = "off",
    sharpen: SharpenOption = 0.0,
    quad: QuadOption = "remosaic",
    quality: QualityOption = Quality.BEST,
    device: DeviceOption = "auto",
    size: SizeOption = None,
    frames: FramesOption = None,
    raw_format: RawFormatOption = None,
    raw_size: RawSizeOption = None,
    raw_black: RawBlackOption = None,
    fps: FpsOption = None,
    profile: ProfileOption = None,
    depth: DepthOption = None,
    depth_scale: DepthScaleOption = None,
    depth_range: DepthRangeOption = None,
    depth_model: DepthModelOption = None,
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
                check_method(demosaic), exposure, wb, highlights, defects, denoise, temporal, aberration, sharpen, quad
            ),
            quality,
            device,
            parse_size("--size", size),
            None if street is None else Street.parse(street),
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
    json: JsonOption = None,
    raw_format: RawFormatOption = None,
    raw_size: RawSizeOption = None,
    raw_black: RawBlackOption = None,
) -> None:
    """Measure a camera by a colour chart: white balance and matrix, for --profile."""
    from .commands.profile import run_profile

    size = parse_size("--raw-size", raw_size)
    options = SourceOptions(raw_format, size, raw_black, None, False, None, None, None)
    run_profile(source, options, corners, output, force, sheet, json)


@app.command()
def bench(
    device: DeviceOption = "auto",
    size: SizeOption = "1920x1080",
    seconds: SecondsOption = None,
    quality: Annotated[bool, typer.Option("--quality", help="Hold the blur against the ray-traced truth.")] = False,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="How many scenes --quality makes (2).")] = None,
    json: JsonOption = None,
) -> None:
    """Time each stage: device events, GL timer queries and host time. Or see how good the blur is: --quality."""
    from .commands.bench import check_bench_options, run_bench_command, run_quality_command

    check_bench_options(quality, seconds, seeds)
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
