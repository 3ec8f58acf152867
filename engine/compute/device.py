"""What a compute device is: its memory, its kernels, and what a driver says of it before it is opened.

Each backend (registry.py lists them) holds a class with exactly these methods; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from numpy.typing import NDArray

from ..timing import Clock


@runtime_checkable
class Buffer(Protocol):
    """Memory on a device. `nbytes` long; released by the device that made it."""

    nbytes: int


class OwnNumbers(NamedTuple):
    """What kernels over padded planes call the numbers of their layout (planes.py)."""

    width: int
    height: int
    pitch: int
    stride: int


class Device(Protocol):
    """One compute device, its memory and its kernels. Calls are queued in order; `finish` waits for them."""

    spec: str  # "opencl:0", "cuda:1"
    name: str  # the driver's name for it
    is_cpu: bool
    run_length: int  # pixels that one work-item of a kernel over rows takes; kernels/portable.h says why

    def allocate(self, nbytes: int) -> Buffer:
        """Memory of `nbytes` bytes, zeroed. DeviceError when the device has too little."""

    def release(self, buffer: Buffer) -> None:
        """Gives `buffer` back; releasing twice is harmless."""

    def write(self, buffer: Buffer, array: NDArray[Any]) -> None:
        """Copies a C-contiguous array to the start of `buffer`; returns when the array may be reused."""

    def read(self, buffer: Buffer, dtype: Any, count: int) -> NDArray[Any]:
        """The first `count` items of `buffer` as a new array, once all queued work is done."""

    def view(self, buffer: Buffer, dtype: Any, count: int) -> AbstractContextManager[NDArray[Any]]:
        """The first `count` items of `buffer` to look at within a `with` block: mapped, not copied, on a CPU."""

    def run(
        self, source: str, kernel: str, size: tuple[int, ...], local: tuple[int, ...], /, **arguments: object
    ) -> None:
        """Queues `kernel` of `kernels/<source>` over `size` work-items in groups of `local`.

        Arguments are buffers, ints and floats under the names of the kernel's prototype. ShaderError, with file and
        line, when the source does not compile, and when an argument is unknown, missing or of another type.
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
        """As `run`, which calls it. What of `own` a kernel declares and `arguments` lacks is taken from there."""

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
        """Builds the kernels in use that other texts of `kernels/` would change, so that no frame waits for them when
        those are put on the shelf. May be called by another thread. ShaderError as from `run`.
        """

    def stage(self, name: str, clock: Clock) -> AbstractContextManager[None]:
        """Kernels queued within the `with` block count as stage `name`; `collect` adds their time to the clock."""

    def collect(self) -> None:
        """Waits for queued work and hands the time of each stage to its clock."""

    def finish(self) -> None:
        """Waits for queued work."""

    @property
    def live_buffers(self) -> int:
        """Buffers allocated and not yet released."""

    def close(self) -> None:
        """Releases everything; closing twice is harmless."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that a driver reports: how to ask for it, what it is, how much it promises."""

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
    """A kind of device, or some of that kind, that cannot be used here: why, and what to do about it."""

    kind: str
    reason: str
    remedy: str
