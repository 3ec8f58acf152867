"""The measurement of all stages in rounds: by device events, by OpenGL timer queries, and by the host's clock.

Each round times every stage once, so that a drift of the machine's speed affects all stages alike. The result keeps
the samples of every round: `compare.py` pairs them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from ..capture import open_source
from ..compute.recorder import Launch
from ..engine import Engine
from ..errors import GroundglassError
from ..timing import Clock, percentile
from .launches import flops, kernels_of, launches_of
from .live import measure_live, measure_start_up
from .machine import describe_machine
from .peaks import host_copies, peak_gflops, pool_bytes
from .schema import SCHEMA_VERSION
from .stages import BASELINE, CHAIN, COPY, Stage, make_stages

MIN_ROUNDS, MAX_ROUNDS = 5, 1000
LIVE_SHARE = 0.3  # the live loop in the time of the measurement
CHAIN_STAGES = ("develop", "optics")  # the work of the device for a picture, on the engine's clock
Samples = dict[str, dict[str, list[float]]]  # by stage, then by host_ms, device_ms or gl_ms; one number for each round


def run_bench(
    device: str, size: tuple[int, int], seconds: float = 5.0, *, only: Sequence[str] = (), start_up: bool = False
) -> dict[str, Any]:
    """Times every stage on the built-in scene at `size`, (width, height) in pixels, for about `seconds`.

    With `only`, the stages whose names contain one of these texts; then live loop and kernels are left out. `start_up`
    measures the first picture of new processes. Returns the document that bench.schema.json describes. Raises
    GroundglassError if no stage has such a name, or if the device cannot be opened.
    """
    with ExitStack() as stack:
        engine = stack.enter_context(Engine(device, size))
        stages = select(make_stages(engine, scene_frame(size, stack), stack), only)
        launches = {name: launches_of(engine.device, stage) for name, stage in stages.items()}  # compiles everything
        samples = measure(engine, stages, seconds)
        if CHAIN in stages:
            launches[CHAIN] = launches_of(engine.device, stages[CHAIN])  # all launches are prepared now
        peak = peak_gflops(engine.device)
        figures = figures_of(samples, launches, size, peak)
        spec = engine.device.spec
        report = {
            "schema_version": SCHEMA_VERSION,
            "kind": "stages",
            "measured": now(),
            "device": engine.device_name,
            "gl": engine.gl_name,
            "size": list(size),
            "rounds": rounds_of(samples),
            "stages": figures,
            "baselines": {"copy_gb_per_s": figures.get(COPY, {}).get("gb_per_s"), "peak_gflops": peak},
            "chain": _chain(launches[CHAIN]) if CHAIN in launches else None,
            "routes": {"look": engine.look_route, "transfer": engine.transfer_name},
            "host_copies_gb_per_s": host_copies(engine.device),
            "pool_bytes": pool_bytes(engine.device),
            "kernels": {} if only else kernels_of(launches[CHAIN]),
        }
    report["live"] = None if only else measure_live(spec, size, LIVE_SHARE * seconds)
    report["start_up"] = measure_start_up(spec, size) if start_up else None
    return report | {"machine": describe_machine(spec), "samples": samples}


def now() -> str:
    """The time of a measurement: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def scene_frame(size: tuple[int, int], stack: ExitStack) -> Any:
    """The first frame of the built-in scene at `size`; `stack` closes the scene."""
    return next(iter(stack.enter_context(open_source("scene:?size={}x{}".format(*size)))))


def select(stages: dict[str, Stage], only: Sequence[str]) -> dict[str, Stage]:
    """The stages whose names contain one of `only`, and the baselines; all without `only`. Raises GroundglassError."""
    for text in only:
        if not any(text in name for name in stages):
            raise GroundglassError(f"--only {text}: no stage has such a name; the stages are {', '.join(stages)}")
    if not only:
        return stages
    chosen = (COPY, BASELINE, *only)
    return {name: stage for name, stage in stages.items() if any(text in name for text in chosen)}


def measure(engine: Engine, stages: Mapping[str, Stage], seconds: float) -> Samples:
    """Rounds of all `stages` for about `seconds`."""
    samples = empty_samples(stages)
    for _ in rounds(seconds):
        for name, stage in stages.items():
            add_sample(engine, name, stage, samples)
    return samples


def rounds(seconds: float) -> Iterator[int]:
    """The numbers of the rounds of about `seconds`: at least MIN_ROUNDS, at most MAX_ROUNDS."""
    ends_s = time.perf_counter() + seconds
    for number in range(MAX_ROUNDS):
        if number >= MIN_ROUNDS and time.perf_counter() >= ends_s:
            return
        yield number


def empty_samples(names: Iterable[str]) -> Samples:
    return {name: {"host_ms": [], "device_ms": [], "gl_ms": []} for name in names}


def add_sample(engine: Engine, name: str, stage: Stage, samples: Samples) -> None:
    """Runs a stage once and waits until its work is done. The engine times the stages of the whole chain itself."""
    clock = Clock()
    began = time.perf_counter()
    with engine.device.stage(name, clock):
        gl_ms = stage()
    engine.device.finish()
    host_ms = (time.perf_counter() - began) * 1e3
    engine.device.collect()
    measured = {"host_ms": host_ms, "gl_ms": gl_ms, "device_ms": clock.median_ms(name) or None}
    if name == CHAIN:
        newest_of = engine.clock.latest_ms(1)
        measured["device_ms"] = sum(newest_of[stage][0] for stage in CHAIN_STAGES if stage in newest_of)
    for kind, milliseconds in measured.items():
        if milliseconds is not None:
            samples[name][kind].append(round(milliseconds, 4))


def rounds_of(samples: Samples) -> int:
    return max((len(kinds["host_ms"]) for kinds in samples.values()), default=0)


def figures_of(
    samples: Samples, launches: Mapping[str, list[Launch]], size: tuple[int, int], peak: float | None
) -> dict[str, dict[str, Any]]:
    """The measurements of each stage from its samples and its launches, with the keys of bench.schema.json."""
    pixels = size[0] * size[1]
    figures: dict[str, dict[str, Any]] = {}
    for name, kinds in samples.items():
        times = {kind: percentiles(values) for kind, values in kinds.items()}
        fastest = times["device_ms"] or times["gl_ms"] or times["host_ms"] or {"p50": 0.0}
        median_ms = max(fastest["p50"], 1e-6)
        device_ms = times["device_ms"]["p50"] if times["device_ms"] else None
        moved = sum(launch.nbytes for launch in launches.get(name, ()))
        operations = flops(launches.get(name, []))
        gflops = operations / device_ms * 1e-6 if device_ms and operations else None
        figures[name] = {
            **times,
            "mpx_per_s": pixels / median_ms * 1e-3,
            "bytes_per_pixel": moved / pixels if moved else None,
            "gb_per_s": moved / device_ms * 1e-6 if device_ms and moved else None,
            "of_copy": None,
            "flops_per_pixel": operations / pixels if operations is not None else None,
            "gflops": gflops,
            "of_peak": gflops / peak if gflops and peak else None,
            "times_opencv": _ratio(name, samples),
        }
    copy = figures.get(COPY, {}).get("gb_per_s")
    for row in figures.values():
        row["of_copy"] = row["gb_per_s"] / copy if row["gb_per_s"] and copy else None
    return figures


def percentiles(values: Sequence[float]) -> dict[str, float] | None:
    """{"p50", "p95", "p99"} of `values`, None without any."""
    return {f"p{q}": round(percentile(values, q), 4) for q in (50, 95, 99)} if values else None


def _ratio(name: str, samples: Samples) -> float | None:
    """The median of the ratios to OpenCV's demosaic within each round."""
    if BASELINE not in samples or name == BASELINE:
        return None
    pairs = zip(samples[name]["host_ms"], samples[BASELINE]["host_ms"], strict=True)
    return percentile((stage_ms / opencv_ms for stage_ms, opencv_ms in pairs), 50)


def _chain(launches: list[Launch]) -> dict[str, Any]:
    """Launches of one picture, and the host's time in them."""
    host_us = [launch.host_s * 1e6 for launch in launches]
    return {"launches": len(launches), "launch_us": percentile(host_us, 50), "launches_ms": sum(host_us) * 1e-3}
