"""Freed memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

KEPT = """
import numpy as np, psutil
from groundglass.memory import give_back
rss = lambda: psutil.Process().memory_info().rss
np.ones(3_900_000)  # so that glibc keeps arrays of up to this size
arrays = [np.ones(3_000_000) for _ in range(8)]
above = np.ones(2000)  # the heap cannot end before it
del arrays
kept = rss()
give_back()
print(kept - rss())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other allocators return freed memory themselves")
def test_freed_arrays_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100_000_000
