"""Live sources: never paced, leases on a driver's buffers, reads that can be interrupted, controls of the camera."""

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


def test_a_driver_with_three_buffers_never_starves_and_never_overwrites_what_is_read() -> None:
    with FakeCamera(300) as camera, LatestFrameQueue(camera) as queue:
        shown: Frame | None = None
        seen = []
        while (frame := queue.latest(WAIT_S)) is not None:
            if shown is not None:
                shown.release()
            shown = frame
            for _ in range(2):  # it is read for as long as the driver takes for a frame or two
                assert (frame.pixels == frame.index).all()
                time.sleep(0.001)
            seen.append(frame.index)
        assert shown is not None
        shown.release()
        assert not camera.starved
        assert seen == sorted(set(seen))
        assert len(seen) + queue.dropped == 300
        assert sorted(camera.given_back) == list(range(300))  # each once


def test_a_lease_is_released_once_through_copies_filters_and_turns() -> None:
    with FakeCamera(2, orientation=6) as camera:
        depth = UprightDepth(lambda size: np.ones(size[::-1], np.float32))
        frame = next(iter(WithDepth(SameFrames(camera), depth)))
        turned = frame.upright()
        assert turned.size == (8, 16)
        copy = replace(turned, time_s=1.0)
        copy.release()
        assert camera.given_back == [0]
        for again in (frame, turned, copy):
            again.release()
        assert camera.given_back == [0]


def test_threads_that_release_together_give_a_buffer_back_once() -> None:
    given_back: list[int] = []
    lease = Lease(lambda: given_back.append(1))
    together = threading.Barrier(8)

    def release() -> None:
        together.wait()
        lease.release()

    threads = [threading.Thread(target=release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given_back == [1]
    assert lease.is_released


def test_a_frame_that_is_kept_is_copied_and_one_without_a_lease_is_not() -> None:
    with FakeCamera(1) as camera:
        frame = next(iter(camera))
        kept = frame.owned()
        frame.release()
        frame.pixels[:] = 7  # as the driver does
        assert (kept.pixels == 0).all()
        assert kept.lease is None
        assert kept.owned() is kept
        kept.release()


def test_a_lease_that_nobody_holds_is_given_back() -> None:
    with FakeCamera(1) as camera:
        frame = next(iter(camera))
        del frame
        gc.collect()
        assert camera.given_back == [0]


def test_a_pair_of_leased_frames_gives_both_buffers_back() -> None:
    with FakeCamera(1) as left, FakeCamera(1) as right:
        frame = next(iter(WithRight(left, right, StereoRig(100.0, 0.1))))
        gc.collect()
        assert (left.given_back, right.given_back) == ([], [])
        frame.release()
        assert (left.given_back, right.given_back) == ([0], [0])


def test_a_live_source_is_not_paced_and_tells_when_frames_were_captured() -> None:
    with FakeCamera(40, fps=400.0) as camera:
        camera.fps = 2.0  # what the driver promised: paced by it, 40 frames would take 20 s
        begin_s = time.perf_counter()
        with LatestFrameQueue(camera) as queue:
            while (frame := queue.latest(WAIT_S)) is not None:
                assert frame.captured_s is not None
                assert begin_s - 1 < frame.captured_s <= frame.arrived_s
                assert frame.latency_from_s == frame.captured_s
                frame.release()
        assert time.perf_counter() - begin_s < 10


def test_a_source_filter_passes_everything_on() -> None:
    with FakeCamera() as camera, SameFrames(SameFrames(camera)) as source:
        assert source.timing is Timing.LIVE
        assert (source.name, source.fps, source.frames, source.size) == (camera.name, camera.fps, None, camera.size)
        assert [control.name for control in source.controls()] == [EXPOSURE_CONTROL, "camera_gain"]
        threading.Timer(0.05, source.interrupt).start()
        for frame in source:  # until it is interrupted
            frame.release()
        assert not camera.closed
    assert camera.closed


def test_closing_interrupts_a_read_that_blocks() -> None:
    with FakeCamera(0) as camera:
        camera.frames = None
        queue = LatestFrameQueue(camera)
        camera._filled.get(timeout=WAIT_S)  # the driver's end mark: now a read blocks
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
    """Blocks until `gate` opens, whatever interrupts it."""

    name, size, timing = "stuck", (2, 2), Timing.LIVE

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.given_back: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        self.gate.wait()
        yield Frame(np.zeros((2, 2), np.uint16), lease=Lease(lambda: self.given_back.append(0)))


def test_a_read_that_cannot_be_interrupted_does_not_keep_close_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert source.given_back == [0]  # what came too late is not kept


def test_the_viewer_lists_the_controls_of_a_camera_and_gives_every_buffer_back() -> None:
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
