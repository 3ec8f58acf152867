"""Pinned memory that is reused for every frame."""

from __future__ import annotations

import time

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.compute.staging import MAX_BLOCKS, PinnedBlock, Staging
from groundglass.timing import Clock

RANDOM = np.random.default_rng(23)


class Driver:
    """Records allocated and freed blocks, and the copies that were waited for."""

    def __init__(self) -> None:
        self.allocated, self.freed, self.waited, self.ended = [], [], [], set()

    def allocate(self, nbytes: int) -> PinnedBlock[str]:
        self.allocated.append(nbytes)
        return PinnedBlock(np.empty(nbytes, np.uint8), lambda: self.freed.append(nbytes))

    def staging(self) -> Staging[str]:
        return Staging(self.allocate, lambda name: name in self.ended, self.waited.append)


def copy(staging: Staging[str], nbytes: int, name: str) -> int:
    """The number of bytes of the block that the copy takes."""
    with staging.block(nbytes) as block:
        block.copy = name
        return block.memory.size


def test_a_block_serves_again_when_its_copy_has_ended() -> None:
    """The smallest one that is long enough."""
    driver = Driver()
    staging = driver.staging()
    assert [copy(staging, nbytes, name) for nbytes, name in ((9000, "a"), (100, "b"))] == [9000, 4096]
    driver.ended = {"a", "b"}
    assert copy(staging, 100, "c") == 4096
    assert copy(staging, 200, "d") == 9000
    assert copy(staging, 300, "e") == 4096  # all are busy
    staging.release()
    staging.release()
    assert (sorted(driver.waited), driver.allocated) == (["c", "d", "e"], [9000, 4096, 4096])
    assert sorted(driver.freed) == sorted(driver.allocated)


def test_the_host_waits_only_if_all_blocks_are_being_copied() -> None:
    driver = Driver()
    staging = driver.staging()
    for number in range(MAX_BLOCKS):
        copy(staging, 5000, str(number))
    assert (driver.waited, len(driver.allocated)) == ([], MAX_BLOCKS)
    assert copy(staging, 5000, "next") == 5000
    assert copy(staging, 6000, "longer") == 6000
    assert (driver.waited, driver.freed) == (["0", "1"], [5000])


def test_a_block_in_use_is_not_taken_again() -> None:
    staging = Driver().staging()
    with staging.block(10) as first, staging.block(10) as second:
        assert first is not second


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


def test_a_stage_of_a_gpu_lasts_from_its_first_kernel_to_its_end(discrete: Device) -> None:
    """The copy to the host included. Its time is known after its work has ended, which `collect` does not wait for."""
    planes, clock = Planes(discrete, 64, 4, 1), Clock()
    with discrete.stage("transfer", clock):
        planes.run("linearize.cl", "linearize_float", light=planes.buffer, mosaic=planes.buffer, encoded=0)
        with planes.view():
            time.sleep(0.02)
    with discrete.stage("optics", clock):
        pass
    discrete.finish()
    discrete.collect()
    assert list(clock.stages()) == ["transfer"]
    assert clock.newest_ms("transfer") > 20.0
    fetch = discrete.fetch(planes.buffer, np.float32, 64)
    assert (fetch.array() == 0.0).all()
    assert fetch.is_done
    discrete.close()


def test_few_blocks_of_pinned_memory_are_kept() -> None:
    """They cannot be swapped out: 12 pictures of 24 MB are 0.3 GB."""
    assert MAX_BLOCKS == 12
