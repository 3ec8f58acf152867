"""Prepared launches: kernels with bound arguments, kept so that the next frame only queues them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from .device import OwnNumbers
from .program import Kernels

MAX_PREPARED = 1024  # launches kept; a moving focus adds new ones with every frame

Launch = TypeVar("Launch")
Key = tuple[object, ...]
Own = OwnNumbers | None


class Launches(Generic[Launch]):
    """The launches of one device. `make` creates a launch from a built kernel and its ordered, converted arguments.

    A frame queues the same launches as the one before. Setting the arguments again would take ten times as long as
    queueing (OpenCL, measured), on a core that the kernels need. So a device first looks into `ready`, whose key is
    source, kernel, revision of the texts, layout, argument names and values. `latest` has the last arguments of a
    kernel by source, name and group size. `lock` is held while another thread uses their buffers.
    """

    def __init__(self, kernels: Kernels, make: Callable[[Any, tuple[Any, ...]], Launch]) -> None:
        self._kernels = kernels
        self._make = make
        self.ready: dict[Key, Launch] = {}
        self.latest: dict[tuple[str, str, tuple[int, ...]], dict[str, object]] = {}
        self.lock = Lock()

    def prepare(
        self, key: Key, source: str, kernel: str, local: tuple[int, ...], given: dict[str, object], own: Own
    ) -> Launch:
        """The launch of `kernel` with the arguments `given`, completed from `own`; kept under `key`.

        Raises ShaderError as `Kernels.call` does.
        """
        if self._kernels.are_outdated:
            self.ready.clear()
        elif len(self.ready) >= MAX_PREPARED:
            self._make_room(key)
        complete = self._kernels.complete(source, kernel, given, own)
        launch = self._make(*self._kernels.call(source, kernel, complete))
        self.ready[key] = launch
        self.latest[source, kernel, local] = complete
        return launch

    def _make_room(self, key: Key) -> None:
        """Drops the launches of the same kernel, whose arguments change all the time, else all."""
        own = [ready for ready in self.ready if ready[:2] == key[:2]]
        for ready in own or list(self.ready):
            del self.ready[ready]

    def forget(self) -> None:
        """Clears all launches: a launch must not outlive its buffers."""
        with self.lock:
            self.latest.clear()
        self.ready.clear()
