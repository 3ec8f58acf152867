"""`cupy.RawModule`: CUDA text, compiled as C++ and run on the host."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

from . import cuda

COMPILER = "g++"
CACHE = Path(os.environ.get("CUPY_STAND_IN_CACHE", tempfile.gettempdir()))  # compiled modules by their text
OPTIONS = (
    *("-x", "c++", "-std=c++17", "-O1", "-fno-strict-aliasing", "-fno-math-errno", "-w"),
    *("-shared", "-fPIC", "-fvisibility=hidden"),  # a kernel must not be mistaken for a C function of its name
)
HEADER = Path(__file__).with_name("host.h")

_PROTOTYPE = re.compile(r"^KERNEL\s+void\s+(\w+)\s*\(([^)]*)\)", re.MULTILINE)
_LAUNCHER = """
static void items_of_{name}(void *values) {{ void **at = (void **)values; {name}({values}); }}
extern "C" __attribute__((visibility("default"))) void launch_{name}(const int *grid, const int *block, void *values)
{{
    host::run_grid(grid, block, host::{group}, items_of_{name}, values);
}}
"""


class RawModule:
    """A module of kernels. `options` are NVRTC's; only definitions matter to the stand-in."""

    def __init__(self, *, code: str, options: tuple[str, ...], backend: str) -> None:
        assert isinstance(code, str)
        assert isinstance(options, tuple)
        assert backend == "nvrtc"
        self._code, self._definitions = code, [option for option in options if option.startswith("-D")]
        self._prototypes = {
            name: [" ".join(argument.split()) for argument in arguments.split(",")]
            for name, arguments in _PROTOTYPE.findall(code)
        }
        self._library: ctypes.CDLL | None = None

    def compile(self) -> None:
        """Compiles once, or takes the module from the cache. Raises CompileException with the compiler's log."""
        if self._library is None:
            self._library = ctypes.CDLL(str(_compiled(self._text(), self._definitions)))

    def get_function(self, name: str) -> SimpleNamespace:
        """The kernel `name`: `kernel.ptr` is what `launchKernel` takes. Raises CUDADriverError if it does not exist."""
        self.compile()
        if name not in self._prototypes:
            raise cuda.CUDADriverError("CUDA_ERROR_NOT_FOUND: named symbol not found")
        address = ctypes.cast(getattr(self._library, f"launch_{name}"), ctypes.c_void_p).value
        return SimpleNamespace(kernel=SimpleNamespace(ptr=address))

    def _text(self) -> str:
        group = "run_group" if "__syncthreads" in self._code else "run_items"
        launchers = [
            _LAUNCHER.format(
                name=name,
                group=group,
                values=", ".join(_from_pointer(number, text) for number, text in enumerate(declared)),
            )
            for name, declared in self._prototypes.items()
        ]
        return f'{HEADER.read_text()}\n#line 1 "kernel.cu"\n{self._code}{"".join(launchers)}'


def _compiled(text: str, definitions: list[str]) -> Path:
    key = hashlib.sha256("\0".join([text, *definitions, *OPTIONS]).encode()).hexdigest()
    library = CACHE / f"{key}.so"
    if not library.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            made = Path(folder) / "kernel.so"
            command = [COMPILER, *OPTIONS, *definitions, "-o", str(made), "-"]
            result = subprocess.run(command, input=text, capture_output=True, text=True)
            if result.returncode:
                raise cuda.CompileException(result.stderr)
            made.replace(library)
    return library


def _from_pointer(number: int, declaration: str) -> str:
    """The C++ text of an argument, read from its address: a buffer's address, or a number."""
    if "*" in declaration:
        return f"*({declaration[: declaration.index('*')].replace('GLOBAL', '')} **)at[{number}]"
    return f"*({declaration.split()[0]} *)at[{number}]"
