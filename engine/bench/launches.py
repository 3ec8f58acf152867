"""The launches of a stage: how many, the bytes of their buffers, their arithmetic, and the host's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..compute.device import Device
from ..compute.recorder import MOVES_BORDERS, Launch, recorded
from .compiler import compiled_kernels


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
        if launch.source.startswith(MOVES_BORDERS):
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
