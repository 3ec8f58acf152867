"""Stills: the picture, the raw and the look of one moment, under one number that nobody else has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture.metadata import read_metadata
from groundglass.controls import Controls
from groundglass.errors import OutputError
from groundglass.formats.raw import read_raw
from groundglass.look.look import load_look
from groundglass.orientation import upright
from groundglass.output.reserved_paths import reserved_path
from groundglass.output.stills import BURST, Stills, as_captured
from live_engine import LiveEngine, tool_context
from look_support import context
from PIL import Image


class Source:
    name, fps = "made", None

    def __init__(self, frames: int | None) -> None:
        self.frames = frames


class Bench:
    def __init__(self, folder: Path, frames: int | None = None) -> None:
        self.engine = LiveEngine(gl=context(), look="sepia")
        self.controls, self.said = Controls(), []
        fitted = tool_context(self.engine, Source(frames), self.said.append, self.controls, None)  # type: ignore[arg-type]
        self.tool = Stills(fitted, folder)
        self.controls.add(self.tool.controls())

    def show(self, frame: gg.Frame) -> None:
        self.engine.draw(frame)
        self.tool.on_frame(self.engine.drawn)

    def end(self) -> None:
        while self.tool._pending:
            self.tool.tick(0.0)
        self.tool.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.close()


def raw(index: int = 0, orientation: int = 1) -> gg.Frame:
    counts = np.random.default_rng(index).integers(0, 3000, (60, 80)).astype(np.uint16)
    return gg.Frame(counts, profile=gg.CameraProfile(white=4095.0), index=index, orientation=orientation)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_still_of_a_raw_is_a_picture_a_raw_and_a_look(bench: Bench, tmp_path: Path, orientation: int) -> None:
    frame = raw(orientation=orientation)
    bench.show(frame)
    bench.engine.look = gg.load_look("classic")
    bench.controls.press("S")
    bench.engine.look = "neutral"  # what was seen then is what is kept
    bench.end()
    assert bench.said == ["saved groundglass-0001.jpg .dng .toml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"groundglass-0001.{suffix}" for suffix in ("dng", "jpg", "toml")
    ]
    back = read_raw(tmp_path / "groundglass-0001.dng")
    np.testing.assert_array_equal(back.pixels, frame.pixels)
    assert back.orientation == orientation
    look = load_look(str(tmp_path / "groundglass-0001.toml"))
    assert look.passes == gg.load_look("classic").passes
    picture = np.asarray(Image.open(tmp_path / "groundglass-0001.jpg"), float)
    bench.engine.look = look
    expected = bench.engine.render(frame)
    assert picture.shape == expected.shape
    assert np.abs(picture - expected).mean() < 4


def test_a_picture_that_is_no_raw_has_no_dng(bench: Bench, tmp_path: Path) -> None:
    bench.show(gg.Frame(np.full((8, 8, 3), 90, np.uint8), gg.Encoding.DISPLAY))
    bench.controls.press("S")
    bench.controls.press("Shift+S")
    bench.end()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".toml"]
    assert bench.said[0] == "a burst requires raw frames, and this picture has no raw data"


def test_the_picture_says_how_it_was_taken(data_dir: Path, bench: Bench, tmp_path: Path) -> None:
    source = data_dir / "raw" / "gopro_hero7_4000x3000.dng"
    if not source.is_file():
        pytest.skip(f"no {source.name} in the data folder")
    frame = read_raw(source)
    bench.show(frame)
    bench.controls.press("S")
    bench.end()
    before = read_metadata(str(source))
    for suffix in ("jpg", "dng"):
        after = read_metadata(str(tmp_path / f"groundglass-0001.{suffix}"))
        for key in ("camera", "exposure_s", "f_number", "iso", "focal_mm", "taken"):
            assert key not in before or after[key] == pytest.approx(before[key]), (suffix, key)


def test_a_burst_is_the_next_frames(bench: Bench, tmp_path: Path) -> None:
    bench.show(raw(0))
    bench.controls.press("Shift+S")
    bench.show(raw(0).upright())  # another object: a frame of its own
    last = raw(1)
    bench.show(last)
    bench.show(last)  # drawn again, and not kept again
    for index in range(2, BURST + 3):
        bench.show(raw(index))
    bench.end()
    assert bench.said == [f"saved groundglass-0001-01.dng to -{BURST:02d}.dng"]
    for index in range(1, BURST):
        kept = read_raw(tmp_path / f"groundglass-0001-{index + 1:02d}.dng")
        np.testing.assert_array_equal(kept.pixels, raw(index).pixels)
    assert len(list(tmp_path.glob("*.dng"))) == BURST
    assert (tmp_path / "groundglass-0001.toml").is_file()


def test_a_burst_that_the_user_cuts_short_is_kept(bench: Bench, tmp_path: Path) -> None:
    bench.show(raw(0))
    bench.controls.press("Shift+S")
    bench.show(raw(1))
    bench.tool.close()
    assert [path.name for path in tmp_path.glob("*.dng")] == ["groundglass-0001-01.dng"]


def test_a_folder_that_refuses_is_told_and_the_picture_goes_on(bench: Bench, tmp_path: Path) -> None:
    bench.tool._folder = tmp_path / "none"
    bench.show(raw())
    bench.controls.press("S")
    bench.end()
    assert len(bench.said) == 1
    assert "none: cannot be read" in bench.said[0]
    bench.tool._writer = type(bench.tool._writer)(1)
    bench.controls.press("S")
    with pytest.raises(OutputError, match="cannot be read"):
        bench.tool.close()


def test_numbers_count_on_and_none_is_given_twice(tmp_path: Path) -> None:
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
    assert min(given) >= "groundglass-0010"  # who is overtaken by a higher number leaves his own free
    assert not list(tmp_path.glob(".*"))
    (tmp_path / "groundglass-9999.png").touch()
    with reserved_path(tmp_path) as stem:
        assert stem.name == "groundglass-10000"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_preview_is_turned_back(orientation: int) -> None:
    stored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(as_captured(np.asarray(upright(stored, orientation)), orientation), stored)
