"""What a source of frames is, and how a name becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ..errors import SourceError
from ..frame import Frame
from ..profile.store import ChartProfile, load_profile
from .changed import ChangedSource
from .depth import WithDepth, open_depth
from .headerless import Layout, read_headerless
from .picture import PICTURE_SUFFIXES, read_picture
from .sequence import FileSequence, frame_paths
from .still import read_raw
from .video import VIDEO_SUFFIXES, VideoSource

DEFAULT_SEQUENCE_FPS = 24.0


class Source(Protocol):
    """Frames in the order of their time; may be iterated again from its start, by one thread at a time."""

    @property
    def name(self) -> str: ...

    @property
    def fps(self) -> float | None:
        """Frames a second, or None for a still."""

    @property
    def frames(self) -> int | None:
        """How many frames it gives, or None where it does not end or nobody knows."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of every frame, before `Frame.orientation` is applied."""

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class WithProfile(ChangedSource):
    """`source` with the camera that a chart has measured."""

    def __init__(self, source: Source, chart: ChartProfile) -> None:
        super().__init__(source)
        self._chart = chart

    def change(self, frame: Frame) -> Frame:
        return replace(frame, profile=self._chart.applied(frame.profile))


def open_source(
    source: str | Path,
    *,
    fps: float | None = None,
    raw_format: str | None = None,
    raw_size: str | tuple[int, int] | None = None,
    raw_black: float | None = None,
    profile: str | Path | None = None,
    depth: str | Path | None = None,
    depth_scale: float | None = None,
    loop: bool = False,
) -> Source:
    """Open what `source` names: `scene:`, a raw still, a headerless mosaic, a picture, a video, or a folder of them.

    `fps` overrides the speed at which a sequence or a video plays (a sequence: 24 where it is not given).
    `raw_format` ("rggb12": filters, significant bits, packing), `raw_size` ("1920x1080"), `raw_black` (sensor value, 0
    where not given) describe headerless mosaics. `profile` is a camera profile's path. `depth` is a depth map's path
    or `plane:NEAR..FAR` in metres, and `depth_scale` how many of an integer map's units make a metre (1000 where not
    given). `loop` starts sequences and videos again at their end. Raises SourceError, or
    MissingExtraError where an optional library is needed.
    """
    if fps is not None and not fps > 0:
        raise SourceError(f"fps {fps:g} is not above 0; give frames a second, such as 24")
    opened = _open_plain(str(source), fps, _layout(raw_format, raw_size, raw_black), loop)
    try:
        if profile is not None:
            opened = WithProfile(opened, load_profile(Path(profile)))
        return opened if depth is None else WithDepth(opened, open_depth(str(depth), scale=depth_scale))
    except SourceError:
        opened.close()
        raise


def _open_plain(source: str, fps: float | None, layout: Layout | None, loop: bool) -> Source:
    if source.startswith("scene:"):
        return _open_scene(source, fps)
    path = Path(source)
    if path.is_dir():
        paths = frame_paths(path, headerless=layout is not None)
        return FileSequence(paths, _reader(paths[0], layout), name=source, fps=fps or DEFAULT_SEQUENCE_FPS, loop=loop)
    if not path.is_file():
        raise SourceError(f"{source}: no such file or folder; give a path, or scene: for the built-in scene")
    if path.stat().st_size == 0:
        raise SourceError(f"{source}: the file is empty; copy it again from where it came")
    if layout is None and path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoSource(path, fps=fps, loop=loop)
    return FileSequence([path], _reader(path, layout), name=source)


def _reader(path: Path, layout: Layout | None) -> Callable[[Path], Frame]:
    if layout is not None:
        return partial(read_headerless, layout=layout)
    return read_picture if path.suffix.lower() in PICTURE_SUFFIXES else read_raw


def _layout(
    raw_format: str | None,
    raw_size: str | tuple[int, int] | None,
    raw_black: float | None,
) -> Layout | None:
    if raw_format is None:
        if any(said is not None for said in (raw_size, raw_black)):
            raise SourceError("--raw-size and --raw-black need --raw-format too, such as --raw-format rggb12")
        return None
    if raw_size is None:
        raise SourceError(f"--raw-format {raw_format} needs --raw-size too, such as --raw-size 1920x1080")
    return Layout.parse(raw_format, raw_size, raw_black or 0.0)


def _open_scene(source: str, fps: float | None) -> Source:
    from .scene import SceneSource  # the studio is only loaded when it is asked for

    if fps is not None and "fps=" not in source:
        source += f"{'&' if '?' in source else '?'}fps={fps:g}"
    return SceneSource(source)
