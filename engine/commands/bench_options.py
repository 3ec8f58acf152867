"""The options of `groundglass bench`, and which of them exclude each other."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ..compute.registry import device_words
from .declared import Parsed
from .parsing import parse_size


class Sweep(enum.StrEnum):
    SIZE = "size"
    BLUR = "blur"
    METHOD = "method"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What is measured, for how long, and where the results go. `size` is (width, height) in pixels."""

    device: Annotated[
        str | None,
        typer.Option("--device", help=f"{device_words()}, or all: each after the other. Default: auto."),
    ] = None
    size: Annotated[
        tuple[int, int] | None,
        typer.Option("--size", metavar="WxH", help="Size of the frame in pixels. Default: 1920x1080."),
        Parsed(partial(parse_size, "--size")),
    ] = None
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=0.01, help="Time for the rounds. Default: 5; --sweep 20."),
    ] = None
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="TEXT", help="Only stages, peers or changes whose name contains TEXT; may be repeated."
        ),
    ] = None
    start_up: Annotated[
        bool, typer.Option("--start-up", help="Also time the first picture of new processes, warm and cold.")
    ] = False
    sweep: Annotated[Sweep | None, typer.Option("--sweep", help="Time the stages over a range instead.")] = None
    stress: Annotated[
        float | None,
        typer.Option("--stress", metavar="MINUTES", min=0.01, help="Run the whole chain instead, and show its rate."),
    ] = None
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", metavar="A.json B.json", help="Compare two results instead, with confidence."),
    ] = None
    versus: Annotated[
        str | None,
        typer.Option("--versus", metavar="DEVICE", help="Compare DEVICE with --device instead, in one run."),
    ] = None
    quality: Annotated[
        bool, typer.Option("--quality", help="Compare the blur with a ray-traced ground truth instead.")
    ] = False
    aids: Annotated[bool, typer.Option("--aids", help="Time each aid of the viewfinder instead.")] = False
    stalls: Annotated[
        bool, typer.Option("--stalls", help="Time the intervals around changes of the moving picture instead.")
    ] = False
    peers: Annotated[
        bool, typer.Option("--peers", help="Compare with other libraries instead, in one run (extra bench).")
    ] = False
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Record some frames on a time line for Perfetto instead (.json)."),
    ] = None
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Scenes of each kind for --quality. Default: 2.")
    ] = None
    roofline: Annotated[
        Path | None, typer.Option("--roofline", metavar="FILE", help="Draw the roofline of the stages (.png).")
    ] = None
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the result of --sweep or --stress (.png).")
    ] = None
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the result as one page (.html).")
    ] = None
    json: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the results as JSON; - is standard output.")
    ] = None
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the results and exit.")] = False

    @property
    def spec(self) -> str:
        """The device, or its default."""
        return self.device or "auto"

    @property
    def frame_size(self) -> tuple[int, int]:
        """The size, or its default."""
        return self.size or (1920, 1080)


MODES = ("sweep", "stress", "compare", "versus", "quality", "aids", "stalls", "peers", "trace", "schema")
# The options that apply to some modes only; None is the measurement of the stages.
APPLIES: dict[str, tuple[str | None, ...]] = {
    "device": (None, *(mode for mode in MODES if mode not in ("compare", "schema"))),
    "size": (None, *(mode for mode in MODES if mode not in ("compare", "quality", "schema"))),
    "seconds": (None, "sweep", "versus", "peers"),
    "only": (None, "versus", "stalls", "peers"),
    "start_up": (None,),
    "seeds": ("quality",),
    "roofline": (None,),
    "plot": ("sweep", "stress"),
    "report": (None, "sweep", "stress", "peers"),
    "json": (None, *(mode for mode in MODES if mode not in ("trace", "schema"))),
}


def mode_of(options: BenchOptions) -> str | None:
    """The name of the measurement, None for the stages. Raises a usage error if options do not fit together."""
    modes = [name for name in MODES if _given(options, name)]
    if len(modes) > 1:
        raise typer.BadParameter(f"cannot be combined with --{modes[0]}; use one of them", param_hint=f"--{modes[1]}")
    mode = modes[0] if modes else None
    for name, allowed in APPLIES.items():
        if _given(options, name) and mode not in allowed:
            words = " or ".join("the stages" if other is None else f"--{other}" for other in allowed)
            reason = f"applies to {words}, not" if len(allowed) < len(MODES) / 2 else "does not apply"
            raise typer.BadParameter(
                f"{reason} to {f'--{mode}' if mode else 'the stages'}; leave it out",
                param_hint=f"--{name.replace('_', '-')}",
            )
    if options.sweep is not None and options.sweep in ("size", "device") and _given(options, options.sweep):
        raise typer.BadParameter(
            f"does not apply to --sweep {options.sweep}, which measures each; leave it out",
            param_hint=f"--{options.sweep}",
        )
    if options.device == "all" and (options.roofline or options.report):
        raise typer.BadParameter("all takes no --roofline and no --report; name one device", param_hint="--device")
    if options.device == "all" and mode is not None:
        raise typer.BadParameter(f"all does not apply to --{mode}; name one device", param_hint="--device")
    return mode


def _given(options: BenchOptions, name: str) -> bool:
    value: Any = getattr(options, name)
    return value not in (None, False, [])
