"""The command `groundglass`: only its options and their help.

The work of each command is in `commands/`. It is imported when the command runs, so that `--help` is fast. An error
that the user can fix is one line on standard error and exit status 2. Work that was asked for and is lost, such as on a
full disk, is exit status 1.
"""

from __future__ import annotations

import atexit
import copy
import errno
import gc
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from .commands import arguments as arg
from .commands.bench_options import BenchOptions
from .commands.declared import Defaults, Only, Without, options_declared
from .commands.look import look_app
from .commands.new_pass import new_pass
from .commands.options import BatchOptions, EngineOptions, Quality, ServeOptions, SourceOptions, ViewOptions
from .commands.render_hdr import HdrOptions
from .commands.tune import live_edit_command
from .compute.registry import device_words
from .errors import GroundglassError, print_line
from .interrupts import INTERRUPTS, KILLED, end_process, report_lost_output
from .memory import limit_arenas

# A start makes 300 000 objects and no garbage; looking for it after each 700 takes 0.1 s (measured).
GARBAGE_AFTER = 100_000
NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # errors of a standard output that cannot be written

app = typer.Typer(
    name="groundglass",
    help="A live ground glass for any camera: RAW in, bokeh and a look out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(look_app)


def show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

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
    options: Annotated[EngineOptions, Defaults(metering="auto")],
    view: ViewOptions,
    source_options: SourceOptions,
) -> None:
    """Open the live window.

    Keys: F full screen, Esc or Q quit, Space freeze, S save a full-resolution still; A autofocus, Y hyperfocal, Z zone
    focus, P focus peaking, D depth-of-field scale, 1 and 2 rack to a focus preset, with Shift set it. A click focuses
    at the pointer, a right click takes the white balance from it, the wheel changes the f-number. Without a display the
    same loop runs off screen for a few seconds.
    """
    from .commands.view import run_view

    run_view(source, source_options, options, view)


app.command()(live_edit_command(view))


@app.command()
@options_declared
def serve(
    source: arg.SourceArgument = arg.SERVED_SCENE,
    *,
    page: ServeOptions,
    options: Annotated[EngineOptions, Defaults(metering="auto")],
    view: Annotated[ViewOptions, Without("fullscreen", "headless")],
    source_options: SourceOptions,
) -> None:
    """Show the live picture in a browser, such as on a phone or a tablet.

    It prints the address of the page, and with --host 0.0.0.0 a code to scan. Tap to focus, pinch to magnify. All
    controls of the window are on the page, and stills can be downloaded. One viewer controls, others watch.
    """
    from .commands.serve import run_serve

    run_serve(source, source_options, options, view, page)


app.command()(new_pass)


@app.command()
@options_declared
def render(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help=arg.SOURCES_HELP)],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=".png, .jpg, .tif (16 bit), .avif, .heic, .exr (scene-linear), an HDR video; many: a folder, "
            "{name}.jpg or %04d.png in one.",
        ),
    ],
    *,
    options: Annotated[EngineOptions, Defaults(demosaic="best", metering="auto", quality=Quality.BEST)],
    hdr: HdrOptions,
    frames: arg.FramesOption = None,
    batch: BatchOptions,
    source_options: Annotated[SourceOptions, Without("loop")],
) -> None:
    """Write each SOURCE at full resolution through the same pipeline.

    One picture gives one file. A clip gives numbered files: -o out/%04d.png, or -o out/ for a folder of PNG files. Many
    pictures keep their names: -o out/ or -o out/{name}.jpg. Repeat the command to continue: it renders what is missing.
    """
    from .commands.render import run_render

    run_render(sources, source_options, options, output, frames, batch, hdr)


@app.command()
@options_declared
def profile(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A Bayer raw file with a ColorChecker Classic.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The profile (.toml).")] = None,
    corners: Annotated[
        str | None,
        typer.Option(
            "--corners",
            metavar="X,Y,...",
            help="Position of an undetected chart: dark skin, bluish green, black and white corners, in fractions.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="Write a picture of the measured patches.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing profile.")] = False,
    json: arg.JsonOption = None,
    *,
    source_options: Annotated[
        SourceOptions,
        Only("raw_format", "raw_size", "raw_black", "raw_white", "raw_stride", "raw_header", "raw_trailer"),
    ],
) -> None:
    """Measure white balance and colour matrix of a camera from a colour chart, for --profile."""
    from .commands.profile import run_profile

    run_profile(source, source_options, corners, output, force, sheet, json)


@app.command()
@options_declared
def bench(*, options: BenchOptions) -> None:
    """Time each stage with device events, GL timer queries and host time. Other options measure something else."""
    from .commands.bench import run_bench_command

    run_bench_command(options)


@app.command()
def selftest(
    device: Annotated[str, typer.Option("--device", help=f"all, {device_words()}.")] = "all",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write everything to one file, .json or .html.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer sizes and qualities.")] = False,
    sanitize: Annotated[
        bool, typer.Option("--sanitize", help="Run the quick self test under compute-sanitizer (CUDA).")
    ] = False,
    json: arg.JsonOption = None,
) -> None:
    """Run every kernel and the whole chain on every device, and compare the results. Exit status 1 if they differ."""
    from .commands.selftest import run_sanitized, run_selftest_command

    if sanitize:
        run_sanitized(device, report, json)
        return
    run_selftest_command(device, report, quick, json)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option("--minutes", min=0.05, max=1440, help="Duration of the run.")] = 30.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed repeats the steps.")] = 1,
    device: Annotated[str, typer.Option("--device", help=f"{device_words()}.")] = "auto",
    json: arg.JsonOption = None,
) -> None:
    """Run the live view under random use and faults, and check that nothing breaks, leaks or grows."""
    from .commands.soak import run_soak_command

    run_soak_command(device, minutes, seed, json)


@app.command()
def info(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A raw file, a picture, a video, a folder of them, a camera, a stream, or scene:."
        ),
    ],
    json: arg.JsonOption = None,
) -> None:
    """Print the metadata of FILE: camera, size, levels, white balance, matrices, opcodes. Truncated raw files too.

    Of a camera or a stream: formats, size, rate and controls.
    """
    from .commands.info import run_info

    run_info(file, json)


@app.command()
def cameras(
    json: arg.JsonOption = None,
) -> None:
    """List connected cameras of every kind with formats, sizes and rates, and the SOURCE that opens each."""
    from .commands.cameras import run_cameras

    run_cameras(json)


@app.command()
def devices(
    json: arg.JsonOption = None,
) -> None:
    """List compute devices and the GL renderer, the choice of `auto` and its reason, and a remedy for each failure."""
    from .commands.devices import run_devices

    run_devices(json)


@app.command()
def desktop(
    remove: Annotated[bool, typer.Option("--remove", help="Remove what this command has written.")] = False,
    man: Annotated[bool, typer.Option("--man", help="Print the man page and write nothing.")] = False,
) -> None:
    """Add groundglass to the menu of a Linux desktop, with its icon and its man page, for this user."""
    from .commands.desktop import run_desktop

    run_desktop(typer.main.get_command(app), removes=remove, prints_man=man)


def _app_of(arguments: list[str]) -> typer.Typer:
    """`app` with only the command that `arguments` start with, if any.

    typer prepares the options of every command that it has, which takes a quarter of a second.
    """
    name = "".join(arguments[:1]).replace("-", "_")
    named = [command for command in app.registered_commands if getattr(command.callback, "__name__", "") == name]
    if not named:
        return app
    reduced = copy.copy(app)
    reduced.registered_commands, reduced.registered_groups = named, []
    return reduced


def main() -> None:
    """The entry point: runs `app`. A GroundglassError is printed as one line, with its exit status."""
    gc.set_threshold(GARBAGE_AFTER)
    limit_arenas()
    INTERRUPTS.begin()
    try:
        _app_of(sys.argv[1:])()
    except GroundglassError as error:
        print_line(str(error))
        raise SystemExit(error.exit_status) from None
    except OSError as error:
        if error.errno not in NO_OUTPUT or error.filename is not None:
            raise
        report_lost_output(error)
        raise SystemExit(1) from None


def run() -> None:
    """The command: `main`, after which the process ends at once.

    Otherwise the interpreter and the compilers' libraries would free their objects one after the other. This takes half
    a second, and seconds on a busy machine. Threads that must end, and functions of `atexit`, still do.
    """
    status = [1]  # a traceback
    atexit.register(lambda: end_process(status[0]))  # before all others: it is called last
    try:
        main()
        status[0] = 0
    except SystemExit as ended:
        status[0] = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if INTERRUPTS.raised and status[0] in (1, KILLED + signal.SIGINT):  # typer takes each signal for Ctrl-C
            status[0] = KILLED + INTERRUPTS.raised
        raise
