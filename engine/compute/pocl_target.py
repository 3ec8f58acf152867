"""The processor for which PoCL compiles, where its LLVM does not support that of this machine.

PyPI's PoCL was built in 2022. On a later AMD processor it asks its compiler for a processor "generic". On x86 there is
no such processor, and no kernel compiles. No option of PoCL changes that name. So the name of an older processor with
the same instructions is written into PoCL's record of the device.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import DeviceError

UNKNOWN = "generic"
RECORD_BYTES = 2048  # PoCL's record of a device: its first bytes, among them the name
TEXT_BYTES = 64

# LLVM's processors, the newest first, and the flags in /proc/cpuinfo of the instructions that distinguish them.
_PROCESSORS = (
    ("skylake-avx512", {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "adx", "clflushopt"}),
    ("haswell", {"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe"}),
    ("sandybridge", {"avx", "aes", "pclmulqdq"}),
    ("x86-64", {"sse2"}),
)


@cache
def target_of(device: Any) -> str:
    """LLVM's name of the processor for which the PoCL device `device` compiles, a known one where PoCL found none.

    Raises DeviceError if PoCL found none and would compile nothing.
    """
    name: str = device.version.lower().rpartition("-gnu-")[2]
    if name != UNKNOWN or "x86_64" not in device.version:
        return name
    known = processor_like(_flags())
    if known is None or not _rename(device.int_ptr, known):
        raise DeviceError(
            f"{device.name.strip()}: PoCL {device.driver_version} does not support this processor and compiles nothing;"
            " install a newer PoCL or another OpenCL driver for processors (pip install intel-opencl-rt)"
        )
    return known


def processor_like(flags: set[str]) -> str | None:
    """LLVM's name of an older x86 processor whose instructions a processor with these flags has."""
    return next((name for name, needed in _PROCESSORS if needed <= flags), None)


def _flags() -> set[str]:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("flags"):
                return set(line.partition(":")[2].split())
    return set()


def _rename(record: int, name: str) -> bool:
    """Writes the processor's name into PoCL's record of a device; False if the record is not as expected."""
    try:
        with open("/proc/self/mem", "rb", buffering=0) as memory:  # a false address raises, and the process continues
            place = _place_of_name(memory, record)
    except (OSError, OverflowError, ValueError):
        return False
    if place is None:
        return False
    text = ctypes.create_string_buffer(name.encode())
    _kept.append(text)
    ctypes.c_void_p.from_address(place).value = ctypes.addressof(text)
    return True


def _place_of_name(memory: Any, record: int) -> int | None:
    """The address of the pointer to the processor's name: PoCL keeps it behind the pointer to the kind of machine."""
    memory.seek(record)
    pointers = struct.unpack(f"{RECORD_BYTES // 8}Q", memory.read(RECORD_BYTES))
    for number, (machine, processor) in enumerate(itertools.pairwise(pointers)):
        if _text(memory, machine).startswith("x86_64-") and _text(memory, processor) == UNKNOWN:
            return record + 8 * (number + 1)
    return None


def _text(memory: Any, address: int) -> str:
    with suppress(OSError, OverflowError, ValueError):
        memory.seek(address)
        return str(memory.read(TEXT_BYTES).partition(b"\0")[0].decode("ascii", "replace"))
    return ""


_kept: list[Any] = []  # PoCL reads the names as long as the process runs
