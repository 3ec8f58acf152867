"""Sources of a Python program: an array, a frame, or a source of its own, in place of the name of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera import CameraProfile
from ..cfa import Cfa
from ..checks import check_kind, check_matte, numeric_array, of_type
from ..device_array import SupportsDLPack, as_array
from ..errors import SourceError
from ..formats.matte_files import as_shares
from ..frame import Encoding, Frame
from .base import BaseSource
from .open import open_source
from .source import Source, Timing
from .source_filter import SourceFilter
from .with_matte import WithMatte, with_matte

PICTURE_DTYPES = "uint8", "uint16", "float32"
_PICTURE = "one name of a source, a Frame, a Source, or an array of numbers"
MOSAIC_WHITE = 65535  # white level of a mosaic that was given in floats from 0 to 1

Input = str | Path | Frame | Source | SupportsDLPack | ArrayLike


class FrameSource(BaseSource):
    """A still: one frame of the program."""

    timing = Timing.STILL
    frames = 1

    def __init__(self, frame: Frame) -> None:
        self.name, self.size, self._frame = frame.name or "frame", frame.size, frame

    def __iter__(self) -> Iterator[Frame]:
        yield self._frame


class WithGivenDepth(SourceFilter):
    """`source` with one depth map, (h, w) float32 metres, for all frames in place of their own."""

    def __init__(self, source: Source, depth_m: NDArray[np.float32]) -> None:
        super().__init__(source)
        self._depth_m = depth_m

    def change(self, frame: Frame) -> Frame:
        return replace(frame, depth_m=self._depth_m, depth_noise=0.0, right=None, rig=None)


def open_input(
    given: Input,
    stack: ExitStack,
    options: Mapping[str, Any],
    *,
    cfa: str | Cfa | None = None,
    depth_m: ArrayLike | SupportsDLPack | None = None,
    matte: str | Path | ArrayLike | SupportsDLPack | None = None,
    depth_later: bool = False,
) -> Source:
    """The source for an input of a program. The `stack` closes what is opened; a source of the program stays open.

    `given` is the name of a source, for which `options` are those of `open_source`; a Source; a Frame; or an array:
    a picture (H, W, 3), see `picture_frame`, or with `cfa` a mosaic (H, W), see `mosaic_frame`. `depth_m`, metres of
    any size, replaces the depth, and `matte`, from 0 to 1 of any size or the path of one, the matte. `depth_later`: a
    model will add the depth. Raises SourceError.
    """
    if cfa is not None:
        check_kind("a mosaic", "cfa", cfa, of_type(str, Cfa))
        _check_is_array(given)
    if depth_m is not None and options.get("depth") is not None:
        raise SourceError("depth_m and depth are both given; leave one out")
    if not isinstance(given, str | Path) and not depth_later and options.get("depth_range") is not None:
        raise SourceError("depth_range applies to files, and to the distances of a depth_model; leave it out")
    if isinstance(given, str | Path):
        later = depth_later or depth_m is not None
        opened: Source = stack.enter_context(open_source(given, depth_later=later, **options))
    elif _is_source(given):
        _refuse(options, "a source of your own")
        opened = cast("Source", given)
    elif isinstance(given, Frame):
        _refuse(options, "a frame")
        opened = FrameSource(given)
    elif cfa is not None:
        opened = FrameSource(mosaic_frame(given, cfa, options))
    else:
        opened = FrameSource(picture_frame(given, options))
    opened = opened if depth_m is None else WithGivenDepth(opened, depth_map(depth_m))
    if matte is None:
        return opened
    if isinstance(matte, str | Path):
        return with_matte(opened, str(matte), may_lack=depth_later)
    return WithMatte(opened, "matte", matte_of(matte), may_lack=depth_later)


def _check_is_array(given: object) -> None:
    """Raises SourceError for inputs that have a CFA of their own."""
    if isinstance(given, str | Path):
        raise SourceError(f"{given}: cfa describes the mosaic of an array; for a file use raw_format")
    if isinstance(given, Frame) or _is_source(given):
        raise SourceError(f"cfa describes the mosaic of an array, not of a {type(given).__name__}; leave it out")


def _is_source(given: object) -> bool:
    return all(hasattr(given, name) for name in ("timing", "frames", "size", "interrupt", "__iter__"))


def _refuse(options: Mapping[str, object], given: str, *allowed: str) -> None:
    if names := sorted(set(options) - {"depth_range", *allowed}):
        raise SourceError(f"{names[0]} is an option of files; leave it out for {given}")


def picture_frame(rgb: Any, options: Mapping[str, object]) -> Frame:
    """The frame of a picture (H, W, 3): uint8 or uint16 display sRGB, or floats, linear Rec.709 light.

    Raises SourceError for another array, also for `options`, which only a source of files has.
    """
    pixels = _array(rgb)
    if pixels.dtype.kind == "f" and pixels.dtype != np.float32:
        pixels = np.asarray(pixels, dtype=np.float32)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape or pixels.dtype.name not in PICTURE_DTYPES:
        raise SourceError(
            f"an array {pixels.shape} {pixels.dtype} is not a picture; give (H, W, 3) uint8 or uint16 (display sRGB) "
            "or float32 (linear light), for a mosaic name its cfa"
        )
    _refuse(options, "an array")
    encoding = Encoding.SCENE if pixels.dtype == np.float32 else Encoding.DISPLAY
    return Frame(pixels, encoding, name="array")


def mosaic_frame(mosaic: Any, cfa: str | Cfa, options: Mapping[str, object]) -> Frame:
    """The frame of a mosaic (H, W): uint8, uint16, or floats from 0 to 1, black level 0, white level the maximum.

    The option `profile`, a CameraProfile, has other levels, for the values as they are. Raises SourceError.
    """
    values, profile = _array(mosaic), options.get("profile")
    _refuse(options, "an array", "profile")
    if values.ndim != 2 or min(values.shape) < 2 or values.dtype.kind not in "uf":
        raise SourceError(
            f"an array {values.shape} {values.dtype} is not a mosaic; give (H, W) uint8, uint16 or float from 0 to 1"
        )
    if profile is not None and not isinstance(profile, CameraProfile):
        raise SourceError(f"profile is a {type(profile).__name__}; give a CameraProfile for an array")
    white = float(np.iinfo(values.dtype).max) if values.dtype.kind == "u" else float(MOSAIC_WHITE)
    if values.dtype.kind == "f":
        values = np.round(np.clip(np.nan_to_num(np.asarray(values)), 0, 1) * MOSAIC_WHITE).astype(np.uint16)
    elif values.dtype == np.uint8:
        values = np.asarray(values).astype(np.uint16)
    return Frame(values, cfa=Cfa(cfa) if isinstance(cfa, str) else cfa, name="array",
                 profile=profile or CameraProfile(white=white))  # fmt: skip


def matte_of(given: Any) -> NDArray[np.float32]:
    """(h, w) float32 from 0 to 1: floats as they are, integers as fractions of their white. Raises SourceError."""
    values = np.asarray(_array(given, "matte", "the part of each pixel that the subject covers, (height, width)"))
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fub":
        raise SourceError(f"matte {values.shape} {values.dtype} is not a matte; give (height, width) from 0 to 1")
    shares = as_shares(values)
    check_matte("matte", shares)
    return shares


def depth_map(depth_m: Any) -> NDArray[np.float32]:
    """(h, w) float32 metres, 0 where NaN was. Raises SourceError for another shape."""
    depth = np.asarray(_array(depth_m, "depth_m", "metres, (height, width)"))
    if depth.ndim != 2 or depth.size == 0 or depth.dtype.kind not in "fiu":
        raise SourceError(f"depth_m {depth.shape} {depth.dtype} is not a depth map; give metres, (height, width)")
    metres = np.ascontiguousarray(depth, dtype=np.float32)
    return np.where(np.isnan(metres), np.float32(0.0), metres)


def _array(given: Any, name: str = "source", words: str = _PICTURE) -> NDArray[Any]:
    """C-contiguous; a list becomes an array. An array on a GPU stays there. Raises ArgumentError."""
    if isinstance(given, SupportsDLPack) and not isinstance(given, np.ndarray):
        return as_array(given, "the array")
    return np.ascontiguousarray(numeric_array(name, given, words))
