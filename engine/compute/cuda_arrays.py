"""Memory of CUDA as CuPy arrays: buffers, arguments of kernels, and arrays for other libraries."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, cast

import numpy as np

from .device import Buffer


class CudaBuffer:
    """Memory on a CUDA device, as a CuPy array of bytes. Compared by identity, as launches require."""

    __slots__ = ("array", "nbytes")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.nbytes: int = array.nbytes


class CudaLaunch(NamedTuple):
    """A kernel with its arguments as the driver takes them: an array of their addresses."""

    function: int
    addresses: int
    alive: tuple[Any, ...]  # what the two point to


def array_of(buffer: Buffer) -> Any:
    assert isinstance(buffer, CudaBuffer)
    return buffer.array


def pack(compiled: Any, arguments: tuple[Any, ...]) -> CudaLaunch:
    """The launch of CuPy's kernel `compiled`. Its arguments are packed once: CuPy packs them for each launch."""
    values = tuple(_in_c(argument) for argument in arguments)
    addresses = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    return CudaLaunch(compiled.kernel.ptr, ctypes.addressof(addresses), (compiled, values, addresses))


def _in_c(argument: Any) -> ctypes.c_void_p | ctypes.c_int32 | ctypes.c_float:
    if isinstance(argument, CudaBuffer):
        return ctypes.c_void_p(argument.array.data.ptr)
    return ctypes.c_int32(int(argument)) if isinstance(argument, np.int32) else ctypes.c_float(float(argument))


class SharedArray:
    """A CuPy array for another library, by DLPack. Its reader waits for the stream that `current` enters."""

    def __init__(self, array: Any, current: Callable[[], AbstractContextManager[None]]) -> None:
        self._array, self._current = array, current

    def __dlpack__(self, **options: Any) -> Any:
        with self._current():  # CuPy lets the stream of the reader wait for the current one
            return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return cast("tuple[Any, int]", self._array.__dlpack_device__())
