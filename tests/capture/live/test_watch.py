"""Growing folders: a picture appears when it is whole; what arrives, disappears and breaks meanwhile."""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dng_support import write_dng
from groundglass.capture import Timing, open_source
from groundglass.capture.live.folder import arrivals, watch
from groundglass.capture.live.folder.arrivals import Arrivals, is_being_written, list_files
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame
from PIL import Image

WAIT_S = 20.0  # much more than a loaded machine needs
SUFFIXES = frozenset({".dng", ".jpg", ".png"})


def grey(path: Path, level: int, size: tuple[int, int] = (24, 16)) -> Path:
    Image.new("RGB", size, (level, level, level)).save(path)
    return path


def level_of(frame: Frame) -> int:
    return int(frame.pixels[0, 0] if frame.pixels.ndim == 2 else frame.pixels[0, 0, 0])


class Watched:
    """A watched folder whose pictures a thread collects."""

    def __init__(self, name: str, **options: object) -> None:
        self.source = open_source(name, **options)  # type: ignore[arg-type]
        self._frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._thread = threading.Thread(target=lambda: [self._frames.put(frame) for frame in self.source])
        self._thread.start()

    def next(self) -> Frame:
        return self._frames.get(timeout=WAIT_S)

    def has_frame(self) -> bool:
        return not self._frames.empty()

    def until_status(self, text: str) -> None:
        until_s = time.perf_counter() + WAIT_S
        while text not in self.source.status and time.perf_counter() < until_s:
            time.sleep(0.01)
        assert text in self.source.status

    def close(self) -> None:
        self.source.interrupt()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        self.source.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    grey(tmp_path / "1.png", 1)
    made = Watched(f"watch:{tmp_path}")
    yield made
    made.close()


def test_the_newest_picture_is_shown_at_the_start(tmp_path: Path) -> None:
    for level, age_s in ((1, 30), (2, 10), (3, 20)):
        path = grey(tmp_path / f"{level}.png", level, (8 * level, 8))
        os.utime(path, (time.time() - age_s,) * 2)
    with open_source(f"watch:{tmp_path}") as source:
        assert (source.timing, source.size, source.status) == (Timing.LIVE, (16, 8), "")
        assert level_of(next(iter(source))) == 2


def test_a_new_picture_appears_of_any_size_and_kind(watched: Watched, tmp_path: Path) -> None:
    assert level_of(watched.next()) == 1
    grey(tmp_path / "2.png", 2, (10, 30))
    frame = watched.next()
    assert (level_of(frame), frame.index, frame.size) == (2, 1, (10, 30))
    assert watched.source.size == (10, 30)
    write_dng(tmp_path / "3.dng", np.full((64, 96), 300, np.uint16))
    frame = watched.next()
    assert (frame.encoding, level_of(frame), frame.index) == (Encoding.MOSAIC, 300, 2)


def test_a_file_written_slowly_is_shown_only_when_it_is_whole(watched: Watched, tmp_path: Path) -> None:
    watched.next()
    whole = write_dng(tmp_path / "new.part", np.full((64, 96), 777, np.uint16)).read_bytes()
    with (tmp_path / "2.dng").open("wb", buffering=0) as file:
        for begin in range(0, len(whole), 1 + len(whole) // 5):
            file.write(whole[begin : begin + 1 + len(whole) // 5])
            time.sleep(0.25)
            assert not watched.has_frame()
    assert level_of(watched.next()) == 777


def test_without_leases_a_file_that_is_opened_for_each_part_waits_for_the_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "is_being_written", lambda path: None)
    monkeypatch.setattr(arrivals, "UNKNOWN_S", 0.05)
    monkeypatch.setattr(arrivals, "RETRY_S", 0.05)
    whole = grey(tmp_path / "whole.jpg", 200, (640, 480)).read_bytes()
    folder = tmp_path / "shots"
    folder.mkdir()
    watched = Watched(f"watch:{folder}")
    try:
        assert watched.source.status.endswith("no picture has arrived yet")
        for begin in range(0, len(whole), 1 + len(whole) // 4):
            assert not watched.has_frame()
            with (folder / "a.jpg").open("ab") as file:
                file.write(whole[begin : begin + 1 + len(whole) // 4])
            time.sleep(0.3)
        assert level_of(watched.next()) == 200
        assert watched.source.status == ""
    finally:
        watched.close()


def test_a_renamed_file_appears_and_hidden_and_other_files_do_not(watched: Watched, tmp_path: Path) -> None:
    watched.next()
    (tmp_path / "notes.txt").write_text("no picture")
    grey(tmp_path / ".2.png", 9)
    grey(tmp_path / "~2.png", 9)
    grey(tmp_path / "2.png.part.png", 2).rename(tmp_path / "2.tmp")
    time.sleep(0.5)
    assert not watched.has_frame()
    (tmp_path / "2.tmp").rename(tmp_path / "2.png")
    assert level_of(watched.next()) == 2


def test_a_deleted_file_keeps_its_picture_and_a_rewritten_one_is_shown_again(watched: Watched, tmp_path: Path) -> None:
    watched.next()
    (tmp_path / "1.png").unlink()
    time.sleep(0.5)
    assert not watched.has_frame()
    assert watched.source.status == ""
    grey(tmp_path / "1.png", 5)
    assert level_of(watched.next()) == 5


def test_a_broken_file_is_the_status_until_the_next_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "RETRY_S", 0.05)
    monkeypatch.setattr(arrivals, "GIVE_UP_S", 0.2)
    grey(tmp_path / "1.png", 1)
    watched = Watched(f"watch:{tmp_path}")
    try:
        watched.next()
        (tmp_path / "2.png").write_bytes(b"this is not a picture")
        watched.until_status("2.png: not a picture")
        grey(tmp_path / "3.png", 3)
        assert level_of(watched.next()) == 3
        assert watched.source.status == ""
    finally:
        watched.close()


def test_the_folder_may_vanish_and_return(watched: Watched, tmp_path: Path) -> None:
    watched.next()
    shutil.rmtree(tmp_path)
    watched.until_status("the folder cannot be listed (No such file or directory); waiting until it returns")
    tmp_path.mkdir()
    grey(tmp_path / "9.png", 9)
    assert level_of(watched.next()) == 9
    assert watched.source.status == ""


def test_a_folder_without_events_is_compared_regularly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Iterator[set[object]]:
        raise OSError("no watch left")

    monkeypatch.setattr("watchfiles.watch", fail)
    monkeypatch.setattr(watch, "RESCAN_S", 0.1)
    watched = Watched(f"watch:{tmp_path}")
    try:
        grey(tmp_path / "1.png", 1)
        assert level_of(watched.next()) == 1
    finally:
        watched.close()


def test_subfolders_are_watched_on_request(tmp_path: Path) -> None:
    (tmp_path / "100CANON").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    watched = Watched(f"watch:{tmp_path}?subfolders=1")
    try:
        grey(tmp_path / "100CANON" / "1.png", 1)
        assert level_of(watched.next()) == 1
        (tmp_path / "101CANON").mkdir()
        grey(tmp_path / "101CANON" / "2.png", 2)
        assert level_of(watched.next()) == 2
    finally:
        watched.close()


def test_headerless_mosaics_are_shown_in_their_layout(tmp_path: Path) -> None:
    watched = Watched(f"watch:{tmp_path}", raw_format="rggb8", raw_size=(4, 4))
    try:
        (tmp_path / "1.raw").write_bytes(bytes([9] * 16))
        assert level_of(watched.next()) == 9
    finally:
        watched.close()


def test_what_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder; name the folder that receives the pictures"):
        open_source(f"watch:{tmp_path / 'nothing'}")
    with pytest.raises(SourceError, match=r"unknown option 'depth=2'; use \?subfolders=1"):
        open_source(f"watch:{tmp_path}?depth=2")


def ready(arrived: Arrivals, folder: Path, now_s: float) -> list[str]:
    return [path.name for path in arrived.ready(list_files(folder, SUFFIXES, subfolders=False), now_s)]


def test_the_raw_file_of_an_exposure_comes_first_and_hides_its_jpeg(tmp_path: Path) -> None:
    arrived = Arrivals()
    for number, name in enumerate(("a.dng", "a.jpg", "b.jpg")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (100 + number,) * 2)
    assert ready(arrived, tmp_path, 0.0) == []
    assert ready(arrived, tmp_path, 2.0) == ["b.jpg", "a.dng", "a.jpg"]
    found = list_files(tmp_path, SUFFIXES, subfolders=False)
    arrived.pass_over(tmp_path / "a.dng", found[tmp_path / "a.dng"])
    assert ready(arrived, tmp_path, 2.0) == ["b.jpg"]
    (tmp_path / "b.dng").touch()
    ready(arrived, tmp_path, 3.0)
    assert ready(arrived, tmp_path, 5.0) == ["b.dng", "b.jpg"]


def test_a_file_is_written_as_long_as_a_program_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb"):
        written = is_being_written(path)
        if written is None:
            pytest.skip("this file system grants no leases")
        assert written
    assert is_being_written(path) is False
    assert is_being_written(tmp_path / "nothing") is None
