"""The options that commands share. Each is a dataclass field, declared once with its default and its help."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..develop.development import Development
from ..optics.focus import FocusPlan, ZoneFocus
from . import arguments as arg
from .completion import complete_lens, complete_look
from .declared import OldOption, Parsed
from .parsing import parse_focus, parse_rack_s, parse_scale, parse_size, parse_strength


class VideoCodec(enum.StrEnum):
    H264 = "h264"
    HEVC = "hevc"
    PRORES = "prores"


class HdrVideoCodec(enum.StrEnum):
    HEVC = "hevc"
    AV1 = "av1"


class Quality(enum.StrEnum):
    LIVE = "live"
    BEST = "best"


class LookRoute(enum.StrEnum):
    AUTO = "auto"
    GL = "gl"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How SOURCE is read; None uses the source's own value. `raw_size` is (width, height) in pixels."""

    raw_format: Annotated[
        str | None,
        typer.Option(
            "--raw-format",
            metavar="CFA+BITS+PACKING",
            help="Format of headerless mosaics: rggb12, bggr16be, rggb10-mipi, grbg12p, mono8, SRGGB10_CSI2P.",
        ),
    ] = None
    raw_size: Annotated[
        tuple[int, int] | None,
        typer.Option("--raw-size", metavar="WxH", help="Size of a headerless mosaic."),
        Parsed(partial(parse_size, "--raw-size")),
    ] = None
    raw_black: Annotated[float | None, typer.Option("--raw-black", help="Black level of a headerless mosaic.")] = None
    raw_white: Annotated[
        float | None, typer.Option("--raw-white", help="White level of a raw file or mosaic: where it saturates.")
    ] = None
    raw_stride: Annotated[
        int | None,
        typer.Option("--raw-stride", metavar="BYTES", min=1, help="Bytes of a row, with its padding."),
    ] = None
    raw_header: Annotated[
        int | None, typer.Option("--raw-header", metavar="BYTES", min=0, help="Bytes to skip before each mosaic.")
    ] = None
    raw_trailer: Annotated[
        int | None, typer.Option("--raw-trailer", metavar="BYTES", min=0, help="Bytes to skip after each mosaic.")
    ] = None
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="Layer, part or view of an OpenEXR file.")
    ] = None
    fps: Annotated[float | None, typer.Option("--fps", min=0.01, help="Frame rate of a sequence or video.")] = None
    loop: Annotated[bool, typer.Option("--loop", help="Repeat a sequence or video.")] = False
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Decode files in another process with limits, so that a crash ends only that."),
    ] = False
    profile: Annotated[
        Path | None, typer.Option("--profile", metavar="FILE", help="A camera profile from groundglass profile.")
    ] = None
    depth: Annotated[
        str | None,
        typer.Option(
            "--depth",
            metavar="FILE|FOLDER|SOURCE|plane:NEAR..FAR@DEGREES|stereo:RIGHT?PARAMETERS|none",
            help="Depth in place of the source's own: a map, a folder of maps, a depth camera, a video of maps, a "
            "tilted plane, a stereo pair, or none.",
        ),
    ] = None
    depth_scale: Annotated[
        float | None, typer.Option("--depth-scale", help="Steps per metre of an integer depth map (TUM: 5000).")
    ] = None
    depth_range: Annotated[
        str | None,
        typer.Option(
            "--depth-range",
            metavar="BRIGHTEST..DARKEST",
            help="Distances in metres of the brightest and darkest value of a relative map: 0.8..6 if bright is near. "
            "6..0.8,linear: values linear in distance.",
        ),
    ] = None
    depth_crop: Annotated[
        str | None,
        typer.Option(
            "--depth-crop",
            metavar="LEFT,TOP,WIDTH,HEIGHT",
            help="The part of a depth camera's picture that the camera sees, as fractions: 0.1,0.1,0.8,0.8; or the "
            "fields of view of both in degrees: fov:87x58/69x42.",
        ),
    ] = None
    matte: Annotated[
        str | None,
        typer.Option(
            "--matte",
            metavar="FILE|FOLDER|none",
            help="The part of each pixel that the subject covers, white where it does: a grey picture, a picture with "
            "alpha, a portrait HEIC; a folder with one for each frame; or none to ignore that of the source.",
        ),
    ] = None
    depth_model: Annotated[
        str | None,
        typer.Option("--depth-model", metavar="ONNX[?metric]", help="A depth network for a SOURCE without depth."),
    ] = None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the picture is made. `size` is (width, height) in pixels; `focus` is a distance in metres, a rack,
    or autofocus.

    The defaults are those of a live view.
    """

    look: Annotated[
        str | None,
        typer.Option(
            "--look",
            help="A look's name, or a look file (.toml). Default without --lut: classic.",
            autocompletion=complete_look,
        ),
    ] = None
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            parser=parse_strength,
            metavar="0..1|PERCENT%",
            help="Share of the look in the blend with neutral: 0.7, 70%.",
        ),
    ] = 1.0
    lut: Annotated[
        str | None,
        typer.Option(
            "--lut",
            metavar="FILE",
            help="A LUT after the look, or after neutral without --look: .cube, .3dl, .csp, HaldCLUT.",
        ),
    ] = None
    lut_input: arg.LutInputOption = "srgb"
    output_space: Annotated[
        str,
        typer.Option(
            "--output-space",
            metavar="SPACE|ICC",
            help="Colour space of the display: srgb, display-p3, rec709, or its ICC profile. Of HDR files: pq, hlg.",
        ),
    ] = "srgb"
    lens: Annotated[
        str | None,
        typer.Option(
            "--lens", help="A lens's name, or a lens file (.toml). Default: noct-50.", autocompletion=complete_lens
        ),
    ] = None
    f_number: Annotated[float | None, typer.Option("--f-number", help="Aperture. Default: wide open.")] = None
    focus: Annotated[
        float | FocusPlan | None,
        typer.Option(
            "--focus",
            metavar="METRES|FROM..TO@S|auto",
            help="Focus distance in metres, a rack in S seconds, or autofocus on the first frame.",
        ),
        Parsed(parse_focus),
    ] = None
    zone_focus: Annotated[
        ZoneFocus | None,
        typer.Option(
            "--zone-focus", metavar="N,NEAR..FAR", help="Aperture and the zone to keep sharp in metres: 8,2..5."
        ),
        Parsed(ZoneFocus.parse),
        OldOption("--street"),
    ] = None
    development: Development = field(default_factory=Development)
    quality: Annotated[Quality, typer.Option("--quality", help="Quality of the defocus.")] = Quality.LIVE
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

    @property
    def focus_plan(self) -> FocusPlan | None:
        """What moves the focus, if anything does."""
        return None if isinstance(self.focus, float) else self.focus


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How `view` runs and what it writes. `json` is a path, or "-" for standard output.

    `rack_s` are the seconds of a focus rack to a click and to a focus preset. Stills, raw files and recordings go into
    the folder `stills`. If `record` is a file, a video is recorded into it from the first frame on, in `codec`,
    and in `record_size`, (width, height), else in the size of the live picture. With `fresh`, saved settings are
    neither read nor written. `control` is the port of the remote control, 0 any free port.
    """

    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen.")] = False
    headless: Annotated[bool, typer.Option("--headless", help="Run the same loop off screen.")] = False
    rack_s: Annotated[
        tuple[float, float],
        typer.Option("--rack", metavar="S,S", help="Seconds of a focus rack to a click and to a focus preset."),
        Parsed(parse_rack_s, default="0.4,2"),
    ] = (0.4, 2.0)
    frames: arg.FramesOption = None
    seconds: arg.SecondsOption = None
    json: arg.JsonOption = None
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Write a time line of 60 frames in Chrome's trace event format."),
    ] = None
    save_frame: Annotated[
        Path | None, typer.Option("--save-frame", metavar="FILE", help="Write the last frame shown to FILE.")
    ] = None
    stills: Annotated[
        Path, typer.Option("--stills", metavar="DIR", help="Folder for stills, raw files, recordings.")
    ] = Path()
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Record a video from the first frame on.")
    ] = None
    record_size: Annotated[
        tuple[int, int] | None,
        typer.Option(
            "--record-size", metavar="WxH", help="Size of the video of --record. Default: the live picture's."
        ),
        Parsed(partial(parse_size, "--record-size")),
    ] = None
    codec: Annotated[VideoCodec, typer.Option("--codec", help="Codec of recordings.")] = VideoCodec.H264
    control: Annotated[
        int | None,
        typer.Option(
            "--control", metavar="PORT", min=0, max=65535, help="Port of the remote control; 0: any free port."
        ),
    ] = None
    scale: Annotated[
        float | None,
        typer.Option("--scale", metavar="auto|0.25..1", help="Size of the live picture; auto holds the frame rate."),
        Parsed(parse_scale, default="auto"),
    ] = None
    no_governor: Annotated[
        bool, typer.Option("--no-governor", help="Draw every frame in full size, like --scale 1.")
    ] = False
    fresh: Annotated[bool, typer.Option("--fresh", help="Neither read nor write saved settings.")] = False


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where `serve` offers its page: the address and port, TLS, and a new token."""

    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Address of this computer to serve on; 0.0.0.0: reachable from its networks.",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port of the page; 0: any free port.")
    ] = 8765
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate for HTTPS (PEM).")
    ] = None
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key (PEM), without a password.")
    ] = None
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Renew the token in the address: former addresses no longer work.")
    ] = False


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How `render` renders many pictures. `cluster` is the address of a Dask scheduler, or "local"."""

    each: Annotated[
        bool,
        typer.Option(
            "--each", help="A folder is pictures of their own, also in its folders, and not the frames of a clip."
        ),
    ] = False
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=1024, help="Render in N processes.")] = 1
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS|local",
            help="Render on the Dask cluster of this scheduler; local starts one with --workers processes.",
        ),
    ] = None
