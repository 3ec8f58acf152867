"""Requirements that tests decide: they run here, and their counts are part of the table."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from measured_figures import Figure

TESTS = Path(__file__).resolve().parents[1]
RUN_S = 600.0


class Check(NamedTuple):
    """A requirement and the tests that decide it: paths below tests/, and a part of their names."""

    name: str
    required: str
    paths: tuple[str, ...]
    part: str = ""


CHECKS = (
    Check(
        "V4L2 on vivid: formats, order and levels, controls, another size of the signal",
        "the driver's bytes; every control set and read",
        ("capture/live/test_v4l2_vm.py",),
    ),
    Check(
        "V4L2: the driver's buffer is uploaded without a copy",
        "counted at the upload",
        ("capture/live/test_v4l2.py",),
        "driver_memory or leased",
    ),
    Check("pylon emulation: formats, exposure", "all 24; round trip", ("capture/live/test_pylon.py",)),
    Check("1000 frames through a FIFO", "none lost or torn", ("capture/live/test_pipe.py",)),
    Check("growing folder", "a slow file is shown only when whole", ("capture/live/test_watch.py",)),
    Check("folder faults", "the run continues, each is reported once", ("capture/test_folder_faults.py",)),
    Check(
        "exposure: a step of 4 stops, two frames of delay",
        "≤ 10 frames, overshoot ≤ 0.2 stops",
        ("capture/test_response.py", "tools/test_exposure.py", "tools/test_gain.py"),
    ),
)


def checks() -> Iterator[Figure]:
    """A row for each requirement: how many of its tests passed."""
    for check in CHECKS:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            *(str(TESTS / p) for p in check.paths),
        ]
        done = subprocess.run(
            command + (["-k", check.part] if check.part else []),
            capture_output=True, text=True, cwd=TESTS.parent, timeout=RUN_S,
        )  # fmt: skip
        yield Figure(check.name, check.required, *counted(done.stdout, done.returncode))


def counted(output: str, status: int) -> tuple[str, bool]:
    """What pytest's last line counts, and whether all tests ran and passed."""
    counts = re.findall(r"(\d+) (passed|failed|errors?|skipped)", output.strip().rpartition("\n")[2])
    words = ", ".join(f"{number} {kind}" for number, kind in counts) or "no test ran"
    return f"tests: {words}", status == 0 and {kind for _, kind in counts} == {"passed"}
