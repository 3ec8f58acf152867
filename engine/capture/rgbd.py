"""RGB-D recordings: pairs of pictures and depth maps in one folder, in two folders, or in two lists of times."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SourceError, check_regular_file
from ..formats.picture_read import PICTURE_SUFFIXES
from ..formats.raw import RAW_SUFFIXES
from ..frame import Frame
from .sequence import natural_key, visible_files

COLOUR_WORDS = ("all-in-focus", "colour", "color", "picture", "image", "rgb", "img")
DEPTH_WORDS = ("disparity", "depth", "disp")
MAPS, MATTES = "depth maps", "mattes"  # what a folder holds, in messages
# Suffixes that are usually maps: a depth map next to a picture of the same name.
MAP_SUFFIXES = frozenset({".pgm", ".npy", ".pfm"})
FRAME_SUFFIXES = PICTURE_SUFFIXES | RAW_SUFFIXES
# The TUM RGB-D benchmark (Sturm et al. 2012) stores 5000 steps per metre and matches pictures within 20 ms.
TUM_UNITS_PER_M = 5000.0
TUM_MAX_DIFFERENCE_S = 0.02
MAX_LIST_BYTES = 16_000_000
MAX_NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Rgbd:
    """The pictures in order, and the map of each by the picture's path as text. `fps` and `units_per_m` if known."""

    colour: list[Path]
    maps: dict[str, Path]
    fps: float | None = None
    units_per_m: float | None = None


def find_rgbd(folder: Path) -> Rgbd | None:
    """The RGB-D recording in `folder`; None for another folder.

    A recording is one of: `rgb.txt` and `depth.txt` in TUM format, matched by time; folders `color/` and `depth/`
    without frames next to them; a folder with a map for every picture, matched by name (color1.png and 1.pgm,
    a-image.jpg and a-depth.jpg). Raises SourceError if pictures and maps do not match.
    """
    if (folder / "rgb.txt").is_file() and (folder / "depth.txt").is_file():
        return _by_time(folder)
    files = visible_files(folder)
    if any(path.suffix.lower() in FRAME_SUFFIXES for path in files):
        return _by_name(files)
    parts = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    colour = next((parts[name] for word in COLOUR_WORDS for name in (word, word + "s") if name in parts), None)
    depth = next((parts[name] for word in DEPTH_WORDS for name in (word, word + "s") if name in parts), None)
    if colour is None or depth is None:
        return None
    frames = [path for path in visible_files(colour) if path.suffix.lower() in FRAME_SUFFIXES]
    return Rgbd(frames, _paired(frames, map_files(depth), str(folder))) if frames else None


def maps_for(folder: Path, frames: int | None, kind: str = MAPS) -> FolderMaps:
    """The maps of `folder` for a source of `frames` frames (None: unknown), matched by name, or else in order.

    Raises SourceError if the folder has no maps, or if neither names nor numbers match. `kind` is what they are.
    """
    return FolderMaps(folder, map_files(folder, kind), frames, kind)


class FolderMaps:
    """A function from a frame to the path of its map."""

    def __init__(self, folder: Path, maps: list[Path], frames: int | None, kind: str = MAPS) -> None:
        self._folder = folder
        self._maps, self._kind = maps, kind.removeprefix("depth ")
        self._frames = frames
        self._by_key = _keyed(maps)

    def __call__(self, frame: Frame) -> Path:
        named = self._by_key.get(_key(Path(frame.name)))
        if named is not None:
            return named
        if self._frames is not None and self._frames != len(self._maps):
            raise SourceError(
                f"{self._folder}: {len(self._maps)} {self._kind} for {self._frames} frames, and none is named like "
                f"{Path(frame.name).name}; name each map like its frame, or give as many maps as frames"
            )
        return self._maps[frame.index % len(self._maps)]


def map_files(folder: Path, kind: str = MAPS) -> list[Path]:
    """The depth maps of a folder, in natural order. Raises SourceError if it has none."""
    maps = [path for path in visible_files(folder) if path.suffix.lower() in PICTURE_SUFFIXES | MAP_SUFFIXES]
    if not maps:
        raise SourceError(f"{folder}: has no {kind}; give a folder with .png, .pgm, .tif, .exr or .npy files")
    return maps


def _by_name(files: list[Path]) -> Rgbd | None:
    """Pictures and maps of one folder, matched by name; None if any is left without its counterpart."""
    known = [path for path in files if path.suffix.lower() in FRAME_SUFFIXES | MAP_SUFFIXES]
    maps = [path for path in known if _is_map(path)]
    frames = [path for path in known if not _is_map(path)]
    by_key = _keyed(maps)
    if not frames or len(by_key) != len(frames) or {_key(path) for path in frames} != set(by_key):
        return None
    return Rgbd(frames, {str(path): by_key[_key(path)] for path in frames})


def _is_map(path: Path) -> bool:
    stem = path.stem.lower()
    if any(word in stem for word in DEPTH_WORDS):
        return True
    return path.suffix.lower() in MAP_SUFFIXES and not any(word in stem for word in COLOUR_WORDS)


def _paired(frames: list[Path], maps: list[Path], name: str) -> dict[str, Path]:
    by_key = _keyed(maps)
    if all(_key(path) in by_key for path in frames):
        return {str(path): by_key[_key(path)] for path in frames}
    if len(frames) != len(maps):
        raise SourceError(
            f"{name}: {len(frames)} pictures and {len(maps)} depth maps whose names do not match; name each map like "
            "its picture, or give as many maps as pictures"
        )
    return {str(frame): path for frame, path in zip(frames, maps, strict=True)}


def _keyed(paths: list[Path]) -> dict[str, Path]:
    return {_key(path): path for path in paths}


def _key(path: Path) -> str:
    """The name without words for colour and depth and without leading zeros: color1, 01 and 1-depth are equal."""
    stem = path.stem.lower()
    for word in (*COLOUR_WORDS, *DEPTH_WORDS):
        stem = stem.replace(word, " ")
    return " ".join(run.lstrip("0") or "0" if run.isdecimal() else run for run in re.findall(r"\d+|[^\W\d_]+", stem))


def _by_time(folder: Path) -> Rgbd:
    colour_s, frames = _timed(folder, "rgb.txt")
    depth_s, maps = _timed(folder, "depth.txt")
    # A frame whose distance to every map exceeds the map interval was recorded while depth was missing.
    max_difference_s = max(TUM_MAX_DIFFERENCE_S, float(np.median(np.diff(depth_s))) if len(maps) > 1 else 0.0)
    after = np.clip(np.searchsorted(depth_s, colour_s), 1, max(len(maps) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(maps) - 1)
    nearest = np.where(np.abs(depth_s[before] - colour_s) <= np.abs(depth_s[after] - colour_s), before, after)
    kept = np.flatnonzero(np.abs(depth_s[nearest] - colour_s) <= max_difference_s)
    if len(kept) == 0:
        raise SourceError(
            f"{folder}: no time in rgb.txt is close to a time in depth.txt; check that both use one clock"
        )
    period_s = float(np.median(np.diff(colour_s))) if len(frames) > 1 else 0.0
    fps = 1.0 / period_s if 1e-3 < period_s < 1e3 else None
    return Rgbd(
        [frames[index] for index in kept],
        {str(frames[index]): maps[nearest[index]] for index in kept},
        fps=fps,
        units_per_m=TUM_UNITS_PER_M,
    )


def _listed(folder: Path, name: str, where: str) -> Path:
    """A file that a list names, in or below the folder of the list. Links in the folder are the owner's."""
    path = Path(os.path.abspath(folder / name))
    if not path.is_relative_to(os.path.abspath(folder)) or max(map(len, path.parts)) > MAX_NAME_CHARACTERS:
        raise SourceError(f"{where}: {name[:60]} is not a file in the folder of the list; unpack the whole recording")
    return folder / name


def _timed(folder: Path, name: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], list[Path]]:
    """Times in seconds, ascending, and files of a list. Each line is `timestamp filename`; # starts a comment."""
    path = folder / name
    check_regular_file(path)
    if path.stat().st_size > MAX_LIST_BYTES:
        raise SourceError(f"{path}: {path.stat().st_size} bytes are too many for a list of frames; check the file")
    entries: list[tuple[float, Path]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            time_s = float(words[0])
            if not np.isfinite(time_s) or len(words) < 2:
                raise ValueError
        except ValueError:
            raise SourceError(f"{path}:{number}: '{line[:60]}' is not a time in seconds and a file name") from None
        entries.append((time_s, _listed(folder, words[1], f"{path}:{number}")))
    if not entries:
        raise SourceError(f"{path}: lists no files; each line is a time in seconds and a file name")
    entries.sort(key=lambda entry: (entry[0], natural_key(entry[1])))
    missing = next((file for _, file in entries if not file.is_file()), None)
    if missing is not None:
        raise SourceError(f"{missing}: no such file, although {path} lists it; unpack the whole recording")
    return np.array([time_s for time_s, _ in entries]), [file for _, file in entries]
