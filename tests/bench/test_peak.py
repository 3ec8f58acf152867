"""The limits of a device, and the first picture of a new process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from groundglass.bench.live import measure_start_up
from groundglass.bench.machine import describe_machine, revision
from groundglass.bench.peaks import host_copies, peak_gflops, pool_bytes
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.errors import DeviceError

STAND_IN = Path(__file__).resolve().parent.parent / "support" / "cupy_stand_in"


def test_a_processor_has_an_arithmetic_peak_and_copies_nothing(device: Device) -> None:
    if not device.is_cpu:
        pytest.skip("the device is a GPU")
    assert peak_gflops(device) > 0.1
    assert host_copies(device) is None
    assert pool_bytes(device) is None


def test_cuda_copies_from_pinned_and_pageable_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the stand-in for CuPy."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(STAND_IN))
    cuda = open_device("cuda:0")
    try:
        copies = host_copies(cuda)
        assert copies is not None
        assert copies.keys() == {
            *("to_device_staged", "to_device_pinned", "to_device_pageable", "to_host_pinned", "to_host_pageable")
        }
        assert min(copies.values()) > 0
        assert pool_bytes(cuda) == 0
        assert cuda.live_buffers == 0
    finally:
        cuda.close()
        for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
            del sys.modules[name]


def test_the_machine_is_described(device: Device) -> None:
    machine = describe_machine(device.spec)
    assert machine["cpu"]["usable_threads"] >= 1
    assert machine["versions"]["numpy"]
    assert machine["revision"] == revision()


def test_a_process_without_a_picture_is_an_error() -> None:
    with pytest.raises(DeviceError, match=r"cuda:99: a new process drew no picture \(.*\); leave out --start-up"):
        measure_start_up("cuda:99", (96, 64))
