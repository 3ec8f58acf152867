"""Launches that are ready: a kernel with its arguments bound, kept so that the next frame only queues it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from .program import Kernels

PREPARED_AT_MOST = 1024  # launches kept; a focus that moves makes new ones with every frame

Launch = TypeVar("Launch")


class Launches(Generic[Launch]):
    """The launches of one device. `prepare` makes one of what the driver runs and of its arguments, in order and cast.

    A frame queues the same launches as the one before: names are looked up and types are checked when a launch is
    prepared, and setting the arguments anew would cost ten times the queueing (OpenCL, measured), on a core that the
    kernels want. `latest` holds what a kernel was last prepared with, by its source, its name and the size of its
    groups; `lock` is held where another thread uses its buffers.
    """

    def __init__(self, kernels: Kernels, prepare: Callable[[Any, tuple[Any, ...]], Launch]) -> None:
        self._kernels = kernels
        self._prepare = prepare
        self._ready: dict[tuple[object, ...], Launch] = {}
        self.latest: dict[tuple[str, str, tuple[int, ...]], dict[str, object]] = {}
        self.lock = Lock()

    def find(self, source: str, kernel: str, local: tuple[int, ...], arguments: dict[str, object]) -> Launch:
        """The launch of `kernel` with these arguments. ShaderError as from `Kernels.call`."""
        if self._kernels.are_outdated:
            self._ready.clear()
        key = (source, kernel, *arguments, *arguments.values())
        launch = self._ready.get(key)
        if launch is None:
            launch = self._prepare(*self._kernels.call(source, kernel, arguments))
            if len(self._ready) >= PREPARED_AT_MOST:
                self._ready.clear()
            self._ready[key] = launch
            self.latest[source, kernel, local] = arguments
        return launch

    def forget(self) -> None:
        """Drops them all: none may outlive a buffer that it names."""
        with self.lock:
            self.latest.clear()
        self._ready.clear()
