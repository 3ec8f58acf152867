"""Launches that are ready: a kernel with its arguments bound, kept so that the next frame only queues it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from .device import OwnNumbers
from .program import Kernels

MAX_PREPARED = 1024  # launches kept; a focus that moves makes new ones with every frame

Launch = TypeVar("Launch")
Key = tuple[object, ...]
Own = OwnNumbers | None


class Launches(Generic[Launch]):
    """The launches of one device. `make` makes one of what the driver runs and of its arguments, in order and cast.

    A frame queues the same launches as the one before: names are looked up and types are checked when a launch is
    prepared, and setting the arguments anew would cost ten times the queueing (OpenCL, measured), on a core that the
    kernels want. So a device looks into `ready` first, by all that tells launches apart: source, kernel, the revision
    of the texts, layout, names and values. `latest` holds what a kernel was last prepared with, by its source, its name
    and the size of its groups; `lock` is held where another thread uses its buffers.
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
        """The launch of `kernel` with `given`, completed from `own`; kept as `key`. ShaderError as `Kernels.call`."""
        if self._kernels.are_outdated or len(self.ready) >= MAX_PREPARED:
            self.ready.clear()
        complete = self._kernels.complete(source, kernel, given, own)
        launch = self._make(*self._kernels.call(source, kernel, complete))
        self.ready[key] = launch
        self.latest[source, kernel, local] = complete
        return launch

    def forget(self) -> None:
        """Drops them all: none may outlive a buffer that it names."""
        with self.lock:
            self.latest.clear()
        self.ready.clear()
