"""A live source whose camera is gone: opened again with growing waits, until it returns or the source is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture import Timing
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.live import retry
from groundglass.capture.live.retry import LiveSource
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.errors import SourceError
from groundglass.frame import Frame
from groundglass.settings import SettingsHistory
from live_source_support import UNPLUGGED, WAIT_S, FakeCamera, Unplugged


class Large(FakeCamera):
    size = (32, 16)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MIN_WAIT_S", 0.01)
    monkeypatch.setattr(retry, "MAX_WAIT_S", 0.04)


def taken(source: LiveSource, count: int) -> list[Frame]:
    """The next frames, each without its lease."""
    frames = []
    for frame in source:
        frames.append(frame.owned())
        frame.release()
        if len(frames) == count:
            return frames
    return frames


def test_numbers_and_times_continue_after_the_gap() -> None:
    cameras = FakeCamera(3), FakeCamera(3), FakeCamera(None)
    with Unplugged(*cameras) as source:
        assert source.timing is Timing.LIVE
        frames = taken(source, 8)
        assert [frame.index for frame in frames] == list(range(8))
        times_s = [frame.time_s for frame in frames]
        assert times_s == sorted(times_s)
        assert times_s[6] > times_s[3] > 0.0
        assert (source.reconnects, source.status) == (2, "")
        assert [camera.closed for camera in cameras] == [True, True, False]
    assert all(camera.closed for camera in cameras)


def test_the_wait_doubles_until_a_frame_comes() -> None:
    with Unplugged(FakeCamera(1), UNPLUGGED, UNPLUGGED, UNPLUGGED, FakeCamera(1), FakeCamera(None)) as source:
        taken(source, 3)
        waits_s = np.diff(source.opened_s[1:])
    assert all(waits_s >= [0.02, 0.04, 0.04, 0.01])


class Recorded(Unplugged):
    """Notes each status that it gets."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "status":
            seen = vars(self).setdefault("seen", [])
            seen.extend([value] if seen[-1:] != [value] else [])


def test_the_status_is_the_fault_until_a_frame_comes() -> None:
    with Recorded(FakeCamera(1), OSError("No such device"), FakeCamera(1)) as source:
        taken(source, 2)
        seen = source.seen
    assert seen == ["", str(UNPLUGGED), "camera: No such device", ""]


def test_a_camera_that_cannot_be_opened_at_first_is_an_error() -> None:
    with pytest.raises(SourceError, match="plug it in again"):
        Unplugged(UNPLUGGED)


@pytest.mark.parametrize("close", [LiveSource.interrupt, LiveSource.close])
def test_a_long_wait_is_interrupted(monkeypatch: pytest.MonkeyPatch, close: Callable[[LiveSource], None]) -> None:
    monkeypatch.setattr(retry, "MIN_WAIT_S", WAIT_S)
    source = Unplugged(FakeCamera(0), UNPLUGGED)
    queue = LatestFrameQueue(source)
    queue.start()
    while not source.status:
        time.sleep(0.001)
    began_s = time.perf_counter()
    close(source)
    assert queue.latest(WAIT_S) is None
    assert queue.ended
    queue.close()
    assert time.perf_counter() - began_s < WAIT_S
    source.close()


def test_a_read_that_ignores_the_interrupt_releases_the_camera_when_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "CLOSE_WAIT_S", 0.01)
    gate, released = threading.Event(), threading.Event()

    class Stuck(LiveSource):
        def _open(self) -> Iterator[Frame]:
            gate.wait(WAIT_S)
            yield Frame(np.zeros((2, 2), np.uint16))

        def _release(self) -> None:
            released.set()

    source = Stuck("stuck")
    source._connect()
    reader = threading.Thread(target=lambda: list(source))
    reader.start()
    while not source._reading.locked():
        time.sleep(0.001)
    source.close()
    assert not released.is_set()
    gate.set()
    reader.join(WAIT_S)
    assert released.is_set()


def test_the_viewer_shows_a_camera_that_returns_with_another_size() -> None:
    with (
        Unplugged(FakeCamera(2), UNPLUGGED, Large(None)) as source,
        OffscreenSurface(FakeCamera.size) as surface,
        gg.Engine(size=FakeCamera.size, gl=surface.gl) as engine,
    ):
        viewer = Viewer(engine, source, SettingsHistory(gg.Settings()), surface=surface)
        statistics = viewer.run(frames=5)
        assert viewer.frame is not None
        assert viewer.frame.size == statistics.size == (32, 16)
