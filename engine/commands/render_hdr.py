"""HDR files of `groundglass render`: Ultra HDR JPEG, AVIF and HEIC, and video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
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
    from ..look.hdr import HdrDraw
    from ..output.hdr_video import HdrVideo
    from ..settings import Settings

NO_LOOK = "none"
TRANSFERS = ("pq", "hlg")
_JPEG = (".jpg", ".jpeg")
_VIDEO = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True)
class HdrOptions:
    """`headroom` is in stops above diffuse white. `codec` is that of a video."""

    hdr: Annotated[
        bool,
        typer.Option("--hdr", help="HDR: .jpg as Ultra HDR with a gain map, .avif and .heic as PQ, a video as HLG."),
    ] = False
    headroom: Annotated[
        float,
        typer.Option("--headroom", metavar="STOPS", help="HDR: how far highlights may exceed diffuse white, 0.1..5.6."),
    ] = 2.3
    codec: Annotated[HdrVideoCodec, typer.Option("--codec", help="Codec of an HDR video.")] = HdrVideoCodec.HEVC


class HdrPlan(NamedTuple):
    """What `render` writes: a file with these `suffix` and `space`, from the look or from the scene's own light."""

    suffix: str
    space: str
    stops: float
    codec: str
    keeps_scene: bool

    @property
    def is_video(self) -> bool:
        return self.suffix in _VIDEO


def hdr_plan(output: Path, engine_options: EngineOptions, options: HdrOptions) -> HdrPlan | None:
    """None for the files of `picture_write`. Raises OutputError and LookError for options that do not fit."""
    from ..colour.hdr import check_stops
    from ..formats.hdr_pictures import CODE_POINTS, DEEP_SUFFIXES

    space, keeps_scene = engine_options.output_space, engine_options.look == NO_LOOK
    suffix, known = output.suffix.lower(), (*_JPEG, *DEEP_SUFFIXES, *_VIDEO)
    if suffix in (*DEEP_SUFFIXES, *_VIDEO) and options.hdr and space not in TRANSFERS:
        space = "pq" if suffix in DEEP_SUFFIXES else "hlg"
    if suffix in _VIDEO and space not in TRANSFERS:
        raise OutputError(f"{output}: render writes HDR video; add --output-space hlg or pq, or name %04d.png")
    if space in TRANSFERS and suffix not in (*DEEP_SUFFIXES, *_VIDEO):
        remedy = "use --hdr instead" if suffix in _JPEG else f"use one of {' '.join((*DEEP_SUFFIXES, *_VIDEO))}"
        raise OutputError(f"{output}: the suffix '{output.suffix}' holds no --output-space {space}; {remedy}")
    if options.hdr and suffix not in known:
        raise OutputError(f"{output}: the suffix '{output.suffix}' holds no HDR picture; use one of {' '.join(known)}")
    if keeps_scene and space not in TRANSFERS:
        raise LookError(f"--look {NO_LOOK} keeps the scene's light, which needs --output-space pq or hlg")
    if keeps_scene and (engine_options.lut is not None or engine_options.strength != 1.0):
        raise LookError(f"--look {NO_LOOK} keeps the scene's light; leave out --lut and --strength")
    if suffix not in known or (suffix in _JPEG and not options.hdr):
        return None
    if space not in CODE_POINTS:
        raise OutputError(f"{output}: {suffix} holds the output spaces {', '.join(CODE_POINTS)}; use one of them")
    return HdrPlan(suffix, space, check_stops(options.headroom), options.codec.value, keeps_scene)


def check_hdr_output(path: Path, plan: HdrPlan) -> None:
    """Raises OutputError and MissingExtraError before the first frame is rendered."""
    from ..formats.hdr_pictures import check_library
    from ..formats.picture_write import check_folder_of
    from ..output.hdr_video import check_hdr_video

    check_folder_of(path)
    if plan.is_video:
        check_hdr_video(path, plan.codec)
    elif plan.suffix not in _JPEG:
        check_library(path)


@contextmanager
def hdr_frames(engine: Engine, plan: HdrPlan, fps: float | None) -> Iterator[HdrFrames]:
    """Writes frames for the plan; a video of `fps` is whole when the block ends."""
    from ..look.hdr import HdrDraw

    with HdrDraw(engine.gl) as draw, ExitStack() as stack:
        yield HdrFrames(draw, plan, fps, stack)


class HdrFrames:
    """Called like `write_frame`. `stack` closes the video."""

    def __init__(self, draw: HdrDraw, plan: HdrPlan, fps: float | None, stack: ExitStack) -> None:
        self._draw, self._plan, self._fps, self._stack = draw, plan, fps, stack
        self._video: HdrVideo | None = None

    def __call__(self, engine: Engine, settings: Settings, frame: Frame, path: Path) -> None:
        if self._plan.suffix in _JPEG:
            self._write_jpeg(engine, settings, frame, path)
        elif self._plan.is_video:
            self._add(self.codes(engine, settings, frame)[0], path)
        else:
            self._write_deep(path, *self.codes(engine, settings, frame))

    def _write_jpeg(self, engine: Engine, settings: Settings, frame: Frame, path: Path) -> None:
        from ..formats.picture_write import write_ultra_hdr
        from ..look.hdr import ultra_hdr_of

        self._draw.load(engine.scene(frame, settings))
        display_rgb, gain = ultra_hdr_of(self._draw, settings, settings.moment_of(frame), self._plan.stops)
        write_ultra_hdr(path, display_rgb, gain, space=settings.output_space)

    def _write_deep(self, path: Path, codes: NDArray[np.uint16], light: tuple[int, int] | None) -> None:
        from ..formats.hdr_pictures import deep_picture
        from ..formats.picture_write import write_atomically

        content = deep_picture(path, codes, self._plan.space, light, lossless=self._plan.keeps_scene)
        write_atomically(path, partial(Path.write_bytes, data=content))

    def _add(self, codes: NDArray[np.uint16], path: Path) -> None:
        from ..output.hdr_video import hdr_video

        if self._video is None:
            size = codes.shape[1], codes.shape[0]
            video = hdr_video(path, size, self._fps, self._plan.space, self._plan.codec)
            self._video = self._stack.enter_context(video)
        self._video.add(codes)

    def codes(
        self, engine: Engine, settings: Settings, frame: Frame
    ) -> tuple[NDArray[np.uint16], tuple[int, int] | None]:
        """The codes (H, W, 3) of the plan's space, and the content light level of an HDR one."""
        from ..colour.encoding import srgb_encode
        from ..colour.hdr import content_light, encoded, light_output

        scene, plan = engine.scene(frame, settings), self._plan
        if plan.keeps_scene:
            return encoded(scene, plan.space), content_light(scene)
        self._draw.load(scene)
        is_hdr = plan.space in TRANSFERS
        output = light_output("rec2020" if is_hdr else plan.space, plan.stops)
        drawn = self._draw.renditions(settings.look, output, settings.strength, settings.moment_of(frame))
        if is_hdr:
            return encoded(drawn.hdr, plan.space), content_light(drawn.hdr)
        return (srgb_encode(drawn.sdr.astype(np.float64)) * 65535.0 + 0.5).astype(np.uint16), None
