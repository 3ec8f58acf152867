"""The launches of a stage, queued again from frame to frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .device import Device
from .program import KERNELS
from .recorder import watched


class LaunchSequence:
    """Queues the launches of a stage, and repeats them while nothing has changed that they depend on.

    To find the arguments of the 40 launches of a defocus takes Python three times as long as to queue them (measured),
    on a core that the kernels need.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._key: tuple[object, ...] | None = None
        self._launches: list[tuple[Any, ...]] = []

    def run(self, key: tuple[object, ...], queue: Callable[[], None]) -> None:
        """Calls `queue`, or repeats its launches if it was called with the same `key` before.

        `key` contains all that its launches depend on and that may change: planes of other stages, numbers. `queue`
        only queues launches.
        """
        key = (KERNELS.revision, *key)
        if key == self._key:
            launch = self._device.launch
            for arguments in self._launches:
                launch(*arguments)
            return
        self._key, self._launches = None, []
        with watched(self._device, lambda given, _: self._launches.append(given)):
            queue()
        self._key = key
