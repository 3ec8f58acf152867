"""Files played as frames: a still, or a folder of files in natural order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import SourceError
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.raw import RAW_SUFFIXES, quiet_libraw
from ..frame import Frame
from .base import BaseSource
from .source import Timing

HEADERLESS_SUFFIXES = frozenset({".raw", ".bin", ".dat", ".bayer"})


class FileSequence(BaseSource):
    """One frame per file. Each file is read when it is due; only the first stays in memory.

    `read` reads a Frame from a path. Every file must have the size and encoding of the first. A single file is a still
    without `fps`.
    """

    def __init__(
        self,
        paths: list[Path],
        read: Callable[[Path], Frame],
        *,
        name: str,
        fps: float | None = None,
        loop: bool = False,
    ) -> None:
        self.name = name
        self._paths = paths
        self._read = read
        self._loop = loop and len(paths) > 1
        self.timing = Timing.PACED if len(paths) > 1 else Timing.STILL
        self.fps = fps if len(paths) > 1 else None
        self.frames = None if self._loop else len(paths)
        with quiet_libraw():
            self._first = read(paths[0])
        self.size = self._first.size

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while index < len(self._paths) or self._loop:
            frame = self._frame(self._paths[index % len(self._paths)])
            yield replace(frame, index=index, time_s=index / self.fps if self.fps else 0.0)
            index += 1

    def _frame(self, path: Path) -> Frame:
        if path == self._paths[0]:
            return self._first
        frame = self._read(path)
        if frame.size != self.size or frame.encoding != self._first.encoding:
            raise SourceError(
                f"{path}: {frame.width}x{frame.height} {frame.encoding.value} differs from "
                f"{self.size[0]}x{self.size[1]} {self._first.encoding.value} of {self._paths[0].name}; "
                "use one kind and size of frame in a folder"
            )
        return frame


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
    runs = re.findall(r"\d+|\D+", path.name.lower())
    return [(0, int(run), "") if run.isdecimal() else (1, 0, run) for run in runs] + [(2, 0, path.name)]


def _is_visible_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
