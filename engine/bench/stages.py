"""The stages that `run.py` times, each with its own memory.

If OpenCV is installed, its bilinear demosaic is a common baseline. A copy of a plane is the baseline for the memory
bandwidth, and a kernel of multiplications and additions that for the arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from ..optics.blur import Blur
from ..optics.defocus import QUALITIES, Defocus
from ..packing import Packing, pack
from ..settings import DEFAULT_FOCUS_M, DEFAULT_LENS, Settings
from ..transfer.registry import open_transfer

BASELINE = "OpenCV bilinear"
COPY = "copy"
CHAIN = "whole chain"
LOOKS = ("neutral", "classic")
DEPTH_NOISE = 0.02

Stage = Callable[[], float | None]  # runs a stage once; returns OpenGL's milliseconds for an OpenGL stage


def make_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """Every stage by name, with its memory on the device of `engine`; `stack` releases it."""
    settings = Settings()
    engine.draw(frame, settings)
    engine.compile_look(settings)
    return {
        **_baseline(frame),
        **_linearize_stages(engine, frame, stack),
        **raw_stages(engine, frame, stack),
        **_depth_stages(engine, frame, stack),
        **optics_stages(engine, frame, stack),
        **look_stages(engine, frame, stack),
        CHAIN: lambda: _nothing(engine.draw(frame, settings)),
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


def raw_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
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


def optics_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """The defocus of each quality."""
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


def look_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """The transfer to GL, and LOOKS by GL and by kernel. A look by GL draws what was transferred before."""
    scene = _scene(engine, frame, stack)
    transfer = open_transfer(engine.device, engine.gl)
    kernels = KernelLooks(engine.device, "kernel", software_gl=True)
    # A timer query is read two draws later: each look has its own grader.
    graders = {name: Grader(engine.gl) for name in LOOKS}
    for release in (transfer.release, *(grader.release for grader in graders.values()), kernels.release):
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
