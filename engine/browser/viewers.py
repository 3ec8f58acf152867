"""The viewers in browsers, and who of them controls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..remote.protocol import READING_VERBS, Answer

if TYPE_CHECKING:
    from .webrtc import PeerStream

MAX_UNSENT = 512  # events and replies that a viewer has not read, after which it is disconnected


class Viewer:
    """A page that is connected. `number` is its name for people. The live loop sets `watches`."""

    def __init__(self, number: int) -> None:
        self.number, self.watches, self.waiting = number, False, 0
        self.outbox: asyncio.Queue[Answer | None] = asyncio.Queue()  # None closes the connection
        self.stream: PeerStream | None = None

    def send(self, message: Answer) -> None:
        """Queues a message. In the server's thread."""
        unsent = self.outbox.qsize()
        if unsent <= MAX_UNSENT:
            self.outbox.put_nowait(message if unsent < MAX_UNSENT else None)


class Viewers:
    """One viewer controls, the others watch.

    The first controls. Another one that requests control gets it at once. When the viewer that controls leaves, the one
    that has been connected longest gets control. All are informed. The methods belong to the server's thread; another
    one may iterate.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._viewers, self._joined = limit, list[Viewer](), 0
        self.controller: Viewer | None = None

    def __iter__(self) -> Iterator[Viewer]:
        return iter(list(self._viewers))

    def join(self) -> Viewer | None:
        """A new viewer; None if there are too many."""
        if len(self._viewers) >= self._limit:
            return None
        self._joined += 1
        viewer = Viewer(self._joined)
        self._viewers.append(viewer)
        self._give_control(self.controller or viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """A viewer is gone."""
        viewer.watches = False
        self._viewers.remove(viewer)
        self._give_control(next(iter(self._viewers), None) if viewer is self.controller else self.controller)

    def take_control(self, viewer: Viewer) -> None:
        """A viewer requests control, and gets it."""
        self._give_control(viewer)

    def may_send(self, viewer: Viewer, request: Any) -> bool:
        """Whether the viewer may send this request: who only watches may read."""
        return viewer is self.controller or (isinstance(request, dict) and bool(READING_VERBS & request.keys()))

    def send_all(self, event: Answer) -> None:
        """Sends an event to all viewers."""
        for viewer in self:
            viewer.send(event)

    def _give_control(self, viewer: Viewer | None) -> None:
        self.controller = viewer
        for each in self:
            numbers = {"you": each.number, "controls": None if viewer is None else viewer.number}
            each.send({"viewers": {"count": len(self._viewers), **numbers}})
