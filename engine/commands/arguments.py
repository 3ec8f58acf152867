"""What `view`, `render` and their like take on the command line, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..colour.encoding import LUT_INPUTS
from ..develop.demosaic import METHODS
from ..develop.development import DefectPixels, Highlights, Quad
from .options import Quality, check_exposure_ev, parse_strength

SOURCE_HELP = (
    "What to show: scene: (built in; scene:?size=1920x1080&fps=60&noise=1&seed=7), a raw still, a headerless mosaic "
    "(with --raw-format and --raw-size), a folder of raws, a picture, or a video."
)
SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP)]

# Picture
LookOption = Annotated[
    str | None,
    typer.Option("--look", help="A look's name, or a look file (.toml); classic where neither it nor --lut is given."),
]
LutOption = Annotated[
    str | None,
    typer.Option(
        "--lut", metavar="FILE", help="A LUT after the look, else after neutral: .cube, .3dl, .csp, HaldCLUT."
    ),
]
LutInputOption = Annotated[
    str,
    typer.Option("--lut-input", metavar="ENCODING", help=f"What the LUT was made for: {', '.join(LUT_INPUTS)}."),
]
StrengthOption = Annotated[
    float,
    typer.Option("--strength", parser=parse_strength, metavar="0..1|PERCENT%", help="How much of the look: 0.7, 70%."),
]
OutputSpaceOption = Annotated[
    str,
    typer.Option(
        "--output-space", metavar="SPACE|ICC", help="What the screen shows: srgb, display-p3, rec709, or its profile."
    ),
]
LensOption = Annotated[str, typer.Option("--lens", help="A lens's name, or a lens file (.toml).")]
FNumberOption = Annotated[float | None, typer.Option("--f-number", help="Within the lens's range; else wide open.")]
FocusOption = Annotated[
    str | None,
    typer.Option("--focus", metavar="METRES|FROM..TO@S", help="Focus distance in metres, or a rack in S seconds."),
]
ZoneFocusOption = Annotated[
    str | None,
    typer.Option("--street", metavar="N,NEAR..FAR", help="Aperture and the zone that shall be sharp: 8,2..5 (metres)."),
]
ExposureOption = Annotated[
    float,
    typer.Option("--exposure", metavar="EV", callback=check_exposure_ev, help="Brighter by so many stops, -10 to 10."),
]
MeteringOption = Annotated[
    str,
    typer.Option(
        "--metering", metavar="MODE", help="off, centre, average, spot, spot:X,Y or highlights; plus --exposure."
    ),
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
