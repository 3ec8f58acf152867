"""Depth maps: the distance to each pixel in metres, from a file or a tilted plane, laid over any source."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from ..errors import SourceError
from ..frame import Frame
from ..orientation import upright
from .changed import ChangedSource

if TYPE_CHECKING:
    from .source import Source

DEFAULT_UNITS_PER_M = 1000.0
FAR_M = 10_000.0  # beyond it every lens is at infinity, and float32 arithmetic stays harmless
EDGE_RATIO = 1.1  # neighbours whose distances differ by more belong to two things

# Makes the depth in metres, (height, width) float32, of an upright picture of the size (width, height).
UprightDepth = Callable[[tuple[int, int]], NDArray[np.float32]]


class WithDepth(ChangedSource):
    """`source` with the same depth in every frame.

    The map lies over the picture as it is seen upright: a frame with an EXIF orientation gets it turned to fit.
    """

    def __init__(self, source: Source, upright_depth: UprightDepth) -> None:
        super().__init__(source)
        self._upright_depth = upright_depth
        self._fitted: tuple[int, NDArray[np.float32]] | None = None  # by orientation

    def change(self, frame: Frame) -> Frame:
        if self._fitted is None or self._fitted[0] != frame.orientation:
            upright_size = frame.size[::-1] if frame.orientation >= 5 else frame.size
            depth_m = turned_back(self._upright_depth(upright_size), frame.orientation)
            self._fitted = frame.orientation, np.ascontiguousarray(depth_m)
        return replace(frame, depth_m=self._fitted[1])


def open_depth(spec: str, *, scale: float | None = None) -> UprightDepth:
    """`plane:NEAR..FAR` in metres, or a file: NPY, TIFF, EXR with float metres; PNG, PGM, TIFF, NPY with integers.

    `scale` is how many integer units make a metre (1000, millimetres, where not given; 8-bit maps need it said).
    Unknown distances (zero, negative, NaN) are filled from their surroundings. Raises SourceError.
    """
    if scale is not None and not scale > 0:
        raise SourceError(f"depth scale {scale:g} is not above 0; give units per metre, such as 1000 for millimetres")
    if spec.startswith("plane:"):
        near_m, far_m = _plane_range(spec)
        return lambda size: tilted_plane(near_m, far_m, size)
    depth_m = _read_depth(Path(spec), scale)
    return lambda size: resized(depth_m, size)


def tilted_plane(near_m: float, far_m: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """A plane seen in perspective: 1/distance is linear down the rows, `far_m` at the top, `near_m` at the bottom."""
    width, height = size
    per_m = np.linspace(1.0 / far_m, 1.0 / near_m, height)
    return np.repeat((1.0 / per_m).astype(np.float32)[:, None], width, axis=1)


def resized(depth_m: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize to (width, height): bilinear in 1/distance on a surface, the nearest sample across an edge.

    Averaging over an edge would put pixels where there is nothing, halfway between two things.
    """
    width, height = size
    rows, columns = depth_m.shape
    if (columns, rows) == size:
        return depth_m
    y0, y1, along_y = _neighbours(height, rows)
    x0, x1, along_x = _neighbours(width, columns)
    near_y, near_x = np.where(along_y < 0.5, y0, y1), np.where(along_x < 0.5, x0, x1)
    corners = [depth_m[np.ix_(y, x)] for y in (y0, y1) for x in (x0, x1)]
    on_surface = np.maximum.reduce(corners) <= EDGE_RATIO * np.minimum.reduce(corners)
    top_left, top_right, bottom_left, bottom_right = (np.reciprocal(corner) for corner in corners)
    top = top_left + (top_right - top_left) * along_x
    bottom = bottom_left + (bottom_right - bottom_left) * along_x
    smooth = np.reciprocal(top + (bottom - top) * along_y[:, None])
    return np.where(on_surface, smooth, depth_m[np.ix_(near_y, near_x)])


def whole_depth(depth_m: NDArray[Any]) -> NDArray[np.float32] | None:
    """(H, W) float32 with a distance everywhere, at most 10 km, or None where no pixel has one.

    A hole takes the farther of the two known pixels beside it in its row, because most holes are what the nearer
    thing hides from a depth sensor; a row without any takes from the rows above and below likewise.
    """
    known_m = np.array(depth_m, np.float32)
    known_m[~(known_m > 0)] = 0.0
    np.minimum(known_m, FAR_M, out=known_m)
    if not known_m.any():
        return None
    if not known_m.all():
        known_m = _filled_along_rows(known_m)
        known_m = _filled_along_rows(known_m.T).T
    return np.ascontiguousarray(known_m)


def turned_back(upright_m: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """An upright (H, W) map as a file of this EXIF orientation would store it."""
    quarter_turns = {6: 8, 8: 6}  # each undoes the other; every other orientation undoes itself
    return upright(upright_m, quarter_turns.get(orientation, orientation))


def _plane_range(spec: str) -> tuple[float, float]:
    found = re.fullmatch(r"plane:([\d.]+?)\.\.([\d.]+)", spec)
    try:
        near_m, far_m = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    except ValueError:
        near_m, far_m = 0.0, 0.0
    if not 0 < near_m <= far_m <= FAR_M:
        raise SourceError(f"depth '{spec}' is not plane:NEAR..FAR with 0 < NEAR <= FAR in metres; try plane:0.8..6")
    return near_m, far_m


def _read_depth(path: Path, scale: float | None) -> NDArray[np.float32]:
    if not path.is_file():
        raise SourceError(f"{path}: no such depth map; give a file, or plane:0.8..6 for a tilted plane")
    samples = np.squeeze(_read_samples(path))
    if samples.ndim == 3 and samples.shape[2] in (3, 4) and np.ptp(samples[..., :3], axis=2).max() == 0:
        samples = samples[..., 0]
    if samples.ndim != 2 or samples.dtype.kind not in "uif":
        raise SourceError(f"{path}: {samples.dtype} samples of shape {samples.shape} are not one distance a pixel")
    if samples.dtype.itemsize == 1 and scale is None:
        raise SourceError(f"{path}: an 8-bit map does not say how far; give its units per metre as the depth scale")
    is_metres = samples.dtype.kind == "f"
    depth_m = whole_depth(samples if is_metres else samples / (scale or DEFAULT_UNITS_PER_M))
    if depth_m is None:
        raise SourceError(f"{path}: no pixel has a distance above 0; check that it is a depth map")
    return depth_m


def _read_samples(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return _read_exr_depth(path)
    try:
        if suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if suffix in (".tif", ".tiff"):
            return np.asarray(tifffile.imread(path, key=0))
        with Image.open(path) as image:
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise SourceError(f"{path}: not a depth map that can be read ({error}); give NPY, TIFF, EXR or PNG") from error


def _read_exr_depth(path: Path) -> NDArray[Any]:
    from .exr import read_channels

    channels, _ = read_channels(path)
    for name in ("Z", "Y", "R"):
        if name in channels:
            return channels[name]
    raise SourceError(f"{path}: no channel Z, Y or R among {', '.join(channels)}; save the distances as Z")


def _neighbours(count: int, samples: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Of each of `count` pixel centres: the samples before and after it, and how far it is between them, 0..1."""
    centre = np.clip((np.arange(count) + 0.5) * (samples / count) - 0.5, 0.0, samples - 1.0)
    before = np.floor(centre).astype(np.intp)
    return before, np.minimum(before + 1, samples - 1), (centre - before).astype(np.float32)


def _filled_along_rows(known_m: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zeros replaced by the farther of the nearest known pixels to the left and right; rows without any stay zero."""
    width = known_m.shape[1]
    column = np.broadcast_to(np.arange(width), known_m.shape)
    left = np.maximum.accumulate(np.where(known_m > 0, column, 0), axis=1)
    right = np.minimum.accumulate(np.where(known_m > 0, column, width - 1)[:, ::-1], axis=1)[:, ::-1]
    farther_m = np.maximum(np.take_along_axis(known_m, left, 1), np.take_along_axis(known_m, right, 1))
    return np.where(known_m > 0, known_m, farther_m)
