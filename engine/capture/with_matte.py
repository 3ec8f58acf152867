"""Adds a matte to the frames of a source: one for all frames, or a folder with one for each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..depth.maps import check_shape
from ..errors import GroundglassError, SourceError
from ..formats.matte_files import read_matte
from ..frame import Frame
from .rgbd import MATTES, maps_for
from .source_filter import SourceFilter
from .with_depth import as_stored, upright_size

if TYPE_CHECKING:
    from .source import Source


class WithMatte(SourceFilter):
    """`source` with the same `matte`, (h, w) float32 from 0 to 1, in every frame, so that it is uploaded once.

    It belongs to the upright picture. `name` stands for it in messages. Raises SourceError at a frame of another shape,
    and at one without depth, unless `may_lack`.
    """

    def __init__(self, source: Source, name: str, matte: NDArray[np.float32], *, may_lack: bool = False) -> None:
        super().__init__(source)
        self._name, self._matte, self._may_lack = name, matte, may_lack
        self._stored: tuple[int, NDArray[np.float32]] | None = None  # by orientation

    def change(self, frame: Frame) -> Frame:
        _check_depth(frame, self._may_lack)
        if self._stored is None or self._stored[0] != frame.orientation:
            self._stored = frame.orientation, _stored(self._name, self._matte, frame)
        return replace(frame, matte=self._stored[1])


class WithMattes(SourceFilter):
    """`source` with a separate matte for every frame, at the path from `path_of`.

    Raises as `WithMatte`. If it is `tolerant`, a matte that cannot be read is reported, and the frame has none.
    """

    def __init__(
        self, source: Source, path_of: Callable[[Frame], Path], *, may_lack: bool = False, tolerant: bool = False
    ) -> None:
        super().__init__(source, tolerant=tolerant)
        self._path_of, self._may_lack = path_of, may_lack

    def change(self, frame: Frame) -> Frame:
        _check_depth(frame, self._may_lack)
        try:
            path = self._path_of(frame)
            return replace(frame, matte=_stored(str(path), read_matte(path), frame))
        except GroundglassError as error:
            if self._faults is None:
                raise
            self._faults.report(f"{error}; its edges are estimated")
            return replace(frame, matte=None)


class WithoutMatte(SourceFilter):
    """`source` without its mattes: the coverage is estimated."""

    def change(self, frame: Frame) -> Frame:
        return replace(frame, matte=None)


def with_matte(source: Source, matte: str, *, may_lack: bool = False, tolerant: bool = False) -> Source:
    """`source` with the matte that `matte` names: a file, a folder, or `none` to ignore those of the source.

    `may_lack`: depth will be added later. Raises SourceError.
    """
    path = Path(matte)
    if matte == "none":
        return WithoutMatte(source)
    if path.is_dir():
        return WithMattes(source, maps_for(path, source.frames, MATTES), may_lack=may_lack, tolerant=tolerant)
    return WithMatte(source, matte, read_matte(path), may_lack=may_lack)


def _check_depth(frame: Frame, may_lack: bool) -> None:
    if frame.depth_m is None and frame.right is None and not may_lack:
        raise SourceError(
            f"{frame.name}: has no depth for --matte, so that nothing is blurred; name a map with --depth, or a "
            "network with --depth-model"
        )


def _stored(name: str, matte: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    check_shape(name, matte, upright_size(frame), kind="matte")
    return as_stored(matte, frame)
