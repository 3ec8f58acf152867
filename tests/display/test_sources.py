"""The replacement of the source of a running viewer: the picture, the controls, the statistics, and every failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture import BaseSource, Source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.controls import Action
from groundglass.display import sources as sources_module
from groundglass.display.bitmap import BitmapSurface
from groundglass.display.opening import Opening
from groundglass.display.sources import Sources, address
from groundglass.display.tool import Invalidation, Tool, ToolContext
from groundglass.display.viewer import Viewer
from groundglass.errors import ControlError, SourceError
from groundglass.frame import Encoding, Frame
from groundglass.settings import Settings, SettingsHistory
from live_source_support import FakeCamera
from look_support import context

WAIT_S = 20.0


class Clip(BaseSource):
    """Grey pictures, endless, or `frames`; `fails` raises after them."""

    fps = 50.0

    def __init__(self, name: str, size: tuple[int, int] = (32, 24), frames: int | None = None, fails: bool = False):
        self.name, self.size, self.frames, self._fails, self.closed = name, size, frames, fails, 0

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while self.frames is None or index < self.frames:
            yield Frame(np.full((*self.size[::-1], 3), 128, np.uint8), Encoding.DISPLAY, index=index, name=self.name)
            index += 1
        if self._fails:
            raise SourceError(f"{self.name}: the disk is gone")

    def close(self) -> None:
        self.closed += 1


class Director(Tool):
    """Runs the steps of a script between the frames: each waits until its condition is true. The last one quits."""

    def __init__(self, tool_context: ToolContext, script: list[Any]) -> None:
        self.context, self.script = tool_context, script
        self.until_s = time.perf_counter() + WAIT_S
        self.switched: list[str] = []
        self.seen: list[str] = []
        self.notices: set[str] = set()
        self.timed_out = False

    def controls(self) -> list[Action]:
        return []

    def on_source(self, source: Any) -> None:
        self.switched.append(source.name)

    def on_frame(self, drawn: Any) -> None:
        self.seen.append(drawn.captured.name or self.context.source.name)

    def tick(self, now_s: float) -> Invalidation:
        self.notices.add(self.context.sources.notice)
        self.timed_out = now_s > self.until_s
        if self.timed_out:
            self.script.clear()
        if not self.script:
            self.context.controls.do("quit")
        elif self.script[0](self):
            self.script.pop(0)
        return Invalidation.NOTHING


@pytest.fixture(autouse=True)
def _no_compilation_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compilation in another process takes longer than the first frame of these tiny sources."""
    monkeypatch.setattr(sources_module, "PREPARE_S", 0.0)
    monkeypatch.setattr(gg.Engine, "prepare", lambda *_: None)


def opens(name: str) -> Callable[[Director], bool]:
    def step(director: Director) -> bool:
        director.context.open_source(name)
        return True

    return step


def shows(name: str) -> Callable[[Director], bool]:
    return lambda director: director.context.source.name == name and bool(director.seen) and director.seen[-1] == name


def notes(words: str) -> Callable[[Director], bool]:
    return lambda director: words in director.context.sources.notice


def play(first: Any, sources: dict[str, Any], *script: Any, holds_rate: bool = False, tools: Any = ()) -> Any:
    """Runs a viewer on `first`; `sources` are opened by name. Returns the director, the viewer and its statistics."""
    director: list[Director] = []

    def open_named(name: str) -> Any:
        found = sources[name]
        if isinstance(found, Exception):
            raise found
        return found() if callable(found) else found

    def make(tool_context: ToolContext) -> Director:
        director.append(Director(tool_context, list(script)))
        return director[0]

    with (
        BitmapSurface((64, 48), lambda _: None, gl=context()) as surface,
        gg.Engine(gl=surface.gl, look_route="gl") as engine,
    ):
        viewer = Viewer(
            engine,
            first,
            SettingsHistory(Settings(focus_m=2.5)),
            surface=surface,
            tools=[make, *tools],
            holds_rate=holds_rate,
            open_source=open_named,
        )
        statistics = viewer.run()
    assert not director[0].timed_out, (director[0].seen[-1:], director[0].notices)
    return director[0], viewer, statistics


def test_another_source_replaces_the_first_and_the_settings_stay() -> None:
    first, second = Clip("a"), Clip("b", (48, 16))
    director, viewer, statistics = play(first, {"b": second}, shows("a"), opens("b"), shows("b"))
    assert director.switched == ["b"]
    assert director.seen == sorted(director.seen)  # no picture of the first one after the second
    assert "opening b" in director.notices | {"opening b"}
    assert (statistics.size[0] / statistics.size[1], viewer._settings.now.focus_m) == (3.0, 2.5)
    assert (first.closed > 0, second.closed > 0) == (True, True)
    assert statistics.interval_ms["p95"] < 1e3 * WAIT_S


class WaitingHost:
    """A viewer whose kernels for the new source compile."""

    def __init__(self) -> None:
        self.is_preparing = False
        self.calls: list[str] = []

    def prepare_switch(self, frame: Frame) -> None:
        self.calls.append("prepare")
        self.is_preparing = True

    def try_frame(self, source: Source, frame: Frame) -> None:
        self.calls.append("try")

    def on_switch(self, source: Source, frame: Frame) -> None:
        self.calls.append("switch")

    def on_rejected(self) -> None: ...

    def keep_frame(self) -> None: ...


@pytest.mark.parametrize("waits_for_ever", [False, True])
def test_another_source_waits_for_its_kernels_for_a_while(
    waits_for_ever: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first frame would stop the picture for seconds."""
    monkeypatch.setattr(sources_module, "PREPARE_S", 30.0)
    host, second = WaitingHost(), Clip("second")
    sources = Sources(Clip("first"), lambda name: second)
    sources.open("second", host)
    until_s = time.perf_counter() + WAIT_S
    while "prepare" not in host.calls and time.perf_counter() < until_s:
        sources.step(host)
        time.sleep(0.001)
    for _ in range(3):
        sources.step(host)
    assert host.calls == ["prepare"]
    if waits_for_ever:
        monkeypatch.setattr(sources_module, "PREPARE_S", 0.0)
    else:
        host.is_preparing = False
    sources.step(host)
    assert host.calls == ["prepare", "try", "switch"]
    assert sources.source is second
    sources.close()


def test_a_source_that_cannot_be_opened_leaves_the_first_one_running() -> None:
    first = Clip("a")
    sources = {"b": SourceError("b: permission denied; join the group video"), "c": OSError("driver\nfault")}
    director, _, _ = play(
        first,
        sources,
        *(
            shows("a"),
            opens("b"),
            notes("permission denied"),
            shows("a"),
            opens("c"),
            notes("c: OSError: driver fault"),
        ),
        lambda director: director.seen.append("-") or True,
        shows("a"),
    )
    assert director.switched == []


def test_a_source_whose_first_frame_cannot_be_drawn_or_never_comes_is_rejected() -> None:
    class Wrong(Clip):
        def __iter__(self) -> Iterator[Frame]:
            yield Frame(np.zeros((4, 4), np.uint16), cfa=gg.Cfa("RGGB"), depth_m=np.zeros((0, 4), np.float32))

    wrong, empty = Wrong("wrong"), Clip("empty", frames=0)
    director, _, _ = play(
        Clip("a"),
        {"wrong": wrong, "empty": empty},
        *(
            shows("a"),
            opens("wrong"),
            notes("not a depth map"),
            opens("empty"),
            notes("empty: ended before"),
            shows("a"),
        ),
    )
    assert director.switched == []
    assert (wrong.closed, empty.closed) == (1, 1)


def test_a_source_that_fails_later_keeps_its_last_picture_and_reports_why() -> None:
    director, _, _ = play(
        Clip("a"),
        {"b": Clip("b", frames=2, fails=True), "a2": Clip("a2")},
        *(shows("a"), opens("b"), notes("b: the disk is gone"), opens("a2"), shows("a2"), notes("")),
    )
    assert director.switched == ["b", "a2"]


def test_a_slow_opening_can_be_replaced_and_is_closed_afterwards() -> None:
    may_open, slow = threading.Event(), Clip("slow")

    def blocked() -> Clip:
        may_open.wait(WAIT_S)
        return slow

    def release(director: Director) -> bool:
        may_open.set()
        return slow.closed > 0

    director, _, _ = play(
        Clip("a"),
        {"slow": blocked, "b": Clip("b")},
        *(shows("a"), opens("slow"), notes("opening slow"), opens("b"), shows("b"), release),
    )
    assert director.switched == ["b"]


def test_the_controls_of_a_camera_come_and_go_with_it() -> None:
    camera = FakeCamera(fps=100.0)
    names: list[list[str]] = []

    def note(director: Director) -> bool:
        names.append([control.name for control in director.context.controls if control.group == "camera"])
        return True

    play(
        Clip("a"),
        {"fake camera": camera, "b": Clip("b")},
        *(shows("a"), note, opens("fake camera"), shows("fake camera"), note, opens("b"), shows("b"), note),
    )
    assert names == [[], ["camera_exposure", "camera_gain"], []]
    assert camera.closed
    assert len(set(camera.given_back)) == len(camera.given_back)  # every buffer went back once


def test_the_same_device_is_released_before_it_is_opened_again() -> None:
    """A camera that only one program may have, opened with other options; an impossible option returns to it."""
    users: list[str] = []

    class Exclusive(FakeCamera):
        def __init__(self, name: str) -> None:
            if users:
                raise SourceError(f"{name}: the device is busy")
            if "size=9x9" in name:
                raise SourceError(f"{name}: 9x9 is not a size of this camera")
            users.append(name)
            super().__init__(fps=100.0)
            self.name = name

        def close(self) -> None:
            super().close()
            if self.name in users:
                users.remove(self.name)

    names = ("cam:0", "cam:0?size=16x8", "cam:0?size=9x9")
    director, _, _ = play(
        Exclusive("cam:0"),
        {name: partial(Exclusive, name) for name in names},
        *(shows("cam:0"), opens(names[1]), shows(names[1]), opens(names[2]), notes("is not a size"), shows(names[1])),
        lambda director: len(director.switched) == 2,
    )
    assert director.switched == [names[1], names[1]]
    assert users == []


def test_the_end_of_the_run_ends_an_opening_that_blocks() -> None:
    may_open, slow = threading.Event(), Clip("slow")

    def blocked() -> Clip:
        may_open.wait(WAIT_S)
        return slow

    began_s = time.perf_counter()
    play(Clip("a"), {"slow": blocked}, shows("a"), opens("slow"), notes("opening slow"))
    assert time.perf_counter() - began_s < WAIT_S / 2
    may_open.set()
    deadline_s = time.perf_counter() + WAIT_S
    while not slow.closed and time.perf_counter() < deadline_s:
        time.sleep(0.01)
    assert slow.closed == 1


def test_a_viewer_without_an_opener_refuses() -> None:
    with (
        BitmapSurface((32, 24), lambda _: None, gl=context()) as surface,
        gg.Engine(gl=surface.gl, look_route="gl") as engine,
    ):
        contexts: list[ToolContext] = []
        make = lambda tool_context: (contexts.append(tool_context), Tool())[1]  # noqa: E731
        viewer = Viewer(engine, Clip("a"), SettingsHistory(Settings()), surface=surface, tools=[make])
        with pytest.raises(ControlError, match="cannot be changed"):
            contexts[0].open_source("b")
        viewer.run(frames=1)


def test_passwords_are_remembered_and_not_shown() -> None:
    opened: list[str] = []

    def refuse(name: str) -> BaseSource:
        opened.append(name)
        raise SourceError("refused")

    host: Any = None
    sources = Sources(Clip("first"), refuse)
    for name in ("rtsp://me:pw@cam/live", "rtsp://cam/live"):
        sources.open(name, host)
        assert sources.notice in ("opening rtsp://cam/live", "refused")
        opening = sources._opening
        assert opening is not None
        opening._thread.join(WAIT_S)
    assert opened == ["rtsp://me:pw@cam/live"] * 2


def test_the_address_of_a_name_is_without_its_options() -> None:
    assert (address("v4l2:0?size=640x480"), address("photo.dng")) == ("v4l2:0", "photo.dng")


def test_the_queue_of_an_opened_source_appears_last() -> None:
    """The loop takes frames from it at once, and then uses the source."""
    seen = list[bool]()

    class Watched(Opening):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "queue" and value is not None:
                seen.append(self.source is not None)
            super().__setattr__(name, value)

    opened = threading.Event()
    opening = Watched(["fake"], lambda name: FakeCamera(None), opened.set, None)
    try:
        assert opened.wait(20)
        assert seen == [True]
    finally:
        opening.abandon(_close)


def _close(queue: LatestFrameQueue, source: Source) -> None:
    queue.close()
    source.close()
