"""Textures of OpenGL that CUDA writes to, without a way through main memory: the calls of the driver that CuPy lacks.

A texture is registered once. For each copy it is mapped and unmapped in the stream of the kernels. The driver makes
the copy wait for earlier draws of OpenGL, and later draws wait for the copy. The host waits for nothing.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ..errors import DeviceError

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_GL_TEXTURE_2D = 0x0DE1
_WRITE_DISCARD = 2  # CU_GRAPHICS_REGISTER_FLAGS_WRITE_DISCARD: the whole texture is overwritten
_ALL_DEVICES = 1  # CU_GL_DEVICE_LIST_ALL
_MAX_DEVICES = 64
_DEVICE_TO_DEVICE = 3  # cudaMemcpyDeviceToDevice


class GlDriver:
    """The calls of the driver `library`. Each raises DeviceError with the name of the call and of the driver's error.

    The OpenGL context of the texture and the device's own context must be current.
    """

    def __init__(self, library: Any) -> None:
        self._library = library

    def draws_on(self, number: int) -> bool:
        """Whether the current OpenGL context draws on the CUDA device of this number."""
        device, count, devices = ctypes.c_int(), ctypes.c_uint(), (ctypes.c_int * _MAX_DEVICES)()
        self._call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(number))
        limits = ctypes.c_uint(_MAX_DEVICES), ctypes.c_int(_ALL_DEVICES)
        self._call("cuGLGetDevices_v2", ctypes.byref(count), devices, *limits)
        return device.value in devices[: count.value]

    def register(self, glo: int) -> ctypes.c_void_p:
        """The resource of the texture `glo`."""
        resource = ctypes.c_void_p()
        texture = ctypes.c_uint(glo), ctypes.c_uint(_GL_TEXTURE_2D), ctypes.c_uint(_WRITE_DISCARD)
        self._call("cuGraphicsGLRegisterImage", ctypes.byref(resource), *texture)
        return resource

    def unregister(self, resource: ctypes.c_void_p) -> None:
        self._call("cuGraphicsUnregisterResource", resource)

    def map(self, resource: ctypes.c_void_p, stream: int) -> None:
        self._call("cuGraphicsMapResources", ctypes.c_uint(1), ctypes.byref(resource), ctypes.c_void_p(stream))

    def unmap(self, resource: ctypes.c_void_p, stream: int) -> None:
        self._call("cuGraphicsUnmapResources", ctypes.c_uint(1), ctypes.byref(resource), ctypes.c_void_p(stream))

    def mapped_array(self, resource: ctypes.c_void_p) -> int:
        """The address of the array of a mapped texture."""
        array = ctypes.c_void_p()
        level = ctypes.c_uint(0), ctypes.c_uint(0)
        self._call("cuGraphicsSubResourceGetMappedArray", ctypes.byref(array), resource, *level)
        return array.value or 0

    def _call(self, name: str, *arguments: Any) -> None:
        try:
            status = int(getattr(self._library, name)(*arguments))
        except AttributeError as error:
            raise DeviceError(f"{LIBRARY} has no {name}; update the NVIDIA driver") from error
        if status:
            text = ctypes.c_char_p()
            self._library.cuGetErrorName(ctypes.c_int(status), ctypes.byref(text))
            raise DeviceError(f"{name} failed ({(text.value or b'error %d' % status).decode()})")


def load_driver() -> GlDriver:
    """The driver of this machine. Raises DeviceError if it cannot be loaded."""
    try:
        return GlDriver(ctypes.CDLL(LIBRARY))
    except OSError as error:
        raise DeviceError(f"{LIBRARY} cannot be loaded ({error}); install the NVIDIA driver") from error


class CudaTexture:
    """The contract of `SharedTexture`. `current` makes the device's context current, `copy` is CuPy's copy of rows."""

    def __init__(
        self,
        driver: GlDriver,
        glo: int,
        stream: int,
        current: Callable[[], AbstractContextManager[None]],
        copy: Callable[..., None],
    ) -> None:
        self._driver, self._stream, self._current, self._copy = driver, stream, current, copy
        self._resource: ctypes.c_void_p | None = driver.register(glo)

    def fill(self, buffer: Any, row_bytes: int, rows: int) -> None:
        assert self._resource is not None, "the texture is released"
        driver, resource, stream = self._driver, self._resource, self._stream
        with self._current():
            driver.map(resource, stream)
            try:
                size = row_bytes, row_bytes, rows, _DEVICE_TO_DEVICE
                self._copy(driver.mapped_array(resource), 0, 0, buffer.array.data.ptr, *size, stream)
            finally:
                driver.unmap(resource, stream)

    def release(self) -> None:
        resource, self._resource = self._resource, None
        if resource is not None:
            with self._current():
                self._driver.unregister(resource)
