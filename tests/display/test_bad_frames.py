"""The live loop with frames that cannot be drawn: the picture before them stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from groundglass.display import bad_frames
from groundglass.display import viewer as viewer_module
from groundglass.display.bad_frames import BadFrames, remaining_frame
from groundglass.display.events import Signal, Wheel
from groundglass.display.viewer import Viewer
from groundglass.errors import DeviceError, SourceError
from groundglass.frame import Encoding, Frame, Lease
from groundglass.tools.focus import FocusTool
from live_engine import drawn_of
from viewer_support import PIXELS, FakeEngine, FakePresenter, FakeSource, FakeSurface, off_screen


@pytest.fixture(autouse=True)
def _fake_presenter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "Presenter", FakePresenter)


def test_a_frame_that_cannot_be_drawn_is_reported_once_and_the_next_one_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A frame whose depth or metadata no stage accepts; the lease of a bad frame is returned."""
    released: list[int] = []
    tried: list[int] = []

    class Leased(FakeSource):
        """Waits until each frame was tried: none is dropped."""

        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                while len(tried) < frame.index:
                    time.sleep(0.001)
                yield replace(frame, lease=Lease(lambda index=frame.index: released.append(index)))

    def fail(frame: Frame) -> None:
        tried.append(frame.index)
        if frame.index in (3, 4, 6):
            raise (ZeroDivisionError("no light") if frame.index == 6 else SourceError(f"frame {frame.index} is odd"))

    engine = FakeEngine(fail)
    viewer = off_screen(Leased(12, fps=None), engine)
    viewer.run()
    assert viewer.frame.index == 11
    assert engine.drawn == [0, 1, 2, 5, 7, 8, 9, 10, 11]
    assert sorted(set(released)) == list(range(12))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" (")[0] for line in lines] == [
        "groundglass: frame 3 is odd; the picture before it stays",
        "groundglass: clip/: frame 6 cannot be drawn",
    ]


def test_off_screen_a_source_of_bad_frames_ends_the_run_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_frames, "ENDING_S", 0.05)

    def fail(frame: Frame) -> None:
        if frame.index > 2:
            raise DeviceError("the device is lost")

    with pytest.raises(DeviceError, match="the device is lost"):
        off_screen(FakeSource(None), FakeEngine(fail)).run()


def test_a_run_off_screen_survives_bad_frames_for_some_seconds_after_each_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that starts again sends torn frames for seconds. No user watches a run for longer."""
    now_s = 100.0
    monkeypatch.setattr(bad_frames, "perf_counter", lambda: now_s)
    fault, pictures = SourceError("torn"), [drawn_of(Frame(PIXELS, Encoding.DISPLAY)) for _ in range(2)]
    warned: list[str] = []
    messages: Any = SimpleNamespace(warn=warned.append)
    ending, staying = (BadFrames(messages, ends=ends) for ends in (True, False))
    for picture in pictures:
        for after_s, survives in ((0.0, True), (3.0, True), (4.9, True), (5.1, False), (60.0, False)):
            now_s = 100.0 + after_s
            assert ending.skips(fault, picture) is survives
            assert staying.skips(fault, picture)
        now_s = 100.0
    assert warned == ["torn; the picture before it stays"] * 2  # once each


def test_a_bad_frame_returns_its_buffer_to_the_driver() -> None:
    """At once: a driver with few buffers would send no more frames. The one on the screen keeps its own."""
    former, bad, shown = (Frame(PIXELS, Encoding.DISPLAY, lease=Lease(lambda: None)) for _ in range(3))
    unleased = Frame(PIXELS, Encoding.DISPLAY)
    assert remaining_frame(unleased, bad, drawn_of(former)) is unleased
    assert bad.lease.is_released
    assert remaining_frame(former, Frame(PIXELS, Encoding.DISPLAY), drawn_of(former)) is None
    assert remaining_frame(bad, bad, drawn_of(former)) is None
    assert remaining_frame(None, bad, drawn_of(former)) is None
    assert remaining_frame(former, shown, drawn_of(shown)) is shown
    assert not shown.lease.is_released


def test_a_window_keeps_its_picture_when_the_source_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine, surface = FakeEngine(), FakeSurface()
    viewer = Viewer(engine, FakeSource(3, error=SourceError("torn")), engine.history, surface=surface)  # type: ignore[arg-type]
    viewer.run()
    assert viewer.frame is not None
    assert capsys.readouterr().err == "groundglass: torn\n"
    assert surface.shown[-1][1] == "torn"


def test_settings_that_fail_leave_a_still_picture_in_the_window() -> None:
    """It is not drawn again until something changes; then it is shown."""
    tried: list[float] = []

    def fail(frame: Frame) -> None:
        tried.append(engine.history.now.f_number)
        if len(tried) == 2:
            raise DeviceError("not with this aperture")

    engine, surface = FakeEngine(fail), FakeSurface(Wheel(-1), Signal.REPAINT, Wheel(-1))
    viewer = Viewer(
        engine, FakeSource(1, fps=None), engine.history, surface=surface, tools=[partial(FocusTool, seconds=(0, 0))]
    )  # type: ignore[arg-type]
    viewer.run()
    assert len(tried) == 3
    assert viewer.frame is not None
    assert any("not with this aperture; the picture before it stays" in message for _, message in surface.shown)
