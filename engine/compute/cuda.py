"""CUDA through CuPy, the extra `cuda`: the same kernels, compiled by NVRTC."""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..device_array import DeviceArray, SupportsDLPack
from ..errors import DeviceError, OutOfMemoryError
from ..timing import Clock
from .compiled_record import CompiledRecord
from .cuda_arrays import CudaBuffer, CudaLaunch, SharedArray, array_of, pack
from .cuda_gl import CudaTexture, load_driver
from .device import Buffer, Candidate, Device, Failure, Fetch, OwnNumbers, SharedTexture
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
        if importlib.util.find_spec("cupy") is not None and "cupy" not in sys.modules:
            ensure_kernel_cache()
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


def ensure_kernel_cache() -> None:
    """Lets CuPy keep built kernels for this run in a temporary folder if its own folder cannot be written.

    CuPy keeps them between runs, and its import fails without the folder.
    """
    folder = os.environ.get("CUPY_CACHE_DIR", os.path.expanduser("~/.cupy/kernel_cache"))
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError:
        os.environ["CUPY_CACHE_DIR"] = temporary = tempfile.mkdtemp(prefix="groundglass-cuda-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)


class _Fetch(NamedTuple):
    """The contract of `Fetch`, into pinned memory: a copy to pageable memory would wait."""

    copied: NDArray[Any]
    event: Any

    @property
    def is_done(self) -> bool:
        return bool(self.event.done)

    def array(self) -> NDArray[Any]:
        self.event.synchronize()
        return self.copied


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
        self.run_length, self.compiled = 1, CompiledRecord(None)  # CuPy loads what it has compiled at once
        try:
            self._device = cupy.cuda.Device(candidate.number)
            with self._device:
                self._stream = cupy.cuda.Stream(non_blocking=True)
        except self._driver_errors as error:
            raise DeviceError(f"{self.spec} ({self.name}): cannot be opened ({error}); {_REMEDY}") from error
        self._kernels: Kernels = owner._kernels if owner else Kernels(self._build)
        self._launches: Launches[CudaLaunch] = Launches(self._kernels, pack)
        self._launch_kernel: Callable[..., None] = cupy.cuda.driver.launchKernel
        self._threads = threading.local()  # has `is_ready` in threads with a current context
        self._began: Any = None  # the event before the first kernel of the open stage
        self._stages: Stages[tuple[Any, Any]] = Stages()
        self._staging: Staging[Any] = Staging(self._pin, lambda copy: bool(copy.done), lambda copy: copy.synchronize())
        self._buffers: dict[int, CudaBuffer] = {}
        self._copied: list[tuple[Any, DeviceArray]] = []  # the latest copies of arrays of other libraries

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Makes this device and its stream current for CuPy. Errors, also of earlier work, become DeviceError."""
        try:
            with self._device, self._stream:
                yield
        except self._driver_errors as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> DeviceError:
        return DeviceError(f"{self.spec} ({self.name}): {error}; start again, and {_REMEDY} if it stays")

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
            self._launches.forget(buffer)
            owned.array = None  # returns to CuPy's pool, which reuses memory in stream order

    def write(self, buffer: Buffer, array: NDArray[Any] | DeviceArray, *, waits: bool = True) -> None:
        if isinstance(array, DeviceArray) and array.array.device.id == self._candidate.number:
            self._copy(buffer, array)
            return
        flat = np.frombuffer(np.asarray(array), dtype=np.uint8)
        with self._current(), self._staging.block(flat.size) as block:
            pinned = block.memory[: flat.size]
            pinned[:] = flat
            array_of(buffer)[: flat.size].set(pinned, stream=self._stream)
            block.copy = self._stream.record()

    def _copy(self, buffer: Buffer, array: DeviceArray) -> None:
        """Queues the copy of an array on this GPU. The array is alive until the copy is done."""
        with self._current():
            self._stream.wait_event(array.ready)
            array_of(buffer).data.copy_from_device_async(array.array.data, array.nbytes, self._stream)
            self._copied = [copied for copied in self._copied if not copied[0].done]
            self._copied.append((self._stream.record(), array))

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            host: NDArray[Any] = array_of(buffer)[:nbytes].get().view(dtype)
        return host

    @contextmanager
    def view(self, buffer: Buffer, dtype: Any, count: int) -> Iterator[NDArray[Any]]:
        nbytes = count * np.dtype(dtype).itemsize
        with self._staging.block(nbytes) as block:
            pinned = block.memory[:nbytes]
            with self._current():
                self._begin_span()
                array_of(buffer)[:nbytes].get(stream=self._stream, out=pinned)
            yield pinned.view(dtype)

    def fetch(self, buffer: Buffer, dtype: Any, count: int) -> Fetch:
        nbytes = count * np.dtype(dtype).itemsize
        with self._current():
            pinned = self._pin(nbytes).memory
            array_of(buffer)[:nbytes].get(stream=self._stream, out=pinned, blocking=False)
            return _Fetch(pinned.view(dtype), self._stream.record())

    def share_array(
        self, buffer: Buffer, dtype: Any, first: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> SupportsDLPack | None:
        itemsize = np.dtype(dtype).itemsize
        with self._current():
            start = array_of(buffer).data + itemsize * first
            view = self._cupy.ndarray(shape, dtype, start, tuple(itemsize * stride for stride in strides))
        return SharedArray(view, self._current)

    def share_texture(self, glo: int) -> SharedTexture:
        with self._current():
            self._cupy.cuda.runtime.setDevice(self._candidate.number)  # the driver's own calls need a current context
            driver = load_driver()
            if not driver.draws_on(self._candidate.number):
                raise DeviceError(f"OpenGL draws on another GPU than {self.spec}")
            copy = self._cupy.cuda.runtime.memcpy2DToArrayAsync
            return CudaTexture(driver, glo, self._stream.ptr, self._current, copy)

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
        key = (source, kernel, KERNELS.revision, own, *arguments, *arguments.values())
        launch = self._launches.ready.get(key)
        if launch is None or not hasattr(self._threads, "is_ready"):
            launch = self._prepare(key, source, kernel, local, arguments, own)
        x, y, z = (*(-(-items // group) for items, group in zip(size, local, strict=True)), 1, 1)[:3]
        block_x, block_y, block_z = (*local, 1, 1)[:3]
        function, addresses, _ = launch
        try:
            with self._device:
                self._begin_span()
                self._launch_kernel(function, x, y, z, block_x, block_y, block_z, 0, self._stream.ptr, addresses, 0)
        except self._driver_errors as error:
            raise self._failed(error) from error

    def _prepare(
        self,
        key: tuple[object, ...],
        source: str,
        kernel: str,
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None,
    ) -> CudaLaunch:
        """The launch for `key`, ready for this thread: the driver launches only where the context is current."""
        with self._current():
            self._cupy.cuda.runtime.setDevice(self._candidate.number)
            self._threads.is_ready = True
            launches = self._launches
            return launches.ready.get(key) or launches.prepare(key, source, kernel, local, arguments, own)

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

    def _begin_span(self) -> None:
        """Records the beginning of the open stage, if this is its first work."""
        if self._began is None and self._stages.is_open:
            self._began = self._stream.record()

    @contextmanager
    def stage(self, name: str, clock: Clock) -> Iterator[None]:
        """One pair of events for the stage: from its first kernel to its end, gaps between kernels included."""
        with self._stages.stage(name, clock):
            try:
                yield
                if self._began is not None:
                    with self._current():
                        self._stages.add((self._began, self._stream.record()))
            finally:
                self._began = None

    def collect(self) -> None:
        with self._current():
            self._stages.report_times(
                lambda spans: float(self._cupy.cuda.get_elapsed_time(*spans[0])), lambda span: bool(span[1].done)
            )

    def finish(self) -> None:
        with self._current():
            self._stream.synchronize()

    @property
    def live_buffers(self) -> int:
        return len(self._buffers)

    @contextmanager
    def traced(self, add: Callable[[str, int, int], None]) -> Iterator[None]:
        yield

    @property
    def kernels(self) -> Kernels:
        return self._kernels

    def companion(self) -> Device:
        return CudaDevice(self._candidate, owner=self)

    def close(self) -> None:
        with suppress(Exception):  # a lost device, which the frame has reported
            if self._buffers or self._kernels:
                self.finish()
        for buffer in list(self._buffers.values()):
            self.release(buffer)
        self._copied.clear()
        self._launches.forget_all()
        self._stages.clear()
        if self._owner is None:
            self._kernels.clear()
        with suppress(Exception), self._current():
            self._staging.release()
            self._cupy.get_default_memory_pool().free_all_blocks()

    def _pin(self, nbytes: int) -> PinnedBlock[Any]:
        try:
            pinned = self._cupy.cuda.alloc_pinned_memory(nbytes)
        except self._driver_errors as error:
            raise self._out_of_memory(nbytes, error) from error
        return PinnedBlock(np.frombuffer(pinned, np.uint8, nbytes), lambda: None)  # CuPy frees it with the array

    def _out_of_memory(self, nbytes: int, error: Exception) -> OutOfMemoryError:
        return OutOfMemoryError(self.spec, nbytes, error)

    def _build(self, source: KernelSource) -> Callable[[str], Any]:
        module = self._cupy.RawModule(code=source.text, options=NVRTC_OPTIONS, backend="nvrtc")
        try:
            try:
                module.compile()
            except OSError:  # the kernel is built, but the folder of CuPy's cache is full or cannot be written
                os.environ["CUPY_CACHE_IN_MEMORY"] = "1"
                module.compile()
        except self._cupy.cuda.compiler.CompileException as error:
            raise source.error(str(error)) from error
        return module.get_function  # type: ignore[no-any-return]


def _version(number: int) -> str:
    """
    >>> _version(13000), _version(12080)
    ('13.0', '12.8')
    """
    return f"{number // 1000}.{number % 1000 // 10}"


def _line(error: Exception) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split()) or type(error).__name__
