"""How long each stage takes here: on the device by its events, in GL by its timer queries, and on the host's clock.

The stages are timed in turns, round after round, so that a machine whose speed drifts drifts for all of them alike:
compare within one run, by the medians. Where OpenCV is installed its bilinear demosaic is timed in the same turns, as
the yardstick that everybody has.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np

from .capture import open_source
from .compute.planes import PAD, Planes
from .develop.demosaic import METHODS, Demosaic, demosaiced_size
from .engine import DEFAULT_FOCUS_M, DEFAULT_LENS, Engine
from .frame import Frame
from .gl.planes import ScenePlanes
from .look.grade import Grader
from .look.look import load_look
from .optics.defocus import QUALITIES, Blur, Defocus
from .optics.lens import load_lens
from .timing import Clock, percentile

YARDSTICK = "OpenCV bilinear"
LOOKS = ("neutral", "classic")
LEAST_ROUNDS = 5

Stage = Callable[[], float | None]  # runs a stage once; returns GL's own milliseconds, where it is GL's


def run_bench(device: str, size: tuple[int, int], seconds: float = 5.0) -> dict[str, Any]:
    """Times every stage on the built-in scene at `size`, (width, height) in pixels, for about `seconds`.

    Returns `{"device", "gl", "size", "rounds", "stages": {name: {...}}}`; a stage has `device_ms` (events), `gl_ms`
    (timer query) and `host_ms` (until the work is done), medians, None where they do not apply, and for demosaicing
    `times_opencv`, the median of the ratios within each round.
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
        for name, stage in stages.items():
            _timed(engine, name, stage, Clock())
        ends_s = time.perf_counter() + seconds
        rounds = 0
        while rounds < LEAST_ROUNDS or time.perf_counter() < ends_s:
            for name, stage in stages.items():
                host, gl = _timed(engine, name, stage, clock)
                host_ms[name].append(host)
                if gl is not None:
                    gl_ms[name].append(gl)
            rounds += 1
        device_ms = clock.stages()
        figures = {
            name: {
                "device_ms": device_ms[name]["p50_ms"] if name in device_ms else None,
                "gl_ms": percentile(gl_ms[name], 50) if gl_ms[name] else None,
                "host_ms": percentile(host_ms[name], 50),
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


def _timed(engine: Engine, name: str, stage: Stage, clock: Clock) -> tuple[float, float | None]:
    """Host milliseconds of one run until its work is done, and GL's own."""
    began = time.perf_counter()
    with engine.device.stage(name, clock):
        gl_ms = stage()
    engine.device.finish()
    host_ms = (time.perf_counter() - began) * 1e3
    engine.device.collect()
    return host_ms, gl_ms


def _ratio(name: str, host_ms: dict[str, list[float]]) -> float | None:
    if YARDSTICK not in host_ms or not name.startswith("demosaic"):
        return None
    return percentile((mine / theirs for mine, theirs in zip(host_ms[name], host_ms[YARDSTICK], strict=True)), 50)


def _stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    return {
        **_yardstick(frame),
        **_demosaic_stages(engine, frame, stack),
        **_optics_stages(engine, frame, stack),
        **_look_stages(engine, frame, stack),
        "whole chain": lambda: _nothing(engine.draw(frame)),
    }


def _yardstick(frame: Frame) -> dict[str, Stage]:
    try:
        import cv2
    except ImportError:
        return {}
    return {YARDSTICK: lambda: _nothing(cv2.cvtColor(frame.pixels, cv2.COLOR_BayerRG2RGB))}


def _demosaic_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    """Each method from a mosaic that lies on the device, levels and white balance applied."""
    mosaic = Planes(engine.device, *frame.size, 1)
    stack.callback(mosaic.release)
    light = frame.pixels.astype(np.float32) / np.float32(frame.profile.white)
    numbers = engine.device.allocate(light.nbytes + 4 * mosaic.layout.pitch)
    stack.callback(engine.device.release, numbers)
    engine.device.write(numbers, light)

    def levels() -> None:
        mosaic.run("intake.cl", "intake_light", numbers, mosaic.buffer, frame.width, mosaic.layout.pitch, 1)
        mosaic.mirror()

    stages: dict[str, Stage] = {"levels": levels}
    for method in METHODS:
        scene = Planes(engine.device, *demosaiced_size(*frame.size, method), 3)
        demosaic = Demosaic(mosaic, scene, method)
        stack.callback(scene.release)
        stack.callback(demosaic.release)
        stages[f"demosaic {method}"] = lambda run=demosaic.run: run(frame.cfa, np.eye(3), True)  # type: ignore[misc]
    return stages


def _optics_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    depth_m = frame.depth_m
    assert depth_m is not None, "the built-in scene knows its depth"
    scene = _scene(engine, frame, stack)
    blur = Blur.of(load_lens(DEFAULT_LENS), DEFAULT_FOCUS_M, frame.width)
    stages: dict[str, Stage] = {}
    for quality in QUALITIES:
        defocus = Defocus(engine.device, *frame.size, quality)
        stack.callback(defocus.release)
        defocus.load_depth(depth_m)
        stages[f"defocus {quality}"] = lambda run=defocus.run: _nothing(run(scene, blur))  # type: ignore[misc]
    return stages


def _look_stages(engine: Engine, frame: Frame, stack: ExitStack) -> dict[str, Stage]:
    scene = _scene(engine, frame, stack)
    textures, grader = ScenePlanes(engine.gl), Grader(engine.gl)
    stack.callback(textures.release)
    stack.callback(grader.release)

    def transfer() -> None:
        with scene.view() as planes:
            textures.write(list(planes), origin=(PAD, PAD), size=scene.size)

    def draw(name: str) -> float | None:
        grader.draw(textures, load_look(name))
        engine.gl.finish()
        return grader.last_gpu_ms

    looks: dict[str, Stage] = {f"look {name}": lambda name=name: draw(name) for name in LOOKS}  # type: ignore[misc]
    return {"transfer": transfer, **looks}


def _scene(engine: Engine, frame: Frame, stack: ExitStack) -> Planes:
    """The developed frame as planes of their own."""
    rgb = engine.scene(frame)
    scene = Planes(engine.device, *frame.size, 3)
    stack.callback(scene.release)
    scene.write(rgb)
    return scene


def _nothing(result: object) -> None:
    """For stages whose result is of no interest: only their time is."""
    del result
