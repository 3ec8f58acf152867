"""CUDA through CuPy, the extra `cuda`: the same kernels, compiled by NVRTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, ShaderError
from ..timing import Clock
from .device import Buffer, Candidate, Device, Failure, OwnNumbers
from .launches import Launches
from .program import KERNELS, Kernels, KernelSource
from .stage_times import Stages

KIND, LABEL = "cuda", "CUDA"
NVRTC_OPTIONS = ("--std=c++14", "--use_fast_math", "-DRUN=1")
_REMEDY = "install or update the NVIDIA driver"
_INSTALL = "pip install groundglass[cuda] for NVIDIA GPUs"


def enumerate_devices() -> tuple[list[Candidate], Failure | None]:
    """CUDA devices in the driver's order that NVRTC compiles for, and why others, or all, cannot be used."""
    try:
        import cupy
    except ImportError:
        return [], Failure(KIND, "CuPy is not installed", _INSTALL)
    except (
        Exception
    ) as error:  # it writes to the home folder, asks for libraries and more: whatever it is, no CUDA then
        reason = f"CuPy cannot be imported ({_line(error)})"
        return [], Failure(KIND, reason, "make the home folder writable and reinstall groundglass[cuda]")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return [], Failure(KIND, f"the driver reports no device ({error})", _REMEDY)
    try:
        nvrtc = cupy.cuda.nvrtc.getVersion()
        least = min(cupy.cuda.nvrtc.getSupportedArchs())
    except Exception as error:  # a library that is missing is a RuntimeError of CuPy's finder
        reason = f"NVRTC, which compiles the kernels, cannot be loaded ({_line(error)})"
        return [], Failure(KIND, reason, "pip install 'nvidia-cuda-nvrtc>=13,<14'")
    candidates, dropped = [], []
    for number in range(count):
        properties = cupy.cuda.runtime.getDeviceProperties(number)
        major, minor = properties["major"], properties["minor"]
        if 10 * major + minor < least:
            name = properties["name"].decode()
            dropped.append(f"{KIND}:{number} ({name}) has compute capability {major}.{minor}")
            continue
        candidates.append(
            Candidate(
                spec=f"{KIND}:{number}",
                name=properties["name"].decode(),
                driver=f"CUDA {_version(cupy.cuda.runtime.driverGetVersion())}",
                is_cpu=False,
                compute_units=properties["multiProcessorCount"],
                memory_bytes=properties["totalGlobalMem"],
            )
        )
    if not dropped:
        return candidates, None
    needed = f"NVRTC {nvrtc[0]}.{nvrtc[1]} compiles for {least // 10}.{least % 10} and newer"
    return candidates, Failure(KIND, f"{', '.join(dropped)}, and {needed}", "use it through OpenCL")


def open_candidate(candidate: Candidate) -> Device:
    """One of `enumerate_devices`, open."""
    return CudaDevice(candidate)


class CudaBuffer:
    """Memory on a CUDA device: CuPy's array of bytes. Two are equal where they are the same, as launches need it."""

    __slots__ = ("array", "nbytes")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.nbytes: int = array.nbytes


class CudaDevice:
    """The contract of `device.py` on a CUDA stream."""

    def __init__(self, candidate: Candidate) -> None:
        import cupy

        self._cupy = cupy
        self._driver_errors = (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)
        self.spec, self.name, self.is_cpu = candidate.spec, candidate.name, candidate.is_cpu
        self.run_length = 1
        try:
            self._device = cupy.cuda.Device(candidate.number)
            with self._device:
                self._stream = cupy.cuda.Stream(non_blocking=True)
        except self._driver_errors as error:
            raise DeviceError(f"{self.spec} ({self.name}): cannot be opened ({error}); {_REMEDY}") from error
        self._kernels = Kernels(self._build)
        self._launches: Launches[tuple[Any, tuple[Any, ...]]] = Launches(self._kernels, _launch)
        self._stages: Stages[tuple[Any, Any]] = Stages()
        self._buffers: dict[int, CudaBuffer] = {}

    @contextmanager
    def _current(self) -> Iterator[None]:
        """This device and its stream for CuPy's calls. What the driver refuses, maybe late, is a DeviceError."""
        try:
            with self._device, self._stream:
                yield
        except self._driver_errors as error:
            raise DeviceError(f"{self.spec} ({self.name}): {error}; start again, and {_REMEDY} if it stays") from error

    def allocate(self, nbytes: int) -> Buffer:
        try:
            with self._current():
                buffer = CudaBuffer(self._cupy.zeros(nbytes, dtype=np.uint8))
        except self._cupy.cuda.memory.OutOfMemoryError as error:
            raise DeviceError(
                f"{self.spec}: cannot allocate {nbytes / 2**20:.0f} MiB ({error}); use a smaller --size"
            ) from error
        self._buffers[id(buffer)] = buffer
        return buffer

    def release(self, buffer: Buffer) -> None:
        owned = self._buffers.pop(id(buffer), None)
        if owned is not None:
            self._launches.forget()
            owned.array = None  # back to the pool, which hands it out in the order of the stream

    def write(self, buffer: Buffer, array: NDArray[Any]) -> None:
        with self._current():
            flat = np.frombuffer(array, dtype=np.uint8)
            _array(buffer)[: flat.size].set(flat)
            self._stream.synchronize()

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            host: NDArray[Any] = _array(buffer)[:nbytes].get().view(dtype)
        return host

    @contextmanager
    def view(self, buffer: Buffer, dtype: Any, count: int) -> Iterator[NDArray[Any]]:
        yield self.read(buffer, dtype, count)

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
        with self._current():
            ready = launches.ready.get(key) or launches.prepare(key, source, kernel, local, arguments, own)
            compiled, values = ready
            grid = tuple(-(-items // group) for items, group in zip(size, local, strict=True))
            began = self._stream.record() if self._stages.is_open else None
            compiled(grid, local, values)
            if began is not None:
                self._stages.add((began, self._stream.record()))

    def warm_up(
        self,
        source: str,
        kernel: str,
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None = None,
    ) -> None:
        del local
        with self._current():
            self._kernels.call(source, kernel, self._kernels.complete(source, kernel, arguments, own))

    def build_ahead(self, texts: Mapping[str, str | None]) -> None:
        with self._current():
            self._kernels.build_ahead(texts)

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        with self._stages.stage(name, clock):
            yield

    def collect(self) -> None:
        self.finish()
        self._stages.report_times(lambda span: float(self._cupy.cuda.get_elapsed_time(*span)))

    def finish(self) -> None:
        with self._current():
            self._stream.synchronize()

    @property
    def live_buffers(self) -> int:
        return len(self._buffers)

    def close(self) -> None:
        if self._buffers or self._kernels:
            self.finish()
        for buffer in list(self._buffers.values()):
            self.release(buffer)
        self._launches.forget()
        self._kernels.clear()
        self._stages.clear()
        with self._current():
            self._cupy.get_default_memory_pool().free_all_blocks()

    def _build(self, source: KernelSource) -> Callable[[str], Any]:
        module = self._cupy.RawModule(code=source.text, options=NVRTC_OPTIONS, backend="nvrtc")
        try:
            module.compile()
        except self._cupy.cuda.compiler.CompileException as error:
            raise ShaderError(source.explain(str(error))) from error
        return module.get_function  # type: ignore[no-any-return]


def _array(buffer: Buffer) -> Any:
    assert isinstance(buffer, CudaBuffer)
    return buffer.array


def _launch(compiled: Any, arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    return compiled, tuple(one.array if isinstance(one, CudaBuffer) else one for one in arguments)


def _version(number: int) -> str:
    """
    >>> _version(13000), _version(12080)
    ('13.0', '12.8')
    """
    return f"{number // 1000}.{number % 1000 // 10}"


def _line(error: Exception) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
