"""Fragments of a video: the file is whole after each, whatever the disk does."""

from __future__ import annotations

import errno
from io import BytesIO, FileIO
from pathlib import Path

import pytest
from groundglass.output import fragments
from groundglass.output.fragments import FragmentFile, end_of_fragments


def box(kind: bytes, content: bytes = b"", *, is_large: bool = False) -> bytes:
    if is_large:
        return (1).to_bytes(4, "big") + kind + (16 + len(content)).to_bytes(8, "big") + content
    return (8 + len(content)).to_bytes(4, "big") + kind + content


START = box(b"ftyp", b"isom") + box(b"moov", b"tracks")
FIRST = box(b"moof", b"1") + box(b"mdat", b"pictures")
SECOND = box(b"moof", b"2") + box(b"mdat", b"more pictures")


class FullDisk(FileIO):
    """Takes half of the content, and then nothing."""

    def write(self, content: bytes) -> int:  # type: ignore[override]
        if len(content) <= 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content[: len(content) // 2])


class SmallSteps(FileIO):
    """Takes three bytes at a time, as a pipe or a slow disk may."""

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return super().write(content[:3])


def test_the_file_appears_with_the_first_whole_fragment_and_grows_by_whole_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    file = FragmentFile(path)
    file.write(START + FIRST[:-1])
    file.save_fragments()
    assert (path.exists(), file.has_fragments) == (False, False)
    file.write(FIRST[-1:] + SECOND[:-2])
    file.save_fragments()
    assert (path.read_bytes(), file.has_fragments) == (START + FIRST, True)
    file.write(SECOND[-2:])
    file.save_fragments()
    assert path.read_bytes() == START + FIRST + SECOND
    file.write(box(b"mfra", b"index"))
    file.finish()
    file.close()
    assert path.read_bytes() == START + FIRST + SECOND + box(b"mfra", b"index")
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_no_part_of_a_fragment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "FileIO", FullDisk)
    path = tmp_path / "a.mp4"
    file = FragmentFile(path)
    file.write(START + FIRST)
    file.save_fragments()
    file.write(SECOND)
    with pytest.raises(OSError, match="No space left"):
        file.save_fragments()
    file.close()
    assert path.read_bytes() == START + FIRST


def test_a_disk_that_takes_little_at_a_time_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "FileIO", SmallSteps)
    file = FragmentFile(tmp_path / "a.mp4")
    for part in (START + FIRST, SECOND):
        file.write(part)
        file.save_fragments()
    file.finish()
    assert (tmp_path / "a.mp4").read_bytes() == START + FIRST + SECOND


def test_a_file_of_that_name_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    file = FragmentFile(path)
    path.write_bytes(b"of another program")
    file.write(START + FIRST)
    with pytest.raises(FileExistsError, match="a file of this name has appeared"):
        file.save_fragments()
    assert path.read_bytes() == b"of another program"


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", 0),
        (START, 0),
        (START + box(b"mdat", b"of no fragment"), 0),
        (START + box(b"moof", b"1"), 0),
        (START + FIRST + SECOND[:-1], len(START + FIRST)),
        (START + box(b"moof", b"1") + box(b"mdat", b"x" * 20, is_large=True), len(START) + 9 + 36),
        (START + FIRST + (7).to_bytes(4, "big") + b"mdat", len(START + FIRST)),  # shorter than its header
        (START + FIRST + b"\0\0\0", len(START + FIRST)),
    ],
)
def test_the_end_of_the_last_whole_fragment(content: bytes, end: int) -> None:
    assert end_of_fragments(BytesIO(content)) == end
