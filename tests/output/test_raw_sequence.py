"""All raws of a while, as DNGs in a folder of their own."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.capture.metadata import read_metadata
from groundglass.controls import Controls
from groundglass.errors import OutputError
from groundglass.formats.raw import read_raw
from groundglass.frame import Encoding, Frame
from groundglass.look.look import load_look
from groundglass.output import raw_sequence as module
from groundglass.output.raw_sequence import QUEUE, Sequence
from live_engine import drawn_of, tool_context, unused_engine


class Bench:
    def __init__(self, folder: Path) -> None:
        self.controls, self.said = Controls(), []
        engine = unused_engine()
        self.tool = Sequence(tool_context(engine, None, self.said.append, self.controls, None), folder)  # type: ignore[arg-type]
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


def test_every_frame_is_kept_once_with_its_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    for index in range(1, 6):
        frame = raw(index)
        bench.show(frame)
        bench.show(frame)  # drawn again, because a setting changed
        time.sleep(0.05)
    bench.end()
    assert bench.said == ["saving raw frames in groundglass-0001", "saved groundglass-0001: 5 raw frames"]
    names = sorted(path.name for path in (tmp_path / "groundglass-0001").iterdir())
    assert names == [f"{number:06d}.dng" for number in range(1, 6)]
    for number, name in enumerate(names, 1):
        np.testing.assert_array_equal(read_raw(tmp_path / "groundglass-0001" / name).pixels, raw(number).pixels)
    assert "taken" in read_metadata(str(tmp_path / "groundglass-0001" / names[0]))
    assert load_look(str(tmp_path / "groundglass-0001.toml")).name == "classic"
    bench.tool.close()


def test_what_the_disk_has_no_time_for_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = module.write_dng
    monkeypatch.setattr(module, "write_dng", lambda *these: (time.sleep(0.03), write(*these))[1])
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    began_s = time.perf_counter()
    for index in range(1, QUEUE + 11):
        bench.show(raw(index))
    assert time.perf_counter() - began_s < 0.25
    bench.end()
    kept = len(list((tmp_path / "groundglass-0001").iterdir()))
    assert QUEUE <= kept < QUEUE + 10
    assert bench.said[-1] == f"saved groundglass-0001: {kept} raw frames, {QUEUE + 10 - kept} dropped"


def test_a_disk_that_is_full_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, *_: object) -> None:
        raise OutputError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(module, "write_dng", fails)
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    bench.show(raw(1))
    while len(bench.said) < 2:
        bench.tool.tick(0.0)
    assert "No space left" in bench.said[1]
    assert not bench.controls.get("sequence")


def test_what_the_view_passed_over_counts(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    for index in (1, 2, 5, 0, 1):  # two passed over; then the clip begins again
        bench.show(raw(index))
    bench.end()
    assert bench.said[-1] == "saved groundglass-0001: 5 raw frames, 2 dropped"


def test_whatever_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "write_dng", lambda *_: {}["nothing"])
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    bench.show(raw(1))
    while len(bench.said) < 2:
        bench.tool.tick(0.0)
    assert "raw 1 cannot be written" in bench.said[1]


def test_a_picture_that_is_no_raw_and_a_folder_that_refuses_are_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "none")
    bench.show(Frame(np.zeros((4, 4, 3), np.uint8), Encoding.DISPLAY))
    bench.controls.press("Shift+R")
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    assert bench.said[0] == module.NO_RAW
    assert "none: cannot be read" in bench.said[1]


def test_quitting_writes_what_waits(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.show(raw(0))
    bench.controls.press("Shift+R")
    for index in range(1, 4):
        bench.show(raw(index))
    bench.tool.close()
    assert len(list((tmp_path / "groundglass-0001").iterdir())) == 3
