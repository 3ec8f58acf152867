"""Opens a source by its name: a scheme such as `scene:`, a file, or a folder."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..checks import NUMBER, PATH, SWITCH, TEXT, WHOLE, Kind, check_kind, check_kinds, optional
from ..depth.relative import DepthRange
from ..errors import MAX_NAME_CHARACTERS, SourceError, check_name, check_regular_file
from ..formats.camera_profile import ChartProfile, load_profile
from ..formats.depth_files import DEFAULT_UNITS_PER_M, Scaling
from ..formats.headerless import Layout
from ..formats.picture_mosaic import MOSAIC_SUFFIXES, read_picture_mosaic
from ..formats.picture_read import NO_LAYERS
from ..formats.saturation import with_white
from ..frame import Encoding, Frame
from .content import Content, content_of
from .depth_source import Crop, WithDepthSource
from .hints import report_hints
from .kinds import Request, describes_itself, find_kind
from .live.pipes.opening import open_stream
from .rgbd import Rgbd, find_rgbd, maps_for
from .sequence import HEADERLESS_SUFFIXES, FileSequence, frame_paths, frame_reader, visible_files
from .source import Source, Timing
from .source_filter import SourceFilter
from .stereo import PREFIX as STEREO
from .stereo import WithRight, parse_pair
from .video import MAX_FPS, VIDEO_SUFFIXES, VideoSource
from .with_depth import WithDepth, WithDepthMaps, WithDepthRange, WithoutDepth, open_depth
from .with_matte import with_matte

DEFAULT_SEQUENCE_FPS = 24.0
NAMED_PICTURES = ("watch:", "tether:", "gphoto:")  # live sources of files, whose names match those of maps
_SCALE_ALONE = "--depth-scale applies to maps of integers; name them with --depth, or leave it out"
_CROP_ALONE = "--depth-crop applies to a depth camera or a video of maps; name it with --depth"


class WithProfile(SourceFilter):
    """`source` with a camera profile that was measured from a chart. Raises SourceError for pictures."""

    def __init__(self, source: Source, chart: ChartProfile) -> None:
        super().__init__(source)
        self._chart = chart

    def change(self, frame: Frame) -> Frame:
        if frame.encoding is not Encoding.MOSAIC:
            raise SourceError(f"{frame.name}: is not a mosaic; --profile applies to raw files and mosaics")
        return replace(frame, profile=self._chart.applied(frame.profile))


class WithWhite(SourceFilter):
    """`source` with another white level of its mosaics."""

    def __init__(self, source: Source, white: float) -> None:
        super().__init__(source)
        self._white = white

    def change(self, frame: Frame) -> Frame:
        return with_white(frame, self._white)


def mosaic_paths(path: Path) -> list[Path] | None:
    """The picture files that may hold mosaics: a file, or those of a folder; None if there are none."""
    if path.is_dir():
        files = visible_files(path)
        if any(file.suffix.lower() in HEADERLESS_SUFFIXES for file in files):
            return None
        return [file for file in files if file.suffix.lower() in MOSAIC_SUFFIXES] or None
    return [path] if path.suffix.lower() in MOSAIC_SUFFIXES and path.is_file() else None


def open_mosaics(name: str, paths: list[Path], raw_format: str, black: float, request: Request) -> Source:
    """The mosaics inside picture files."""
    read = partial(read_picture_mosaic, raw_format=raw_format, black=black)
    fps = request.fps or DEFAULT_SEQUENCE_FPS
    return FileSequence(paths, read, name=name, fps=fps, loop=request.loop, tolerant=request.tolerant)


_KINDS = {
    **{"loop": SWITCH, "tolerant": SWITCH},
    **dict.fromkeys(("fps", "raw_black", "raw_white", "depth_scale"), optional(NUMBER)),
    **dict.fromkeys(("raw_stride", "raw_header", "raw_trailer"), optional(WHOLE)),
    **dict.fromkeys(("raw_format", "layer", "depth_crop"), optional(TEXT)),
    **dict.fromkeys(("profile", "depth", "matte"), optional(PATH)),
    "raw_size": optional(Kind((str, tuple, list), "'1920x1080' or (width, height)")),
    "depth_range": optional(Kind((str, tuple, list, DepthRange), "'0.8..6' or (brightest, darkest) in metres")),
}


def open_source(
    source: str | Path,
    *,
    fps: float | None = None,
    raw_format: str | None = None,
    raw_size: str | tuple[int, int] | None = None,
    raw_black: float | None = None,
    raw_white: float | None = None,
    raw_stride: int | None = None,
    raw_header: int | None = None,
    raw_trailer: int | None = None,
    layer: str | None = None,
    profile: str | Path | None = None,
    depth: str | Path | None = None,
    depth_scale: float | None = None,
    depth_range: str | tuple[float, float] | None = None,
    depth_crop: str | None = None,
    matte: str | Path | None = None,
    depth_later: bool = False,
    loop: bool = False,
    tolerant: bool = False,
) -> Source:
    """Opens `source`: `scene:`, a raw still, a headerless mosaic, a picture, a video, or a folder of them.

    Cameras and streams are opened by their schemes (`kinds.py`).

    `-` is standard input; it and a FIFO deliver headerless mosaics or Y4M. `fps` overrides the frame rate of a
    sequence (default: 24) or a video. `raw_format` ("rggb12": CFA, significant bits, packing), `raw_size`
    ("1920x1080") and `raw_black` (sensor value, default: 0) describe headerless mosaics; `raw_stride` is the distance
    of their rows in bytes, `raw_header` and `raw_trailer` are bytes before and after each, which are skipped.
    `raw_format` alone describes the mosaic in a PGM, PNG or TIFF. `raw_white` replaces the white level of a mosaic.
    `layer` is a layer, part or view of an OpenEXR file. `profile` is the path of a camera profile.

    With `tolerant`, a fault of one file of a folder, of one picture of a video or of one depth map or right picture is
    reported once on standard error and does not end the frames, and a FIFO waits for its next writer.

    `depth` is the path of a depth map, a folder of maps, `plane:NEAR..FAR` in metres, the right pictures of rectified
    pairs (`stereo:RIGHT?focal_px=..&baseline_m=..`, a file or a folder), or `none` to ignore the depth of a file. It is
    also the name of a second source, a depth camera or a video of maps, whose frames are paired by time
    (`depth_source.py`); `depth_crop` is then the part of its picture that the camera sees, see `Crop.parse`.
    `depth_scale` is the number of units per metre of an integer map (default: 1000). `depth_range` converts a relative
    map to metres: the distances of its brightest and darkest sample, "0.8..6" or (0.8, 6). The map of a file is scaled
    to this range. A file without a map is then an error, unless an engine's model adds its depth later (`depth_later`).
    `matte` is a matte's file (`formats.matte_files`), a folder of them, or `none`. `loop` repeats sequences and videos.

    Raises SourceError, or MissingExtraError if an optional library is missing.
    """
    check_kind("gg.open", "source", source, PATH)
    check_kinds(str(source)[:MAX_NAME_CHARACTERS], locals(), _KINDS)
    if fps is not None and not 0 < fps <= MAX_FPS:
        raise SourceError(f"fps {fps:g} is not above 0 and at most {MAX_FPS:g}; give frames per second, such as 24")
    scaling = Scaling(depth_scale, None if depth_range is None else DepthRange.parse(depth_range))
    name, own_bytes = str(source), (raw_stride, raw_header, raw_trailer)
    is_path = find_kind(name) is None
    if is_path:
        check_name(name)
    inside = raw_format if raw_size is None and own_bytes == (None, None, None) else None
    mosaics = None if inside is None or not is_path else mosaic_paths(Path(name))
    layout = _layout(name, raw_format, raw_size, raw_black, own_bytes) if mosaics is None else None
    has_pairs = is_path and layout is None and layer is None and Path(name).is_dir()
    pairs = find_rgbd(Path(name)) if has_pairs else None
    request = Request(fps, layout, loop, tolerant)
    if inside is not None and mosaics is not None and layer is None:
        opened: Source = open_mosaics(name, mosaics, inside, raw_black or 0.0, request)
    else:
        opened = _open_plain(name, request, pairs, with_depth=depth is None, layer=layer)
    try:
        _check_first(opened, raw_format, layer, has_white=raw_white is not None)
        if raw_white is not None:
            opened = WithWhite(opened, raw_white)
        if profile is not None:
            opened = WithProfile(opened, load_profile(Path(profile)))
        crop = None if depth_crop is None else Crop.parse(depth_crop)
        if depth is None:
            opened = _with_own_depth(opened, scaling, pairs, crop, may_lack=depth_later, tolerant=tolerant)
        else:
            opened = _with_depth(opened, str(depth), scaling, crop, request, may_lack=depth_later)
        return opened if matte is None else with_matte(opened, str(matte), may_lack=depth_later, tolerant=tolerant)
    except BaseException:
        opened.close()
        raise


OPTIONS = tuple(name for name in inspect.signature(open_source).parameters if name not in ("source", "depth_later"))


def _check_first(opened: Source, raw_format: str | None, layer: str | None, *, has_white: bool) -> None:
    """Reports hints about the first file. Raises SourceError for a `layer` of another source."""
    if isinstance(opened, FileSequence):
        report_hints(*opened.first, raw_format, has_white=has_white)
    elif layer is not None:
        raise SourceError(f"{opened.name}: {NO_LAYERS}")


def _with_own_depth(
    opened: Source, scaling: Scaling, pairs: Rgbd | None, crop: Crop | None, *, may_lack: bool, tolerant: bool
) -> Source:
    """`opened` with the depth of the recording or the file."""
    if crop is not None:
        raise SourceError(_CROP_ALONE)
    if pairs is not None:
        if scaling.units_per_m is None and scaling.span is None:
            scaling = Scaling(usual_per_m=pairs.units_per_m or DEFAULT_UNITS_PER_M)
        return WithDepthMaps(opened, lambda frame: pairs.maps[frame.name], scaling, tolerant=tolerant)
    if scaling.units_per_m is not None:
        raise SourceError(_SCALE_ALONE)
    if scaling.span is None:
        return opened
    return WithDepthRange(opened, scaling.span, may_lack=may_lack, tolerant=tolerant)


def _with_depth(
    opened: Source, depth: str, scaling: Scaling, crop: Crop | None, request: Request, *, may_lack: bool
) -> Source:
    """`opened` with the depth that `depth` names. `may_lack`: a model adds its own later."""
    second = _open_second(depth, request._replace(layout=None, fps=None))
    if second is not None:
        return WithDepthSource(opened, second, scaling, crop, tolerant=request.tolerant)
    if crop is not None:
        raise SourceError(_CROP_ALONE)
    if depth.startswith(STEREO):
        right, rig = parse_pair(depth, scaling)
        rights = _open_plain(right, request, None, with_depth=False)
        return WithRight(opened, rights, rig, tolerant=request.tolerant)
    if depth == "none":
        if scaling.units_per_m is not None or (scaling.span is not None and not may_lack):
            raise SourceError("depth 'none' has no distances; leave out the depth range and the depth scale")
        return WithoutDepth(opened)
    if Path(depth).is_dir():
        if opened.timing is Timing.LIVE and not opened.name.startswith(NAMED_PICTURES):
            raise SourceError(
                f"{depth}: the maps of a folder have no times that fit those of a camera; name the file of one map, "
                f"or watch:{depth} for maps that another program writes there"
            )
        return WithDepthMaps(opened, maps_for(Path(depth), opened.frames), scaling, tolerant=request.tolerant)
    upright_depth = open_depth(depth, scale=scaling.units_per_m, depth_range=scaling.span)
    return WithDepth(opened, upright_depth, tolerant=request.tolerant)


def _open_second(depth: str, request: Request) -> Source | None:
    """The second source that a depth names; None if it names files, a plane or nothing."""
    if depth == "none" or depth.startswith(("plane:", STEREO)):
        return None
    kind = find_kind(depth)
    if kind is not None:
        return kind.open_source(depth, request)
    check_name(depth)
    path = Path(depth)
    if not path.is_file():  # a FIFO or a device
        return None
    is_video = path.suffix.lower() in VIDEO_SUFFIXES
    return VideoSource(path, loop=request.loop, tolerant=request.tolerant) if is_video else open_stream(depth, request)


def _open_plain(
    source: str, request: Request, pairs: Rgbd | None, with_depth: bool, layer: str | None = None
) -> Source:
    kind, layout, loop = find_kind(source), request.layout, request.loop
    if kind is not None:
        return kind.open_source(source, request)
    check_name(source)
    path = Path(source)
    if path.is_dir():
        paths = frame_paths(path, headerless=layout is not None) if pairs is None else pairs.colour
        fps = request.fps or (pairs.fps if pairs is not None else None) or DEFAULT_SEQUENCE_FPS
        read = frame_reader(paths[0], layout, with_depth=with_depth and pairs is None, layer=layer)
        return FileSequence(paths, read, name=source, fps=fps, loop=loop, tolerant=request.tolerant)
    stream = open_stream(source, request)
    if stream is not None:
        return stream
    check_regular_file(path)
    if not path.is_file():
        raise SourceError(f"{source}: no such file or folder; give a path, or scene: for the built-in scene")
    if path.stat().st_size == 0:
        raise SourceError(f"{source}: the file is empty; copy it again from its origin")
    if layout is None and content_of(path) is Content.VIDEO:
        return VideoSource(path, fps=request.fps, loop=loop, tolerant=request.tolerant)
    return FileSequence([path], frame_reader(path, layout, with_depth=with_depth, layer=layer), name=source)


def _layout(
    name: str,
    raw_format: str | None,
    raw_size: str | tuple[int, int] | None,
    raw_black: float | None,
    raw_bytes: tuple[int | None, int | None, int | None],
) -> Layout | None:
    """`raw_bytes` are the stride, header and trailer."""
    stride, header_bytes, trailer_bytes = raw_bytes
    if raw_format is None:
        if raw_size is not None or raw_black is not None or raw_bytes != (None, None, None):
            raise SourceError(
                "--raw-size, --raw-black, --raw-stride, --raw-header and --raw-trailer require --raw-format, such as "
                "--raw-format rggb12"
            )
        return None
    if describes_itself(name):
        raise SourceError(f"{name}: reports the format of its frames; leave out --raw-format and --raw-size")
    if raw_size is None:
        raise SourceError(
            f"--raw-format {raw_format} requires --raw-size, such as --raw-size 1920x1080; PGM, PNG and TIFF do not"
        )
    return Layout.parse(
        *(raw_format, raw_size, raw_black or 0.0),
        stride=stride,
        header_bytes=header_bytes or 0,
        trailer_bytes=trailer_bytes or 0,
    )
