"""Files played as frames: one still, or a folder of them in natural order."""

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
    """One frame a file, each read when its turn comes: only the first stays in memory.

    `read` makes a Frame of a path. Every file must have the size and encoding of the first. A single file is a still:
    it gives one frame and has no `fps`.
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
                f"{path}: {frame.width}x{frame.height} {frame.encoding.value} does not follow "
                f"{self.size[0]}x{self.size[1]} {self._first.encoding.value} of {self._paths[0].name}; "
                "keep one kind and size of frame in a folder"
            )
        return frame


def frame_paths(folder: Path, *, headerless: bool = False) -> list[Path]:
    """The folder's frames in natural order: headerless mosaics if asked for, else its raws, else its pictures.

    A camera that writes a JPEG beside each raw therefore plays its raws. Raises SourceError where nothing fits.
    """
    files = visible_files(folder)
    kinds = (HEADERLESS_SUFFIXES,) if headerless else (RAW_SUFFIXES, PICTURE_SUFFIXES)
    for suffixes in kinds:
        found = [path for path in files if path.suffix.lower() in suffixes]
        if found:
            return found
    if headerless:
        wanted = ", ".join(sorted(HEADERLESS_SUFFIXES))
        raise SourceError(f"{folder}: holds no headerless mosaics; name them with one of {wanted}")
    raise SourceError(f"{folder}: holds no raws and no pictures; give a folder with .dng, .png or .jpg files")


def visible_files(folder: Path) -> list[Path]:
    """The folder's files in natural order, hidden ones aside. SourceError where it cannot be listed."""
    try:
        return sorted((path for path in folder.iterdir() if _is_visible_file(path)), key=natural_key)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Sorts frame2 before frame10: runs of digits compare as numbers, before any text in their place."""
    runs = re.findall(r"\d+|\D+", path.name.lower())
    return [(0, int(run), "") if run.isdecimal() else (1, 0, run) for run in runs] + [(2, 0, path.name)]


def _is_visible_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
