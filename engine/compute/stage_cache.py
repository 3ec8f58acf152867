"""A few stages, each for pictures of one size and kind. A thread can make one ahead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from threading import Lock, Thread
from typing import Generic, ParamSpec, Protocol, TypeVar

MADE_AHEAD: ContextVar[bool] = ContextVar("made ahead", default=False)  # whether this thread makes a stage ahead
KEPT = 4  # stages in a cache: two sizes, each in live quality and for stills


class Releasable(Protocol):
    def release(self) -> None: ...


Key = ParamSpec("Key")
Stage = TypeVar("Stage", bound=Releasable)


class StageCache(Generic[Key, Stage]):
    """Keeps at most `limit` stages by the arguments that made them, such as width, height and quality.

    `make` makes a stage at its first `get`, or earlier after `ahead`. The least recently used stage is released to make
    room. One thread calls `get` and `release`; others may call `ahead`, which may release stages that were never used,
    and `make`, which then only allocates and compiles.
    """

    def __init__(self, make: Callable[Key, Stage], limit: int = KEPT) -> None:
        if limit < 1:
            raise ValueError(f"a stage cache keeps 1 stage or more, not {limit}")
        self._make, self._limit = make, limit
        self._stages: OrderedDict[tuple[object, ...], Stage] = OrderedDict()  # the most recently used last
        self._coming: dict[tuple[object, ...], Future[Stage]] = {}
        self._lock = Lock()  # held only for lookups in `_coming`

    def get(self, *key: Key.args, **no_keywords: Key.kwargs) -> Stage:
        """The stage for `key`. Waits if it is being made ahead. Raises the errors of `make`."""
        stage = self._stages.get(key)
        if stage is None:
            stage = self._stages[key] = self._taken(key) or self._make(*key, **no_keywords)
            self._shrink()
        else:
            self._stages.move_to_end(key)
        return stage

    def ahead(self, *key: Key.args, **no_keywords: Key.kwargs) -> None:
        """Starts to make the stage for `key` in a thread, unless it exists. `get` raises the error, if any."""
        with self._lock:
            if key in self._stages or key in self._coming:
                return
            future: Future[Stage] = Future()
            self._coming[key] = future

        def make() -> None:
            MADE_AHEAD.set(True)
            try:
                future.set_result(self._make(*key, **no_keywords))
            except BaseException as error:
                future.set_exception(error)

        try:
            Thread(target=make, name="groundglass-stage", daemon=True).start()
        except RuntimeError as error:  # the system has no more threads
            future.set_exception(error)
        self._drop_unused()  # last: `get` would wait for ever for a stage that no thread makes

    def has(self, *key: Key.args, **no_keywords: Key.kwargs) -> bool:
        """Whether `get` would return at once."""
        coming = self._coming.get(key)
        return key in self._stages or (coming is not None and coming.done())

    def drop(self, *key: Key.args, **no_keywords: Key.kwargs) -> None:
        """Releases a stage that `get` has returned; the next `get` makes it again."""
        stage = self._stages.pop(key, None)
        if stage is not None:
            stage.release()

    @property
    def is_making(self) -> bool:
        """Whether a thread is making a stage ahead."""
        return not all(future.done() for future in list(self._coming.values()))

    def __len__(self) -> int:
        """The number of stages, those made ahead included."""
        return len(self._stages) + len(self._coming)

    def __iter__(self) -> Iterator[Stage]:
        """The stages that `get` returns at once, the least recently used first."""
        return iter(self._stages.values())

    def release(self) -> None:
        """Releases all stages, and waits for those being made; a second call has no effect."""
        for key in list(self._coming):
            future = self._coming.pop(key)
            if future.exception() is None:
                future.result().release()
        while self._stages:
            self._stages.popitem()[1].release()

    def _taken(self, key: tuple[object, ...]) -> Stage | None:
        with self._lock:
            future = self._coming.pop(key, None)
        return None if future is None else future.result()

    def _drop_unused(self) -> None:
        """Releases the oldest stages that were made ahead and never used, beyond `limit`."""
        with self._lock:
            done = [key for key, future in self._coming.items() if future.done()]
            dropped = [self._coming.pop(key) for key in done[: max(len(self._coming) - self._limit, 0)]]
        for future in dropped:
            if future.exception() is None:
                future.result().release()

    def _shrink(self) -> None:
        while len(self._stages) > self._limit:
            self._stages.popitem(last=False)[1].release()
