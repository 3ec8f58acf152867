"""CUDA through CuPy, the extra `cuda`: the same kernels, compiled by NVRTC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, ShaderError
from ..timing import Clock
from .device import Buffer, Candidate, Failure
from .opencl import scalar_cast
from .program import load_kernel_source

NVRTC_OPTIONS = ("--std=c++14", "--use_fast_math", "-DRUN=1")


def enumerate_devices() -> tuple[list[Candidate], Failure | None]:
    """CUDA devices in the driver's order, and the reason when there are none."""
    try:
        import cupy
    except ImportError:
        return [], Failure("cuda", "CuPy is not installed", "pip install groundglass[cuda] for NVIDIA GPUs")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return [], Failure("cuda", f"the driver reports no device ({error})", "install or update the NVIDIA driver")
    candidates = []
    for number in range(count):
        properties = cupy.cuda.runtime.getDeviceProperties(number)
        candidates.append(
            Candidate(
                spec=f"cuda:{number}",
                name=properties["name"].decode(),
                driver=f"CUDA {cupy.cuda.runtime.driverGetVersion()}",
                is_cpu=False,
                compute_units=properties["multiProcessorCount"],
                memory_bytes=properties["totalGlobalMem"],
            )
        )
    return candidates, None


class CudaDevice:
    """The contract of `device.py` on a CUDA stream."""

    def __init__(self, candidate: Candidate) -> None:
        import cupy

        self._cupy = cupy
        self.spec, self.name, self.is_cpu = candidate.spec, candidate.name, candidate.is_cpu
        self.run_length = 1
        self._device = cupy.cuda.Device(int(candidate.spec.partition(":")[2]))
        with self._device:
            self._stream = cupy.cuda.Stream(non_blocking=True)
        self._kernels: dict[tuple[str, str], tuple[Any, list[Any]]] = {}
        self._modules: dict[str, Any] = {}
        self._buffers: dict[int, Any] = {}
        self._stage: tuple[str, Clock] | None = None
        self._events: list[tuple[str, Clock, Any, Any]] = []

    @contextmanager
    def _current(self) -> Iterator[None]:
        with self._device, self._stream:
            yield

    def allocate(self, nbytes: int) -> Buffer:
        try:
            with self._current():
                buffer = self._cupy.zeros(nbytes, dtype=np.uint8)
        except self._cupy.cuda.memory.OutOfMemoryError as error:
            raise DeviceError(
                f"{self.spec}: cannot allocate {nbytes / 2**20:.0f} MiB ({error}); use a smaller --size"
            ) from error
        self._buffers[id(buffer)] = buffer
        return buffer  # type: ignore[no-any-return]

    def release(self, buffer: Buffer) -> None:
        self._buffers.pop(id(buffer), None)

    def write(self, buffer: Buffer, array: NDArray[Any]) -> None:
        with self._current():
            flat = np.frombuffer(array, dtype=np.uint8)
            buffer[: flat.size].set(flat)  # type: ignore[index]
            self._stream.synchronize()

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            host: NDArray[Any] = buffer[:nbytes].get().view(dtype)  # type: ignore[index]
        return host

    @contextmanager
    def view(self, buffer: Buffer, dtype: Any, count: int) -> Iterator[NDArray[Any]]:
        yield self.read(buffer, dtype, count)

    def run(self, source: str, kernel: str, size: tuple[int, ...], local: tuple[int, ...], *arguments: object) -> None:
        with self._current():
            compiled, casts = self._kernel(source, kernel)
            if len(casts) != len(arguments):
                raise ShaderError(f"{source}: {kernel} takes {len(casts)} arguments, {len(arguments)} were given")
            cast = tuple(cast(argument) if cast else argument for cast, argument in zip(casts, arguments, strict=True))
            grid = tuple(-(-items // group) for items, group in zip(size, local, strict=True))
            began = self._stream.record() if self._stage else None
            compiled(grid, local, cast)
            if self._stage:
                self._events.append((*self._stage, began, self._stream.record()))

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        self._stage = (name, clock)
        try:
            yield
        finally:
            self._stage = None

    def collect(self) -> None:
        self.finish()
        spent: dict[tuple[str, int], float] = {}
        clocks = {id(clock): clock for _, clock, _, _ in self._events}
        for name, clock, began, ended in self._events:
            key = (name, id(clock))
            spent[key] = spent.get(key, 0.0) + self._cupy.cuda.get_elapsed_time(began, ended)
        self._events.clear()
        for (name, clock_id), milliseconds in spent.items():
            clocks[clock_id].add(name, milliseconds)

    def finish(self) -> None:
        self._stream.synchronize()

    @property
    def live_buffers(self) -> int:
        return len(self._buffers)

    def close(self) -> None:
        if self._buffers or self._modules:
            self.finish()
        self._buffers.clear()
        self._kernels.clear()
        self._modules.clear()
        self._events.clear()

    def _kernel(self, source: str, kernel: str) -> tuple[Any, list[Any]]:
        found = self._kernels.get((source, kernel))
        if found is None:
            text = load_kernel_source(source)
            declarations = text.entry_points().get(kernel)
            if declarations is None:
                raise ShaderError(f"{source}: has no kernel '{kernel}'; it has {', '.join(text.entry_points())}")
            if source not in self._modules:
                module = self._cupy.RawModule(code=text.text, options=NVRTC_OPTIONS, backend="nvrtc")
                try:
                    module.compile()
                except self._cupy.cuda.compiler.CompileException as error:
                    raise ShaderError(text.explain(str(error))) from error
                self._modules[source] = module
            compiled = self._modules[source].get_function(kernel)
            found = compiled, [scalar_cast(declaration) for declaration in declarations]
            self._kernels[source, kernel] = found
        return found
