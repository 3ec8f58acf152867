"""Records what a device launches: for measurements and for the self test."""

from __future__ import annotations

import time
from collections.abc import Iterator
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
    """Yields a list that receives each launch within the `with` block."""
    patched: Any = device
    launch, launches = patched.launch, list[Launch]()

    def record(source: str, kernel: str, size: Any, local: Any, arguments: dict[str, object], own: Any = None) -> None:
        began_s = time.perf_counter()
        launch(source, kernel, size, local, arguments, own)
        host_s = time.perf_counter() - began_s
        moved = sum(argument.nbytes for argument in arguments.values() if isinstance(argument, Buffer))
        pixels = int(np.prod(size)) * device.run_length
        launches.append(Launch(source, kernel, pixels, 0 if source.startswith(MOVES_BORDERS) else moved, host_s))

    patched.launch = record
    try:
        yield launches
    finally:
        del patched.launch
