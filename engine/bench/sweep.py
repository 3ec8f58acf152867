"""The cost of the stages over a range: of sizes, of blur radii, of demosaic methods, or of devices."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from ..compute.registry import list_devices
from ..engine import Engine
from ..errors import DeviceError
from ..frame import Frame
from ..gl.context import make_current
from ..optics.blur import Blur
from ..settings import Settings
from .chart import Chart, Series
from .machine import describe_machine
from .run import measure, now, percentiles, rounds, scene_frame
from .schema import SCHEMA_VERSION
from .stages import CHAIN, raw_stages

SIZES = ((960, 540), (1360, 768), (1920, 1080), (2720, 1528), (3840, 2160), (4608, 2592))  # 0.5 to 12 Mpx
F_NUMBERS = (16.0, 8.0, 5.6, 4.0, 2.8, 2.0, 1.4, 0.95)
METHODS = "demosaic "
WARM_UP_FRAMES = 2  # after the look is compiled
UNITS = {"size": "Mpx", "blur": "px", "method": "", "device": ""}
X_NAMES = {
    "size": "10^6 pixels",
    "blur": "largest radius of the blur, pixels",
    "method": "demosaic method",
    "device": "device",
}

Samples = dict[str, list[float]]  # milliseconds by stage


class Point(NamedTuple):
    """One point of a sweep: its name, its place on the x axis, None for names, and its samples."""

    name: str
    x: float | None
    samples: Samples
    device: str
    gl: str


def run_sweep(
    sweep: str, device: str, size: tuple[int, int], seconds: float, warn: Callable[[str], object] = print
) -> dict[str, Any]:
    """Measures for about `seconds`. Returns the document "sweep" of bench.schema.json.

    `warn` receives a line for each device that cannot be measured. Raises DeviceError if none can.
    """
    match sweep:
        case "size":
            points = _over_sizes(device, seconds)
        case "blur":
            points = _over_radii(device, size, seconds)
        case "method":
            points = _over_methods(device, size, seconds)
        case _:
            points = _over_devices(size, seconds, warn)
    names = {"device": points[0].device, "gl": points[0].gl}
    machine = describe_machine(points[0].device.partition(" ")[0])
    return {
        **{"schema_version": SCHEMA_VERSION, "kind": "sweep", "measured": now(), **names, "size": list(size)},
        **{"machine": machine, "sweep": sweep, "unit": UNITS[sweep]},
        "rounds": min(len(next(iter(point.samples.values()))) for point in points),
        "points": [
            {
                **{"name": point.name, "x": point.x, "device": point.device},
                "stages": {name: percentiles(values) for name, values in point.samples.items()},
            }
            for point in points
        ],
        "linearity": linearity(points) if sweep == "size" else None,
        "lines": lines(points) if sweep == "size" else None,
        "samples": [point.samples for point in points],
    }


def linearity(points: list[Point]) -> dict[str, float]:
    """By stage the largest deviation of the time per pixel from its median over the sizes: 0.15 is 15 %.

    The sizes of a round are compared with each other; the deviation of a size is the median over the rounds.

    >>> linearity([Point("", mpx, {"a": [ms]}, "", "") for mpx, ms in ((1.0, 1.0), (2.0, 2.0), (4.0, 5.0))])
    {'a': 0.25}
    """
    deviations = {}
    for name in points[0].samples:
        count = min(len(point.samples.get(name, ())) for point in points)
        costs = np.array([np.array(point.samples[name][:count]) / (point.x or 1.0) for point in points if count])
        if costs.size and costs.min() > 0:
            ratios = np.median(costs / np.median(costs, axis=0), axis=1)
            deviations[name] = round(float(np.abs(ratios - 1).max()), 6)
    return deviations


def lines(points: list[Point]) -> dict[str, dict[str, float]]:
    """By stage the line through its medians over the pixels: the fixed cost of a frame and that of a megapixel.

    It minimises the squared relative errors; `deviation` is the largest one, 0.15 is 15 %.

    >>> lines([Point("", mpx, {"a": [ms]}, "", "") for mpx, ms in ((1.0, 3.0), (2.0, 5.0), (4.0, 9.0))])
    {'a': {'fixed_ms': 1.0, 'ms_per_mpx': 2.0, 'deviation': 0.0}}
    """
    found = {}
    for name in points[0].samples:
        medians = np.array([np.median(point.samples.get(name) or [0.0]) for point in points])
        if medians.min() > 0:
            terms = np.array([(1.0, point.x or 0.0) for point in points]) / medians[:, None]
            fixed, slope = np.linalg.lstsq(terms, np.ones(len(points)), rcond=None)[0]
            off = float(np.abs(terms @ (fixed, slope) - 1).max())
            figures = {"fixed_ms": float(fixed), "ms_per_mpx": float(slope), "deviation": off}
            found[name] = {key: round(figure, 6) for key, figure in figures.items()}
    return found


def chart_of(result: dict[str, Any]) -> Chart:
    """The median of each stage over the range."""
    sweep, points = result["sweep"], result["points"]
    named = sweep in ("method", "device")
    places = [number if named else point["x"] for number, point in enumerate(points)]
    stages = list(dict.fromkeys(name for point in points for name in point["stages"]))
    at = list(zip(places, points, strict=True))
    series = tuple(
        Series(name, tuple((x, point["stages"][name]["p50"]) for x, point in at if name in point["stages"]))
        for name in stages
    )
    ticks = tuple((float(x), point["name"]) for x, point in at) if named else ()
    title = f"Cost over {sweep}: {result['device'][:60]}"
    return Chart(title, X_NAMES[sweep], "ms", series, ticks=ticks)


def _over_sizes(device: str, seconds: float) -> list[Point]:
    """Each round draws every size once, so that a drift of the machine's speed affects all alike."""
    with ExitStack() as stack:
        engines = [stack.enter_context(Engine(device)) for _ in SIZES]
        frames = [scene_frame(size, stack) for size in SIZES]
        points = [
            Point("{}x{}".format(*size), size[0] * size[1] * 1e-6, {}, engine.device_name, engine.gl_name)
            for size, engine in zip(SIZES, engines, strict=True)
        ]
        for engine, frame in zip(engines, frames, strict=True):
            _warm_up(engine, frame, Settings())
        for _ in rounds(seconds):
            for engine, frame, point in zip(engines, frames, points, strict=True):
                _draw(engine, frame, Settings(), point.samples)
    return points


def _over_radii(device: str, size: tuple[int, int], seconds: float) -> list[Point]:
    points = []
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        frame = scene_frame(size, stack)
        for f_number in F_NUMBERS:
            settings, samples = Settings(f_number=f_number), Samples()
            blur = Blur.of(settings.lens, settings.focus_m, size[0], frame.native_lens, frame.native_focus_m)
            radius_px = float(np.abs(blur.radii_px(frame.depth_m)).max()) if frame.depth_m is not None else 0.0
            _warm_up(engine, frame, settings)
            points.append(Point(f"f/{f_number:g}", radius_px, samples, engine.device_name, engine.gl_name))
        for _ in rounds(seconds):
            for f_number, point in zip(F_NUMBERS, points, strict=True):
                _draw(engine, frame, Settings(f_number=f_number), point.samples)
    return points


def _over_methods(device: str, size: tuple[int, int], seconds: float) -> list[Point]:
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        stages = raw_stages(engine, scene_frame(size, stack), stack)
        stages = {name: stage for name, stage in stages.items() if name.startswith(METHODS)}
        samples = measure(engine, stages, seconds)
        names = engine.device_name, engine.gl_name
        points = [
            Point(name.removeprefix(METHODS), None, {"demosaic": kinds["device_ms"]}, *names)
            for name, kinds in samples.items()
        ]
    return points


def _over_devices(size: tuple[int, int], seconds: float, warn: Callable[[str], object]) -> list[Point]:
    points: list[Point] = []
    candidates = list_devices()[0]
    for candidate in candidates:
        samples = Samples()
        try:
            with ExitStack() as stack:
                engine = stack.enter_context(Engine(candidate.spec, size))
                frame = scene_frame(size, stack)
                _warm_up(engine, frame, Settings())
                for _ in rounds(seconds / len(candidates)):
                    _draw(engine, frame, Settings(), samples)
                points.append(Point(candidate.spec, None, samples, engine.device_name, engine.gl_name))
        except DeviceError as error:
            warn(f"left out: {error}")
    if not points:
        raise DeviceError("no device could be measured; see groundglass devices")
    return points


def _warm_up(engine: Engine, frame: Frame, settings: Settings) -> None:
    engine.draw(frame, settings)
    engine.compile_look(settings)
    for _ in range(WARM_UP_FRAMES):
        engine.draw(frame, settings)


def _draw(engine: Engine, frame: Frame, settings: Settings, samples: Samples) -> None:
    """Draws once, and adds the times of the chain and of its parts to `samples`."""
    make_current(engine.gl)
    engine.gl.finish()
    began_s = time.perf_counter()
    engine.draw(frame, settings)
    engine.gl.finish()
    samples.setdefault(CHAIN, []).append(round((time.perf_counter() - began_s) * 1e3, 4))
    for stage, newest_ms in engine.clock.latest_ms(1).items():
        samples.setdefault(stage, []).append(round(newest_ms[0], 4))
