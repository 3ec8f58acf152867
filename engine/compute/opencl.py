"""OpenCL through pyopencl: GPUs where a driver is installed, PoCL on any CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..device_array import DeviceArray, SupportsDLPack
from ..errors import DeviceError, OutOfMemoryError, warnings_kept
from ..interrupts import handlers_kept
from ..timing import Clock
from .arguments import bind
from .compiled_record import CompiledRecord
from .device import Buffer, Candidate, Device, Failure, Fetch, OwnNumbers, SharedTexture
from .host_memory import in_huge_pages, touch
from .invokers import keep_invokers
from .launches import Launches
from .opencl_programs import build, context_of
from .pocl import cache_of, run_length_of
from .program import KERNELS, Kernels, KernelSource
from .stage_cache import MADE_AHEAD
from .stage_times import Stages
from .staging import PinnedBlock, Staging

if TYPE_CHECKING:
    import moderngl

KIND, LABEL = "opencl", "OpenCL"
MARKERS = 8  # to relate the device's clock to the host's
_REMEDY = "install your GPU vendor's OpenCL driver, or pip install pocl-binary-distribution for the CPU"


def _platform_devices() -> list[Any]:
    import pyopencl as cl

    with handlers_kept():  # the first search loads the compiler of PoCL, which takes SIGUSR1 and others for itself
        return [device for platform in cl.get_platforms() for device in platform.get_devices()]


def enumerate_devices() -> tuple[list[Candidate], Failure | None]:
    """The OpenCL devices in the driver's order, and the reason if no device was found."""
    try:
        import pyopencl as cl
    except ImportError as error:
        return [], Failure(KIND, f"pyopencl cannot be imported ({error})", "pip install pyopencl")
    try:
        devices = _platform_devices()
    except cl.Error as error:
        return [], Failure(KIND, f"the driver loader found no platform ({error})", _REMEDY)
    if not devices:
        return [], Failure(KIND, "no platform has a device", _REMEDY)
    return [
        Candidate(
            spec=f"{KIND}:{number}",
            name=device.name.strip(),
            driver=f"{device.platform.name.strip()} {device.driver_version}",
            is_cpu=bool(device.type & cl.device_type.CPU),
            compute_units=device.max_compute_units,
            memory_bytes=device.global_mem_size,
        )
        for number, device in enumerate(devices)
    ], None


class _Fetch(NamedTuple):
    """The contract of `Fetch`."""

    copied: NDArray[Any]
    event: Any

    @property
    def is_done(self) -> bool:
        return _has_ended(self.event)

    def array(self) -> NDArray[Any]:
        self.event.wait()
        return self.copied


class OpenClDevice:
    """The contract of `device.py` on an OpenCL queue. A companion shares context and kernels with its `owner`."""

    def __init__(
        self, candidate: Candidate, gl: moderngl.Context | None = None, owner: OpenClDevice | None = None
    ) -> None:
        import pyopencl as cl

        keep_invokers()
        self._cl: Any = cl
        self._enqueue: Any = cl.enqueue_nd_range_kernel
        # `event.profile` looks each name up: 10 us an event (measured).
        times = cl.profiling_info
        self._started, self._ended = (methodcaller("get_profiling_info", of) for of in (times.START, times.END))
        # Launches are looked up by their buffers; the driver's hash takes three times as long (measured).
        identity = {"__hash__": object.__hash__, "__eq__": object.__eq__}
        self._buffer_class: Any = type("IdentityBuffer", (cl.Buffer,), identity)
        self.spec, self.name, self.is_cpu = candidate.spec, candidate.name, candidate.is_cpu
        self.gl, self._candidate, self._owner = gl, candidate, owner
        try:
            self._device = _platform_devices()[candidate.number]
            self._context: Any = owner._context if owner else context_of(self._device, self.is_cpu)
            self._queue = cl.CommandQueue(self._context, properties=cl.command_queue_properties.PROFILING_ENABLE)
        except cl.Error as error:
            raise DeviceError(f"{self.spec} ({self.name}): cannot be opened ({error}); {_REMEDY}") from error
        if owner is not None:
            self.run_length: int = owner.run_length
        else:
            self.run_length = run_length_of(self._device) if self.is_cpu else 1
        self.compiled: CompiledRecord = owner.compiled if owner else CompiledRecord(cache_of(self._device))
        self._kernels: Kernels = owner._kernels if owner else Kernels(self._build)
        self._launches: Launches[Any] = Launches(self._kernels, _set)
        self._stages: Stages[Any] = Stages()
        self._staging: Staging[Any] = Staging(self._pin, _has_ended, lambda copy: copy.wait())
        self._buffers: dict[int, Any] = {}
        self._copies: list[Any] = []  # queued since `finish`
        self._traced: list[tuple[str, Any]] | None = None  # kernels and their events, while a trace records

    def allocate(self, nbytes: int) -> Buffer:
        cl = self._cl
        flags = cl.mem_flags.READ_WRITE
        try:
            if self.is_cpu:
                memory = in_huge_pages(nbytes)
                if MADE_AHEAD.get():
                    touch(memory)
                buffer = self._buffer_class(self._context, flags | cl.mem_flags.USE_HOST_PTR, hostbuf=memory)
            else:
                buffer = self._buffer_class(self._context, flags, size=nbytes)
                cl.enqueue_fill_buffer(self._queue, buffer, np.uint8(0), 0, nbytes)
        except (cl.Error, OSError, MemoryError) as error:
            raise self._out_of_memory(nbytes, error) from error
        buffer.nbytes = nbytes
        self._buffers[id(buffer)] = buffer
        return buffer  # type: ignore[no-any-return]

    def release(self, buffer: Buffer) -> None:
        owned = self._buffers.pop(id(buffer), None)
        if owned is not None:
            self._launches.forget(buffer)
            with suppress(self._cl.Error):  # a lost device, which the frame has reported
                self.finish()  # on a CPU the memory is ours: a kernel that runs may still use it
                owned.release()

    def write(self, buffer: Buffer, array: NDArray[Any] | DeviceArray, *, waits: bool = True) -> None:
        array = np.asarray(array)
        if self.is_cpu:
            copy = self._cl.enqueue_copy(self._queue, buffer, array, is_blocking=waits)
            if not waits:
                self._copies.append(copy)  # without it pyopencl would wait now
            return
        flat = np.frombuffer(array, dtype=np.uint8)
        with self._staging.block(flat.size) as block:
            pinned = block.memory[: flat.size]
            pinned[:] = flat
            block.copy = self._cl.enqueue_copy(self._queue, buffer, pinned, is_blocking=False)

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        array = np.empty(count, dtype=dtype)
        self._cl.enqueue_copy(self._queue, array, buffer, is_blocking=True)
        return array

    @contextmanager
    def view(self, buffer: Buffer, dtype: Any, count: int) -> Iterator[NDArray[Any]]:
        if not self.is_cpu:
            nbytes = count * np.dtype(dtype).itemsize
            with self._staging.block(nbytes) as block:
                pinned = block.memory[:nbytes]
                self._stages.add(self._cl.enqueue_copy(self._queue, pinned, buffer, is_blocking=True))
                yield pinned.view(dtype)
            return
        flags = self._cl.map_flags.READ
        mapped, _ = self._cl.enqueue_map_buffer(self._queue, buffer, flags, 0, (count,), dtype, is_blocking=True)
        try:
            yield mapped
        finally:
            mapped.base.release(self._queue)

    def fetch(self, buffer: Buffer, dtype: Any, count: int) -> Fetch:
        copied = np.empty(count, dtype=dtype)
        return _Fetch(copied, self._cl.enqueue_copy(self._queue, copied, buffer, is_blocking=False))

    def share_array(
        self, buffer: Buffer, dtype: Any, first: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> SupportsDLPack | None:
        return None

    def share_texture(self, glo: int) -> SharedTexture:
        raise DeviceError("pyopencl shares no textures with OpenGL")

    def run(
        self, source: str, kernel: str, size: tuple[int, ...], local: tuple[int, ...], /, **arguments: object
    ) -> None:
        self.launch(source, kernel, size, local, arguments)

    def launch(
        self,
        source: str,
        kernel: str,
        size: tuple[int, ...],
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None = None,
    ) -> None:
        launches = self._launches
        key = (source, kernel, KERNELS.revision, own, *arguments, *arguments.values())
        ready = launches.ready.get(key) or launches.prepare(key, source, kernel, local, arguments, own)
        event = self._enqueue(self._queue, ready, size, local)
        self._stages.add(event)
        if self._traced is not None:
            self._traced.append((kernel, event))

    def warm_up(
        self,
        source: str,
        kernel: str,
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None = None,
    ) -> None:
        complete = self._kernels.complete(source, kernel, arguments, own)
        launch = _set(*self._kernels.call(source, kernel, complete))
        if self.is_cpu:  # PoCL compiles the better part of a kernel at its first launch in groups of a size
            queue = self._cl.CommandQueue(self._context)
            self._cl.enqueue_nd_range_kernel(queue, launch, local, local)
            queue.finish()

    def build_ahead(self, texts: Mapping[str, str | None]) -> None:
        """PoCL compiles most of a kernel at its first launch with a group size, which takes seconds.

        So each kernel is launched once, on one group, with its last arguments; it writes a corner of the frame's
        output. PoCL's compiler has one lock: a frame that needs the compiler meanwhile may be up to a second late.
        """
        cl, queue, launches = self._cl, self._cl.CommandQueue(self._context), self._launches
        for source, kernel_of in self._kernels.build_ahead(texts).items():
            entry_points = source.entry_points()
            for (name, kernel, local), arguments in list(launches.latest.items()):
                declared = entry_points.get(kernel, ())
                if not self.is_cpu or name != source.name or {argument.name for argument in declared} != set(arguments):
                    continue
                with launches.lock:  # no buffer is released meanwhile
                    if (name, kernel, local) in launches.latest:
                        own = kernel_of(kernel)
                        own.set_args(*bind(name, kernel, declared, arguments))
                        cl.enqueue_nd_range_kernel(queue, own, local, local)
                        queue.finish()

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        """On a GPU the time from the first kernel to the end, gaps and the host's work in between included, as on CUDA;
        on a CPU the sum of the kernels.
        """
        with self._stages.stage(name, clock):
            yield
            if not self.is_cpu and not self._stages.is_empty:
                self._stages.add(self._cl.enqueue_marker(self._queue))
        self._queue.flush()

    def collect(self) -> None:
        if self.is_cpu:
            self.finish()
        self._stages.report_times(self._milliseconds, _has_ended)

    def _milliseconds(self, events: list[Any]) -> float:
        if self.is_cpu:
            return float(sum(map(self._ended, events)) - sum(map(self._started, events))) * 1e-6
        return float(self._ended(events[-1]) - self._started(events[0])) * 1e-6

    def finish(self) -> None:
        self._queue.finish()
        self._copies.clear()

    @property
    def live_buffers(self) -> int:
        return len(self._buffers)

    @contextmanager
    def traced(self, add: Callable[[str, int, int], None]) -> Iterator[None]:
        traced: list[tuple[str, Any]] = []
        self._traced = traced
        try:
            yield
        finally:
            self._traced = None
        self.finish()
        offset_ns = self._offset_ns() if traced else 0
        for kernel, event in traced:
            add(kernel, self._started(event) + offset_ns, self._ended(event) + offset_ns)

    def _offset_ns(self) -> int:
        """What the host's clock is ahead of the device's: the smallest delay of some markers."""
        offsets = []
        for _ in range(MARKERS):
            marker = self._cl.enqueue_marker(self._queue)
            self.finish()
            offsets.append(time.perf_counter_ns() - int(self._ended(marker)))
        return min(offsets)

    @property
    def kernels(self) -> Kernels:
        return self._kernels

    def companion(self) -> Device:
        return OpenClDevice(self._candidate, owner=self)

    def close(self) -> None:
        for buffer in list(self._buffers.values()):
            self.release(buffer)
        with suppress(self._cl.Error):
            self.finish()
            self._staging.release()
        self._launches.forget_all()
        self._stages.clear()
        if self._owner is None:
            self._kernels.clear()

    def _pin(self, nbytes: int) -> PinnedBlock[Any]:
        cl = self._cl
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.ALLOC_HOST_PTR
        access = cl.map_flags.READ | cl.map_flags.WRITE
        try:
            buffer = cl.Buffer(self._context, flags, size=nbytes)
            memory, _ = cl.enqueue_map_buffer(self._queue, buffer, access, 0, (nbytes,), np.uint8, is_blocking=True)
        except (cl.Error, MemoryError) as error:
            raise self._out_of_memory(nbytes, error) from error

        def free() -> None:
            memory.base.release(self._queue)
            buffer.release()

        return PinnedBlock(memory, free)

    def _out_of_memory(self, nbytes: int, error: Exception) -> OutOfMemoryError:
        return OutOfMemoryError(self.spec, nbytes, error)

    def _build(self, source: KernelSource) -> Callable[[str], Any]:
        cl = self._cl
        options = f"-cl-std=CL1.2 -cl-fast-relaxed-math -DRUN={self.run_length}"
        # Looks come and go, and a program takes 2 MB: theirs end with them.
        keep = self.is_cpu and not KERNELS.is_generated(source.name)
        try:
            with warnings_kept(cl.CompilerWarning):  # remarks on built-in kernels are not for users
                return partial(cl.Kernel, build(self._context, source.text, options, self.compiled, keep))
        except cl.RuntimeError as error:
            raise source.error(str(error)) from error


def _has_ended(event: Any) -> bool:
    """Whether the command of an event is done, or failed: then its status is an error, below 0."""
    return int(event.command_execution_status) <= 0


def _set(compiled: Any, arguments: tuple[Any, ...]) -> Any:
    """A separate kernel object with its arguments set."""
    own = type(compiled)(compiled.program, compiled.function_name)
    own.set_args(*arguments)
    return own


def open_candidate(candidate: Candidate, gl: moderngl.Context | None) -> Device:
    """Opens one of `enumerate_devices`."""
    return OpenClDevice(candidate, gl)
