"""`cupy.RawModule`: CUDA text, compiled as C++ and run on the host."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import cuda

COMPILER = "g++"
CACHE = Path(os.environ.get("CUPY_STAND_IN_CACHE", tempfile.gettempdir()))  # compiled modules by their text
OPTIONS = (
    *("-x", "c++", "-std=c++17", "-O1", "-fno-strict-aliasing", "-fno-math-errno", "-w"),
    *("-shared", "-fPIC", "-fvisibility=hidden"),  # a kernel must not be mistaken for a C function of its name
)
HEADER = Path(__file__).with_name("host.h")
MAX_GRID_YZ, MAX_GROUP = 65535, 1024  # limits of every CUDA device

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

    def get_function(self, name: str) -> Callable[..., None]:
        """The kernel `name`: called with grid, block and arguments. Raises CUDADriverError if it does not exist."""
        self.compile()
        if name not in self._prototypes:
            raise cuda.CUDADriverError("CUDA_ERROR_NOT_FOUND: named symbol not found")
        run, declared = getattr(self._library, f"launch_{name}"), self._prototypes[name]

        def launch(grid: tuple[int, ...], block: tuple[int, ...], values: tuple[Any, ...]) -> None:
            cuda.check_stream(None)
            run(_sizes(grid), _sizes(block, is_group=True), _pointers(name, declared, values))

        return launch

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
    """The C++ text of an argument: a buffer's address, or a number read from its address."""
    if "*" in declaration:
        return f"({declaration[: declaration.index('*')].replace('GLOBAL', '')} *)at[{number}]"
    return f"*({declaration.split()[0]} *)at[{number}]"


def _sizes(sizes: tuple[int, ...], *, is_group: bool = False) -> Any:
    """Three sizes as a C array, within the limits of a device. Raises CUDADriverError beyond them."""
    assert isinstance(sizes, tuple)
    x, y, z = (*sizes, 1, 1)[:3]
    assert all(type(size) is int and size > 0 for size in (x, y, z)), sizes
    if (is_group and x * y * z > MAX_GROUP) or (not is_group and max(y, z) > MAX_GRID_YZ):
        raise cuda.CUDADriverError(f"CUDA_ERROR_INVALID_VALUE: invalid argument {sizes}")
    return (ctypes.c_int * 3)(x, y, z)


def _pointers(name: str, declared: list[str], values: tuple[Any, ...]) -> Any:
    """The addresses of all arguments as a C array. Asserts their number and types."""
    assert len(values) == len(declared), f"{name} takes {len(declared)} arguments, not {len(values)}"
    places = []
    for declaration, value in zip(declared, values, strict=True):
        if "*" in declaration:
            places.append(value.memory)
            continue
        kind = {"int": np.int32, "float": np.float32}[declaration.split()[0]]
        assert type(value) is kind, f"{name}: '{declaration}' was given {type(value)}"
        places.append(np.asarray(value))
    pointers = (ctypes.c_void_p * len(values))(*(place.ctypes.data for place in places))
    pointers.places = places  # keeps them alive
    return pointers
