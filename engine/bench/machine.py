"""The machine and the programs of a measurement: device, driver, processor, clocks, versions, revision."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from ..compute.registry import list_devices

PACKAGES = (
    *("numpy", "pyopencl", "pocl-binary-distribution", "cupy-cuda13x", "nvidia-cuda-nvrtc", "moderngl", "glcontext"),
    *("glfw", "Pillow", "opencv-python-headless", "opencv-python", "opencolorio", "colour-demosaicing", "av", "torch"),
)
_GPU_QUERY = {"sm_mhz": "clocks.sm", "memory_mhz": "clocks.mem", "max_sm_mhz": "clocks.max.sm"}
_GPU_QUERY |= {"temperature_c": "temperature.gpu", "power_w": "power.draw"}


def describe_machine(spec: str) -> dict[str, Any]:
    """The machine with the device `spec`, such as "opencl:0", as the schema describes it; None if unknown."""
    found = next(candidate for candidate in list_devices()[0] if candidate.spec == spec)
    return {
        "spec": spec,
        "driver": found.driver,
        "is_cpu": found.is_cpu,
        "compute_units": found.compute_units,
        "memory_bytes": found.memory_bytes,
        "cpu": _processor(),
        "gpu_clocks": None if found.is_cpu else gpu_clocks(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": _versions(),
        "revision": revision(),
    }


def _processor() -> dict[str, Any]:
    """Its name, its threads, those of this process, and its clock in MHz."""
    clock = _processor_clock()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "name": _processor_name(),
        "threads": os.cpu_count(),
        "usable_threads": usable,
        "mhz": round(clock.current) if clock and clock.current else None,
        "max_mhz": round(clock.max) if clock and clock.max else None,
    }


def processor_mhz() -> int | None:
    """The present clock of the processor; None if unknown."""
    clock = _processor_clock()
    return round(clock.current) if clock and clock.current else None


def _processor_clock() -> Any:
    try:
        return psutil.cpu_freq()
    except (OSError, NotImplementedError, RuntimeError):
        return None


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def gpu_clocks() -> dict[str, Any] | None:
    """Clocks, temperature and power of the first NVIDIA GPU while it is idle or busy; None without its tool."""
    if shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", f"--query-gpu={','.join(_GPU_QUERY.values())}", "--format=csv,noheader,nounits"]
    line = _output(query).partition("\n")[0]
    numbers = [_number(text) for text in line.split(",")]
    return dict(zip(_GPU_QUERY, numbers, strict=True)) if len(numbers) == len(_GPU_QUERY) else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _versions() -> dict[str, str]:
    """Python, this package, and those of PACKAGES that are installed."""
    versions = {"groundglass": version("groundglass"), "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def revision() -> str | None:
    """The git revision of a source tree, with "+" if files are changed; None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "setup.cfg").is_file() or not (root / "kernels").is_dir() or shutil.which("git") is None:
        return None
    commit = _output(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]).strip()
    changed = _output(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"]).strip()
    return f"{commit}{'+' if changed else ''}" if commit else None


def _output(command: list[str]) -> str:
    """The standard output of `command`, empty if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
