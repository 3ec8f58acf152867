"""Records what a device launches: for measurements, for the self test, and to queue it again (`sequence.py`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .device import Buffer, Device

MOVES_BORDERS = "borders.cl"  # it touches only the borders of its buffers


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel queued over `pixels` work-items of a pixel each. `host_s` is the time of the call."""

    source: str
    kernel: str
    pixels: int
    nbytes: int
    host_s: float


@contextmanager
def recorded(device: Device) -> Iterator[list[Launch]]:
    """Yields a list that receives each launch of this thread within the `with` block."""
    launches = list[Launch]()

    def record(given: tuple[Any, ...], host_s: float) -> None:
        source, kernel, size, _, arguments = given[:5]
        moved = sum(argument.nbytes for argument in arguments.values() if isinstance(argument, Buffer))
        pixels = int(np.prod(size)) * device.run_length
        launches.append(Launch(source, kernel, pixels, 0 if source.startswith(MOVES_BORDERS) else moved, host_s))

    with watched(device, record):
        yield launches


@contextmanager
def watched(device: Device, on_launch: Callable[[tuple[Any, ...], float], None]) -> Iterator[None]:
    """Calls `on_launch` with the arguments and the seconds of each `Device.launch` of this thread in the `with` block.

    Threads that make stages ahead are not watched. Blocks may be nested.
    """
    patched: Any = device
    launch, before, watching = patched.launch, vars(patched).get("launch"), threading.get_ident()

    def launch_watched(*given: Any) -> None:
        began_s = time.perf_counter()
        launch(*given)
        if threading.get_ident() == watching:
            on_launch(given, time.perf_counter() - began_s)

    patched.launch = launch_watched
    try:
        yield
    finally:
        if before is None:
            del patched.launch
        else:
            patched.launch = before
