"""Files played as frames: a still, or a folder of files in natural order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..errors import GroundglassError, SourceError, cause
from ..formats.file_errors import UNREADABLE
from ..formats.headerless import Layout, read_headerless
from ..formats.libraw_errors import quiet_libraw
from ..formats.picture_read import NO_LAYERS, PICTURE_SUFFIXES, read_picture
from ..formats.raw import RAW_SUFFIXES, read_raw
from ..frame import Frame
from .base import BaseSource
from .content import Content, content_of
from .faults import FaultReport
from .source import Timing

_FAULTS: tuple[type[Exception], ...] = (GroundglassError, *UNREADABLE)
HEADERLESS_SUFFIXES = frozenset({".raw", ".bin", ".dat", ".bayer"})


class FileSequence(BaseSource):
    """One frame per file. Each file is read when it is due; only the first stays in memory.

    `read` reads a Frame from a path. Every file must have the size and encoding of the first. A single file is a still
    without `fps`. If it is `tolerant`, a file that cannot be read or differs is reported and skipped: the frames after
    it keep their numbers and times. A folder that is gone is one fault.
    """

    def __init__(
        self,
        paths: list[Path],
        read: Callable[[Path], Frame],
        *,
        name: str,
        fps: float | None = None,
        loop: bool = False,
        tolerant: bool = False,
    ) -> None:
        self.name = name
        self._faults = FaultReport() if tolerant else None
        self._bad: dict[Path, tuple[_State, GroundglassError]] = {}  # not read again until they change
        self._paths = paths
        self._read = read
        self._loop = loop and len(paths) > 1
        self.timing = Timing.PACED if len(paths) > 1 else Timing.STILL
        self.fps = fps if len(paths) > 1 else None
        self.frames = None if self._loop else len(paths)
        self._first_path, self._first = self._read_first()
        self.size = self._first.size

    @property
    def first(self) -> tuple[Path, Frame]:
        """The first file that could be read, and its frame."""
        return self._first_path, self._first

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while index < len(self._paths) or self._loop:
            path = self._paths[index % len(self._paths)]
            try:
                frame = self._first if path == self._first_path else self._matching(path)
            except GroundglassError as error:
                if self._faults is None:
                    raise
                self._report(self._faults, path, error)
            else:
                yield replace(frame, index=index, time_s=index / self.fps if self.fps else 0.0)
            index += 1

    def _read_first(self) -> tuple[Path, Frame]:
        """The first file that can be read: the first of all, unless tolerant. Raises the first error if none can."""
        first_error: GroundglassError | None = None
        for path in self._paths:
            try:
                with quiet_libraw(path):
                    return path, read_checked(path, self._read)
            except GroundglassError as error:
                first_error = first_error or error
                if self._faults is None or len(self._paths) == 1:
                    raise
        assert first_error is not None
        raise first_error

    @staticmethod
    def _report(faults: FaultReport, path: Path, error: GroundglassError) -> None:
        if path.parent.is_dir():
            faults.report(f"{error}; skipped")
        else:
            faults.report(f"{path.parent}: the folder is gone; the last picture stays until it returns")

    def _matching(self, path: Path) -> Frame:
        """The frame of a file that may be bad. A bad one fails again without being read, until it changes."""
        state = _state(path)
        if path in self._bad and self._bad[path][0] == state:
            raise self._bad[path][1].with_traceback(None)
        try:
            frame = read_checked(path, self._read)
            self._compare(path, frame)
        except GroundglassError as error:
            self._bad[path] = state, error
            raise
        return frame

    def _compare(self, path: Path, frame: Frame) -> None:
        if frame.size != self.size or frame.encoding != self._first.encoding:
            raise SourceError(
                f"{path}: {frame.width}x{frame.height} {frame.encoding.value} differs from "
                f"{self.size[0]}x{self.size[1]} {self._first.encoding.value} of {self._first_path.name}; "
                "use one kind and size of frame in a folder"
            )


_State = tuple[int, int, int] | None


def _state(path: Path) -> _State:
    """What changes when a file is written: its number, size and time; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def frame_reader(
    path: Path, layout: Layout | None, *, with_depth: bool = True, layer: str | None = None
) -> Callable[[Path], Frame]:
    """What reads files like this one: headerless mosaics in `layout`, else pictures or raw files.

    Raises SourceError for a `layer` of files that have none.
    """
    if layout is None and content_of(path) is Content.PICTURE:
        return partial(read_picture, with_depth=with_depth, layer=layer)
    if layer is not None:
        raise SourceError(f"{path}: {NO_LAYERS}")
    return read_raw if layout is None else partial(read_headerless, layout=layout)


def read_checked(path: Path, read: Callable[[Path], Frame]) -> Frame:
    """The frame of a file. An error that its reader does not expect becomes a SourceError."""
    try:
        return read(path)
    except _FAULTS as error:
        raise _fault_of(path, error) from error


def _fault_of(path: Path, error: Exception) -> GroundglassError:
    """The error of a reader, or a simpler reason: the file is gone, or must not be read."""
    if not path.exists():
        return SourceError(f"{path}: no such file any more; copy it again, or open the folder again without it")
    if path.is_file():
        try:
            path.open("rb").close()
        except OSError as refused:
            return SourceError(f"{path}: cannot be opened ({refused.strerror}); check its permissions")
    if isinstance(error, GroundglassError):
        return error
    return SourceError(f"{path}: cannot be read ({cause(error)}); copy it again")


def frame_paths(folder: Path, *, headerless: bool = False) -> list[Path]:
    """The frames of a folder in natural order: headerless mosaics if `headerless`, else raw files, else pictures.

    A folder with a raw file and a JPEG of each frame therefore plays the raw files. Raises SourceError if it has none.
    """
    files = visible_files(folder)
    kinds = (HEADERLESS_SUFFIXES,) if headerless else (RAW_SUFFIXES, PICTURE_SUFFIXES)
    for suffixes in kinds:
        frames = [path for path in files if path.suffix.lower() in suffixes]
        if frames:
            return frames
    if headerless:
        suffix_list = ", ".join(sorted(HEADERLESS_SUFFIXES))
        raise SourceError(f"{folder}: has no headerless mosaics; use one of the suffixes {suffix_list}")
    raise SourceError(f"{folder}: has no raw files and no pictures; give a folder with .dng, .png or .jpg files")


def visible_files(folder: Path) -> list[Path]:
    """The files of a folder in natural order, except hidden ones. Raises SourceError if it cannot be listed."""
    try:
        return sorted((path for path in folder.iterdir() if _is_visible_file(path)), key=natural_key)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sorts frame2 before frame10: runs of digits compare as numbers, and sort before text."""
    runs = re.findall(r"\d{1,4000}|\D+", path.name.lower())
    return [(0, int(run), "") if run.isdecimal() else (1, 0, run) for run in runs] + [(2, 0, path.name)]


def _is_visible_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
