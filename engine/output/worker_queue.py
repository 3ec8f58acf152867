"""A queue of items that a separate thread processes, so that the live loop never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")

POLL_S = 0.05  # interval at which the waiting thread checks for the end


class WorkerQueue(Generic[Item]):
    """Runs `work` over the added items, in order. At most `max_items` wait; further items are dropped and counted.

    `work` is called once, in the thread, with an iterator that ends after `end`. It must not raise.
    """

    def __init__(self, name: str, max_items: int, work: Callable[[Iterator[Item]], None]) -> None:
        self.dropped = 0
        self._items: Queue[Item] = Queue(max_items)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=work, args=(self._pending_items(),), name=f"groundglass-{name}", daemon=True
        )
        self._thread.start()

    @property
    def is_full(self) -> bool:
        return self._items.full()

    @property
    def is_over(self) -> bool:
        """Whether `work` has returned."""
        return not self._thread.is_alive()

    def add(self, item: Item) -> None:
        try:
            self._items.put_nowait(item)
        except Full:
            self.dropped += 1

    def end(self) -> None:
        """Accepts no more items. Queued items are still processed."""
        self._ended.set()

    def join(self) -> None:
        """Ends, and waits until all items are processed."""
        self.end()
        self._thread.join()

    def _pending_items(self) -> Iterator[Item]:
        while not (self._ended.is_set() and self._items.empty()):
            try:
                yield self._items.get(timeout=POLL_S)
            except Empty:
                continue
