"""CUDA through CuPy, the extra `cuda`: the same kernels, compiled by NVRTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, ShaderError
from ..timing import Clock
from .device import Buffer, Candidate, Device, Failure, OwnNumbers
from .launches import Launches
from .program import KERNELS, Kernels, KernelSource
from .stage_times import Stages
from .staging import PinnedBlock, Staging

if TYPE_CHECKING:
    import moderngl

KIND, LABEL = "cuda", "CUDA"
NVRTC_OPTIONS = ("--std=c++14", "--use_fast_math", "-DRUN=1")
_REMEDY = "install or update the NVIDIA driver"
_INSTALL = "pip install groundglass[cuda] for NVIDIA GPUs"


def enumerate_devices() -> tuple[list[Candidate], Failure | None]:
    """The CUDA devices that NVRTC compiles for, in the driver's order, and the reason why others cannot be used."""
    try:
        import cupy
    except ImportError:
        return [], Failure(KIND, "CuPy is not installed", _INSTALL)
    except Exception as error:  # importing CuPy writes to the home folder and loads libraries: any error may occur
        reason = f"CuPy cannot be imported ({_line(error)})"
        return [], Failure(KIND, reason, "make the home folder writable and reinstall groundglass[cuda]")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return [], Failure(KIND, f"the driver reports no device ({error})", _REMEDY)
    try:
        nvrtc = cupy.cuda.nvrtc.getVersion()
        min_capability = min(cupy.cuda.nvrtc.getSupportedArchs())
    except Exception as error:  # CuPy raises a RuntimeError for a missing library
        reason = f"NVRTC, which compiles the kernels, cannot be loaded ({_line(error)})"
        return [], Failure(KIND, reason, "pip install 'nvidia-cuda-nvrtc>=13,<14'")
    candidates, dropped = [], []
    for number in range(count):
        properties = cupy.cuda.runtime.getDeviceProperties(number)
        major, minor = properties["major"], properties["minor"]
        if 10 * major + minor < min_capability:
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
    needed = f"NVRTC {nvrtc[0]}.{nvrtc[1]} compiles for {min_capability // 10}.{min_capability % 10} and newer"
    return candidates, Failure(KIND, f"{', '.join(dropped)}, and {needed}", "use it through OpenCL")


def open_candidate(candidate: Candidate, gl: moderngl.Context | None) -> Device:
    """Opens one of `enumerate_devices`."""
    return CudaDevice(candidate, gl)


class CudaBuffer:
    """Memory on a CUDA device, as a CuPy array of bytes. Compared by identity, as launches require."""

    __slots__ = ("array", "nbytes")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.nbytes: int = array.nbytes


class CudaDevice:
    """The contract of `device.py` on a CUDA stream. A companion shares the kernels of its `owner`."""

    def __init__(
        self, candidate: Candidate, gl: moderngl.Context | None = None, owner: CudaDevice | None = None
    ) -> None:
        import cupy

        self._cupy = cupy
        self._driver_errors = (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)
        self.spec, self.name, self.is_cpu = candidate.spec, candidate.name, candidate.is_cpu
        self.gl, self._candidate, self._owner = gl, candidate, owner
        self.run_length = 1
        try:
            self._device = cupy.cuda.Device(candidate.number)
            with self._device:
                self._stream = cupy.cuda.Stream(non_blocking=True)
        except self._driver_errors as error:
            raise DeviceError(f"{self.spec} ({self.name}): cannot be opened ({error}); {_REMEDY}") from error
        self._kernels: Kernels = owner._kernels if owner else Kernels(self._build)
        self._launches: Launches[tuple[Any, tuple[Any, ...]]] = Launches(self._kernels, _launch)
        self._stages: Stages[tuple[Any, Any]] = Stages()
        self._staging: Staging[Any] = Staging(self._pin, lambda copy: copy.synchronize())
        self._buffers: dict[int, CudaBuffer] = {}

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Makes this device and its stream current for CuPy. Errors, also of earlier work, become DeviceError."""
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
            raise self._out_of_memory(nbytes, error) from error
        self._buffers[id(buffer)] = buffer
        return buffer

    def release(self, buffer: Buffer) -> None:
        owned = self._buffers.pop(id(buffer), None)
        if owned is not None:
            self._launches.forget()
            owned.array = None  # returns to CuPy's pool, which reuses memory in stream order

    def write(self, buffer: Buffer, array: NDArray[Any]) -> None:
        flat = np.frombuffer(array, dtype=np.uint8)
        with self._current():
            block = self._staging.take(flat.size)
            pinned = block.memory[: flat.size]
            pinned[:] = flat
            _array(buffer)[: flat.size].set(pinned, stream=self._stream)
            block.copy = self._stream.record()

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            host: NDArray[Any] = _array(buffer)[:nbytes].get().view(dtype)
        return host

    @contextmanager
    def view(self, buffer: Buffer, dtype: Any, count: int) -> Iterator[NDArray[Any]]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            pinned = self._staging.take(nbytes).memory[:nbytes]
            _array(buffer)[:nbytes].get(stream=self._stream, out=pinned)
        yield pinned.view(dtype)

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

    def companion(self) -> Device:
        return CudaDevice(self._candidate, owner=self)

    def close(self) -> None:
        if self._buffers or self._kernels:
            self.finish()
        for buffer in list(self._buffers.values()):
            self.release(buffer)
        self._staging.release()
        self._launches.forget()
        self._stages.clear()
        if self._owner is None:
            self._kernels.clear()
        with self._current():
            self._cupy.get_default_memory_pool().free_all_blocks()

    def _pin(self, nbytes: int) -> PinnedBlock[Any]:
        try:
            pinned = self._cupy.cuda.alloc_pinned_memory(nbytes)
        except self._driver_errors as error:
            raise self._out_of_memory(nbytes, error) from error
        return PinnedBlock(np.frombuffer(pinned, np.uint8, nbytes), lambda: None)  # CuPy frees it with the array

    def _out_of_memory(self, nbytes: int, error: Exception) -> DeviceError:
        return DeviceError(f"{self.spec}: cannot allocate {nbytes / 2**20:.0f} MiB ({error}); use a smaller --size")

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
    return compiled, tuple(value.array if isinstance(value, CudaBuffer) else value for value in arguments)


def _version(number: int) -> str:
    """
    >>> _version(13000), _version(12080)
    ('13.0', '12.8')
    """
    return f"{number // 1000}.{number % 1000 // 10}"


def _line(error: Exception) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split()) or type(error).__name__
