"""Two results are compared by the ratio of their medians, with a confidence interval from the samples."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.bench.compare import compare_results, compare_times
from groundglass.bench.schema import ResultError, faults
from groundglass.cli import app
from typer.testing import CliRunner

MACHINE = {
    **{"spec": "opencl:0", "driver": "PoCL 3", "is_cpu": True, "compute_units": 2, "memory_bytes": 1},
    "cpu": {"name": "EPYC", "threads": 2, "usable_threads": 2, "mhz": None, "max_mhz": None},
    **{"gpu_clocks": None, "system": "Linux", "versions": {"numpy": "2.0"}, "revision": "abc"},
}


def times(median_ms: float, seed: int, rounds: int = 40) -> list[float]:
    """Noisy times of 5 %, with a few long ones."""
    random = np.random.default_rng(seed)
    noisy = (median_ms * (1 + 0.05 * random.standard_normal(rounds)) + random.exponential(0.02, rounds)).tolist()
    return noisy


def result(demosaic_ms: float, seed: int, **changed: Any) -> dict[str, Any]:
    samples = {"copy": times(1.0, seed), "demosaic rcd": times(demosaic_ms, seed + 1)}
    return {
        **{"schema_version": 1, "kind": "stages", "device": "opencl:0 EPYC", "gl": "llvmpipe", "size": [960, 540]},
        "machine": copy.deepcopy(MACHINE),
        "samples": {name: {"device_ms": row, "gl_ms": [], "host_ms": row} for name, row in samples.items()},
        **changed,
    }


def test_a_faster_stage_is_found_and_an_equal_one_is_not() -> None:
    rows = compare_results(result(4.0, 1), result(3.0, 5))["stages"]
    assert rows["demosaic rcd"]["verdict"] == "faster"
    assert rows["demosaic rcd"]["low"] < 0.75 < rows["demosaic rcd"]["high"]
    assert rows["copy"]["verdict"] == "no difference"
    assert compare_results(result(3.0, 5), result(4.0, 1))["stages"]["demosaic rcd"]["verdict"] == "slower"


def test_the_interval_contains_one_in_about_95_percent_of_equal_runs() -> None:
    equal = [compare_times(times(2.0, 2 * n), times(2.0, 2 * n + 1), paired=False)["verdict"] for n in range(60)]
    assert equal.count("no difference") >= 52


def test_pairs_cancel_a_drift_of_the_machine() -> None:
    drift = np.linspace(1.0, 3.0, 30)
    random = np.random.default_rng(3)
    a, b = (factor * drift * (1 + 0.01 * random.standard_normal(30)) for factor in (1.0, 1.1))
    assert compare_times(a.tolist(), b.tolist(), paired=True)["verdict"] == "slower"
    assert compare_times(a.tolist(), b.tolist(), paired=False)["verdict"] == "no difference"


def test_few_rounds_have_no_verdict() -> None:
    row = compare_times([1.0] * 4, [2.0] * 9, paired=False)
    assert (row["ratio"], row["low"], row["verdict"]) == (2.0, None, "unknown")


def test_other_reasons_for_a_difference_are_named() -> None:
    other = result(4.0, 1, device="cuda:0 GPU")
    other["machine"] |= {"revision": "def+", "versions": {"numpy": "2.1"}}
    other["machine"]["cpu"]["usable_threads"] = 1
    warnings = " ".join(compare_results(result(4.0, 1), other)["warnings"])
    for part in ("device and the revision", "threads", "B has a source tree with changes", "numpy differs: 2.0; 2.1"):
        assert part in warnings
    assert compare_results(result(4.0, 1), result(4.0, 1))["warnings"] == []


def test_another_speed_of_the_machine_is_named() -> None:
    slow = result(4.0, 1)
    slow["samples"]["copy"] = {"device_ms": times(2.0, 9), "gl_ms": [], "host_ms": []}
    (warning,) = compare_results(result(4.0, 1), slow)["warnings"]
    assert "'copy', which no change of the program affects, differs by a factor of" in warning


def test_other_sizes_and_kinds_are_refused() -> None:
    with pytest.raises(ResultError, match="the sizes 960x540 and 96x64 differ"):
        compare_results(result(4.0, 1), result(4.0, 1, size=[96, 64]))
    with pytest.raises(ResultError, match="kind 'sweep' has no stages"):
        compare_results(result(4.0, 1), result(4.0, 1, kind="sweep"))


def test_a_device_compared_with_itself_in_one_run(tmp_path: Path) -> None:
    words = ("--versus", "auto", "--size", "96x64", "--seconds", "0.01", "--only", "malvar")
    done = CliRunner().invoke(app, ["bench", *words, "--json", str(tmp_path / "c.json")])
    assert done.exit_code == 0, done.output
    comparison = json.loads((tmp_path / "c.json").read_text())
    assert list(faults(comparison)) == []
    assert comparison["paired"]
    assert comparison["stages"]["demosaic malvar"]["rounds"] >= 5
    assert max(map(len, done.output.splitlines())) <= 80
