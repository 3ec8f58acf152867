"""Arguments and single options that several commands share, with their help. `options.py` has the option groups."""

from __future__ import annotations

from typing import Annotated

import typer

from ..colour.encoding import LUT_INPUTS
from ..compute.registry import device_words
from .parsing import check_exposure_ev

SOURCE_HELP = (
    "The input: scene: (built in; scene:?size=1920x1080&fps=60&noise=1&seed=7), a raw still, a headerless mosaic "
    "(with --raw-format and --raw-size), a folder of raw files, a picture, a video, a camera (see `cameras`), the "
    "address of a stream (rtsp://, http://, udp://, srt://), watch:FOLDER, or - (raw frames or Y4M on standard input)."
)
SOURCES_HELP = (
    f"{SOURCE_HELP} Many: several of these, a quoted pattern ('shoot/**/*.dng'), a list (@files.txt, @- for standard "
    "input), s3:// and other remote files."
)
SERVED_SCENE = "scene:?fps=30"  # the default of `serve`; --fps has priority over its rate
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)]
LutInputOption = Annotated[
    str,
    typer.Option("--lut-input", metavar="ENCODING", help=f"Input encoding of the LUT: {', '.join(LUT_INPUTS)}."),
]
ExposureOption = Annotated[
    float,
    typer.Option(
        "--exposure", metavar="EV", callback=check_exposure_ev, help="Exposure compensation in stops, -10 to 10."
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help=f"{device_words()}.")]
SizeOption = Annotated[str | None, typer.Option("--size", metavar="WxH", help="Window or picture size in pixels.")]
FramesOption = Annotated[int | None, typer.Option("--frames", min=1, help="Stop after N frames.")]
SecondsOption = Annotated[float | None, typer.Option("--seconds", min=0.01, help="Stop after S seconds.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write the results as JSON; - is standard output.")
]
