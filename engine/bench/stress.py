"""The whole chain for minutes, as fast as it goes: frame rate, times, memory and clocks over time show throttling."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import psutil

from ..capture import open_source
from ..engine import Engine
from ..settings import Settings
from .chart import Chart, Series
from .machine import describe_machine, gpu_clocks, processor_mhz
from .run import now
from .schema import SCHEMA_VERSION

FRAMES = 4  # drawn alternately
WARM_UP_FRAMES = 12  # more than a look is drawn before its kernel is compiled
POINTS = 120  # the maximum length of the series
MIN_INTERVAL_S = 0.25


def run_stress(
    device: str, size: tuple[int, int], minutes: float, progress: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """Draws for `minutes`; Ctrl-C ends it earlier. Returns the document "stress" of bench.schema.json.

    `progress` receives each point of the series. A point covers a POINTS-th of the time, at least MIN_INTERVAL_S.
    """
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        source = stack.enter_context(open_source("scene:?size={}x{}".format(*size)))
        frames = list(itertools.islice(source, FRAMES))
        settings = Settings()
        for frame in itertools.islice(itertools.cycle(frames), WARM_UP_FRAMES):
            engine.draw(frame, settings)
        engine.compile_look(settings)
        engine.draw(frames[0], settings)
        engine.gl.finish()
        series: list[dict[str, Any]] = []
        began_s = time.perf_counter()
        try:
            for point in _points(engine, frames, settings, 60 * minutes):
                series.append(point)
                progress(point)
        except KeyboardInterrupt:
            if not series:
                raise
        result = {
            **{"schema_version": SCHEMA_VERSION, "kind": "stress", "measured": now(), "device": engine.device_name},
            **{"gl": engine.gl_name, "size": list(size), "machine": describe_machine(engine.device.spec)},
            "seconds": round(time.perf_counter() - began_s, 3),
        }
    return result | {"fps": _rate(series), "rss_mb": _memory(series), "series": series}


def _points(engine: Engine, frames: list[Any], settings: Settings, seconds: float) -> Any:
    """Yields a point of the series for each interval, until the time is over."""
    process, is_cpu = psutil.Process(), engine.device.is_cpu
    interval_s = max(seconds / POINTS, MIN_INTERVAL_S)
    start_s = point_s = previous_s = time.perf_counter()
    times_ms: list[float] = []
    for frame in itertools.cycle(frames):
        engine.draw(frame, settings)
        engine.gl.finish()
        now_s = time.perf_counter()
        times_ms.append((now_s - previous_s) * 1e3)
        previous_s = now_s
        is_over = now_s - start_s >= seconds
        if not is_over and now_s - point_s < interval_s:
            continue
        gpu = None if is_cpu else gpu_clocks()
        yield {
            "s": round(now_s - start_s, 3),
            "fps": round(len(times_ms) / (now_s - point_s), 3),
            "p50_ms": round(float(np.percentile(times_ms, 50)), 3),
            "p95_ms": round(float(np.percentile(times_ms, 95)), 3),
            "rss_mb": round(process.memory_info().rss * 1e-6, 1),
            "cpu_mhz": processor_mhz(),
            "gpu_mhz": gpu["sm_mhz"] if gpu else None,
        }
        if is_over:
            return
        times_ms.clear()
        point_s = previous_s = time.perf_counter()


def _rate(series: list[dict[str, Any]]) -> dict[str, float]:
    """Frames per second: of the first and the last tenth, the extremes, and the slope of a line through all points."""
    fps, minutes = (np.array([point[key] for point in series]) for key in ("fps", "s"))
    tenth = max(len(fps) // 10, 1)
    slope = float(np.polyfit(minutes / 60, fps, 1)[0]) if len(fps) > 2 else 0.0
    return {
        "first": round(float(np.median(fps[:tenth])), 3),
        "last": round(float(np.median(fps[-tenth:])), 3),
        "min": float(fps.min()),
        "max": float(fps.max()),
        "trend_percent_per_minute": round(100 * slope / float(np.median(fps)), 3),
    }


def _memory(series: list[dict[str, Any]]) -> dict[str, float]:
    rss_mb = [point["rss_mb"] for point in series]
    return {"first": rss_mb[0], "last": rss_mb[-1], "max": max(rss_mb)}


def charts_of(result: dict[str, Any]) -> tuple[Chart, ...]:
    """The frame rate, the time of a frame, and the memory over time."""
    series = result["series"]

    def line(name: str, key: str) -> Series:
        return Series(name, tuple((point["s"], point[key]) for point in series))

    title = "{0} at {1[0]}x{1[1]}".format(result["device"][:50], result["size"])
    return (
        Chart(f"Frame rate over time: {title}", "seconds", "fps", (line("frames per second", "fps"),)),
        Chart(f"Time of a frame: {title}", "seconds", "ms", (line("median", "p50_ms"), line("95 %", "p95_ms"))),
        Chart(f"Resident memory: {title}", "seconds", "MB", (line("memory", "rss_mb"),)),
    )
