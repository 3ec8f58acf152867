"""The launches of a stage: how many, the bytes of their buffers, their arithmetic, and the host's time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compute.device import Buffer, Device
from .compiler import compiled_kernels

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
        launches.append(Launch(source, kernel, pixels, 0 if source == MOVES_BORDERS else moved, host_s))

    patched.launch = record
    try:
        yield launches
    finally:
        del patched.launch


def launches_of(device: Device, run: Callable[[], object]) -> list[Launch]:
    """The launches of one call of `run`, which waits until their work is done."""
    with recorded(device) as launches:
        run()
        device.finish()
    return launches


def flops(launches: list[Launch]) -> int | None:
    """Floating-point operations of the launches. None without the compiler, or if one has a loop.

    Every pixel is counted with the arithmetic of a GPU's work-item, which processes one pixel.
    """
    total = 0
    for launch in launches:
        report = compiled_kernels(launch.source).get(launch.kernel)
        if launch.source == MOVES_BORDERS:
            continue
        if report is None or report.flops is None:
            return None
        total += report.flops * launch.pixels
    return total if launches else None


def kernels_of(launches: list[Launch]) -> dict[str, dict[str, Any]]:
    """The compiler's report of each kernel by source and name, with the number of its launches."""
    reports: dict[str, dict[str, Any]] = {}
    for launch in launches:
        name = f"{launch.source.partition('?')[0]} {launch.kernel}"
        report = compiled_kernels(launch.source).get(launch.kernel)
        if report is not None:
            row = reports.setdefault(name, report.as_dict() | {"launches": 0})
            row["launches"] += 1
    return reports
