"""Intel's OpenCL runtime for CPUs, from its wheels, for processes of their own."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

WHEELS = ("intel-opencl-rt", "intel-cmplr-lib-rt")  # the second holds libraries that the first one loads


def intel_library() -> Path:
    """The driver of the wheels. Skips where they are missing or do not exist for this processor or system."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip(f"Intel's OpenCL runtime is for Linux on x86-64, not {sys.platform} on {platform.machine()}")
    try:
        files = [file for wheel in WHEELS for file in importlib.metadata.files(wheel) or ()]
    except importlib.metadata.PackageNotFoundError as error:
        pytest.skip(f"no second OpenCL: {error.name} is not installed; pip install {' '.join(WHEELS)}")
    return next(Path(str(file.locate())).resolve() for file in files if file.name == "libintelocl.so")


def run_with_drivers(vendors: Path, *command: str, seconds: int = 240) -> str:
    """Output of Python with `command` and the OpenCL drivers of `vendors`, an .icd file or a folder of them.

    Beside a folder, but not beside a file, the loader lists the PoCL of pyopencl.
    """
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "OCL_ICD_VENDORS": str(vendors)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout
