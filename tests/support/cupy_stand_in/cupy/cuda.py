"""`cupy.cuda`: one device, its driver, streams and events."""

from __future__ import annotations

import ctypes
import threading
import time
from types import SimpleNamespace
from typing import Any

MEMORY_BYTES = 8 << 30
MAX_GRID_YZ, MAX_GROUP = 65535, 1024  # limits of every CUDA device
arrays: dict[int, tuple[int, int]] = {}  # bytes of a row, and rows, of the arrays that are mapped, by their address
copied: dict[int, bytes] = {}  # what was copied to them
_streams: list[Stream] = []  # current streams, the innermost last
waits_between: list[tuple[int, int]] = []  # streams whose work is awaited, each with the stream that waits
_contexts = threading.local()  # has `is_current` in the threads where the context is current
_LAUNCHER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class CUDARuntimeError(RuntimeError):
    """An error of the runtime, such as a launch that failed."""


class CUDADriverError(RuntimeError):
    """An error of the driver, such as a module that cannot be loaded."""


class OutOfMemoryError(MemoryError):
    """The device has too little memory."""


class CompileException(Exception):  # noqa: N818
    """A kernel does not compile; the text is the compiler's log."""


class Device:
    """The device `number`, current within a `with` block."""

    def __init__(self, number: int) -> None:
        if not 0 <= number < runtime.getDeviceCount():
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        self.id = number

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None: ...


class Event:
    """A point of a stream. The stand-in runs a launch at once.

    While `lags`, an event is done only if the host has waited for it, for a later one, or for the stream. `waits`
    counts these calls, which a frame should not make.
    """

    lags = False
    waits = 0
    recorded = reached = 0  # numbers of the newest event, and of the newest one that the host has waited for

    def __init__(self, stream: int = 0) -> None:
        self.stream = stream
        self.seconds = time.perf_counter()
        Event.recorded += 1
        self._number = Event.recorded

    @property
    def done(self) -> bool:
        return not Event.lags or self._number <= Event.reached

    def synchronize(self) -> None:
        wait_for(self._number)


class Stream:
    """A stream, current within a `with` block. `failure` is raised by the next synchronization, as a launch's would."""

    failure: Exception | None = None

    def __init__(self, *, non_blocking: bool = False) -> None:
        assert non_blocking, "the default stream waits for every other stream"
        self.ptr = id(self)

    def __enter__(self) -> Stream:
        _streams.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _streams.pop()

    def record(self) -> Event:
        return Event(self.ptr)

    def wait_event(self, event: Event) -> None:
        """Later work of this stream waits for the event; the host does not."""
        waits_between.append((event.stream, self.ptr))

    def synchronize(self) -> None:
        wait_for(Event.recorded)
        failure, Stream.failure = Stream.failure, None
        if failure is not None:
            raise failure


_default_stream = Stream(non_blocking=True)


def get_current_stream() -> Stream:
    """The innermost current stream, or the default stream, on which no work of the engine is queued."""
    return _streams[-1] if _streams else _default_stream


def wait_for(number: int) -> None:
    """The host waits for the event of this number."""
    Event.reached = max(Event.reached, number)
    Event.waits += 1


def check_stream(stream: Stream | None) -> None:
    """Asserts that work is queued on a stream of the device, not on the default stream."""
    assert stream is not None or _streams, "queued on the default stream"


def make_context_current(number: int = 0) -> None:
    """`setDevice`; CuPy also does it where it allocates."""
    assert number == 0
    _contexts.is_current = True


def _launch_kernel(
    function: int,
    grid_x: int,
    grid_y: int,
    grid_z: int,
    block_x: int,
    block_y: int,
    block_z: int,
    shared_bytes: int,
    stream: int,
    addresses: int,
    extra: int,
) -> None:
    """`cuLaunchKernel`. `addresses` is the address of an array of addresses of arguments. Raises CUDADriverError."""
    grid, block = (grid_x, grid_y, grid_z), (block_x, block_y, block_z)
    assert all(type(size) is int and size > 0 for size in (*grid, *block)), (grid, block)
    assert (shared_bytes, extra) == (0, 0)
    assert stream, "queued on the default stream"
    if not hasattr(_contexts, "is_current"):
        raise CUDADriverError("CUDA_ERROR_INVALID_CONTEXT: invalid device context")
    if block_x * block_y * block_z > MAX_GROUP or max(grid_y, grid_z) > MAX_GRID_YZ:
        raise CUDADriverError(f"CUDA_ERROR_INVALID_VALUE: invalid argument {grid} {block}")
    _LAUNCHER(function)(ctypes.byref((ctypes.c_int * 3)(*grid)), ctypes.byref((ctypes.c_int * 3)(*block)), addresses)


def get_elapsed_time(first: Event, second: Event) -> float:
    """Milliseconds between two events."""
    return (second.seconds - first.seconds) * 1e3


def _copy_to_array(
    array: int,
    x_bytes: int,
    y: int,
    source: int,
    source_pitch: int,
    row_bytes: int,
    rows: int,
    kind: int,
    stream: int,
) -> None:
    """`cudaMemcpy2DToArrayAsync` from device memory. `array` is a number in `arrays`."""
    assert (x_bytes, y, kind) == (0, 0, 3), "not a whole array from device memory"
    assert stream, "queued on the default stream"
    if not hasattr(_contexts, "is_current"):
        raise CUDARuntimeError("cudaErrorDeviceUninitialized: invalid device context")
    assert arrays[array] == (row_bytes, rows), "not the whole array"
    rows_of = (ctypes.c_char * (source_pitch * rows)).from_address(source)
    copied[array] = b"".join(rows_of[y * source_pitch : y * source_pitch + row_bytes] for y in range(rows))


def alloc_pinned_memory(nbytes: int) -> bytearray:
    return bytearray(nbytes)


def _properties(number: int) -> dict[str, Any]:
    return {
        "name": b"Stand-in",
        "multiProcessorCount": 2,
        "totalGlobalMem": MEMORY_BYTES,
        "major": 9,
        "minor": 0,
    }


runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    getDeviceCount=lambda: 1,
    getDeviceProperties=_properties,
    driverGetVersion=lambda: 13000,
    setDevice=make_context_current,
    memcpy2DToArrayAsync=_copy_to_array,
)
driver = SimpleNamespace(CUDADriverError=CUDADriverError, launchKernel=_launch_kernel)
nvrtc = SimpleNamespace(getVersion=lambda: (13, 0), getSupportedArchs=lambda: [75, 80, 90, 100])
memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
compiler = SimpleNamespace(CompileException=CompileException)
