"""The options that commands share, each declared once, with its default and its help, as the field of a dataclass."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..develop.development import Development
from ..optics.focus import Rack, ZoneFocus
from . import arguments as arg
from .declared import OldOption, Parsed
from .parsing import parse_focus, parse_rack_s, parse_scale, parse_size, parse_strength


class VideoCodec(enum.StrEnum):
    H264 = "h264"
    HEVC = "hevc"
    PRORES = "prores"


class Quality(enum.StrEnum):
    LIVE = "live"
    BEST = "best"


class LookRoute(enum.StrEnum):
    AUTO = "auto"
    GL = "gl"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How SOURCE is read; None where the source itself knows. `raw_size` is (width, height) in pixels."""

    raw_format: Annotated[
        str | None,
        typer.Option(
            "--raw-format",
            metavar="CFA+BITS+PACKING",
            help="Of a headerless mosaic: rggb12, bggr16be, rggb10-mipi, grbg12p, mono8, quad-rggb10.",
        ),
    ] = None
    raw_size: Annotated[
        tuple[int, int] | None,
        typer.Option("--raw-size", metavar="WxH", help="Of a headerless mosaic."),
        Parsed(partial(parse_size, "--raw-size")),
    ] = None
    raw_black: Annotated[float | None, typer.Option("--raw-black", help="Black level of a headerless mosaic.")] = None
    fps: Annotated[float | None, typer.Option("--fps", min=0.01, help="Frames a second of a sequence.")] = None
    loop: Annotated[bool, typer.Option("--loop", help="Start a sequence or video again at its end.")] = False
    profile: Annotated[
        Path | None, typer.Option("--profile", metavar="FILE", help="A camera profile that groundglass profile wrote.")
    ] = None
    depth: Annotated[
        str | None,
        typer.Option(
            "--depth",
            metavar="FILE|FOLDER|plane:NEAR..FAR@DEGREES|stereo:RIGHT?FIGURES|none",
            help="Depth, in place of what the source brings: a map, a folder of them, a tilted plane, a pair, or none.",
        ),
    ] = None
    depth_scale: Annotated[
        float | None, typer.Option("--depth-scale", help="Steps a metre of an integer depth file (TUM: 5000).")
    ] = None
    depth_range: Annotated[
        str | None,
        typer.Option(
            "--depth-range",
            metavar="BRIGHTEST..DARKEST",
            help="Metres of a relative map's ends: 0.8..6 where bright is near; "
            "6..0.8,linear, greys that follow distance.",
        ),
    ] = None
    depth_model: Annotated[
        str | None,
        typer.Option(
            "--depth-model", metavar="ONNX[?metric]", help="A model that tells depth where SOURCE brings none."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the picture is made with. `size` is (width, height) in pixels; `focus` a distance in metres, or a rack.

    The defaults are those of a live view.
    """

    look: Annotated[
        str | None,
        typer.Option(
            "--look", help="A look's name, or a look file (.toml); classic where neither it nor --lut is given."
        ),
    ] = None
    strength: Annotated[
        float,
        typer.Option(
            "--strength", parser=parse_strength, metavar="0..1|PERCENT%", help="How much of the look: 0.7, 70%."
        ),
    ] = 1.0
    lut: Annotated[
        str | None,
        typer.Option(
            "--lut", metavar="FILE", help="A LUT after the look, else after neutral: .cube, .3dl, .csp, HaldCLUT."
        ),
    ] = None
    lut_input: arg.LutInputOption = "srgb"
    output_space: Annotated[
        str,
        typer.Option(
            "--output-space",
            metavar="SPACE|ICC",
            help="What the screen shows: srgb, display-p3, rec709, or its profile.",
        ),
    ] = "srgb"
    lens: Annotated[str, typer.Option("--lens", help="A lens's name, or a lens file (.toml).")] = "noct-50"
    f_number: Annotated[float | None, typer.Option("--f-number", help="Within the lens's range; else wide open.")] = (
        None
    )
    focus: Annotated[
        float | Rack | None,
        typer.Option("--focus", metavar="METRES|FROM..TO@S", help="Focus distance in metres, or a rack in S seconds."),
        Parsed(parse_focus),
    ] = None
    zone_focus: Annotated[
        ZoneFocus | None,
        typer.Option(
            "--zone-focus", metavar="N,NEAR..FAR", help="Aperture and the zone that shall be sharp: 8,2..5 (metres)."
        ),
        Parsed(ZoneFocus.parse),
        OldOption("--street"),
    ] = None
    development: Development = field(default_factory=Development)
    quality: Annotated[Quality, typer.Option("--quality", help="Of the defocus.")] = Quality.LIVE
    device: arg.DeviceOption = "auto"
    look_route: Annotated[
        LookRoute,
        typer.Option("--look-route", help="What draws the look; auto: a kernel where the processor draws, else GL."),
    ] = LookRoute.AUTO
    size: Annotated[
        tuple[int, int] | None,
        typer.Option("--size", metavar="WxH", help="Window or picture size in pixels."),
        Parsed(partial(parse_size, "--size")),
    ] = None


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How `view` shows it, how long, and what it leaves behind. `json` is a path, or "-" for standard output.

    `rack_s` are the seconds that the focus takes to a click and to a mark; what is kept goes into the folder `stills`.
    A film is recorded into `record` from the first frame on, where that is a file, in `codec`. With `fresh` it starts
    as if it had never run before. `control` is the port that listens for scripts, 0 any.
    """

    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen.")] = False
    headless: Annotated[bool, typer.Option("--headless", help="Run the same loop off screen.")] = False
    rack_s: Annotated[
        tuple[float, float],
        typer.Option("--rack", metavar="S,S", help="Seconds that the focus takes to a click and to a mark."),
        Parsed(parse_rack_s, default="0.4,2"),
    ] = (0.4, 2.0)
    frames: arg.FramesOption = None
    seconds: arg.SecondsOption = None
    json: arg.JsonOption = None
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Write the last frame shown.")
    ] = None
    stills: Annotated[Path, typer.Option("--stills", metavar="DIR", help="Where stills, raws and recordings go.")] = (
        Path()
    )
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Record a film from the first frame on.")
    ] = None
    codec: Annotated[VideoCodec, typer.Option("--codec", help="What films are encoded in.")] = VideoCodec.H264
    control: Annotated[
        int | None,
        typer.Option("--control", metavar="PORT", min=0, max=65535, help="Listen for scripts; 0: any port."),
    ] = None
    scale: Annotated[
        float | None,
        typer.Option("--scale", metavar="auto|0.25..1", help="Size of the live picture; auto holds the frame rate."),
        Parsed(parse_scale, default="auto"),
    ] = None
    no_governor: Annotated[bool, typer.Option("--no-governor", help="Draw every frame in full size; as --scale 1.")] = (
        False
    )
    fresh: Annotated[bool, typer.Option("--fresh", help="Neither take nor keep settings of other runs.")] = False
