"""A tool that answers requests between frames, in the thread of the live loop. Where they arrive is its server's."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from ..display.tool import Invalidation, Tool, ToolContext
from .protocol import POINTING_VERBS, READING_VERBS, Answer, Deferred, Request, plain
from .protocol import Protocol as RequestProtocol

if TYPE_CHECKING:
    from ..live_edit.editing import Editing

MAX_REQUESTS_PER_FRAME = 32
WATCH_S = 0.1


class Listener(Protocol):
    """A client of a server. The live loop sets `watches`."""

    watches: bool


class RequestServer(Protocol):
    """What receives requests and sends answers: a socket, WebSockets. The live loop calls the methods."""

    def take(self) -> tuple[Any, Request] | None:
        """The next request and its client, or None."""
        ...

    def answer(self, client: Any, answer: Answer) -> None:
        """Answers the oldest unanswered request of `client`."""
        ...

    def push(self, client: Any, event: Answer) -> None:
        """Sends an event to `client`."""
        ...

    def watchers(self) -> list[Any]:
        """The clients that watch."""
        ...

    @property
    def has_unsent(self) -> bool:
        """Whether a reply or an event is not with the system yet."""
        ...

    def close(self) -> None:
        """Closes all connections, after sending the replies that can be sent without waiting."""
        ...


class Exchange(Tool):
    """Answers the requests that `server` has received. Each client gets its replies in the order of its requests."""

    def __init__(self, tool_context: ToolContext, editing: Editing, server: RequestServer) -> None:
        self._tool_context, self._server = tool_context, server
        self._protocol = RequestProtocol(tool_context.controls, editing, tool_context.surface, self._state)
        self._watched: dict[str, object] = {}
        self._replies: dict[Listener, deque[Answer | Deferred]] = {}  # in the order of the requests
        self._next_s = 0.0
        tool_context.messages.listeners.append(self._push)

    def tick(self, now_s: float) -> Invalidation:
        invalidation = Invalidation.NOTHING
        for _ in range(MAX_REQUESTS_PER_FRAME):
            taken = self._server.take()
            if taken is None:
                break
            client, request = taken
            with self._tool_context.messages.collected() as messages:
                answer = self._protocol.answer(request)
            if isinstance(request, dict):
                if isinstance(answer, dict) and "watch" in request and answer["ok"]:
                    self._notify_watchers()  # those before it have not seen the newest changes
                    client.watches = request["watch"]
                    self._watched = answer.get("value", self._watched)
                if not (READING_VERBS | POINTING_VERBS) & request.keys():
                    invalidation = Invalidation.REDRAW
            if messages and isinstance(answer, dict):
                answer["message"] = "; ".join(messages)
            self._replies.setdefault(client, deque()).append(answer)
        self._answer()
        if now_s >= self._next_s:
            self._next_s = now_s + WATCH_S
            self._notify_watchers()
        return invalidation

    @property
    def busy(self) -> bool:
        return bool(self._replies or self._server.watchers())  # what happens must be reported soon

    @property
    def has_unsaved(self) -> bool:
        """A client waits for the reply to its work."""
        return bool(self._replies) or self._server.has_unsent

    def close(self) -> None:
        self._answer()  # the output of other tools is finished
        self._server.close()

    def _answer(self) -> None:
        """Sends the replies that are ready."""
        for client, replies in list(self._replies.items()):
            while replies:
                reply = replies[0]
                if isinstance(reply, Deferred):
                    if not reply.is_ready:
                        break
                    reply = reply.answer()
                self._server.answer(client, reply)
                replies.popleft()
            else:
                del self._replies[client]

    def _push(self, message: str, is_loss: bool) -> None:
        for client in self._server.watchers():
            self._server.push(client, {"lost" if is_loss else "message": message})

    def _notify_watchers(self) -> None:
        watchers = self._server.watchers()
        if not watchers:
            return
        current = self._protocol.settings()
        changed = {name: value for name, value in current.items() if self._watched.get(name, self) != value}
        self._watched = current
        for client in watchers if changed else ():
            self._server.push(client, {"changed": changed})

    def _state(self) -> Answer:
        tool_context, now, drawn = self._tool_context, self._tool_context.settings.now, self._tool_context.drawn()
        return {
            "source": tool_context.sources.name,
            "status": tool_context.sources.notice,
            "size": list(tool_context.source.size),
            "look": now.look.name,
            "lens": now.lens.name,
            "f_number": now.f_number,
            "focus_m": plain(now.focus_m),
            "has_depth": drawn is not None and drawn.has_depth,
            "exposure_ev": 0.0 if drawn is None else drawn.exposure_ev,
            "white_balance": now.development.white_balance,
            "device": tool_context.engine.device_name,
            "zoom": tool_context.surface.input.view.zoom,
            "frames": tool_context.log.frames,
            "fps": tool_context.log.recent_fps(),
        }
