"""Prepared launches: kernels with bound arguments, kept so that the next frame only queues them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from .device import Buffer, OwnNumbers
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
    kernel by source, name and group size. `lock` is held while another thread uses their buffers. A launch must not
    outlive its buffers: `forget` them before their release.
    """

    def __init__(self, kernels: Kernels, make: Callable[[Any, tuple[Any, ...]], Launch]) -> None:
        self._kernels = kernels
        self._make = make
        self.ready: dict[Key, Launch] = {}
        self.latest: dict[tuple[str, str, tuple[int, ...]], dict[str, object]] = {}
        self.lock = Lock()
        self._changing = Lock()  # held while the dictionaries change: a thread that makes stages ahead releases buffers
        self._using: dict[int, set[Key]] = {}  # launches in `ready` by the identity of a buffer, or of a number

    def prepare(
        self, key: Key, source: str, kernel: str, local: tuple[int, ...], given: dict[str, object], own: Own
    ) -> Launch:
        """The launch of `kernel` with the arguments `given`, completed from `own`; kept under `key`.

        Raises ShaderError as `Kernels.call` does.
        """
        with self._changing:
            if self._kernels.are_outdated:
                self._clear()
            elif len(self.ready) >= MAX_PREPARED:
                self._make_room(key)
        complete = self._kernels.complete(source, kernel, given, own)
        launch = self._make(*self._kernels.call(source, kernel, complete))
        with self._changing:
            self.ready[key] = launch
            for argument in given.values():
                self._using.setdefault(id(argument), set()).add(key)
            self.latest[source, kernel, local] = complete
        return launch

    def _make_room(self, key: Key) -> None:
        """Drops the launches of the same kernel, whose arguments change all the time, else all."""
        own = [ready for ready in self.ready if ready[:2] == key[:2]]
        for ready in own:
            self._drop(ready)
        if not own:
            self._clear()

    def _drop(self, key: Key) -> None:
        if self.ready.pop(key, None) is None:
            return
        for part in key:
            using = self._using.get(id(part))
            if using is not None:
                using.discard(key)
                if not using:
                    del self._using[id(part)]

    def _clear(self) -> None:
        self.ready.clear()
        self._using.clear()

    def forget(self, buffer: Buffer) -> None:
        """Drops the launches that use `buffer`, in any thread."""
        with self.lock, self._changing:
            for name in [
                name for name, given in self.latest.items() if any(argument is buffer for argument in given.values())
            ]:
                del self.latest[name]
            for key in list(self._using.get(id(buffer), ())):
                self._drop(key)

    def forget_all(self) -> None:
        """Drops all launches."""
        with self.lock, self._changing:
            self.latest.clear()
            self._clear()
