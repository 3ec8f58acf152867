"""A frame on CUDA: what the host waits for, and how kernels are launched. Without a GPU, as test_cuda.py."""

from __future__ import annotations

from typing import Any

import groundglass as gg
import numpy as np
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.timing import Clock

RANDOM = np.random.default_rng(43)


def frame_of(height: int = 60, width: int = 88) -> gg.Frame:
    """A noisy mosaic with clipped photosites, and two planes of depth."""
    mosaic = (9000 + 2000 * RANDOM.standard_normal((height, width))).clip(0, 65535).astype(np.uint16)
    mosaic[20:26, 30:40] = 65535
    depth_m = np.where(np.arange(width) < width // 2, 0.8, 5.0) * np.ones((height, 1))
    return gg.Frame(mosaic, depth_m=depth_m.astype(np.float32))


def linearize(planes: Planes) -> None:
    planes.run("linearize.cl", "linearize_float", light=planes.buffer, mosaic=planes.buffer, encoded=0)


def test_times_of_a_running_stage_arrive_with_a_later_frame(cuda: Device, late_events: Any) -> None:
    planes, clock = Planes(cuda, 64, 4, 1), Clock()
    for name in ("develop", "optics"):
        with cuda.stage(name, clock):
            linearize(planes)
    cuda.collect()
    assert (clock.stages(), late_events.waits) == ({}, 0)
    cuda.finish()
    with cuda.stage("look", clock):
        linearize(planes)
    cuda.collect()
    assert list(clock.stages()) == ["develop", "optics"]
    planes.release()


def test_a_frame_waits_only_for_the_picture_that_main_memory_needs(cuda: Device, late_events: Any) -> None:
    """Not for the times of its stages, nor for uploads, also of frames that are new in all respects."""
    frames = [frame_of() for _ in range(4)]
    with gg.Engine(cuda.companion(), frames[0].size) as engine:
        for number, frame in enumerate(frames):
            engine.draw(frame, gg.Settings())
            waits, late_events.waits = late_events.waits, 0
            assert number == 0 or waits == 1
        assert {"develop", "optics", "transfer"} <= engine.clock.stages().keys()


def test_a_fetched_array_arrives_without_waiting(cuda: Device, late_events: Any) -> None:
    planes = Planes(cuda, 64, 4, 1)
    planes.write(np.full((4, 64, 1), 0.5, np.float32))
    fetch = cuda.fetch(planes.buffer, np.float32, 64 * 4)
    assert (fetch.is_done, late_events.waits) == (False, 0)
    array = fetch.array()
    assert (fetch.is_done, late_events.waits) == (True, 1)
    np.testing.assert_array_equal(array, cuda.read(planes.buffer, np.float32, 64 * 4))
    planes.release()
