"""HDR files of `groundglass render`: Ultra HDR JPEG, AVIF and HEIC, and video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from ..errors import LookError, OutputError
from .options import EngineOptions, HdrVideoCodec

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame
    from ..look.hdr_files import HdrKind, HdrPictures
    from ..output.hdr_video import HdrVideo
    from ..settings import Settings

NO_LOOK = "none"
TRANSFERS = ("pq", "hlg")
_VIDEO = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True)
class HdrOptions:
    """`headroom` is in stops above diffuse white. `codec` is that of a video. None is the default."""

    hdr: Annotated[
        bool,
        typer.Option("--hdr", help="HDR: .jpg as Ultra HDR with a gain map, .avif and .heic as PQ, a video as HLG."),
    ] = False
    headroom: Annotated[
        float | None,
        typer.Option(
            "--headroom",
            metavar="STOPS",
            help="HDR: how far highlights may exceed diffuse white, 0.1..5.6. Default: 2.3.",
        ),
    ] = None
    codec: Annotated[HdrVideoCodec | None, typer.Option("--codec", help="Codec of an HDR video. Default: hevc.")] = None


class HdrPlan(NamedTuple):
    """What `render` writes: a file of `kind` with this `suffix`; a video in `codec`."""

    suffix: str
    kind: HdrKind
    codec: str

    @property
    def is_video(self) -> bool:
        return self.suffix in _VIDEO

    @property
    def has_headroom(self) -> bool:
        """Whether highlights exceed diffuse white by a number of stops: not in SDR, nor in the scene's own light."""
        from ..look.hdr_files import JPEG_SUFFIXES

        is_hdr = self.kind.space in TRANSFERS or self.suffix in JPEG_SUFFIXES
        return is_hdr and not self.kind.keeps_scene

    def engine_options(self, options: EngineOptions) -> EngineOptions:
        """The options of the picture that becomes the file: its codes are not those of a display."""
        space = "srgb" if self.kind.space in TRANSFERS else self.kind.space
        return replace(options, output_space=space, look=None if self.kind.keeps_scene else options.look)


def hdr_plan(output: Path, engine_options: EngineOptions, options: HdrOptions) -> HdrPlan | None:
    """None for the files of `picture_write`. Raises OutputError and LookError for options that do not fit."""
    plan = _plan_of(output, engine_options, options)
    if options.codec is not None and (plan is None or not plan.is_video):
        raise OutputError(f"{output}: --codec is that of a video ({' '.join(_VIDEO)}); leave it out")
    if options.headroom is not None and (plan is None or not plan.has_headroom):
        raise OutputError(f"{output}: --headroom applies to HDR files in a look; add --hdr, or leave it out")
    return plan


def _plan_of(output: Path, engine_options: EngineOptions, options: HdrOptions) -> HdrPlan | None:
    from ..colour.hdr import DEFAULT_STOPS, check_stops
    from ..formats.hdr_pictures import CODE_POINTS, DEEP_SUFFIXES
    from ..formats.picture_write import DISPLAY_SUFFIXES, SCENE_SUFFIXES
    from ..look.hdr_files import JPEG_SUFFIXES, HdrKind

    space, keeps_scene = engine_options.output_space, engine_options.look == NO_LOOK
    suffix, known = output.suffix.lower(), (*JPEG_SUFFIXES, *DEEP_SUFFIXES, *_VIDEO)
    if suffix in (*DEEP_SUFFIXES, *_VIDEO) and options.hdr and space not in TRANSFERS:
        space = "pq" if suffix in DEEP_SUFFIXES else "hlg"
    if suffix in _VIDEO and space not in TRANSFERS:
        raise OutputError(f"{output}: render writes HDR video; add --output-space hlg or pq, or name %04d.png")
    if not suffix and (options.hdr or space in TRANSFERS):
        example = output / f"{{name}}{'.avif' if space in TRANSFERS else '.jpg'}"
        raise OutputError(f"{output}: a folder gets .png, which holds no HDR picture; name {example}")
    if space in TRANSFERS and suffix not in (*DEEP_SUFFIXES, *_VIDEO):
        remedy = "use --hdr instead" if suffix in JPEG_SUFFIXES else f"use one of {' '.join((*DEEP_SUFFIXES, *_VIDEO))}"
        raise OutputError(f"{output}: the suffix '{output.suffix}' holds no --output-space {space}; {remedy}")
    if options.hdr and suffix not in known:
        raise OutputError(f"{output}: the suffix '{output.suffix}' holds no HDR picture; use one of {' '.join(known)}")
    if keeps_scene and space not in TRANSFERS:
        raise LookError(f"--look {NO_LOOK} keeps the scene's light, which needs --output-space pq or hlg")
    if keeps_scene and (engine_options.lut is not None or engine_options.strength != 1.0):
        raise LookError(f"--look {NO_LOOK} keeps the scene's light; leave out --lut and --strength")
    if suffix and suffix not in (*known, *DISPLAY_SUFFIXES, *SCENE_SUFFIXES):
        suffixes = dict.fromkeys((*DISPLAY_SUFFIXES, *DEEP_SUFFIXES, *SCENE_SUFFIXES))
        raise OutputError(
            f"{output}: the suffix '{output.suffix}' names no picture format; use one of {' '.join(suffixes)}, or "
            f"{' '.join(_VIDEO)} for HDR video"
        )
    if suffix not in known or (suffix in JPEG_SUFFIXES and not options.hdr):
        return None
    if space not in CODE_POINTS:
        raise OutputError(f"{output}: {suffix} holds the output spaces {', '.join(CODE_POINTS)}; use one of them")
    stops = DEFAULT_STOPS if options.headroom is None else check_stops(options.headroom)
    return HdrPlan(suffix, HdrKind(space, stops, keeps_scene), (options.codec or HdrVideoCodec.HEVC).value)


def check_hdr_output(path: Path, plan: HdrPlan) -> None:
    """Raises OutputError and MissingExtraError before the first frame is rendered."""
    from ..formats.picture_write import check_folder_of
    from ..look.hdr_files import check_hdr_suffix
    from ..output.hdr_video import check_hdr_video

    check_folder_of(path)
    if plan.is_video:
        check_hdr_video(path, plan.codec)
    else:
        check_hdr_suffix(path)


@contextmanager
def hdr_frames(engine: Engine, plan: HdrPlan, fps: float | None) -> Iterator[HdrFrames]:
    """Writes frames for the plan; a video of `fps` is whole when the block ends."""
    from ..look.hdr_files import HdrPictures

    with HdrPictures(engine.gl, plan.kind) as pictures, ExitStack() as stack:
        yield HdrFrames(pictures, plan, fps, stack)


class HdrFrames:
    """Called like `write_frame`. `stack` closes the video."""

    def __init__(self, pictures: HdrPictures, plan: HdrPlan, fps: float | None, stack: ExitStack) -> None:
        self._pictures, self._plan, self._fps, self._stack = pictures, plan, fps, stack
        self._video: HdrVideo | None = None

    def __call__(self, engine: Engine, settings: Settings, frame: Frame, path: Path) -> None:
        from ..look.hdr_files import write_hdr

        scene_rgb, moment = engine.scene(frame, settings), settings.moment_of(frame)
        if self._plan.is_video:
            self._add(self._pictures.codes(scene_rgb, settings, moment).codes, path)
            return
        pixels = self._pictures.pixels(scene_rgb, settings, moment, path.suffix)
        write_hdr(path, pixels, self._plan.kind, settings.output_space)

    def _add(self, codes: NDArray[np.uint16], path: Path) -> None:
        from ..output.hdr_video import hdr_video

        if self._video is None:
            size = codes.shape[1], codes.shape[0]
            video = hdr_video(path, size, self._fps, self._plan.kind.space, self._plan.codec)
            self._video = self._stack.enter_context(video)
        self._video.add(codes)
