"""What the device can do at most: its arithmetic, and on a GPU its copies from and to the host."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from ..compute.device import Device
from ..timing import Clock

REPEATS = 5
_SUMS = 12  # in kernels/peak.cl
_ITEMS, _GROUP = 1 << 16, 64
_CPU_ROUNDS, _GPU_ROUNDS = 64, 2048
_COPY_BYTES = 64 << 20


def peak_gflops(device: Device) -> float:
    """10^9 floating-point operations per second of independent multiply-adds on `device`: the best of REPEATS."""
    items = _ITEMS if device.is_cpu else 16 * _ITEMS
    rounds = _CPU_ROUNDS if device.is_cpu else _GPU_ROUNDS
    to, clock = device.allocate(4 * items * device.run_length), Clock()
    given: dict[str, object] = {"to": to, "rounds": rounds, "factor": 0.999, "term": 0.001}

    def run() -> None:
        device.run("peak.cl", "multiply_add", (items,), (_GROUP,), **given)

    try:
        run()
        device.finish()
        for _ in range(REPEATS):
            with device.stage("peak", clock):
                run()
            device.finish()
            device.collect()
    finally:
        device.release(to)
    return 2 * _SUMS * rounds * items * device.run_length / min(clock.latest_ms(REPEATS)["peak"]) * 1e-6


def host_copies(device: Device) -> dict[str, float] | None:
    """GB/s between host and GPU: from and to pinned memory as a frame is copied, and on CUDA pageable memory.

    None on a CPU, which copies nothing.
    """
    if device.is_cpu:
        return None
    buffer, host = device.allocate(_COPY_BYTES), np.zeros(_COPY_BYTES, np.uint8)

    def view() -> None:
        with device.view(buffer, np.uint8, _COPY_BYTES):
            pass

    try:
        copies: dict[str, Callable[[], object]] = {
            "to_device_staged": lambda: device.write(buffer, host),  # the host's copy into pinned memory included
            "to_host_pinned": view,
            "to_host_pageable": lambda: device.read(buffer, np.uint8, _COPY_BYTES),
        }
        if device.spec.startswith("cuda"):
            copies |= _cuda_copies(host, int(device.spec.partition(":")[2]))
        return {name: _gb_per_s(device, copy) for name, copy in copies.items()}
    finally:
        device.release(buffer)


def _cuda_copies(host: Any, number: int) -> dict[str, Callable[[], object]]:
    import cupy

    with cupy.cuda.Device(number), cupy.cuda.Stream(non_blocking=True) as stream:
        array = cupy.zeros(_COPY_BYTES, np.uint8)
    pinned = np.frombuffer(cupy.cuda.alloc_pinned_memory(_COPY_BYTES), np.uint8, _COPY_BYTES)

    def upload(memory: Any) -> None:
        array.set(memory, stream=stream)
        stream.synchronize()

    return {"to_device_pinned": partial(upload, pinned), "to_device_pageable": partial(upload, host)}


def _gb_per_s(device: Device, copy: Callable[[], object]) -> float:
    durations_s = []
    for _ in range(REPEATS + 1):
        began_s = time.perf_counter()
        copy()
        device.finish()
        durations_s.append(time.perf_counter() - began_s)
    return _COPY_BYTES / median(durations_s[1:]) * 1e-9  # the first allocates the pinned memory


def pool_bytes(device: Device) -> int | None:
    """The memory that CuPy's pool holds on a CUDA device; None on other devices."""
    if not device.spec.startswith("cuda"):
        return None
    import cupy

    return int(cupy.get_default_memory_pool().total_bytes())
