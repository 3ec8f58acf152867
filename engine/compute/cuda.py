"""CUDA through CuPy, the extra `cuda`: the same kernels, compiled by NVRTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, ShaderError
from ..timing import Clock
from .device import Buffer, Candidate, Failure
from .program import Kernels, KernelSource
from .stage_times import Stages

_REMEDY = "install or update the NVIDIA driver"
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
        return [], Failure("cuda", f"the driver reports no device ({error})", _REMEDY)
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
        try:
            self._device = cupy.cuda.Device(int(candidate.spec.partition(":")[2]))
            with self._device:
                self._stream = cupy.cuda.Stream(non_blocking=True)
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise DeviceError(f"{self.spec} ({self.name}): cannot be opened ({error}); {_REMEDY}") from error
        self._kernels = Kernels(self._build)
        self._stages: Stages[tuple[Any, Any]] = Stages()
        self._buffers: dict[int, Any] = {}

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
            compiled, cast = self._kernels.call(source, kernel, arguments)
            grid = tuple(-(-items // group) for items, group in zip(size, local, strict=True))
            began = self._stream.record() if self._stages.is_open else None
            compiled(grid, local, cast)
            if began is not None:
                self._stages.add((began, self._stream.record()))

    def build_ahead(self, texts: Mapping[str, str | None]) -> None:
        with self._device:
            self._kernels.build_ahead(texts)

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        with self._stages.stage(name, clock):
            yield

    def collect(self) -> None:
        self.finish()
        self._stages.report_times(lambda span: float(self._cupy.cuda.get_elapsed_time(*span)))

    def finish(self) -> None:
        self._stream.synchronize()

    @property
    def live_buffers(self) -> int:
        return len(self._buffers)

    def close(self) -> None:
        if self._buffers or self._kernels:
            self.finish()
        self._buffers.clear()
        self._kernels.clear()
        self._stages.clear()

    def _build(self, source: KernelSource) -> Callable[[str], Any]:
        module = self._cupy.RawModule(code=source.text, options=NVRTC_OPTIONS, backend="nvrtc")
        try:
            module.compile()
        except self._cupy.cuda.compiler.CompileException as error:
            raise ShaderError(source.explain(str(error))) from error
        return module.get_function  # type: ignore[no-any-return]
