"""Adds depth to the frames of a source: one map for all frames, a folder of maps, or a tilted plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..depth.maps import DepthMap, check_shape, relative_noise, stored_orientation
from ..depth.plane import parse_plane, tilted_plane
from ..depth.relative import DepthRange, extremes
from ..errors import GroundglassError, SourceError
from ..formats.depth_files import Scaling, metric, read_map, read_samples
from ..frame import Frame
from .source_filter import SourceFilter

if TYPE_CHECKING:
    from .source import Source


@dataclass(frozen=True, slots=True)
class UprightDepth:
    """A function from the size, (width, height), of an upright picture to its depth, (h, w) float32 metres.

    The depth has the picture's aspect ratio, but any size. `noise` is its deviation relative to the depth. Raises
    SourceError if the aspect ratios differ.
    """

    make: Callable[[tuple[int, int]], NDArray[np.float32]]
    noise: float = 0.0

    def __call__(self, size: tuple[int, int]) -> NDArray[np.float32]:
        return self.make(size)


class WithDepth(SourceFilter):
    """`source` with the same depth array in every frame, so that it is uploaded to the device once.

    The map belongs to the upright picture. It is rotated for a frame with an EXIF orientation.
    """

    def __init__(self, source: Source, upright_depth: UprightDepth, *, tolerant: bool = False) -> None:
        super().__init__(source, tolerant=tolerant)
        self._upright_depth = upright_depth
        self._depth_cache: tuple[int, NDArray[np.float32]] | None = None  # by orientation

    def change(self, frame: Frame) -> Frame:
        if self._depth_cache is None or self._depth_cache[0] != frame.orientation:
            self._depth_cache = frame.orientation, as_stored(self._upright_depth(upright_size(frame)), frame)
        return replace(frame, depth_m=self._depth_cache[1], depth_noise=self._upright_depth.noise)


class WithoutDepth(SourceFilter):
    """`source` without depth: everything in focus."""

    def change(self, frame: Frame) -> Frame:
        return replace(frame, depth_m=None, depth_noise=0.0)


class WithDepthMaps(SourceFilter):
    """`source` with a separate map for every frame, at the path from `map_of`.

    Relative maps are scaled with the extremes of the first map, so that objects keep their distance between frames. If
    it is `tolerant`, a map that cannot be read is reported, and the frame has the depth of the map before it.
    """

    def __init__(
        self, source: Source, map_of: Callable[[Frame], Path], scaling: Scaling, *, tolerant: bool = False
    ) -> None:
        super().__init__(source, tolerant=tolerant)
        self._map_of = map_of
        self._scaling = scaling
        self._last: tuple[Path, DepthMap] | None = None

    def change(self, frame: Frame) -> Frame:
        try:
            self._last = self._read(frame)
        except GroundglassError as error:
            if self._faults is None:
                raise
            self._faults.report(f"{error}; the depth before it stays")
            if self._last is None:
                return replace(frame, depth_m=None, depth_noise=0.0)
        return replace(frame, depth_m=self._last[1].depth_m, depth_noise=self._last[1].noise)

    def _read(self, frame: Frame) -> tuple[Path, DepthMap]:
        """The path and the map of the frame, in the stored orientation. Raises GroundglassError."""
        path = self._map_of(frame)
        if self._last is not None and self._last[0] == path:
            return self._last
        samples = read_samples(path)
        if self._scaling.span is not None and self._scaling.ends is None:
            self._scaling = replace(self._scaling, ends=extremes(str(path), samples))
        depth_map = metric(path, samples, self._scaling)
        check_shape(str(path), depth_map.depth_m, upright_size(frame))
        return path, replace(depth_map, depth_m=as_stored(depth_map.depth_m, frame))


class WithDepthRange(SourceFilter):
    """`source` whose own depth is scaled to `span`. The extremes of the first frame's depth determine the scale.

    Raises SourceError at a frame without depth, unless `may_lack`.
    """

    def __init__(self, source: Source, span: DepthRange, *, may_lack: bool = False, tolerant: bool = False) -> None:
        super().__init__(source, tolerant=tolerant)
        self._may_lack = may_lack
        self._span = span
        self._ends_m: tuple[float, float] | None = None
        self._last: tuple[NDArray[np.float32], DepthMap] | None = None

    def change(self, frame: Frame) -> Frame:
        if frame.depth_m is None and self._may_lack:
            return frame
        if frame.depth_m is None:
            raise SourceError(f"{frame.name}: has no depth for --depth-range; name a map with --depth")
        if self._last is None or self._last[0] is not frame.depth_m:
            self._ends_m = self._ends_m or extremes(frame.name, frame.depth_m)
            depth_m = self._span.rescaled(frame.depth_m, *self._ends_m)
            noise = relative_noise(depth_m) if frame.depth_noise else 0.0
            self._last = frame.depth_m, DepthMap(depth_m, noise)
        return replace(frame, depth_m=self._last[1].depth_m, depth_noise=self._last[1].noise)


def open_depth(spec: str, *, scale: float | None = None, depth_range: DepthRange | None = None) -> UprightDepth:
    """Depth from `plane:NEAR..FAR[@DEGREES]` (see `tilted_plane`), a map file (see `read_map`), or a photo with depth.

    `scale` is the number of integer units per metre (default: 1000). `depth_range` converts a relative map to metres.
    Raises SourceError.
    """
    scaling = Scaling(scale, depth_range)
    if spec.startswith("plane:"):
        for option, given in (("range", depth_range), ("scale", scale)):
            if given is not None:
                raise SourceError(f"depth '{spec}' already has its two distances; leave out the depth {option}")
        near_m, far_m, direction_deg = parse_plane(spec)
        return UprightDepth(lambda size: tilted_plane(near_m, far_m, size, direction_deg))
    depth_map = _embedded(Path(spec), scaling) or read_map(Path(spec), scaling)

    def checked(size: tuple[int, int]) -> NDArray[np.float32]:
        check_shape(spec, depth_map.depth_m, size)
        return depth_map.depth_m

    return UprightDepth(checked, depth_map.noise)


def _embedded(path: Path, scaling: Scaling) -> DepthMap | None:
    """The upright depth embedded in a photo, such as the original of an edited copy. None for other files."""
    from ..formats.gdepth import read_gdepth
    from ..formats.heif import HEIF_SUFFIXES
    from ..formats.picture_read import JPEG_SUFFIXES, read_picture

    suffix = path.suffix.lower()
    if not path.is_file() or suffix not in HEIF_SUFFIXES | JPEG_SUFFIXES:
        return None
    if suffix in JPEG_SUFFIXES and read_gdepth(path) is None:
        return None  # the JPEG itself is a map
    photo = read_picture(path).upright()
    if photo.depth_m is None:
        raise SourceError(f"{path}: has no embedded depth; name a depth map")
    if scaling.units_per_m is not None:
        raise SourceError(f"{path}: its depth is in metres; leave out the depth scale")
    depth_m = photo.depth_m
    if scaling.span is not None:
        depth_m = scaling.span.rescaled(depth_m, *extremes(str(path), depth_m))
    return DepthMap(depth_m, relative_noise(depth_m))


def upright_size(frame: Frame) -> tuple[int, int]:
    """(width, height) of the upright frame."""
    return frame.size[::-1] if frame.orientation >= 5 else frame.size


def as_stored(upright_m: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """The upright map in the stored orientation of the frame."""
    return np.ascontiguousarray(stored_orientation(upright_m, frame.orientation))
