"""Launches that are repeated from frame to frame."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.program import KERNELS
from groundglass.compute.recorder import recorded
from groundglass.compute.sequence import LaunchSequence


def test_launches_are_repeated_for_the_same_key(device: Device) -> None:
    planes, sequence, queued = Planes(device, 20, 10, 1), LaunchSequence(device), []

    def queue() -> None:
        queued.append(1)
        planes.mirror()

    pixels = np.random.default_rng(1).random((10, 20, 1), np.float32)
    for key, count in (((1,), 1), ((1,), 1), ((2,), 2), ((1,), 3)):
        planes.write(pixels)
        with recorded(device) as launches:
            sequence.run(key, queue)
        assert (len(queued), [launch.kernel for launch in launches]) == (count, ["mirror"])
        with planes.view() as padded:
            assert (padded[0, :, 15] == padded[0, :, 17]).all()
    planes.release()


def test_a_changed_kernel_text_queues_again(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    sequence, queued = LaunchSequence(device), []
    sequence.run((), lambda: queued.append(1))
    monkeypatch.setattr(KERNELS, "revision", KERNELS.revision + 1)
    sequence.run((), lambda: queued.append(2))
    assert queued == [1, 2]


def test_launches_of_another_thread_are_not_repeated(device: Device) -> None:
    planes, other, sequence = Planes(device, 20, 10, 1), Planes(device, 8, 8, 1), LaunchSequence(device)

    def queue() -> None:
        thread = threading.Thread(target=other.mirror)  # a stage is made ahead
        thread.start()
        thread.join()
        planes.mirror()

    sequence.run((), queue)
    with recorded(device) as launches:
        sequence.run((), queue)
    assert len(launches) == 1
    for each in (planes, other):
        each.release()


def test_an_error_leaves_no_launches(device: Device) -> None:
    sequence, launch = LaunchSequence(device), vars(device).get("launch")

    def fail() -> None:
        raise ValueError("no memory")

    queued: list[Any] = []
    for _ in range(2):
        with pytest.raises(ValueError, match="no memory"):
            sequence.run((), fail)
    sequence.run((), lambda: queued.append(1))
    assert (queued, vars(device).get("launch")) == ([1], launch)
