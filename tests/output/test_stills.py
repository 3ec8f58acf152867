"""Stills: picture, raw file and look of one frame with the same unique number."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture.metadata import read_metadata
from groundglass.controls import Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.tool import Invalidation
from groundglass.errors import ControlError, OutputError
from groundglass.formats.raw import read_raw
from groundglass.look.look import load_look
from groundglass.orientation import upright
from groundglass.output.reserved_paths import reserved_path
from groundglass.output.stills import BURST, MAX_UNSAVED, NO_PICTURE, PATIENCE_S, Stills, as_captured
from live_engine import LiveEngine, tool_context
from live_source_support import WAIT_S
from look_support import context
from PIL import Image


class Source(gg.BaseSource):
    name, fps = "made", None

    def __init__(self, frames: int | None) -> None:
        self.frames = frames
        self.folders: list[Path] = []
        self.is_still_camera = False

    def trigger(self, folder: Path) -> bool:
        self.folders.append(folder)
        return self.is_still_camera


class Harness:
    def __init__(self, folder: Path, frames: int | None = None) -> None:
        self.engine = LiveEngine(gl=context(), look="sepia")
        self.controls, self.messages = Controls(), []
        source: Any = Source(frames)
        surface = OffscreenSurface((80, 60), gl=self.engine.gl)
        ctx = tool_context(self.engine, source, self.messages.append, self.controls, surface=surface)
        self.tool = Stills(ctx, folder)
        self.losses = ctx.messages.losses
        self.controls.add(self.tool.controls())

    def show(self, frame: gg.Frame) -> None:
        self.engine.draw(frame)
        self.tool.on_frame(self.engine.drawn)

    def tick(self) -> None:
        """A step of the live loop, which leaves time to the threads that write and compile."""
        self.tool.tick(0.0)
        time.sleep(0.001)

    def end(self) -> None:
        while self.tool._pending:
            self.tick()
        self.tool.finish()
        self.tool.close()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    made = Harness(tmp_path)
    yield made
    made.engine.close()


def test_off_screen_no_memory_waits_for_a_still(harness):
    harness.engine.scale = 0.5
    harness.show(raw())
    buffers = harness.engine.device.live_buffers
    harness.show(raw(1))
    assert not harness.engine.is_preparing
    assert harness.engine.device.live_buffers == buffers


def raw(index: int = 0, orientation: int = 1) -> gg.Frame:
    counts = np.random.default_rng(index).integers(0, 3000, (60, 80)).astype(np.uint16)
    return gg.Frame(counts, profile=gg.CameraProfile(white=4095.0), index=index, orientation=orientation)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_still_of_a_raw_frame_is_a_picture_a_dng_and_a_look(
    harness: Harness, tmp_path: Path, orientation: int
) -> None:
    frame = raw(orientation=orientation)
    harness.show(frame)
    harness.engine.look = gg.load_look("classic")
    harness.controls.press("S")
    harness.engine.look = "neutral"  # the still keeps the look of the shown picture
    harness.end()
    assert harness.messages == ["saved groundglass-0001.jpg .dng .toml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"groundglass-0001.{suffix}" for suffix in ("dng", "jpg", "toml")
    ]
    back = read_raw(tmp_path / "groundglass-0001.dng")
    np.testing.assert_array_equal(back.pixels, frame.pixels)
    assert back.orientation == orientation
    look = load_look(str(tmp_path / "groundglass-0001.toml"))
    assert look.passes == gg.load_look("classic").passes
    picture = np.asarray(Image.open(tmp_path / "groundglass-0001.jpg"), float)
    harness.engine.look = look
    expected = harness.engine.render(frame)
    assert picture.shape == expected.shape
    assert np.abs(picture - expected).mean() < 4


def test_a_still_of_a_display_picture_has_no_dng(harness: Harness, tmp_path: Path) -> None:
    harness.show(gg.Frame(np.full((8, 8, 3), 90, np.uint8), gg.Encoding.DISPLAY))
    harness.controls.press("S")
    with pytest.raises(ControlError, match="requires raw frames"):
        harness.controls.press("Shift+S")
    harness.end()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".toml"]
    assert not harness.losses


def test_a_still_camera_takes_its_own_picture_and_a_burst_ends_with_its_source(
    harness: Harness, tmp_path: Path
) -> None:
    source = harness.tool._tool_context.source
    source.is_still_camera = True
    harness.show(raw())
    harness.controls.press("S")
    assert source.folders == [tmp_path]
    assert "the camera takes a picture" in harness.messages[-1]
    harness.controls.press("Shift+S")
    harness.show(raw(1))
    harness.tool.on_source(source)
    harness.end()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["groundglass-0001-01.dng", "groundglass-0001.toml"]


def test_a_still_keeps_the_capture_metadata(data_dir: Path, harness: Harness, tmp_path: Path) -> None:
    source = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    if not source.is_file():
        pytest.skip(f"no {source.name} in the data folder")
    frame = read_raw(source)
    harness.show(frame)
    harness.controls.press("S")
    harness.end()
    before = read_metadata(str(source))
    for suffix in ("jpg", "dng"):
        after = read_metadata(str(tmp_path / f"groundglass-0001.{suffix}"))
        for key in ("camera", "exposure_s", "f_number", "iso", "focal_mm", "taken"):
            assert key not in before or after[key] == pytest.approx(before[key]), (suffix, key)


def test_a_burst_writes_the_next_frames(harness: Harness, tmp_path: Path) -> None:
    harness.show(raw(0))
    harness.controls.press("Shift+S")
    harness.show(raw(0).upright())  # another object counts as a new frame
    last = raw(1)
    harness.show(last)
    harness.show(last)  # redrawn, and not written again
    for index in range(2, BURST + 3):
        harness.show(raw(index))
    harness.end()
    assert harness.messages == [f"saved groundglass-0001-01.dng to -{BURST:02d}.dng"]
    for index in range(1, BURST):
        written = read_raw(tmp_path / f"groundglass-0001-{index + 1:02d}.dng")
        np.testing.assert_array_equal(written.pixels, raw(index).pixels)
    assert len(list(tmp_path.glob("*.dng"))) == BURST
    assert (tmp_path / "groundglass-0001.toml").is_file()


def test_an_interrupted_burst_is_written(harness: Harness, tmp_path: Path) -> None:
    harness.show(raw(0))
    harness.controls.press("Shift+S")
    harness.show(raw(1))
    harness.tool.finish()
    assert [path.name for path in tmp_path.glob("*.dng")] == ["groundglass-0001-01.dng"]
    assert harness.messages == [f"saved groundglass-0001-01.dng; 1 of {BURST} frames: the view has ended"]


def test_nothing_waits_long_for_pictures_that_do_not_come(harness: Harness, tmp_path: Path) -> None:
    early = harness.controls.do("still")
    harness.tool.tick(time.perf_counter())
    assert not early.done()
    harness.tool.tick(time.perf_counter() + 2 * PATIENCE_S)
    assert NO_PICTURE in str(early.exception())
    harness.show(raw(0))
    empty = harness.controls.do("burst")
    harness.tool.tick(time.perf_counter() + 2 * PATIENCE_S)
    assert NO_PICTURE in str(empty.exception())
    short = harness.controls.do("burst")
    harness.show(raw(1))
    harness.tool.tick(time.perf_counter() + 2 * PATIENCE_S)
    assert short.result(WAIT_S) == f"saved groundglass-0001-01.dng; 1 of {BURST} frames: {NO_PICTURE}"
    harness.end()


def test_a_still_waits_for_its_kernels_and_the_picture_does_not(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame, the look and the settings are those of the key, whatever is shown meanwhile."""
    prepared: list[tuple[str, float]] = []
    bright, dark = (
        gg.Frame(np.full((60, 80, 3), value, np.uint8), gg.Encoding.DISPLAY, lease=gg.Lease(lambda: None))
        for value in (220, 20)
    )
    harness.show(bright)
    monkeypatch.setattr(gg.Engine, "is_preparing", True)
    monkeypatch.setattr(gg.Engine, "prepare", lambda self, drawn, now: prepared.append((now.quality, now.scale)))
    still = harness.controls.do("still")
    bright.pixels[:] = 20  # its buffer is used again
    harness.show(dark)
    harness.engine.look = "monochrome"
    harness.tool.tick(0.0)
    assert (prepared, still.done(), harness.tool.has_unsaved, harness.tool.busy) == ([("best", 1.0)], False, True, True)
    monkeypatch.setattr(gg.Engine, "is_preparing", False)
    assert harness.tool.tick(0.0) is Invalidation.REDRAW
    assert still.result(WAIT_S).startswith("saved ")
    harness.end()
    picture = np.asarray(Image.open(tmp_path / "groundglass-0001.jpg").convert("RGB"), int)
    assert picture.mean() > 120
    assert load_look(tmp_path / "groundglass-0001.toml").passes == load_look("sepia").passes


def test_a_still_is_rendered_at_the_end_and_after_a_while_even_if_a_compiler_works(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.show(gg.Frame(np.full((60, 80, 3), 128, np.uint8), gg.Encoding.DISPLAY))
    monkeypatch.setattr(gg.Engine, "is_preparing", True)
    monkeypatch.setattr(gg.Engine, "prepare", lambda *_: None)
    monkeypatch.setattr("groundglass.output.stills.PREPARE_S", 0.0)
    assert harness.controls.do("still").result(WAIT_S)
    monkeypatch.undo()
    monkeypatch.setattr(gg.Engine, "is_preparing", True)
    monkeypatch.setattr(gg.Engine, "prepare", lambda *_: None)
    still = harness.controls.do("still")
    assert not still.done()
    harness.end()
    assert still.result(WAIT_S)
    assert len(list(tmp_path.glob("*.jpg"))) == 2


@pytest.mark.parametrize("ends", [False, True])
def test_work_is_unsaved_until_it_is_reported(harness: Harness, tmp_path: Path, ends: bool) -> None:
    """After a signal another thread ends the process as soon as nothing is unsaved."""
    unsaved: list[bool] = []
    harness.tool._tool_context.messages.listeners.append(lambda *_: unsaved.append(harness.tool.has_unsaved))
    harness.show(raw(0))
    stills = [harness.controls.do("still") for _ in range(2)]
    harness.controls.press("Shift+S")
    harness.show(raw(1))
    if ends:
        harness.tool.finish()
    else:
        for still in stills:
            while not still.done():
                harness.tick()
        harness.end()
    assert unsaved == [True] * 3
    assert not harness.tool.has_unsaved


def test_stills_faster_than_the_disk_are_refused(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keeps a picture and a raw frame in memory: a held key would fill it."""
    disk = threading.Event()
    monkeypatch.setattr("groundglass.output.stills.save_still", lambda *_: disk.wait(WAIT_S) and "saved")
    monkeypatch.setattr(gg.Engine, "is_preparing", False)
    harness.show(raw(0))
    stills = [harness.controls.do("still") for _ in range(MAX_UNSAVED)]
    for name in ("still", "burst"):
        with pytest.raises(ControlError, match=f"{MAX_UNSAVED} stills are being written; wait"):
            harness.controls.do(name)
    disk.set()
    assert [still.result(WAIT_S) for still in stills] == ["saved"] * MAX_UNSAVED
    harness.tool.tick(0.0)
    assert harness.controls.do("still").result(WAIT_S) == "saved"
    harness.end()


def test_a_black_picture_of_a_lost_context_is_not_saved(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.show(gg.Frame(np.full((60, 80, 3), 128, np.uint8), gg.Encoding.DISPLAY))
    monkeypatch.setattr("groundglass.output.stills.is_lost", lambda gl: True)
    monkeypatch.setattr(gg.Engine, "is_preparing", False)
    with pytest.raises(OutputError, match="not saved: the OpenGL context is lost"):
        harness.controls.do("still").result(WAIT_S)
    harness.end()
    assert (list(tmp_path.iterdir()), len(harness.losses)) == ([], 1)


def test_a_missing_folder_is_reported_and_the_view_continues(harness: Harness, tmp_path: Path) -> None:
    harness.tool._folder = tmp_path / "none"
    harness.show(raw())
    harness.controls.press("S")
    harness.end()
    assert len(harness.messages) == 1
    assert "none: cannot be read" in harness.messages[0]
    assert harness.messages == harness.losses


def test_reserved_numbers_increase_and_are_unique(tmp_path: Path) -> None:
    for name in ("groundglass-0002.png", "groundglass-0009-03.dng", "groundglass-12.png", "other-0050.png"):
        (tmp_path / name).touch()
    given, start = [], threading.Barrier(8)

    def take() -> None:
        start.wait()
        for _ in range(5):
            with reserved_path(tmp_path) as stem:
                given.append(stem.name)
                stem.with_suffix(".jpg").touch()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(given) == 40
    assert min(given) >= "groundglass-0010"  # a thread that is overtaken by a higher number leaves its number unused
    assert not list(tmp_path.glob(".*"))
    (tmp_path / "groundglass-9999.png").touch()
    with reserved_path(tmp_path) as stem:
        assert stem.name == "groundglass-10000"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_preview_is_rotated_to_the_stored_orientation(orientation: int) -> None:
    stored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(as_captured(np.asarray(upright(stored, orientation)), orientation), stored)


def test_a_still_with_hdr_highlights_is_the_same_picture_with_a_gain_map(harness: Harness, tmp_path: Path) -> None:
    frame = raw()
    harness.show(frame)
    harness.controls.set("hdr_stills", True)
    harness.controls.press("S")
    harness.end()
    assert harness.messages == ["saved groundglass-0001.jpg .dng .toml"]
    assert b"hdrgm:GainMapMax" in (tmp_path / "groundglass-0001.jpg").read_bytes()
    picture = np.asarray(Image.open(tmp_path / "groundglass-0001.jpg").convert("RGB"), float)
    harness.engine.look = load_look(str(tmp_path / "groundglass-0001.toml"))
    assert np.abs(picture - harness.engine.render(frame)).mean() < 4
