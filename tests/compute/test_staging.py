"""Pinned memory that is reused for every frame."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.registry import open_device
from groundglass.compute.staging import PinnedBlock, Staging

RANDOM = np.random.default_rng(23)


class Driver:
    """Records allocated and freed blocks, and the copies that were waited for."""

    def __init__(self) -> None:
        self.allocated, self.freed, self.waited = [], [], []

    def allocate(self, nbytes: int) -> PinnedBlock[str]:
        self.allocated.append(nbytes)
        return PinnedBlock(np.empty(nbytes, np.uint8), lambda: self.freed.append(nbytes))

    def staging(self) -> Staging[str]:
        return Staging(self.allocate, self.waited.append)


def test_two_blocks_alternate_and_wait_for_their_last_copy() -> None:
    driver = Driver()
    staging = driver.staging()
    taken = []
    for name in "abcd":
        block = staging.take(100)
        taken.append(id(block.memory))
        block.copy = name
    assert taken[:2] == taken[2:]
    assert taken[0] != taken[1]
    assert driver.waited == ["a", "b"]
    staging.release()
    staging.release()
    assert (sorted(driver.waited), driver.allocated, driver.freed) == (["a", "b", "c", "d"], [100, 100], [100, 100])


def test_a_block_grows_for_a_longer_array_and_serves_shorter_ones() -> None:
    driver = Driver()
    staging = driver.staging()
    for nbytes in (100, 100, 300, 50, 50, 50):
        assert staging.take(nbytes).memory.size >= nbytes
    assert (driver.allocated, driver.freed) == ([100, 100, 300], [100])


@pytest.fixture
def discrete(device: Device) -> Device:
    """The test device with the memory path of a discrete GPU."""
    own = open_device(device.spec)
    own.is_cpu = False
    return own


def test_arrays_are_copied_through_pinned_memory_both_ways(discrete: Device) -> None:
    buffers = [discrete.allocate(4 * size) for size in (1000, 70_000, 300)]
    arrays = [RANDOM.random(buffer.nbytes // 4, dtype=np.float32) for buffer in buffers]
    for _ in range(3):
        for buffer, array in zip(buffers, arrays, strict=True):
            given = array.copy()
            discrete.write(buffer, given)
            given[:] = 0.0  # may be reused at once
        for buffer, array in zip(buffers, arrays, strict=True):
            with discrete.view(buffer, np.float32, array.size) as read:
                np.testing.assert_array_equal(read, array)
            np.testing.assert_array_equal(discrete.read(buffer, np.float32, array.size), array)
    discrete.close()
    discrete.close()
