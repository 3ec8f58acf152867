"""The live loop with a fake engine, source and surface: drawing, counting and event handling."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from groundglass.display import viewer as viewer_module
from groundglass.display.events import Event, Key, Pointer, Signal, Wheel
from groundglass.display.tool import Tool
from groundglass.display.viewer import Viewer
from groundglass.errors import DeviceError, LookError, OutputError, SourceError
from groundglass.frame import Frame, Lease
from groundglass.optics.focus import Rack
from groundglass.output.stills import Stills
from groundglass.tools.focus import FocusTool
from PIL import Image
from viewer_support import FakeEngine, FakePresenter, FakeSource, FakeSurface, off_screen


@pytest.fixture(autouse=True)
def _fake_presenter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_module, "Presenter", FakePresenter)


def look(script: tuple[Event, ...], tmp_path: Path, frames: int | None = 1) -> tuple[FakeEngine, FakeSurface, Viewer]:
    engine, surface = FakeEngine(), FakeSurface(*script)
    viewer = Viewer(
        engine,
        FakeSource(frames),
        engine.history,
        surface=surface,
        tools=[partial(FocusTool, seconds=(0, 0)), partial(Stills, folder=tmp_path)],
    )  # type: ignore[arg-type]
    viewer.run()
    return engine, surface, viewer


def test_off_screen_a_finite_source_ends_the_run() -> None:
    engine = FakeEngine()
    viewer = off_screen(FakeSource(5), engine)
    statistics = viewer.run()
    assert statistics.frames + statistics.dropped_frames == 5
    assert engine.drawn[-1] == 4 == viewer.frame.index
    assert engine.drawn == sorted(set(engine.drawn))
    assert (statistics.size, statistics.scale) == ((3, 2), 0.5)
    assert "present" in statistics.stages


def test_a_slow_engine_shows_the_newest_frame_and_counts_dropped_frames() -> None:
    engine = FakeEngine(draw=lambda frame: time.sleep(0.03))
    statistics = off_screen(FakeSource(60, fps=500.0), engine).run()
    assert statistics.dropped_frames > 0
    assert statistics.frames + statistics.dropped_frames == 60
    assert statistics.late_frames == statistics.frames - 1
    assert engine.drawn[-1] == 59


def test_frames_and_seconds_limit_an_endless_source() -> None:
    assert off_screen(FakeSource(None)).run(frames=7).frames == 7
    began_s = time.perf_counter()
    off_screen(FakeSource(None)).run(seconds=0.1)
    assert time.perf_counter() - began_s >= 0.1


def test_off_screen_a_still_is_drawn_the_requested_number_of_times() -> None:
    statistics = off_screen(FakeSource(1, fps=None)).run(frames=9)
    assert (statistics.frames, statistics.dropped_frames) == (9, 0)
    assert off_screen(FakeSource(1, fps=None)).run().frames == 1


def test_the_latency_of_a_redrawn_still_does_not_grow() -> None:
    statistics = off_screen(FakeSource(1, fps=None), FakeEngine(lambda frame: time.sleep(0.01))).run(frames=20)
    assert statistics.latency_ms["p95"] < statistics.seconds * 1000 / 2


def test_ctrl_c_ends_the_run_with_its_statistics() -> None:
    def interrupt(frame: Frame) -> None:
        if len(engine.drawn) == 3:
            raise KeyboardInterrupt

    engine = FakeEngine(interrupt)
    assert off_screen(FakeSource(None), engine).run().frames == 3


def test_a_failed_draw_gives_one_line_with_the_frame() -> None:
    def fail(frame: Frame) -> None:
        raise RuntimeError("no\nmemory")

    with pytest.raises(DeviceError, match=r"^clip/: frame 0 cannot be drawn \(RuntimeError: no memory\)$"):
        off_screen(FakeSource(1), FakeEngine(fail)).run()


def test_a_groundglass_error_is_passed_on() -> None:
    def fail(frame: Frame) -> None:
        raise LookError("fix the look")

    with pytest.raises(LookError, match="fix the look"):
        off_screen(FakeSource(1), FakeEngine(fail)).run()
    with pytest.raises(SourceError, match="torn"):
        off_screen(FakeSource(2, error=SourceError("torn"))).run()


def test_a_still_in_the_window_is_drawn_once(tmp_path: Path) -> None:
    engine, surface, _ = look((Signal.REPAINT, Signal.REPAINT), tmp_path)
    assert engine.drawn == [0]
    assert [status for status, _ in surface.shown] == ["clip   classic   fifty   f/1.4   1.20 m"] * 3


def test_the_window_keeps_the_last_frame_of_a_clip(tmp_path: Path) -> None:
    engine, _, viewer = look((), tmp_path, frames=4)
    assert viewer.frame.index == 3 == engine.drawn[-1]


def test_an_outdated_still_is_drawn_again(tmp_path: Path) -> None:
    engine, surface = FakeEngine(), FakeSurface(Signal.REPAINT, Signal.REPAINT)
    engine._draw = lambda frame: setattr(engine, "outdated", not engine.drawn)
    Viewer(engine, FakeSource(1), engine.history, surface=surface).run()  # type: ignore[arg-type]
    assert engine.drawn == [0, 0]


def test_the_wheel_changes_the_aperture_in_thirds_of_a_stop_within_its_limits(tmp_path: Path) -> None:
    engine, surface, _ = look((Wheel(-3), Wheel(-0.5)), tmp_path)
    assert engine.history.now.f_number == pytest.approx(1.4 * 2**0.5 * 2 ** (0.5 / 6))
    assert engine.drawn == [0, 0, 0]
    assert "f/2.1 " in surface.shown[-1][0]
    assert look((Wheel(-99),), tmp_path)[0].history.now.f_number == 16
    closed, _, _ = look((Wheel(9),), tmp_path)
    assert closed.history.now.f_number == 1.4
    assert closed.drawn == [0]  # nothing changed, so nothing is drawn


def test_a_click_focuses_at_the_depth_of_the_point(tmp_path: Path) -> None:
    engine, surface, _ = look((Pointer("press", 0.5, 0.5),), tmp_path)
    assert engine.focus_m == 3.0
    assert engine.drawn == [0, 0]
    assert "3.00 m" in surface.shown[-1][0]


def test_a_click_racks_and_redraws_a_still(tmp_path: Path) -> None:
    engine, surface = FakeEngine(), FakeSurface(Pointer("press", 0.5, 0.5))
    focused: list[float] = []
    engine._draw = lambda frame: focused.append(engine.focus_m)
    viewer = Viewer(
        engine, FakeSource(1), engine.history, surface=surface, tools=[partial(FocusTool, seconds=(0.05, 1.0))]
    )  # type: ignore[arg-type]
    viewer.run()
    assert (focused[0], focused[-1]) == (1.2, 3.0)
    assert focused == sorted(focused)
    assert len(focused) > 2


def test_off_screen_a_rack_moves_the_focus_without_redrawing_frames() -> None:
    engine = FakeEngine()
    viewer = Viewer(
        engine,
        FakeSource(6, fps=60.0),
        engine.history,
        surface=FakeSurface(is_interactive=False),
        tools=[partial(FocusTool, plan=Rack(0.9, 2.5, 0.02))],
    )  # type: ignore[arg-type]
    viewer.run()
    assert engine.focus_m == 2.5
    assert engine.drawn == sorted(set(engine.drawn))


@pytest.mark.parametrize("x", [0.1, 0.15])
def test_a_click_without_depth_shows_a_message(tmp_path: Path, x: float) -> None:
    engine, surface, _ = look((Pointer("press", x, 0.5),), tmp_path)
    assert (engine.focus_m, engine.drawn) == (1.2, [0])
    assert surface.shown[-1][1] == "no depth here"


def test_a_click_on_the_sky_focuses_at_infinity(tmp_path: Path) -> None:
    engine, surface, _ = look((Pointer("press", 0.9, 0.5),), tmp_path)
    assert engine.focus_m == 1000.0
    assert "infinity" in surface.shown[-1][0]


def test_a_click_below_the_minimum_distance_focuses_at_the_minimum(tmp_path: Path) -> None:
    engine, surface, _ = look((Pointer("press", 0.2, 0.5),), tmp_path)
    assert engine.focus_m == 0.5
    assert surface.shown[-1][1] == "this lens focuses from 0.50 m"


def test_the_right_button_sets_the_white_balance(tmp_path: Path) -> None:
    engine, surface, _ = look((Pointer("press", 0.5, 0.5, "right"),), tmp_path)
    assert surface.shown[-1][1] == "white balance 2,1,1.5"
    assert engine.drawn == [0, 0]
    _, surface, _ = look((Pointer("press", 0.5, 0.05, "right"),), tmp_path)
    assert surface.shown[-1][1] == "too dark to be grey here"


def test_a_frozen_picture_handles_input_and_counts_no_dropped_frames(tmp_path: Path) -> None:
    engine, surface = FakeEngine(), FakeSurface(Key("Space"), Wheel(-1), Pointer("press", 0.5, 0.5))
    surface.play_at = 3  # freezes after three frames; then the loop sleeps, and the script continues
    surface.wait = lambda timeout_s, wait=surface.wait: (time.sleep(0.1), wait(timeout_s))[1]  # type: ignore[method-assign]
    viewer = Viewer(engine, FakeSource(None), engine.history, surface=surface, tools=[FocusTool])  # type: ignore[arg-type]
    statistics = viewer.run()
    assert engine.drawn[-3:] == [engine.drawn[2]] * 3
    assert surface.shown[-1][0].endswith("frozen")
    assert statistics.dropped_frames < viewer.sources._queue.dropped


def test_stills_are_complete_when_the_user_quits_immediately(tmp_path: Path) -> None:
    look((Key("S"), Key("S")), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"groundglass-000{number}.{suffix}" for number in (1, 2) for suffix in ("jpg", "toml")]
    assert Image.open(tmp_path / names[0]).size == (6, 4)


def test_an_output_error_while_closing_keeps_no_buffer_and_no_gl_object() -> None:
    class Writer(Tool):
        def close(self) -> None:
            raise OutputError("the disk is full")

    class LeasedSource(FakeSource):
        leases: list[Lease]

        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                self.leases.append(Lease(lambda: None))
                yield replace(frame, lease=self.leases[-1])

    source, engine, surface = LeasedSource(3), FakeEngine(), FakeSurface(is_interactive=False)
    source.leases = []
    viewer = Viewer(engine, source, engine.history, surface=surface, tools=[lambda _: Writer()])  # type: ignore[arg-type]
    with pytest.raises(OutputError, match="the disk is full"):
        viewer.run()
    assert all(lease.is_released for lease in source.leases)
    assert viewer._presenter.is_released
    assert viewer.frame is not None
    assert viewer.frame.lease is None
