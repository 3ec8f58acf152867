"""Live sources: no pacing, leases on buffers of the driver, interruptible reads, controls of the camera."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.capture import EXPOSURE_CONTROL, BaseSource, Timing, latest
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.source_filter import SourceFilter
from groundglass.capture.stereo import WithRight
from groundglass.capture.with_depth import UprightDepth, WithDepth
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.frame import Frame, Lease, StereoRig
from groundglass.settings import SettingsHistory
from live_source_support import WAIT_S, FakeCamera


class SameFrames(SourceFilter):
    def change(self, frame: Frame) -> Frame:
        return replace(frame, profile=CameraProfile(white=1000.0))


def test_a_driver_with_three_buffers_never_starves_and_never_overwrites_a_frame_in_use() -> None:
    with FakeCamera(300) as camera, LatestFrameQueue(camera) as queue:
        shown: Frame | None = None
        indices = []
        while (frame := queue.latest(WAIT_S)) is not None:
            if shown is not None:
                shown.release()
            shown = frame
            for _ in range(2):  # reading takes as long as one or two frames of the driver
                assert (frame.pixels == frame.index).all()
                time.sleep(0.001)
            indices.append(frame.index)
        assert shown is not None
        shown.release()
        assert not camera.starved
        assert indices == sorted(set(indices))
        assert len(indices) + queue.dropped == 300
        assert sorted(camera.given_back) == list(range(300))  # each exactly once


def test_a_lease_is_released_once_through_copies_filters_and_rotations() -> None:
    with FakeCamera(2, orientation=6) as camera:
        depth = UprightDepth(lambda size: np.ones(size[::-1], np.float32))
        frame = next(iter(WithDepth(SameFrames(camera), depth)))
        rotated = frame.upright()
        assert rotated.size == (8, 16)
        copy = replace(rotated, time_s=1.0)
        copy.release()
        assert camera.given_back == [0]
        for leased in (frame, rotated, copy):
            leased.release()
        assert camera.given_back == [0]


def test_simultaneous_releases_return_a_buffer_once() -> None:
    given_back: list[int] = []
    lease = Lease(lambda: given_back.append(1))
    barrier = threading.Barrier(8)

    def release() -> None:
        barrier.wait()
        lease.release()

    threads = [threading.Thread(target=release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given_back == [1]
    assert lease.is_released


def test_owned_copies_a_leased_frame_and_returns_a_frame_without_lease() -> None:
    with FakeCamera(1) as camera:
        frame = next(iter(camera))
        owned = frame.owned()
        frame.release()
        frame.pixels[:] = 7  # the driver overwrites its buffer
        assert (owned.pixels == 0).all()
        assert owned.lease is None
        assert owned.owned() is owned
        owned.release()


def test_an_unreferenced_lease_is_released() -> None:
    with FakeCamera(1) as camera:
        frame = next(iter(camera))
        del frame
        gc.collect()
        assert camera.given_back == [0]


def test_releasing_a_pair_returns_both_buffers() -> None:
    with FakeCamera(1) as left, FakeCamera(1) as right:
        frame = next(iter(WithRight(left, right, StereoRig(100.0, 0.1))))
        gc.collect()
        assert (left.given_back, right.given_back) == ([], [])
        frame.release()
        assert (left.given_back, right.given_back) == ([0], [0])


def test_a_live_source_is_not_paced_and_gives_capture_times() -> None:
    with FakeCamera(40, fps=400.0) as camera:
        camera.fps = 2.0  # the nominal rate of the driver: paced by it, 40 frames would take 20 s
        begin_s = time.perf_counter()
        with LatestFrameQueue(camera) as queue:
            while (frame := queue.latest(WAIT_S)) is not None:
                assert frame.captured_s is not None
                assert begin_s - 1 < frame.captured_s <= frame.arrived_s
                assert frame.latency_from_s == frame.captured_s
                frame.release()
        assert time.perf_counter() - begin_s < 10


def test_a_source_filter_forwards_attributes_controls_and_interrupt() -> None:
    with FakeCamera() as camera, SameFrames(SameFrames(camera)) as source:
        assert source.timing is Timing.LIVE
        assert (source.name, source.fps, source.frames, source.size) == (camera.name, camera.fps, None, camera.size)
        assert [control.name for control in source.controls()] == [EXPOSURE_CONTROL, "camera_gain"]
        threading.Timer(0.05, source.interrupt).start()
        for frame in source:  # until `interrupt`
            frame.release()
        assert not camera.closed
    assert camera.closed


def test_close_interrupts_a_blocked_read() -> None:
    with FakeCamera(0) as camera:
        camera.frames = None
        queue = LatestFrameQueue(camera)
        camera._filled.get(timeout=WAIT_S)  # removes the end mark of the driver, so that a read blocks
        queue.start()
        thread = queue._thread
        assert thread is not None
        assert queue.latest(0.05) is None
        assert thread.is_alive()
        begin_s = time.perf_counter()
        queue.close()
        assert time.perf_counter() - begin_s < latest.CLOSE_WAIT_S
        assert not thread.is_alive()


class Stuck(BaseSource):
    """Blocks until `gate` is set. `interrupt` has no effect."""

    name, size, timing = "stuck", (2, 2), Timing.LIVE

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.given_back: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        self.gate.wait()
        yield Frame(np.zeros((2, 2), np.uint16), lease=Lease(lambda: self.given_back.append(0)))


def test_close_does_not_wait_for_an_uninterruptible_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "CLOSE_WAIT_S", 0.05)
    source = Stuck()
    queue = LatestFrameQueue(source)
    queue.start()
    thread = queue._thread
    assert thread is not None
    assert thread.daemon
    queue.close()
    assert thread.is_alive()
    assert queue.ended
    source.gate.set()
    thread.join(WAIT_S)
    assert queue.latest(0.0) is None
    assert source.given_back == [0]  # a late frame is released


def test_the_viewer_has_the_controls_of_a_camera_and_returns_every_buffer() -> None:
    with (
        FakeCamera() as camera,
        OffscreenSurface(camera.size) as surface,
        gg.Engine(size=camera.size, gl=surface.gl) as engine,
    ):
        viewer = Viewer(engine, camera, SettingsHistory(gg.Settings()), surface=surface)
        viewer.controls.set("camera_gain", 4.0)
        viewer.controls.set(EXPOSURE_CONTROL, -2.0)
        assert (camera.gain, camera.exposure_ev) == (4.0, -2.0)
        assert "camera" in viewer.controls.groups()
        statistics = viewer.run(frames=5)
        assert statistics.frames == 5
        assert viewer.frame is not None
        assert viewer.frame.lease is None
        assert (viewer.frame.pixels == viewer.frame.index).all()
        assert not camera.starved
        assert len(set(camera.given_back)) == len(camera.given_back) >= 5
