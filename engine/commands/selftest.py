"""`groundglass selftest`: the table of the self test and its report."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import DeviceError
from .output import json_target

if TYPE_CHECKING:
    from ..selftest.compare import Row

SANITIZER = "compute-sanitizer"
_FORMAT = "{:18} {:36} {:>9} {:>8} {:>8}  {}"


def run_selftest_command(device: str, report: Path | None, quick: bool, json: str | None) -> None:
    """Tests the devices that `device` names. Exit status 0 if every row passes, else 1."""
    from ..selftest.report import check_report, write_report
    from ..selftest.run import run_selftest
    from .device_report import inspect

    if report is not None:
        check_report(report)
    with json_target(json) as write_json:
        print(_FORMAT.format("device", "case", "largest", "codes", "> 1", ""))
        results = run_selftest(device, inspect().as_dict(), quick, print_row)
        failed = sum(bool(row.problem) for row in results.rows)
        print(f"reference: {results.reference}")
        for name, kernels in results.kernels.items():
            launched = sum(row is not None for _, row in kernels)
            print(f"{name}: {launched} of {len(kernels)} kernels launched")
        print("passed" if results.passes else f"failed: {failed} of {len(results.rows)} rows")
        write_json(results.as_dict())
        if report is not None:
            write_report(report, results)
            print(f"report: {report}")
    if not results.passes:
        raise typer.Exit(1)


def print_row(row: Row) -> None:
    numbers = ("" if row.largest is None else f"{row.largest:.2g}", "" if row.codes is None else f"{row.codes:.2g}")
    share = "" if row.share is None else f"{row.share:.2%}"
    verdict = f"FAILED: {row.problem}" if row.problem else "ok"
    print(_FORMAT.format(row.device, row.case, *numbers, share, verdict), flush=True)


def run_sanitized(device: str, report: Path | None, json: str | None) -> None:
    """Runs the quick self test of `device` under the sanitizer of CUDA. Exit status 1 if it reports an error.

    A usage error for a `report` or `json`: its output is that of the sanitizer.
    """
    for option, target in (("--report", report), ("--json", json)):
        if target is not None:
            raise typer.BadParameter("does not apply to --sanitize, which only prints; leave it out", param_hint=option)
    tool = shutil.which(SANITIZER)
    if tool is None:
        raise DeviceError(f"{SANITIZER} is not on the PATH; install the CUDA toolkit, or leave out --sanitize")
    command = [tool, "--error-exitcode", "1", "--target-processes", "all", sys.executable, "-m", "groundglass"]
    status = subprocess.run([*command, "selftest", "--quick", "--device", device], check=False).returncode
    if status:
        raise typer.Exit(1)
