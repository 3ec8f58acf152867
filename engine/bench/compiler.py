"""What the NVIDIA runtime compiler reports on a kernel: registers, spills, and the arithmetic of a work-item.

It needs the library NVRTC (extra `bench`), not a GPU. The same text of a kernel runs on every device.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..compute.cuda import NVRTC_OPTIONS
from ..compute.program import load_kernel_source

ARCHITECTURE = "sm_90"
# Floating-point operations of one instruction in PTX. A fused multiply-add counts as two.
_OPERATIONS = {"fma": 2} | dict.fromkeys(("add", "sub", "mul", "min", "max", "div", "rcp", "sqrt", "rsqrt"), 1)
_OPERATIONS |= dict.fromkeys(("ex2", "lg2", "sin", "cos", "tanh"), 1)
_INSTRUCTION = re.compile(r"^\s+(?:@!?%p\d+\s+)?(\w+)((?:\.\w+)*)\s")


@dataclass(frozen=True, slots=True)
class CompiledKernel:
    """The compiler's report. `flops` of a work-item is None if a loop makes it depend on the data."""

    registers: int
    local_bytes: int
    spill_bytes: int
    flops: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def nvrtc() -> ctypes.CDLL | None:
    """The library from the wheel `nvidia-cuda-nvrtc`, None if it is not installed."""
    package = importlib.util.find_spec("nvidia")
    folders = package.submodule_search_locations if package else None
    patterns = ("libnvrtc.so*", "nvrtc64*.dll")
    found = [path for folder in folders or () for pattern in patterns for path in Path(folder).rglob(pattern)]
    libraries = sorted(path for path in found if ".alt." not in path.name)
    if not libraries:
        return None
    try:
        for builtins in sorted(libraries[0].parent.glob("*nvrtc-builtins*")):
            ctypes.CDLL(str(builtins))  # the library of the wheel does not find it
        return ctypes.CDLL(str(libraries[0]))
    except OSError:
        return None


@cache
def compiled_kernels(source: str) -> dict[str, CompiledKernel]:
    """The kernels of `kernels/<source>` by name, empty without the compiler or if it refuses the source."""
    library = nvrtc()
    if library is None:
        return {}
    text = load_kernel_source(source)
    program = ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), text.text.encode(), text.name.encode(), 0, None, None)
    options = (*NVRTC_OPTIONS, f"--gpu-architecture={ARCHITECTURE}", "--ptxas-options=-v")
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = library.nvrtcCompileProgram(program, len(options), given)
    log, ptx = ("" if failed else _text(library, kind, program) for kind in ("ProgramLog", "PTX"))
    library.nvrtcDestroyProgram(ctypes.byref(program))
    bodies = dict(re.findall(r"\.entry (\w+)\(.*?\n\{\n(.*?)\n\}", ptx, re.DOTALL))
    return {kernel: report for kernel, body in bodies.items() if (report := _report(kernel, log, body))}


def _text(library: ctypes.CDLL, kind: str, program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    getattr(library, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{kind}")(program, text)
    return text.value.decode()


def _report(kernel: str, log: str, body: str) -> CompiledKernel | None:
    """From the lines of the assembler about `kernel`; None if there are none."""
    found = re.search(
        rf"'{kernel}' for .*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
        r".*?Used (\d+) registers",
        log,
        re.DOTALL,
    )
    if found is None:
        return None
    stack, stores, loads, registers = map(int, found.groups())
    return CompiledKernel(registers, stack, stores + loads, flops_of(body))


def flops_of(ptx: str) -> int | None:
    """Floating-point operations of a kernel's PTX: all paths of its branches. None if it has a loop.

    >>> flops_of("  fma.rn.ftz.f32 %f1, %f2, %f3, %f4;\\n  @%p1 mul.ftz.f32 %f1, %f2, %f3;\\n  add.s32 %r1, %r2, 1;")
    3
    >>> flops_of("$L1:\\n  add.f32 %f1, %f1, %f2;\\n  @%p1 bra $L1;") is None
    True
    """
    labels: set[str] = set()
    flops = 0
    for line in ptx.splitlines():
        if line.startswith("$"):
            labels.add(line.partition(":")[0])
        elif "bra" in line and (target := re.search(r"\bbra\S*\s+(\$\w+)", line)) and target[1] in labels:
            return None
        elif found := _INSTRUCTION.match(line):
            operation, types = found.groups()
            flops += _OPERATIONS.get(operation, 0) * types.endswith((".f32", ".f16"))
    return flops
