"""The time of each stage: by device events, by OpenGL timer queries, and by the host's clock.

Each round times every stage once, so that a drift of the machine's speed affects all stages alike. Compare medians
within one run. If OpenCV is installed, each round also times its bilinear demosaic as a common baseline. A copy of a
plane is the baseline for the memory bandwidth.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..capture import open_source
from ..compute.device import Buffer
from ..compute.planes import Planes
from ..depth.stage import DepthStage
from ..develop.demosaic import METHODS, Demosaic
from ..develop.development import RAW_STAGES, Development
from ..develop.estimates import Estimates
from ..develop.linearize import Linearize
from ..develop.stages import MakeContext, RunContext, StageSpec
from ..engine import Engine
from ..frame import Frame
from ..lens import load_lens
from ..look.grade import Grader, look_picture
from ..look.kernel_route.route import KernelLooks
from ..look.look import Look, load_look
from ..optics.defocus import QUALITIES, Blur, Defocus
from ..packing import Packing, pack
from ..settings import DEFAULT_FOCUS_M, DEFAULT_LENS, Settings
from ..timing import Clock, percentile
from ..transfer.registry import open_transfer

BASELINE = "OpenCV bilinear"
COPY = "copy"
LOOKS = ("neutral", "classic")
MIN_ROUNDS = 5
DEPTH_NOISE = 0.02

Stage = Callable[[], float | None]  # runs a stage once; returns OpenGL's milliseconds for an OpenGL stage


def run_bench(device: str, size: tuple[int, int], seconds: float = 5.0) -> dict[str, Any]:
    """Times every stage on the built-in scene at `size`, (width, height) in pixels, for about `seconds`.

    Returns `{"device", "gl", "size", "rounds", "stages": {name: {...}}}`; a stage has `device_ms` (events), `gl_ms`
    (timer query) and `host_ms` (until the work is done), medians, None if not applicable. `bytes_per_pixel` is
    the size of its kernels' buffers, counted once for each kernel. `gb_per_s` is based on the device's time, and
    `of_copy` is its ratio to the plain copy's. `times_opencv` is the median of the ratios within each round.
    """
    width, height = size
    with ExitStack() as stack:
        source = stack.enter_context(open_source(f"scene:?size={width}x{height}"))
        frame = next(iter(source))
        engine = stack.enter_context(Engine(device, size))
        clock = Clock()
        stages = _stages(engine, frame, stack)
        host_ms: dict[str, list[float]] = {name: [] for name in stages}
        gl_ms: dict[str, list[float]] = {name: [] for name in stages}
        moved = {name: _moved_bytes(engine, stage) for name, stage in stages.items()}  # this also compiles everything
        ends_s = time.perf_counter() + seconds
        rounds = 0
        while rounds < MIN_ROUNDS or time.perf_counter() < ends_s:
            for name, stage in stages.items():
                host, gl = _timed(engine, name, stage, clock)
                host_ms[name].append(host)
                if gl is not None:
                    gl_ms[name].append(gl)
            rounds += 1
        device_ms = clock.stages()
        medians = {name: device_ms[name]["p50_ms"] for name in stages if name in device_ms}
        gb_per_s = {name: moved[name] / ms * 1e-6 for name, ms in medians.items() if moved[name]}
        figures = {
            name: {
                "device_ms": medians.get(name),
                "gl_ms": percentile(gl_ms[name], 50) if gl_ms[name] else None,
                "host_ms": percentile(host_ms[name], 50),
                "bytes_per_pixel": moved[name] / (width * height) if moved[name] else None,
                "gb_per_s": gb_per_s.get(name),
                "of_copy": gb_per_s[name] / gb_per_s[COPY] if name in gb_per_s else None,
                "times_opencv": _ratio(name, host_ms),
            }
            for name in stages
        }
        return {
            "device": engine.device_name,
            "gl": engine.gl_name,
            "size": list(size),
            "rounds": rounds,
            "stages": figures,
        }


def _moved_bytes(engine: Engine, stage: Stage) -> int:
    """The bytes of the buffers of the stage's kernels, summed over its kernels."""
    device: Any = engine.device
    launch, moved = device.launch, 0

    def counting(
        source: str, kernel: str, size: Any, local: Any, arguments: dict[str, object], own: Any = None
    ) -> None:
        nonlocal moved
        if source != "borders.cl":  # it touches only the borders of its buffers
            moved += sum(argument.nbytes for argument in arguments.values() if isinstance(argument, Buffer))
        launch(source, kernel, size, local, arguments, own)

    device.launch = counting
    try:
        stage()
        device.finish()
    finally:
        del device.launch
    return moved


def _timed(engine: Engine, name: str, stage: Stage, clock: Clock) -> tuple[float, float | None]:
    """Host milliseconds of one run until its work is done, and OpenGL's milliseconds if it is an OpenGL stage."""
    began = time.perf_counter()
    with engine.device.stage(name, clock):
        gl_ms = stage()
    engine.device.finish()
    host_ms = (time.perf_counter() - began) * 1e3
    engine.device.collect()
    return host_ms, gl_ms


def _ratio(name: str, host_ms: dict[str, list[float]]) -> float | None:
    if BASELINE not in host_ms or name == BASELINE:
        return None
    return percentile(
        (stage_ms / opencv_ms for stage_ms, opencv_ms in zip(host_ms[name], host_ms[BASELINE], strict=True)), 50
    )


def _stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    settings = Settings()
    engine.draw(frame, settings)
    engine.compile_look(settings)
    return {
        **_baseline(frame),
        **_linearize_stages(engine, frame, stack),
        **_raw_stages(engine, frame, stack),
        **_depth_stages(engine, frame, stack),
        **_optics_stages(engine, frame, stack),
        **_look_stages(engine, frame, stack),
        "whole chain": lambda: _nothing(engine.draw(frame, settings)),
    }


def _baseline(frame: Frame) -> dict[str, Stage]:
    try:
        import cv2
    except ImportError:
        return {}
    rgb = np.empty((frame.height, frame.width, 3), np.uint16)  # allocated once, as the engine's planes
    return {BASELINE: lambda: _nothing(cv2.cvtColor(frame.pixels, cv2.COLOR_BayerRG2RGB, dst=rgb))}


def _linearize_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """The copy of a plane; the linearization of every packing; and raw12 to scene RGB by the fastest method.

    The upload of the bytes counts in the host's time, but not in the device's.
    """
    to = Planes(engine.device, *frame.size, 1)
    stack.callback(to.release)
    stages: dict[str, Stage] = {}
    for packing in Packing:
        bits = min(packing.bits, 12)
        packed = replace(
            frame,
            pixels=np.ascontiguousarray(pack((frame.pixels >> (16 - bits)).astype(np.uint16), packing)),
            packing=packing,
            packed_width=frame.width,
            profile=replace(frame.profile, black=(0.0,) * 4, white=2.0**bits - 1),
        )
        linearize = Linearize(engine.device, packed)
        stack.callback(linearize.release)
        mosaic = linearize.mosaic
        if not stages:
            stages[COPY] = partial(mosaic.run, "copy.cl", "copy", source=mosaic.buffer, to=to.buffer)
        stages[f"linearize {packing.value}"] = partial(linearize.run, packed, packed.profile, clip=False)
        if packing is Packing.RAW12:
            scene = Planes(engine.device, *frame.size, 3)
            demosaic = Demosaic(mosaic, scene, "malvar")
            stack.callback(scene.release)

            def raw12_to_scene(
                linearize: Linearize = linearize, packed: Frame = packed, demosaic: Demosaic = demosaic
            ) -> None:
                linearize.run(packed, packed.profile, clip=False)
                demosaic.run(packed.cfa, np.eye(3), True)

            stages["linearize raw12 + malvar"] = raw12_to_scene
    return stages


def _raw_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """Every stage of the raw development from a linear mosaic on the device, and each demosaic method."""
    linearize = Linearize(engine.device, frame)
    stack.callback(linearize.release)
    linearize.run(frame, frame.profile, clip=False)
    development = Development().with_all_stages()
    rows: list[tuple[str, StageSpec[Any], Development]] = []
    for spec in RAW_STAGES:
        if spec.name == "demosaic":
            rows += [(f"demosaic {method}", spec, replace(development, demosaic=method)) for method in METHODS]
        elif spec.name != "linearize" and spec.applies(frame, development):
            rows.append((spec.name, spec, development))
    stages: dict[str, Stage] = {}
    for name, spec, row_development in rows:
        make_context = MakeContext(engine.device, frame, row_development, source=linearize.mosaic)
        if spec.name == "sharpen":
            make_context.source = _scene(engine, frame, stack)
        stage = spec.make(make_context)
        stack.callback(stage.release)
        for planes in make_context.own_planes:
            stack.callback(planes.release)
        context = RunContext(frame, frame.profile, row_development, 1.0, Estimates(), frame.cfa)
        stages[name] = partial(spec.run, stage, context)
    return stages


def _depth_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """The depth stage with a new map for every frame: exact, with 2 % noise, and at a quarter of each side."""
    assert frame.depth_m is not None, "the built-in scene has a depth map"
    scene = _scene(engine, frame, stack)
    random = np.random.default_rng(1)
    noisy = [
        (frame.depth_m * random.normal(1.0, DEPTH_NOISE, frame.depth_m.shape)).astype(np.float32) for _ in range(2)
    ]
    kinds = {
        "depth exact": ([frame.depth_m, frame.depth_m.copy()], 0.0),
        "depth noisy": (noisy, DEPTH_NOISE),
        "depth coarse": ([np.ascontiguousarray(depth_m[::4, ::4]) for depth_m in noisy], DEPTH_NOISE),
    }

    def load_and_run(depth: DepthStage, maps: Iterator[NDArray[np.float32]], noise: float) -> None:
        depth.load(next(maps), noise)
        depth.run(scene)

    stages: dict[str, Stage] = {}
    for name, (maps, noise) in kinds.items():
        depth = DepthStage(engine.device, *frame.size)
        stack.callback(depth.release)
        stages[name] = partial(load_and_run, depth, itertools.cycle(maps), noise)
    return stages


def _optics_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    depth_m = frame.depth_m
    assert depth_m is not None, "the built-in scene has a depth map"
    scene = _scene(engine, frame, stack)
    blur = Blur.of(load_lens(DEFAULT_LENS), DEFAULT_FOCUS_M, frame.width)
    depth = DepthStage(engine.device, *frame.size)
    stack.callback(depth.release)
    depth.load(depth_m)
    planes, distances_m = depth.run(scene), depth.distances_m
    stages: dict[str, Stage] = {}
    for quality in QUALITIES:
        defocus = Defocus(engine.device, *frame.size, quality)
        stack.callback(defocus.release)
        stages[f"defocus {quality}"] = lambda run=defocus.run: _nothing(  # type: ignore[misc]
            run(scene, planes, distances_m, blur)
        )
    return stages


def _look_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    scene = _scene(engine, frame, stack)
    transfer, kernels = open_transfer(engine.device, engine.gl), KernelLooks(engine.device, "kernel", software_gl=True)
    graders = {name: Grader(engine.gl) for name in LOOKS}  # a timer query of a GPU is that of an earlier draw
    for release in (transfer.release, kernels.release, *(grader.release for grader in graders.values())):
        stack.callback(release)

    def draw(look: Look) -> float | None:
        grader = graders[look.name]
        grader.draw(transfer.textures, look)
        engine.gl.finish()
        return grader.last_gpu_ms

    def draw_by_kernel(look: Look) -> None:
        whole = (0, frame.width)
        pixels = kernels.queue(scene, look_picture(look, frame.size), whole, "")
        assert pixels is not None, kernels.drew  # LOOKS are looks that a kernel draws
        with kernels.view(pixels, whole, frame.height) as rgba:
            graders[look.name].put(rgba, frame.size)

    return {"transfer": lambda: _nothing(transfer.send(scene))} | {
        f"look {name}{suffix}": partial(way, load_look(name))
        for suffix, way in (("", draw), (" by kernel", draw_by_kernel))
        for name in LOOKS
    }


def _scene(engine: Engine, frame: Frame, stack: ExitStack) -> Planes:
    """The developed frame, copied into new planes."""
    rgb = engine.scene(frame, Settings())
    scene = Planes(engine.device, *frame.size, 3)
    stack.callback(scene.release)
    scene.write(rgb)
    return scene


def _nothing(result: object) -> None:
    """Discards the result of a stage that is only timed."""
    del result
