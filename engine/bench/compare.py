"""The comparison of two results, stage by stage: the ratio of medians, with a confidence interval from the samples.

The interval is a bootstrap: medians of resampled rounds. Two results of separate runs are resampled independently. Two
devices that are measured alternately in one run are resampled in pairs, so that a drift of the machine cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from ..engine import Engine
from ..gl.context import make_current
from .machine import describe_machine
from .run import Samples, add_sample, empty_samples, rounds, scene_frame, select
from .schema import SCHEMA_VERSION, ResultError
from .stages import BASELINE, COPY, make_stages

RESAMPLES = 2000
CONFIDENCE_PERCENT = 95
MIN_SAMPLES = 5
UNCHANGED = (COPY, BASELINE)
TIMES = ("device_ms", "gl_ms", "host_ms")  # the first that both results have


def compare_results(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """The document "comparison" of bench.schema.json: B relative to A. Raises ResultError if sizes or kinds differ."""
    for result in (a, b):
        if result["kind"] != "stages":
            raise ResultError(
                f"--compare: a result of kind '{result['kind']}' has no stages; name results of the stages"
            )
    if a["size"] != b["size"]:
        sizes = " and ".join("{}x{}".format(*result["size"]) for result in (a, b))
        raise ResultError(f"--compare: the sizes {sizes} differ; measure both with the same --size")
    rows = compare_samples(a["samples"], b["samples"], paired=False)
    warnings = differences(a, b)
    if a["device"] == b["device"]:
        warnings += [
            f"The time of '{name}', which no change of the program affects, differs by a factor of "
            f"{rows[name]['ratio']:.2f}: the machine had another speed. Measure both again, alternately."
            for name in UNCHANGED
            if name in rows and rows[name]["verdict"] in ("faster", "slower")
        ]
    return _document(a, b, rows, False, warnings)


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """What besides the compared change may explain a difference, as sentences."""
    machines, warnings = (a["machine"], b["machine"]), []
    if a["device"] != b["device"] and machines[0]["revision"] != machines[1]["revision"]:
        warnings.append("Both the device and the revision differ: either may be the reason.")
    for name in ("driver", "system"):
        if a["device"] == b["device"] and machines[0][name] != machines[1][name]:
            warnings.append(f"The {name} differs: {machines[0][name]}; {machines[1][name]}.")
    if machines[0]["cpu"]["name"] != machines[1]["cpu"]["name"]:
        warnings.append("The processors differ: these are two machines.")
    elif machines[0]["cpu"]["usable_threads"] != machines[1]["cpu"]["usable_threads"]:
        warnings.append("The number of usable threads differs.")
    for name, result in (("A", a), ("B", b)):
        if (result["machine"]["revision"] or "").endswith("+"):
            warnings.append(f"{name} has a source tree with changes: its revision does not identify it.")
    for library in sorted(machines[0]["versions"].keys() | machines[1]["versions"].keys()):
        versions = [machine["versions"].get(library, "none") for machine in machines]
        if versions[0] != versions[1]:
            warnings.append(f"The version of {library} differs: {versions[0]}; {versions[1]}.")
    return warnings


def compare_samples(a: Samples, b: Samples, *, paired: bool) -> dict[str, dict[str, Any]]:
    """The comparison of each stage that both have. A stage without enough rounds has no verdict."""
    rows: dict[str, dict[str, Any]] = {}
    for name in [name for name in a if name in b]:
        kind = next((kind for kind in TIMES if a[name][kind] and b[name][kind]), None)
        if kind is not None:
            rows[name] = {"time": kind, **compare_times(a[name][kind], b[name][kind], paired=paired)}
    return rows


def compare_times(a: Sequence[float], b: Sequence[float], *, paired: bool) -> dict[str, Any]:
    """Medians of A and B, their ratio, its interval, and the verdict on B: faster, slower, no difference, unknown.

    >>> compare_times([2.0, 2.1, 1.9, 2.0, 2.0], [1.0, 1.1, 0.9, 1.0, 1.0], paired=False)["verdict"]
    'faster'
    """
    times_a, times_b = (np.maximum(np.asarray(times, np.float64), 1e-6) for times in (a, b))
    medians = float(np.median(times_a)), float(np.median(times_b))
    row: dict[str, Any] = {"a_ms": medians[0], "b_ms": medians[1], "ratio": medians[1] / medians[0]}
    row["rounds"] = count = min(len(a), len(b))
    if count < MIN_SAMPLES:
        return row | {"low": None, "high": None, "verdict": "unknown"}
    random = np.random.default_rng(1)
    rows_a = random.integers(0, count if paired else len(a), (RESAMPLES, count if paired else len(a)))
    rows_b = rows_a if paired else random.integers(0, len(b), (RESAMPLES, len(b)))
    ratios = np.median(times_b[rows_b], axis=1) / np.median(times_a[rows_a], axis=1)
    tail = (100 - CONFIDENCE_PERCENT) / 2
    low, high = (float(edge) for edge in np.percentile(ratios, (tail, 100 - tail)))
    verdict = "faster" if high < 1 else "slower" if low > 1 else "no difference"
    return row | {"low": low, "high": high, "verdict": verdict}


def compare_devices(a: str, b: str, size: tuple[int, int], seconds: float, only: Sequence[str] = ()) -> dict[str, Any]:
    """Times every stage on both devices alternately, in one run, and compares them in pairs."""
    with ExitStack() as stack:
        engines = [stack.enter_context(Engine(device, size)) for device in (a, b)]
        frame = scene_frame(size, stack)
        made, samples = [], []
        for engine in engines:
            make_current(engine.gl)
            inner = stack.enter_context(ExitStack())  # it ends before its engine
            made.append(select(make_stages(engine, frame, inner), only))
            samples.append(empty_samples(made[-1]))
            inner.callback(make_current, engine.gl)
        for number in rounds(seconds):
            for name in made[0]:
                for side in (0, 1) if number % 2 == 0 else (1, 0):
                    make_current(engines[side].gl)
                    add_sample(engines[side], name, made[side][name], samples[side])
        results: list[dict[str, Any]] = [
            {"device": engine.device_name, "gl": engine.gl_name, "size": list(size)}
            | {"machine": describe_machine(engine.device.spec)}
            for engine in engines
        ]
    return _document(results[0], results[1], compare_samples(*samples, paired=True), True, [])


def _document(
    a: dict[str, Any], b: dict[str, Any], rows: dict[str, dict[str, Any]], paired: bool, warnings: list[str]
) -> dict[str, Any]:
    names = [
        {"device": result["device"], "revision": result["machine"]["revision"], "size": result["size"]}
        for result in (a, b)
    ]
    document = {"schema_version": SCHEMA_VERSION, "kind": "comparison", "paired": paired, "a": names[0], "b": names[1]}
    return document | {"confidence_percent": CONFIDENCE_PERCENT, "warnings": warnings, "stages": rows}
