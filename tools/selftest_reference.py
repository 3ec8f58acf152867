"""Writes engine/selftest/reference.npz: the results of a processor, for computers that have only a GPU.

Run it after a change of a kernel, a lens or a look: `python tools/selftest_reference.py`. A test fails when it is due.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from groundglass.selftest.cases import list_cases
from groundglass.selftest.measure import measure
from groundglass.selftest.run import STORED, to_store

if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "engine" / "selftest" / STORED
    cases = [case for case in list_cases(quick=True) if case.in_reference]
    np.savez_compressed(target, **dict(to_store(measure("opencl", None, cases))))  # type: ignore[arg-type]
    print(f"{target}: {target.stat().st_size} bytes")
