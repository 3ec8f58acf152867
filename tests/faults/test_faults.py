"""Work that was asked for is whole or reported as lost: after SIGTERM or SIGKILL, on a full and on a read-only disk.

`make faults` tries many more moments, and windows.
"""

from __future__ import annotations

import resource
from pathlib import Path

import faults_run
import pytest

pytest.importorskip("av")
pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits other processes")


def test_sigterm_loses_nothing_that_is_queued() -> None:
    assert faults_run.run_case("term", seed=2, number=0).problems == []


def test_a_killed_view_leaves_whole_files_and_no_process() -> None:
    assert faults_run.run_case("kill", seed=3, number=1).problems == []


def test_a_disk_that_takes_nothing_more_is_always_reported() -> None:
    """By remote control, on a disk of its own where this user may mount one, else with a limit of the process."""
    outcome = faults_run.run_case("disk", seed=2, number=0, places=("remote",))
    assert outcome.problems == []


def test_the_judge_finds_silence_a_wrong_status_and_half_a_file(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / "a.jpg").write_bytes(b"\xff\xd8\xff half of a file")
    (output / ".a.groundglass-part").touch()
    assert [problem.partition(":")[0] for problem in faults_run.whole_files(output)] == [
        ".a.groundglass-part is left",
        "a.jpg",
    ]
    view = faults_run.View.__new__(faults_run.View)
    view.output, view._errors = output, tmp_path / "errors"
    view._errors.write_text("groundglass: saved a.jpg\n")
    outcome = faults_run.Outcome("silent")
    faults_run._judge(outcome, view, 0, ["a.jpg"])
    assert [problem.partition(":")[0] for problem in outcome.problems] == ["nothing is reported", "status 0", "a.jpg"]
