"""A frame on CUDA: what the host waits for, and how kernels are launched. Without a GPU, as test_cuda.py."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.compiler import compiled_kernels, nvrtc
from groundglass.compute.cuda import CudaDevice
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.program import load_kernel_source
from groundglass.compute.tiles import WARP
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


class Shape(NamedTuple):
    """A launch: work-items in a group, and groups."""

    kernel: str
    items: int
    groups: int


@pytest.fixture
def shapes(cupy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> set[Shape]:
    """The launches of the stand-in's driver."""
    recorded: set[Shape] = set()
    names: list[str] = []
    launch, launch_kernel = CudaDevice.launch, cupy.cuda.driver.launchKernel

    def named(device: CudaDevice, source: str, kernel: str, *rest: Any) -> None:
        names.append(f"{source.partition('?')[0]} {kernel}")
        launch(device, source, kernel, *rest)

    def recording(function: int, *rest: int) -> None:
        recorded.add(Shape(names[-1], math.prod(rest[3:6]), math.prod(rest[:3])))
        launch_kernel(function, *rest)

    monkeypatch.setattr(CudaDevice, "launch", named)
    monkeypatch.setattr(cupy.cuda.driver, "launchKernel", recording)
    return recorded


def stereo_pair() -> gg.Frame:
    left, right = (np.repeat(RANDOM.integers(0, 256, (48, 80, 1), dtype=np.uint8), 3, axis=2) for _ in range(2))
    return gg.Frame(left, gg.Encoding.DISPLAY, right=right, rig=gg.StereoRig(focal_px=400, baseline_m=0.1))


def test_no_kernel_of_the_live_chain_runs_with_a_lane_of_a_warp(cuda: Device, shapes: set[Shape]) -> None:
    """A group of fewer than 32 work-items leaves lanes of its warp idle. Every size of picture has the same groups."""
    frame = frame_of()
    coarse_m = np.ascontiguousarray(frame.depth_m[::4, ::4])  # type: ignore[index]
    frames = [frame, replace(frame, depth_m=coarse_m, depth_noise=0.02), stereo_pair()]
    with gg.Engine(cuda.companion()) as engine:
        for number, lens in enumerate(("noct-50", "soft-90", "phone-12mm")):
            engine.draw(frames[number], gg.Settings(lens=lens, focus_m=1.5))
        engine.draw(frame, gg.Settings(quality="best", development=gg.Development(demosaic="best").with_all_stages()))
    kernels = {shape.kernel.rpartition(" ")[2] for shape in shapes}
    assert {"coc", "weigh", "find_highlights", "draw_highlights", "tile_colour", "push", "tile_noise"} <= kernels
    assert [shape for shape in shapes if shape.items < WARP and shape.groups > 1] == []


BUILDS = [f"defocus_{part}.cl?LAYERS=2&SHAPED=1" for part in ("layers", "sprites", "spread")]


@pytest.mark.parametrize("source", [*BUILDS, "highlights.cl", "demosaic_best.cl"])
def test_no_kernel_of_tiles_spills_registers(source: str) -> None:
    if nvrtc() is None:
        pytest.skip("NVRTC is not installed; pip install nvidia-cuda-nvrtc")
    reports = compiled_kernels(source)
    assert reports.keys() == load_kernel_source(source).entry_points().keys()
    assert {kernel: report.spill_bytes for kernel, report in reports.items() if report.spill_bytes} == {}
    assert max(report.registers for report in reports.values()) <= 128
