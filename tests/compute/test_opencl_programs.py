"""OpenCL's programs of a processor: built once for a text and its options, for all devices of the process."""

from __future__ import annotations

import gc
from functools import lru_cache

import numpy as np
import pyopencl
import pytest
from groundglass.compute import opencl_programs
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.program import KERNELS
from groundglass.compute.registry import open_device


def mirrored(device: Device) -> np.ndarray:
    planes = Planes(device, 20, 10, 1)
    planes.write(np.arange(200, dtype=np.float32).reshape(10, 20, 1))
    planes.mirror()
    with planes.view() as padded:
        picture = padded.copy()
    planes.release()
    return picture


@pytest.fixture
def spec(device: Device, monkeypatch: pytest.MonkeyPatch) -> str:
    """A processor, of which no program is kept yet."""
    if not (device.is_cpu and device.spec.startswith("opencl")):
        pytest.skip(f"{device.spec} is not a processor with OpenCL")
    monkeypatch.setattr(opencl_programs, "_kept_program", lru_cache(8)(opencl_programs._new_program))
    return device.spec


def built() -> int:
    return opencl_programs._kept_program.cache_info().misses


def test_a_processor_opened_again_builds_nothing_again(spec: str) -> None:
    first, second = open_device(spec), open_device(spec)
    expected = mirrored(first)
    first.close()
    np.testing.assert_array_equal(mirrored(second), expected)
    second.close()
    assert built() == 1


def programs() -> int:
    gc.collect()
    return sum(type(each) is pyopencl.Program for each in gc.get_objects())


def test_the_programs_of_looks_end_with_them(spec: str) -> None:
    """Each takes 2 MB, and an evening with many looks has many."""
    opened = open_device(spec)
    before = programs()
    for number in range(5):
        name = f"look-{number}.cl"
        KERNELS.add_generated(
            name, f'#include "portable.h"\nKERNEL void fill(GLOBAL float *to)\n{{\n    to[0] = {number}.0f;\n}}\n'
        )
        opened.kernels.find(name, "fill")
        KERNELS.remove_generated(name)
    opened.kernels.find("copy.cl", "copy")
    assert (built(), programs() - before) == (1, 1)
    opened.close()


def test_other_options_are_another_program(spec: str) -> None:
    first, second = open_device(spec), open_device(spec)
    second.run_length = 1
    np.testing.assert_array_equal(mirrored(second), mirrored(first))
    for device in (first, second):
        device.close()
    assert built() == 2


def test_a_context_that_is_not_kept_is_a_new_one(spec: str) -> None:
    opened = open_device(spec)
    contexts = [opencl_programs.context_of(opened._device, keep) for keep in (True, True, False)]
    assert contexts[0] is contexts[1]
    assert contexts[2] != contexts[0]
    opened.close()
