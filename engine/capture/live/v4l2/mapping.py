"""Memory of a driver, mapped into this process, that can be detached from the driver while arrays still refer to it."""

from __future__ import annotations

import ctypes
import mmap
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
_LIBC.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_FAILED = ctypes.c_void_p(-1).value
_FIXED = 0x10  # MAP_FIXED


class Mapping:
    """`length` bytes of the file `fd` from `offset` on, read-only. An array of it keeps it mapped.

    A mapping keeps its device open: a camera that was unplugged frees its name only when nothing is mapped. Raises
    OSError.
    """

    def __init__(self, fd: int, length: int, offset: int) -> None:
        self._length = length
        self._address: int | None = _map(None, length, mmap.MAP_SHARED, fd, offset)
        self.__array_interface__ = {"data": (self._address, True), "shape": (length,), "typestr": "|u1", "version": 3}

    def detach(self) -> None:
        """Gives the driver's memory back. Arrays then read zeros. Harmless when called twice."""
        _map(self._address, self._length, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _FIXED, -1, 0)

    def __del__(self) -> None:
        address = getattr(self, "_address", None)
        if address is not None:
            _LIBC.munmap(address, self._length)


def _map(address: int | None, length: int, flags: int, fd: int, offset: int) -> int:
    mapped = _LIBC.mmap(address, length, mmap.PROT_READ, flags, fd, offset)
    if mapped == _FAILED or mapped is None:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(mapped)
