"""What the loop hands over without waiting, and a thread of its own works off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")

POLL_S = 0.05  # how often the thread looks whether the last item has come


class WorkerQueue(Generic[Item]):
    """Runs `work` over the items that are added, in their order; at most `most` wait, what is added then is dropped.

    `work` is called once, in the thread, with an iterator that ends some time after `end`. It raises nothing.
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
        """Whether `work` has come to its end."""
        return not self._thread.is_alive()

    def add(self, item: Item) -> None:
        try:
            self._items.put_nowait(item)
        except Full:
            self.dropped += 1

    def end(self) -> None:
        """No item comes any more; those that wait are still worked off."""
        self._ended.set()

    def join(self) -> None:
        """Ends, and waits until all is done."""
        self.end()
        self._thread.join()

    def _pending_items(self) -> Iterator[Item]:
        while not (self._ended.is_set() and self._items.empty()):
            try:
                yield self._items.get(timeout=POLL_S)
            except Empty:
                continue
