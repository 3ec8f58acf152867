"""PoCL, OpenCL on any CPU: which processor it compiles for, and where it keeps what it has compiled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .pocl_target import target_of

# LLVM's names of the processors for which it uses AVX-512.
AVX512_TARGETS = (
    *("skylake-avx512", "cascadelake", "cooperlake", "cannonlake", "icelake", "tigerlake", "rocketlake"),
    *(
        "sapphirerapids",
        "emeraldrapids",
        "graniterapids",
        "diamondrapids",
        "knl",
        "knm",
        "x86-64-v4",
        "znver4",
        "znver5",
    ),
)


def is_pocl(device: Any) -> bool:
    return "pocl" in device.platform.version.lower()


def run_length_of(cpu: Any) -> int:
    """Floats in a vector register of `cpu`, 16 or 8, for which its driver compiles.

    PoCL reports the processor's registers, but compiles for the newest processor that its LLVM supports: an AMD Zen 4
    with AVX-512 is treated as a Zen 3 without. There PoCL cannot pass vectors of 16 floats, and no kernel is built.
    """
    if is_pocl(cpu):
        target = target_of(cpu)
        return 16 if any(name in target for name in AVX512_TARGETS) else 8
    return 16 if cpu.native_vector_width_float >= 16 else 8


def cache_of(device: Any) -> str | None:
    """Identifies PoCL's cache on disk for a device and this installation; None for another driver or without a cache.

    PoCL finds a program by its text and the options of pyopencl, among them a path of the installation.
    """
    folder = _kernel_folder()
    if not is_pocl(device) or os.environ.get("POCL_KERNEL_CACHE") == "0":
        return None
    try:
        made = folder.stat().st_ino  # another after the folder was deleted
    except OSError:
        return None
    return repr((__file__, str(folder), made, device.name, device.version, target_of(device), device.platform.version))


def has_compiled() -> bool:
    """Whether PoCL's cache contains a program of any text. Ask before a device is opened: that makes the folder."""
    try:
        return any(entry.is_dir() for entry in _kernel_folder().iterdir())
    except OSError:
        return False


def _kernel_folder() -> Path:
    return Path(os.environ.get("POCL_CACHE_DIR") or _cache_folder() / "pocl" / "kcache")


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # unlike Path.home, never raises
