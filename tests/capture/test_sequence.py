"""Sequences: natural order, one size, files are read on demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.sequence import FileSequence, frame_paths, natural_key
from groundglass.errors import SourceError
from groundglass.frame import Frame
from PIL import Image


def write_pictures(folder: Path, numbers: list[int], size: tuple[int, int] = (4, 3)) -> None:
    for number in numbers:
        Image.new("RGB", size, (number, 0, 0)).save(folder / f"frame{number}.png")


def test_files_have_natural_order() -> None:
    names = ["b1.dng", "a10.dng", "A2.dng", "a1.dng", "a01b.dng", "10.dng", "9.dng"]
    ordered = [path.name for path in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["9.dng", "10.dng", "a1.dng", "a01b.dng", "A2.dng", "a10.dng", "b1.dng"]


def test_frames_are_counted_and_timed(tmp_path: Path) -> None:
    write_pictures(tmp_path, [10, 9, 2])
    with open_source(tmp_path, fps=50) as source:
        assert (source.frames, source.fps, source.size) == (3, 50, (4, 3))
        frames = list(source)
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [2, 9, 10]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.02, 0.04])


def test_the_default_rate_is_24_fps(tmp_path: Path) -> None:
    write_pictures(tmp_path, [1, 2])
    assert open_source(tmp_path).fps == 24


def test_each_iteration_starts_at_the_first_frame(tmp_path: Path) -> None:
    write_pictures(tmp_path, [1, 2])
    source = open_source(tmp_path)
    assert len(list(source)) == len(list(source)) == 2


def test_a_loop_continues_counting(tmp_path: Path) -> None:
    write_pictures(tmp_path, [1, 2])
    source = open_source(tmp_path, loop=True)
    assert source.frames is None
    frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == [1, 2, 1, 2, 1]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]


def test_files_are_read_on_demand() -> None:
    read: list[str] = []

    def read_frame(path: Path) -> Frame:
        read.append(path.name)
        return Frame(np.zeros((2, 2), np.uint16))

    source = FileSequence([Path(name) for name in "abc"], read_frame, name="three", fps=24)
    assert read == ["a"]
    frames = iter(source)
    next(frames)
    assert read == ["a"]
    next(frames)
    assert read == ["a", "b"]


def test_another_size_names_the_file(tmp_path: Path) -> None:
    write_pictures(tmp_path, [1, 2])
    write_pictures(tmp_path, [3], size=(8, 6))
    frames = iter(open_source(tmp_path))
    next(frames)
    next(frames)
    with pytest.raises(SourceError, match=r"frame3\.png: 8x6 display differs from 4x3 display of frame1\.png"):
        next(frames)


def test_raw_files_have_priority_over_pictures(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.DNG", "b.jpg", "b.DNG", ".hidden.DNG", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in frame_paths(tmp_path)] == ["a.DNG", "b.DNG"]


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match="has no raw files and no pictures"):
        open_source(tmp_path)
    with pytest.raises(SourceError, match="has no headerless mosaics"):
        open_source(tmp_path, raw_format="rggb12", raw_size="2x2")


def test_missing_and_empty_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.dng: no such file or folder"):
        open_source(tmp_path / "nothing.dng")
    (tmp_path / "empty.dng").touch()
    with pytest.raises(SourceError, match=r"empty\.dng: the file is empty"):
        open_source(tmp_path / "empty.dng")


def test_the_rate_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="fps 0 is not above 0"):
        open_source(tmp_path, fps=0)
