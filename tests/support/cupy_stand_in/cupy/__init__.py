"""A substitute for CuPy without a GPU: the parts of CuPy 14 that `groundglass.compute.cuda` uses.

Arrays are in main memory. `RawModule` compiles CUDA text with a C++ compiler and runs it on the host (raw_module.py).
Types, shapes and limits are checked as strictly as CuPy and the driver check them.
"""

from __future__ import annotations

import ctypes
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import cuda
from .raw_module import RawModule

__all__ = ["RawModule", "asarray", "cuda", "from_dlpack", "get_default_memory_pool", "ndarray", "zeros"]

_pool_bytes: dict[int, int] = {}  # bytes of the arrays that are alive, by their number
_DLPACK_CUDA = 2
transfers = SimpleNamespace(to_device=0, to_host=0)  # bytes that were copied between main memory and the device


class MemoryPointer:
    """An address in the memory of an array, which it keeps alive."""

    def __init__(self, ptr: int, owner: object) -> None:
        self.ptr, self.owner = ptr, owner

    def __add__(self, nbytes: int) -> MemoryPointer:
        return MemoryPointer(self.ptr + nbytes, self.owner)

    def copy_from_device_async(self, source: MemoryPointer, size: int, stream: cuda.Stream | None = None) -> None:
        cuda.check_stream(stream)
        ctypes.memmove(self.ptr, source.ptr, size)


class ndarray:  # noqa: N801
    """Device memory. The array that allocated it, and its slices, keep it alive."""

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: Any = float,
        memptr: MemoryPointer | None = None,
        strides: tuple[int, ...] | None = None,
    ) -> None:
        """An array at `memptr`, in bytes of strides; the stand-in allocates only by `zeros`."""
        assert memptr is not None
        reach = sum((side - 1) * step for side, step in zip(shape, strides or (), strict=bool(strides)))
        nbytes = (reach if strides else np.prod(shape, dtype=int) * np.dtype(dtype).itemsize) + np.dtype(dtype).itemsize
        address = (ctypes.c_char * int(nbytes)).from_address(memptr.ptr)
        self.memory: NDArray[Any] = np.ndarray(shape, dtype, address, 0, strides)
        self._base: object = memptr.owner

    @classmethod
    def of(cls, memory: NDArray[Any], base: object = None) -> ndarray:
        """An array of the stand-in, of which `memory` is the memory."""
        array = cls.__new__(cls)
        array.memory, array._base = memory, base
        return array

    @property
    def nbytes(self) -> int:
        return int(self.memory.nbytes)

    @property
    def data(self) -> MemoryPointer:
        return MemoryPointer(int(self.memory.ctypes.data), self)

    @property
    def device(self) -> cuda.Device:
        return cuda.Device(0)

    @property
    def flags(self) -> SimpleNamespace:
        return SimpleNamespace(c_contiguous=self.memory.flags.c_contiguous)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.memory.shape

    @property
    def strides(self) -> tuple[int, ...]:
        return self.memory.strides

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.memory.dtype

    @property
    def size(self) -> int:
        return self.memory.size

    def __getitem__(self, part: Any) -> ndarray:
        parts = part if isinstance(part, tuple) else (part,)
        assert not any(isinstance(each, np.ndarray) for each in parts), "an index in main memory"
        index = tuple(each.memory if isinstance(each, ndarray) else each for each in parts)
        return ndarray.of(self.memory[index], self)

    def copy(self) -> ndarray:
        return ndarray.of(self.memory.copy())

    def __array__(self, *_: object) -> NDArray[Any]:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __dlpack_device__(self) -> tuple[int, int]:
        return _DLPACK_CUDA, 0

    def __dlpack__(self, stream: int | None = None) -> tuple[NDArray[Any], object]:
        """The stand-in's capsule is for its own `from_dlpack`. The reader's stream waits for the current one."""
        assert stream is not None, "not synchronized"
        cuda.waits_between.append((cuda.get_current_stream().ptr, stream))
        return self.memory, self

    def set(self, array: NDArray[Any], stream: cuda.Stream | None = None) -> None:
        """Copies from the host. Raises TypeError or ValueError for another dtype or shape."""
        cuda.check_stream(stream)
        if array.dtype != self.memory.dtype:
            raise TypeError(f"{array.dtype} array cannot be set to {self.memory.dtype} array")
        if array.shape != self.memory.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.memory.shape}, new shape: {array.shape}")
        self.memory[...] = array
        transfers.to_device += array.nbytes

    def get(
        self, stream: cuda.Stream | None = None, out: NDArray[Any] | None = None, *, blocking: bool = True
    ) -> NDArray[Any]:
        """Copies to the host, into `out` if given. Raises TypeError or ValueError for another dtype or shape."""
        cuda.check_stream(stream)
        if blocking:
            cuda.wait_for(cuda.Event.recorded)
        transfers.to_host += self.nbytes
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
    array = ndarray.of(np.zeros(count, dtype))
    _pool_bytes[id(array)] = nbytes
    weakref.finalize(array, _pool_bytes.pop, id(array))
    return array


def asarray(array: NDArray[Any]) -> ndarray:
    """Copies an array to the device, on the current stream."""
    cuda.check_stream(None)
    transfers.to_device += array.nbytes
    return ndarray.of(array.copy())


def from_dlpack(array: Any) -> ndarray:
    """The memory of an array of the device. Raises BufferError for one of main memory."""
    if array.__dlpack_device__()[0] != _DLPACK_CUDA:
        raise BufferError("not an array of the device")
    memory, owner = array.__dlpack__(stream=cuda.get_current_stream().ptr)
    return ndarray.of(memory, owner)


def ascontiguousarray(array: ndarray) -> ndarray:
    return ndarray.of(np.ascontiguousarray(array.memory))


def get_default_memory_pool() -> SimpleNamespace:
    def nbytes() -> int:
        return sum(_pool_bytes.values())

    return SimpleNamespace(free_all_blocks=lambda: None, used_bytes=nbytes, total_bytes=nbytes)
