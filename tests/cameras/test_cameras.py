"""The measurements of `make cameras`, as far as they are fast and do not depend on the load of the machine."""

from __future__ import annotations

import numpy as np
import pytest
from camera_checks import CHECKS, TESTS, counted
from camera_vision import v4l2_python
from measured_figures import Figure, summary


def test_a_missed_figure_is_marked() -> None:
    assert str(Figure("closing", "≤ 1 s", "2 s", False)) == "| closing | ≤ 1 s | 2 s: **missed** |"
    assert str(Figure("closing", "≤ 1 s", "0.5 s", True)) == "| closing | ≤ 1 s | 0.5 s |"
    assert summary(np.arange(101) / 10, "s") == "median 5.00, p95 9.50, worst 10.00 s of 101"


def test_counts_of_tests_are_met_only_if_all_ran_and_passed() -> None:
    assert counted("....\n4 passed in 1.2s\n", 0) == ("tests: 4 passed", True)
    assert counted("..s\n2 passed, 1 skipped in 3s", 0) == ("tests: 2 passed, 1 skipped", False)
    assert counted("F.\n1 failed, 1 passed in 3s", 1) == ("tests: 1 failed, 1 passed", False)
    assert counted("no tests ran in 0.1s", 5) == ("tests: no test ran", False)
    assert all((TESTS / path).is_file() for check in CHECKS for path in check.paths)


def test_frames_of_v4l2_share_the_memory_of_their_driver() -> None:
    pytest.importorskip("linuxpy", reason="linuxpy is not installed")
    (figure,) = v4l2_python()
    assert figure.measured.endswith("of 2000")
