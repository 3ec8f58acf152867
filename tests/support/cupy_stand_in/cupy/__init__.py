"""A substitute for CuPy without a GPU: the parts of CuPy 14 that `groundglass.compute.cuda` uses.

Arrays are in main memory. `RawModule` compiles CUDA text with a C++ compiler and runs it on the host (raw_module.py).
Types, shapes and limits are checked as strictly as CuPy and the driver check them.
"""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cuda
from .raw_module import RawModule

__all__ = ["RawModule", "cuda", "get_default_memory_pool", "ndarray", "zeros"]

_pool_bytes: dict[int, int] = {}  # bytes of the arrays that are alive, by their number


class ndarray:  # noqa: N801
    """Device memory. The array that allocated it, and its slices, keep it alive."""

    def __init__(self, memory: NDArray[Any], base: ndarray | None = None) -> None:
        self.memory, self._base = memory, base

    @property
    def nbytes(self) -> int:
        return int(self.memory.nbytes)

    @property
    def data(self) -> SimpleNamespace:
        return SimpleNamespace(ptr=int(self.memory.ctypes.data))

    def __getitem__(self, part: slice) -> ndarray:
        return ndarray(self.memory[part], self)

    def set(self, array: NDArray[Any], stream: cuda.Stream | None = None) -> None:
        """Copies from the host. Raises TypeError or ValueError for another dtype or shape."""
        cuda.check_stream(stream)
        if array.dtype != self.memory.dtype:
            raise TypeError(f"{array.dtype} array cannot be set to {self.memory.dtype} array")
        if array.shape != self.memory.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.memory.shape}, new shape: {array.shape}")
        self.memory[...] = array

    def get(
        self, stream: cuda.Stream | None = None, out: NDArray[Any] | None = None, *, blocking: bool = True
    ) -> NDArray[Any]:
        """Copies to the host, into `out` if given. Raises TypeError or ValueError for another dtype or shape."""
        cuda.check_stream(stream)
        if blocking:
            cuda.wait_for(cuda.Event.recorded)
        if out is None:
            return self.memory.copy()
        if (out.dtype, out.shape) != (self.memory.dtype, self.memory.shape):
            raise TypeError(f"{out.dtype} {out.shape} cannot receive {self.memory.dtype} {self.memory.shape}")
        out[...] = self.memory
        return out


def zeros(count: int, dtype: Any) -> ndarray:
    """Allocates on the current stream. Raises OutOfMemoryError for more than the device has."""
    cuda.check_stream(None)
    cuda.make_context_current()
    nbytes = count * np.dtype(dtype).itemsize
    if nbytes + sum(_pool_bytes.values()) > cuda.MEMORY_BYTES:
        raise cuda.memory.OutOfMemoryError(f"Out of memory allocating {nbytes:,} bytes")
    array = ndarray(np.zeros(count, dtype))
    _pool_bytes[id(array)] = nbytes
    weakref.finalize(array, _pool_bytes.pop, id(array))
    return array


def get_default_memory_pool() -> SimpleNamespace:
    def nbytes() -> int:
        return sum(_pool_bytes.values())

    return SimpleNamespace(free_all_blocks=lambda: None, used_bytes=nbytes, total_bytes=nbytes)
