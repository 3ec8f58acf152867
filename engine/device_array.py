"""Arrays of other libraries by DLPack: in main memory they become NumPy arrays, on a CUDA GPU they stay there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .errors import MissingExtraError, SourceError, cause

# DLDeviceType of dlpack.h.
CPU, CUDA, CUDA_HOST = 1, 2, 3


@runtime_checkable
class SupportsDLPack(Protocol):
    """An array that other libraries can read in place: of NumPy, CuPy, PyTorch, JAX.

    See the Python array API standard, `__dlpack__`.
    """

    @property
    def __dlpack__(self) -> Callable[..., Any]: ...

    @property
    def __dlpack_device__(self) -> Callable[..., tuple[Any, int]]: ...


class DeviceArray:
    """An array on a CUDA GPU in the place of a NumPy array: the pixels of a frame. It is not copied.

    An engine on the same GPU copies it to its own memory there. All else reads single elements, which are copied to
    main memory, or converts it with `np.asarray`, once. It is C-contiguous. It keeps the array of the other library
    alive, which must not be changed. It is complete when the event `ready` is done.
    """

    def __init__(self, array: Any, exporter: SupportsDLPack) -> None:
        """`array` is CuPy's view of `exporter`, filled by work that is queued in the current stream of CuPy."""
        import cupy

        self.array, self._exporter, self._cupy = array, exporter, cupy
        self.ready: Any = cupy.cuda.get_current_stream().record()
        self._host: NDArray[Any] | None = None
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.strides: tuple[int, ...] = tuple(array.strides)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.ndim, self.size, self.nbytes = len(self.shape), int(array.size), int(array.nbytes)
        self.itemsize = self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("an array on a GPU cannot be read in main memory without a copy")
        if self._host is None:
            self._host = self._read(lambda array: array)
            self._host.flags.writeable = False
        host = self._host if dtype is None else self._host.astype(dtype, copy=False)
        return host.copy() if copy else host

    def __getitem__(self, index: Any) -> NDArray[Any]:
        if self._host is not None:
            return cast("NDArray[Any]", self._host[index])
        parts = index if isinstance(index, tuple) else (index,)

        def indexed(array: Any) -> Any:
            return array[tuple(self._cupy.asarray(part) if isinstance(part, np.ndarray) else part for part in parts)]

        return self._read(indexed)

    def _read(self, part_of: Callable[[Any], Any]) -> NDArray[Any]:
        """A part of the array in main memory; waits for it."""
        with self.array.device, self._cupy.cuda.Stream(non_blocking=True) as stream:
            stream.wait_event(self.ready)
            return cast("NDArray[Any]", part_of(self.array).get(stream=stream))

    def __len__(self) -> int:
        return self.shape[0]

    def copy(self) -> DeviceArray:
        """A copy on the GPU, for a frame that outlives the lease of its buffer."""
        with self.array.device:
            self._cupy.cuda.get_current_stream().wait_event(self.ready)
            copied = self.array.copy()
            return DeviceArray(copied, copied)

    def __dlpack__(self, **options: Any) -> Any:
        return self._exporter.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self._exporter.__dlpack_device__()


def from_dlpack(array: SupportsDLPack) -> NDArray[Any]:
    """An array of another library for a Frame, without a copy: in main memory NumPy's, on a CUDA GPU it stays there.

    Its dtype is that of `array`, uint8, uint16 or float32 for pixels of any shape. A Frame calls it, too; with it a
    program passes a type checker. On a GPU the result has only what a Frame needs. Raises SourceError, and
    MissingExtraError for an array of a GPU without CuPy.
    """
    return as_array(array, "the array")


def as_array(array: Any, name: str) -> NDArray[Any]:
    """`array` without a copy: NumPy's, a view of another library's in main memory, or a DeviceArray.

    One that is not C-contiguous is copied where it is. `name` is for messages. Raises SourceError for an array that
    cannot be read, MissingExtraError for one of a GPU without CuPy.
    """
    if isinstance(array, np.ndarray | DeviceArray):
        return cast("NDArray[Any]", array)
    if not isinstance(array, SupportsDLPack):
        raise SourceError(f"{name}: a {type(array).__name__} is not an array; give a NumPy array, or one with DLPack")
    try:
        kind = int(array.__dlpack_device__()[0])
        if kind in (CPU, CUDA_HOST):
            return np.ascontiguousarray(np.from_dlpack(array))
        if kind == CUDA:
            return cast("NDArray[Any]", _on_cuda(array, name))
    except (BufferError, RuntimeError, TypeError, ValueError) as error:  # libraries refuse with any of these
        raise SourceError(f"{name}: cannot be read by DLPack ({cause(error)}); copy it to a NumPy array") from error
    raise SourceError(f"{name}: is on a device of DLPack's type {kind}; move it to main memory or to a CUDA GPU")


def _on_cuda(array: SupportsDLPack, name: str) -> DeviceArray:
    try:
        import cupy
    except ImportError as error:
        raise MissingExtraError(f"{name} on a GPU", "CuPy", "cuda") from error
    view = cupy.from_dlpack(array)
    if view.flags.c_contiguous:
        return DeviceArray(view, array)
    contiguous = cupy.ascontiguousarray(view)
    return DeviceArray(contiguous, contiguous)
