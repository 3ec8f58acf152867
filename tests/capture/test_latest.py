"""The latest-frame queue: the newest frame wins, dropped frames are counted, errors arrive, threads end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from groundglass.capture import BaseSource, Timing, latest
from groundglass.capture.latest import LatestFrameQueue
from groundglass.errors import SourceError
from groundglass.frame import Frame, Lease

WAIT_S = 10.0  # far longer than a loaded machine needs; a passing test never waits this long


class Numbers(BaseSource):
    """`count` tiny frames. Each waits for `gate`, if given, before it is yielded."""

    name = "numbers"
    size = (2, 2)

    def __init__(self, count: int | None, fps: float | None = None, gate: threading.Semaphore | None = None) -> None:
        self.frames = count
        self.fps = fps
        self.gate = gate
        self.given = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        while self.frames is None or self.given < self.frames:
            if self.gate is not None:
                self.gate.acquire()
            yield Frame(np.zeros((2, 2), np.uint16), index=self.given)
            self.given += 1

    def close(self) -> None:
        self.closed = True


class Failing(Numbers):
    def __iter__(self) -> Iterator[Frame]:
        yield Frame(np.zeros((2, 2), np.uint16), index=0)
        raise SourceError("camera: unplugged; plug it in again")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def wait_for_end(latest_frames: LatestFrameQueue) -> None:
    thread = latest_frames._thread
    assert thread is not None
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_the_newest_frame_wins_and_dropped_frames_are_counted() -> None:
    with LatestFrameQueue(Numbers(5)) as latest_frames:
        wait_for_end(latest_frames)
        assert not latest_frames.ended
        newest = latest_frames.latest(WAIT_S)
        assert newest is not None
        assert newest.index == 4
        assert latest_frames.dropped == 4
        assert latest_frames.ended
        assert latest_frames.latest(WAIT_S) is None


def test_nothing_is_dropped_when_every_frame_is_taken() -> None:
    gate = threading.Semaphore(0)
    indices = []
    with LatestFrameQueue(Numbers(6, gate=gate)) as latest_frames:
        for _ in range(6):
            gate.release()
            frame = latest_frames.latest(WAIT_S)
            assert frame is not None
            indices.append(frame.index)
        assert latest_frames.latest(WAIT_S) is None
        assert latest_frames.ended
    assert indices == [0, 1, 2, 3, 4, 5]
    assert latest_frames.dropped == 0


def test_a_frame_is_returned_once_with_its_arrival_time() -> None:
    gate = threading.Semaphore(1)
    with LatestFrameQueue(Numbers(2, gate=gate)) as latest_frames:
        frame = latest_frames.latest(WAIT_S)
        assert frame is not None
        assert frame.arrived_s > 0
        assert latest_frames.latest(0.0) is None
        assert not latest_frames.ended
        gate.release()


def test_an_error_arrives_after_the_previous_frames() -> None:
    with LatestFrameQueue(Failing(None)) as latest_frames:
        wait_for_end(latest_frames)
        assert latest_frames.latest(WAIT_S) is not None
        with pytest.raises(SourceError, match="unplugged"):
            latest_frames.latest(WAIT_S)
        assert latest_frames.ended


def test_frames_are_never_early() -> None:
    begin_s = time.perf_counter()
    with LatestFrameQueue(Numbers(4, fps=100)) as latest_frames:
        count = 0
        while (frame := latest_frames.latest(WAIT_S)) is not None:
            assert frame.arrived_s - begin_s >= frame.index / 100 - 0.001  # clock tick of the operating system
            count += 1
    assert count + latest_frames.dropped == 4


def test_close_ends_an_endless_source_and_may_be_repeated() -> None:
    source = Numbers(None, fps=1000)
    latest_frames = LatestFrameQueue(source)
    latest_frames.start()
    latest_frames.start()
    assert latest_frames.latest(WAIT_S) is not None
    latest_frames.close()
    latest_frames.close()
    assert latest_frames.latest(0.0) is None
    assert latest_frames.ended
    assert not source.closed
    latest_frames.start()


def test_closing_does_not_wait_for_a_slow_clock() -> None:
    latest_frames = LatestFrameQueue(Numbers(None, fps=0.001))
    latest_frames.start()
    assert latest_frames.latest(WAIT_S) is not None
    latest_frames.close()


class FakeTime:
    """Replaces `time` and the stop event of the queue. Waiting advances the clock."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def perf_counter(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> bool:
        self.now_s += seconds
        return False

    def is_set(self) -> bool:
        return False


def delivered(monkeypatch: pytest.MonkeyPatch, timing: Timing, fps: float | None, reads_s: list[float]) -> list[float]:
    """Delivery times of frames whose reads take `reads_s`, in seconds from the start."""
    clock, arrivals = FakeTime(), []

    class Reading(BaseSource):
        name, size = "reading", (2, 2)

        def __iter__(self) -> Iterator[Frame]:
            for read_s in reads_s:
                clock.now_s += read_s
                yield Frame(np.zeros((2, 2), np.uint16))

    source = Reading()
    source.timing, source.fps = timing, fps
    queue = LatestFrameQueue(source)
    monkeypatch.setattr(latest, "time", clock)
    monkeypatch.setattr(queue, "_stop", clock)
    monkeypatch.setattr(queue, "_put", lambda frame: arrivals.append(frame.arrived_s) or True)
    queue._deliver()
    return [round(arrived_s - 100, 3) for arrived_s in arrivals]


def test_a_late_frame_does_not_delay_the_next_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delivered(monkeypatch, Timing.PACED, 10, [0, 0.2, 0, 0, 0]) == [0, 0.2, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("timing", [Timing.LIVE, Timing.STILL])
def test_only_a_paced_source_is_paced(monkeypatch: pytest.MonkeyPatch, timing: Timing) -> None:
    assert delivered(monkeypatch, timing, 10, [0.01, 0.01, 0.5, 0.01]) == [0.01, 0.02, 0.52, 0.53]
    assert delivered(monkeypatch, Timing.PACED, None, [0.01, 0.01]) == [0.01, 0.02]


def test_a_long_stall_is_not_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames in a burst would be dropped at once. A short one is, so that a video keeps its length."""
    assert delivered(monkeypatch, Timing.PACED, 10, [0, 0.8, 0, 0]) == [0, 0.8, 0.9, 1.0]
    assert delivered(monkeypatch, Timing.PACED, 10, [0, 0.3, 0, 0]) == [0, 0.3, 0.3, 0.3]


def test_a_frame_that_waits_at_the_end_is_released() -> None:
    """A driver waits for its buffer, even if the frame still exists."""
    leases: list[Lease] = []

    class Leased(Numbers):
        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                leases.append(Lease(lambda: None))
                yield replace(frame, lease=leases[-1])

    queue = LatestFrameQueue(Leased(2))
    queue.start()
    wait_for_end(queue)
    assert [lease.is_released for lease in leases] == [True, False]
    queue.close()
    assert [lease.is_released for lease in leases] == [True, True]


def test_a_dropped_frame_is_released() -> None:
    released: list[int] = []

    class Leased(Numbers):
        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                yield replace(frame, lease=Lease(partial(released.append, frame.index)))

    queue = LatestFrameQueue(Leased(3))
    queue.start()
    wait_for_end(queue)
    assert released == [0, 1]
    queue.close()
    assert released == [0, 1, 2]
