"""The cost of the stages over a range: of sizes, of blur radii, of demosaic methods, or of devices."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from ..compute.registry import list_devices
from ..engine import Engine
from ..errors import DeviceError
from ..frame import Frame
from ..optics.defocus import Blur
from ..settings import Settings
from .chart import Chart, Series
from .machine import describe_machine
from .run import measure, now, percentiles, rounds, scene_frame, select
from .schema import SCHEMA_VERSION
from .stages import CHAIN, make_stages

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
    with Engine(device) as engine:
        names = {"device": engine.device_name, "gl": engine.gl_name}
        machine = describe_machine(engine.device.spec)
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
        "samples": [point.samples for point in points],
    }


def linearity(points: list[Point]) -> dict[str, float]:
    """By stage the largest deviation of the time per pixel from its median over the sizes: 0.15 is 15 %.

    >>> linearity([Point("", 1.0, {"a": [1.0]}, ""), Point("", 2.0, {"a": [2.0]}, ""), Point("", 4.0, {"a": [5.0]}, "")])
    {'a': 0.25}
    """
    deviations = {}
    for name in points[0].samples:
        per_pixel = [median(point.samples[name]) / point.x for point in points if point.x and point.samples.get(name)]
        middle = median(per_pixel)
        deviations[name] = max(abs(cost / middle - 1) for cost in per_pixel) if middle > 0 else 0.0
    return deviations


def chart_of(result: dict[str, Any]) -> Chart:
    """The median of each stage over the range."""
    sweep, points = result["sweep"], result["points"]
    named = sweep in ("method", "device")
    places = [number if named else point["x"] for number, point in enumerate(points)]
    stages = list(dict.fromkeys(name for point in points for name in point["stages"]))
    series = tuple(
        Series(
            name,
            tuple(
                (x, point["stages"][name]["p50"])
                for x, point in zip(places, points, strict=True)
                if name in point["stages"]
            ),
        )
        for name in stages
    )
    ticks = tuple((float(x), point["name"]) for x, point in zip(places, points, strict=True)) if named else ()
    title = f"Cost over {X_NAMES[sweep]}: {result['device'][:60]}"
    return Chart(title, X_NAMES[sweep], "ms", series, ticks=ticks)


def _over_sizes(device: str, seconds: float) -> list[Point]:
    """From the smallest size to the largest and back, so that a drift of the machine's speed affects all alike."""
    samples: dict[tuple[int, int], Samples] = {size: {} for size in SIZES}
    pixels = sum(width * height for width, height in SIZES)
    name = ""
    for size in (*SIZES, *reversed(SIZES)):
        share = size[0] * size[1] / pixels
        with ExitStack() as stack:
            engine = stack.enter_context(Engine(device, size))
            name = engine.device_name
            _draw(engine, scene_frame(size, stack), Settings(), 0.5 * seconds * share, samples[size])
    return [Point("{}x{}".format(*size), size[0] * size[1] * 1e-6, samples[size], name) for size in SIZES]


def _over_radii(device: str, size: tuple[int, int], seconds: float) -> list[Point]:
    points = []
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        frame = scene_frame(size, stack)
        for f_number in F_NUMBERS:
            settings, samples = Settings(f_number=f_number), Samples()
            blur = Blur.of(settings.lens, settings.focus_m, size[0], frame.native_lens, frame.native_focus_m)
            radius_px = float(np.abs(blur.radii_px(frame.depth_m)).max()) if frame.depth_m is not None else 0.0
            _draw(engine, frame, settings, seconds / len(F_NUMBERS), samples)
            points.append(Point(f"f/{f_number:g}", radius_px, samples, engine.device_name))
    return points


def _over_methods(device: str, size: tuple[int, int], seconds: float) -> list[Point]:
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        stages = select(make_stages(engine, scene_frame(size, stack), stack), [METHODS])
        stages = {name: stage for name, stage in stages.items() if name.startswith(METHODS)}
        samples = measure(engine, stages, seconds)
        points = [
            Point(name.removeprefix(METHODS), None, {"demosaic": kinds["device_ms"]}, engine.device_name)
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
                _draw(engine, scene_frame(size, stack), Settings(), seconds / len(candidates), samples)
                points.append(Point(candidate.spec, None, samples, engine.device_name))
        except DeviceError as error:
            warn(f"left out: {error}")
    if not points:
        raise DeviceError("no device could be measured; see groundglass devices")
    return points


def _draw(engine: Engine, frame: Frame, settings: Settings, seconds: float, samples: Samples) -> None:
    """Draws for about `seconds`, and adds the times of the chain and of its parts to `samples`."""
    engine.draw(frame, settings)
    engine.compile_look(settings)
    for _ in range(WARM_UP_FRAMES):
        engine.draw(frame, settings)
    for _ in rounds(seconds):
        engine.gl.finish()
        began_s = time.perf_counter()
        engine.draw(frame, settings)
        engine.gl.finish()
        samples.setdefault(CHAIN, []).append(round((time.perf_counter() - began_s) * 1e3, 4))
        for stage, newest_ms in engine.clock.latest_ms(1).items():
            samples.setdefault(stage, []).append(round(newest_ms[0], 4))
