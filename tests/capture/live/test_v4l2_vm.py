"""V4L2 cameras with a real driver: v4l2_driver_checks.py, in one boot of the machine of tools/v4l2_vm.sh."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

RUN_S = 150  # on a loaded computer; 40 s otherwise
CANNOT_RUN = 77
SCRIPT = Path(__file__).resolve().parents[2] / "support" / "v4l2_driver_checks.py"
CHECKS = re.findall(r"^def (check_\w+)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]  # with the packages, on a slow network


@pytest.fixture(scope="module")
def problems(repository: Path) -> dict[str, str]:
    """What each check found; skips where the machine cannot be had."""
    pytest.importorskip("linuxpy", reason="linuxpy is not installed")
    python = [sys.executable, "-S", str(SCRIPT), str(repository), sysconfig.get_path("purelib")]
    command = ["env", f"V4L2_VM_SECONDS={RUN_S}", str(repository / "tools" / "v4l2_vm.sh"), *python]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repository)
    if done.returncode == CANNOT_RUN:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    reports = [json.loads(line) for line in lines]
    if done.returncode == 124 and all(not report["problem"] for report in reports):
        pytest.skip(f"the emulated machine needs more than {RUN_S} s on this computer")
    assert done.returncode == 0, done.stdout + done.stderr
    return {report["check"]: report["problem"] for report in reports}


@pytest.mark.parametrize("check", CHECKS)
def test_with_a_real_driver(problems: dict[str, str], check: str) -> None:
    assert problems[check] == "", problems[check]
