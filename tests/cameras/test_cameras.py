"""The measurements of `make cameras`, as far as they are fast and do not depend on the load of the machine."""

from __future__ import annotations

import numpy as np
import pytest
from camera_vision import v4l2_python
from measured_figures import Figure, summary


def test_a_missed_figure_is_marked() -> None:
    assert str(Figure("closing", "≤ 1 s", "2 s", False)) == "| closing | ≤ 1 s | 2 s: **missed** |"
    assert str(Figure("closing", "≤ 1 s", "0.5 s", True)) == "| closing | ≤ 1 s | 0.5 s |"
    assert summary(np.arange(101) / 10, "s") == "median 5.00, p95 9.50, worst 10.00 s of 101"


def test_frames_of_v4l2_share_the_memory_of_their_driver() -> None:
    pytest.importorskip("linuxpy", reason="linuxpy is not installed")
    (figure,) = v4l2_python()
    assert figure.measured.endswith("of 2000")
