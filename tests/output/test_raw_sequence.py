"""A raw sequence: every raw frame of a time span as a DNG in a new folder."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.capture.metadata import read_metadata
from groundglass.controls import Controls
from groundglass.errors import ControlError, OutputError
from groundglass.formats.raw import read_raw
from groundglass.frame import Encoding, Frame
from groundglass.look.look import load_look
from groundglass.output import raw_sequence as module
from groundglass.output.raw_sequence import QUEUE, RawSequenceWriter, Sequence
from live_engine import drawn_of, tool_context, unused_engine


class Harness:
    def __init__(self, folder: Path) -> None:
        self.controls, self.messages = Controls(), []
        engine = unused_engine()
        self.tool = Sequence(tool_context(engine, None, self.messages.append, self.controls, None), folder)  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    def show(self, frame: Frame) -> None:
        self.tool.on_frame(drawn_of(frame))  # type: ignore[arg-type]
        self.tool.tick(0.0)

    def end(self) -> None:
        self.controls.press("Shift+R")
        while self.tool.busy:
            self.tool.tick(0.0)
            time.sleep(0.001)


def raw(index: int) -> Frame:
    counts = np.random.default_rng(index).integers(0, 3000, (60, 80)).astype(np.uint16)
    return Frame(counts, profile=CameraProfile(white=4095.0), index=index, time_s=index / 25)


def test_every_frame_is_written_once_with_its_time(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    for index in range(1, 6):
        frame = raw(index)
        harness.show(frame)
        harness.show(frame)  # drawn again, because a setting changed
        time.sleep(0.05)
    harness.end()
    assert harness.messages == ["saving raw frames in groundglass-0001", "saved groundglass-0001: 5 raw frames"]
    names = sorted(path.name for path in (tmp_path / "groundglass-0001").iterdir())
    assert names == [f"{number:06d}.dng" for number in range(1, 6)]
    for number, name in enumerate(names, 1):
        np.testing.assert_array_equal(read_raw(tmp_path / "groundglass-0001" / name).pixels, raw(number).pixels)
    assert "taken" in read_metadata(str(tmp_path / "groundglass-0001" / names[0]))
    assert load_look(str(tmp_path / "groundglass-0001.toml")).name == "classic"
    harness.tool.finish()


def test_frames_that_a_slow_disk_cannot_write_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, released = module.write_dng, threading.Event()
    monkeypatch.setattr(module, "write_dng", lambda *arguments: (released.wait(30), write(*arguments))[1])
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    for index in range(1, QUEUE + 11):
        harness.show(raw(index))  # waits for no file
    released.set()
    harness.end()
    written = len(list((tmp_path / "groundglass-0001").iterdir()))
    assert QUEUE <= written <= QUEUE + 1
    assert harness.messages[-1] == f"saved groundglass-0001: {written} raw frames, {QUEUE + 10 - written} dropped"


def test_a_full_disk_ends_the_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, *_: object) -> None:
        raise OutputError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(module, "write_dng", fails)
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    harness.show(raw(1))
    while len(harness.messages) < 2:
        harness.tool.tick(0.0)
    assert "No space left" in harness.messages[1]
    assert not harness.controls.get("sequence")


def test_frames_that_the_view_skipped_count_as_dropped(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    for index in (1, 2, 5, 0, 1):  # two are skipped, then the clip restarts
        harness.show(raw(index))
    harness.end()
    assert harness.messages[-1] == "saved groundglass-0001: 5 raw frames, 2 dropped"


def test_an_unexpected_error_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "write_dng", lambda *_: {}["nothing"])
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    harness.show(raw(1))
    while len(harness.messages) < 2:
        harness.tool.tick(0.0)
    assert "raw frame 1 cannot be written" in harness.messages[1]


def test_a_picture_without_raw_data_and_a_missing_folder_are_reported(tmp_path: Path) -> None:
    harness = Harness(tmp_path / "none")
    harness.show(Frame(np.zeros((4, 4, 3), np.uint8), Encoding.DISPLAY))
    with pytest.raises(ControlError, match=module.NO_RAW):
        harness.controls.press("Shift+R")
    harness.show(raw(0))
    with pytest.raises(OutputError, match="none: cannot be read"):
        harness.controls.press("Shift+R")
    assert "none: cannot be read" in harness.messages[0]


def test_quitting_writes_the_queued_frames(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.show(raw(0))
    harness.controls.press("Shift+R")
    for index in range(1, 4):
        harness.show(raw(index))
    harness.tool.finish()
    assert len(list((tmp_path / "groundglass-0001").iterdir())) == 3


def test_a_sequence_that_cannot_write_its_look_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("groundglass.output.raw_sequence.write_look", fail)
    with pytest.raises(OutputError, match="the disk is full"):
        RawSequenceWriter(tmp_path / "a", load_look("classic"))
    assert list(tmp_path.iterdir()) == []
