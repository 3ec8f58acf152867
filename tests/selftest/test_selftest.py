"""The self test on this machine: its table, its report, a wrong kernel, a kernel that does not compile, a crash."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from groundglass.cli import app
from groundglass.compute.program import KERNELS
from groundglass.errors import GroundglassError
from groundglass.lens import list_lenses
from groundglass.look.look import list_looks
from groundglass.optics.defocus import QUALITIES
from groundglass.selftest import run
from groundglass.selftest.cases import Case, list_cases
from groundglass.selftest.compare import Row, kernel_rows
from groundglass.selftest.measure import Outcome, measure, measure_apart
from groundglass.selftest.report import SelfTest, write_report
from groundglass.selftest.run import HALF_ROUNDING, compare_named, list_kernels, stored_reference
from typer.testing import CliRunner

ONLY_GPU = {("stereo_paths.cl", "path_costs"), ("stereo_winner.cl", "winner_of_pixel")}


def cases_named(*names: str) -> list[Case]:
    return [case for case in list_cases() if case.name in names]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """The quick self test of the processor."""
    return {outcome.case: outcome for outcome in measure("opencl:0", None, list_cases(quick=True))}


def test_every_kernel_of_the_library_is_launched_by_a_quick_case(outcomes: dict[str, Outcome]) -> None:
    assert [outcome.error for outcome in outcomes.values() if outcome.error] == []
    launched = {launch for outcome in outcomes.values() for launch in outcome.launched}
    assert set(list_kernels()) - launched <= ONLY_GPU


def test_the_stored_reference_is_current(outcomes: dict[str, Outcome]) -> None:
    """If this fails, a kernel, a lens or a look has changed: run tools/selftest_reference.py."""
    reference = stored_reference()
    assert reference.keys() == {case.name for case in list_cases() if case.in_reference}
    rows = [compare_named("opencl:0", outcomes[name], reference, HALF_ROUNDING) for name in reference]
    assert [row for row in rows if row.problem] == []
    assert max(row.codes for row in rows if row.codes is not None) <= 1.0


def test_every_lens_quality_and_look_has_a_case() -> None:
    names = [case.name for case in list_cases()]
    assert len(set(names)) == len(names)
    for lens in list_lenses():
        for quality in QUALITIES:
            assert {f"{lens} {quality} {size}" for size in ("320x180", "33x25", "641x363", "960x540")} <= set(names)
    for look in list_looks():
        assert {f"look {look} by gl", f"look {look} by kernel"} <= set(names)


@pytest.fixture
def sharpening() -> Iterator[str]:
    """The text of the kernel file, which is restored after the test."""
    text = KERNELS.read("sharpen.cl")
    assert text is not None
    yield text
    KERNELS.put({"sharpen.cl": text})


def rows_with(text: str, outcomes: dict[str, Outcome]) -> dict[str, Row]:
    """The rows of a device with this text of sharpen.cl, compared with the device without."""
    KERNELS.put({"sharpen.cl": text})
    reference = {name: outcome.result for name, outcome in outcomes.items() if outcome.result is not None}
    cases = cases_named("demosaic rcd", "sharpen", "denoise")
    return {outcome.case: compare_named("planted", outcome, reference) for outcome in measure("opencl:0", None, cases)}


def test_a_wrong_kernel_fails_in_its_own_row(sharpening: str, outcomes: dict[str, Outcome]) -> None:
    assert "stride, kept *" in sharpening
    rows = rows_with(sharpening.replace("stride, kept *", "stride, 1.1f * kept *"), outcomes)
    assert rows["sharpen"].problem == "differs by more than a code of 255"
    assert rows["demosaic rcd"].problem == rows["denoise"].problem == ""
    kernels = dict(kernel_rows("planted", rows.values(), outcomes, list_kernels()))
    assert kernels["sharpen.cl", "sharpen"] == rows["sharpen"]


def test_a_kernel_that_does_not_compile_is_a_row_with_the_message(
    sharpening: str, outcomes: dict[str, Outcome]
) -> None:
    rows = rows_with(f"{sharpening}\nint broken = nothing;\n", outcomes)
    assert "sharpen.cl" in rows["sharpen"].problem
    assert "nothing" in rows["sharpen"].problem
    assert rows["sharpen"].trace == ""
    assert rows["demosaic rcd"].problem == rows["denoise"].problem == ""


def test_a_crash_of_the_driver_is_a_row_and_the_next_case_runs() -> None:
    outcomes = measure_apart("opencl:0", None, quick=True)
    first = next(outcomes)
    (process,) = multiprocessing.active_children()
    os.kill(process.pid or 0, signal.SIGKILL)
    crashed = next(outcome for outcome in outcomes if outcome.error)
    assert crashed.error == "the process of opencl:0 ended with status -9; see the driver"
    following = next(outcomes)
    assert following.error == ""
    assert len({first.case, crashed.case, following.case}) == 3
    outcomes.close()


def test_a_device_that_does_not_open_is_one_row() -> None:
    (outcome,) = measure("opencl:99", None, list_cases(quick=True))
    row = compare_named("opencl:99", outcome, {})
    assert row.case == "open the device"
    assert row.problem.startswith("no device 'opencl:99' here")


def test_values_that_are_not_finite_fail() -> None:
    light = np.full((2, 2, 3), np.nan, np.float32)
    assert "not finite" in compare_named("any", Outcome("copy", light), {"copy": light}).problem


@pytest.fixture
def short(outcomes: dict[str, Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with the results of this module for the reference, and fewer cases for runs of one pixel."""
    names = [f"{lens} live 45x31" for lens in ("noct-50", "swirl-50", "portrait-75")]

    def measured(spec: str, run_length: int | None, quick: bool) -> Iterator[Outcome]:
        assert quick
        return iter(outcomes.values()) if run_length is None else measure(spec, run_length, cases_named(*names))

    monkeypatch.setattr(run, "measure_apart", measured)


@pytest.mark.usefixtures("short")
def test_the_command_prints_the_table_and_writes_the_report(tmp_path: Path) -> None:
    """Lenses that vary over the field give the same picture in runs of one pixel, as on a GPU."""
    report = tmp_path / "report.json"
    result = CliRunner().invoke(app, ["selftest", "--quick", "--device", "opencl:0", "--report", str(report)])
    assert result.exit_code == 0, result.output
    assert "passed" in result.output
    document = json.loads(report.read_text())
    compared = {row["case"]: row for row in document["rows"] if row["device"] == "opencl:0 run 1"}
    assert set(compared) == {f"{lens} live 45x31" for lens in ("noct-50", "swirl-50", "portrait-75")}
    assert max(row["codes"] for row in compared.values()) < 0.5
    assert document["machine"]["devices"][0]["driver"]
    assert document["versions"]["numpy"] == np.__version__
    assert {(row["file"], row["kernel"]) for row in document["kernels"]["opencl:0"]} == set(list_kernels())


def test_the_page_contains_failures_and_tracebacks(tmp_path: Path) -> None:
    failed = Row("cuda:0", "sharpen", problem="RuntimeError: <lost>", trace="Traceback: line 1")
    results = SelfTest("stored", [failed], {"cuda:0": [(("sharpen.cl", "sharpen"), failed)]}, {"gl": "any"})
    assert not results.passes
    write_report(tmp_path / "report.html", results)
    text = (tmp_path / "report.html").read_text()
    assert "RuntimeError: &lt;lost&gt;" in text
    assert "Traceback: line 1" in text
    assert "http" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--report", "report.txt"], "a report is .json or .html"),
        (["--report", "missing/report.json"], "the folder missing does not exist"),
        (["--device", "nothing"], "device 'nothing' is not understood"),
        (["--sanitize"], "compute-sanitizer is not on the PATH"),
    ],
)
def test_errors_are_one_line(options: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(app, ["selftest", "--quick", *options])
    assert isinstance(result.exception, GroundglassError)
    assert message in str(result.exception)
