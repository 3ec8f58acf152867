"""OpenCL's programs of a processor: built once for a text and its options, for all devices of the process."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute import opencl_programs
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
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
def opened(device: Device) -> Device:
    """Another device of the same processor."""
    if not (device.is_cpu and device.spec.startswith("opencl")):
        pytest.skip(f"{device.spec} is not a processor with OpenCL")
    return open_device(device.spec)


def test_a_processor_opened_again_builds_nothing_again(device: Device, opened: Device) -> None:
    expected = mirrored(device)
    built = opencl_programs._kept_program.cache_info().misses
    np.testing.assert_array_equal(mirrored(opened), expected)
    opened.close()
    np.testing.assert_array_equal(mirrored(device), expected)  # which outlives the other
    assert opencl_programs._kept_program.cache_info().misses == built


def test_other_options_are_another_program(device: Device, opened: Device) -> None:
    expected = mirrored(device)
    built = opencl_programs._kept_program.cache_info().misses
    opened.run_length = 1
    np.testing.assert_array_equal(mirrored(opened), expected)
    opened.close()
    assert opencl_programs._kept_program.cache_info().misses == built + 1


def test_a_context_that_is_not_kept_is_a_new_one(device: Device, opened: Device) -> None:
    contexts = [opencl_programs.context_of(opened._device, keep) for keep in (True, True, False)]
    assert contexts[0] is contexts[1]
    assert contexts[2] != contexts[0]
    opened.close()
