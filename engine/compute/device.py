"""A compute device: its memory, its kernels, and its description by the driver before it is opened.

Each backend in registry.py has a class with exactly these methods. A test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from numpy.typing import NDArray

from ..device_array import DeviceArray, SupportsDLPack
from ..timing import Clock
from .compiled_record import CompiledRecord

if TYPE_CHECKING:
    import moderngl

    from .program import Kernels


@runtime_checkable
class Buffer(Protocol):
    """Memory of `nbytes` bytes on a device; released by the device that allocated it."""

    nbytes: int


class Fetch(Protocol):
    """A copy from a device to an array of the host."""

    @property
    def is_done(self) -> bool:
        """Whether `array` returns at once."""

    def array(self) -> NDArray[Any]:
        """The copied items, one-dimensional. Waits for the copy."""


class SharedTexture(Protocol):
    """A texture of OpenGL in the device's memory. Its context is current whenever a method is called."""

    def fill(self, buffer: Any, row_bytes: int, rows: int) -> None:
        """Queues the copy of rows of pixels at the start of `buffer` to the whole texture.

        What OpenGL draws afterwards has the new pixels. It waits for nothing. Raises DeviceError.
        """

    def release(self) -> None:
        """Ends the sharing, before the texture is released; a second call has no effect. Raises DeviceError."""


class OwnNumbers(NamedTuple):
    """The layout of padded planes (planes.py), by the argument names of kernels."""

    width: int
    height: int
    pitch: int
    stride: int


class Device(Protocol):
    """One compute device, its memory and its kernels. Calls are queued in order; `finish` waits for them."""

    spec: str  # "opencl:0", "cuda:1"
    name: str  # the driver's name for it
    is_cpu: bool
    gl: moderngl.Context | None  # the OpenGL context that draws from its memory; None if nothing draws from it
    compiled: CompiledRecord  # what its driver keeps compiled on disk
    run_length: int  # pixels that a work-item of a row kernel processes; kernels/portable.h gives the reason

    def allocate(self, nbytes: int) -> Buffer:
        """Allocates `nbytes` bytes of zeros. Raises DeviceError if the device has too little memory."""

    def release(self, buffer: Buffer) -> None:
        """Frees `buffer`; a second call has no effect."""

    def write(self, buffer: Buffer, array: NDArray[Any] | DeviceArray, *, waits: bool = True) -> None:
        """Copies a C-contiguous array to the start of `buffer`; returns when the array may be reused.

        Without `waits` it may return earlier: do not change the array before `finish` or, on a CPU, `collect`.
        A DeviceArray on this device is copied there, in the order of queued work, and is not changed before.
        """

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        """The first `count` items of `buffer` as a new array, once all queued work is done."""

    def view(self, buffer: Buffer, dtype: Any, count: int) -> AbstractContextManager[NDArray[Any]]:
        """The first `count` items of `buffer`, read-only within a `with` block; mapped instead of copied on a CPU.

        It waits for all queued work.
        """

    def fetch(self, buffer: Buffer, dtype: Any, count: int) -> Fetch:
        """Queues a copy of the first `count` items of `buffer` to a new array, and does not wait for it."""

    def share_array(
        self, buffer: Buffer, dtype: Any, first: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> SupportsDLPack | None:
        """Items of `buffer` for another library, in place: from item `first`, `strides` in items.

        Its reader waits for the work that is queued now. None if this device has no arrays of DLPack: read the buffer.
        """

    def share_texture(self, glo: int) -> SharedTexture:
        """Shares the 2D texture with the number `glo` of the current OpenGL context.

        The caller releases it. Raises DeviceError with the reason if driver, device or context does not support it.
        """

    def run(
        self, source: str, kernel: str, size: tuple[int, ...], local: tuple[int, ...], /, **arguments: object
    ) -> None:
        """Queues `kernel` of `kernels/<source>` over `size` work-items in groups of `local`.

        Arguments are buffers, ints and floats by the names in the kernel's prototype. Raises ShaderError if the source
        does not compile, with file and line, or if an argument is unknown, missing or has another type.
        """

    def launch(
        self,
        source: str,
        kernel: str,
        size: tuple[int, ...],
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None = None,
    ) -> None:
        """As `run`. Arguments that the kernel declares and `arguments` lacks are taken from `own`."""

    def warm_up(
        self,
        source: str,
        kernel: str,
        local: tuple[int, ...],
        arguments: dict[str, object],
        own: OwnNumbers | None = None,
    ) -> None:
        """Builds `kernel`, so that its first launch in groups of `local` waits for nothing. May be called by another
        thread. On a CPU one group runs with these arguments, which are not those of a frame. ShaderError as from `run`.
        """

    def build_ahead(self, texts: Mapping[str, str | None]) -> None:
        """Builds the kernels in use that changed `texts` of kernel files would affect, before the texts are put.

        Then no frame waits for them. Any thread may call it. Raises ShaderError as `run` does.
        """

    def stage(self, name: str, clock: Clock) -> AbstractContextManager[None]:
        """Kernels queued within the `with` block count as stage `name`; `collect` adds their time to the clock."""

    def collect(self) -> None:
        """Adds the times of the stages that are done to their clocks.

        A GPU is never waited for: a later call, with the next frame, adds the others. A CPU is: its kernels and the
        host share the cores, and the host's own times would contain those of the kernels.
        """

    def finish(self) -> None:
        """Waits for queued work."""

    @property
    def live_buffers(self) -> int:
        """Buffers allocated and not yet released."""

    def traced(self, add: Callable[[str, int, int], None]) -> AbstractContextManager[None]:
        """At the end of the `with` block `add` receives each kernel that was queued in it, in order: its name, and its
        begin and end on the clock of `time.perf_counter_ns`. CUDA has no such times.
        """

    @property
    def kernels(self) -> Kernels:
        """The kernels that are built. Shared with companions."""

    def companion(self) -> Device:
        """The same device for another thread: built kernels are shared; queue, buffers and stage times are its own.

        The caller closes it, before this one.
        """

    def close(self) -> None:
        """Releases everything; closing twice is harmless."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that a driver reports: its name on the command line, and its properties."""

    spec: str
    name: str
    driver: str
    is_cpu: bool
    compute_units: int
    memory_bytes: int

    @property
    def kind(self) -> str:
        """The backend that opens it: "opencl" of "opencl:1"."""
        return self.spec.partition(":")[0]

    @property
    def number(self) -> int:
        """Which of its kind, in the driver's order."""
        return int(self.spec.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Failure:
    """Devices of a kind that cannot be used on this machine: the reason, and the remedy."""

    kind: str
    reason: str
    remedy: str
