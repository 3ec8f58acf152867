"""The tool for remote control: answers requests between frames, in the thread of the live loop."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from ..display.tool import Invalidation, Tool, ToolContext
from ..documents import parse_json, read_text
from ..errors import OutputError, print_line
from ..files import whole_file
from .protocol import Answer, Deferred, Protocol, plain
from .server import Client, Server

if TYPE_CHECKING:
    from ..live_edit.editing import Editing

TOKEN_VARIABLE = "GROUNDGLASS_TOKEN"  # environment variable; by default the token is random
MAX_REQUESTS_PER_FRAME = 32
WATCH_S = 0.1
READING_VERBS = {"list", "get", "state", "watch"}


def control_file() -> Path:
    """The file with the port and the token of a run: `~/.local/state/groundglass/control.json` on Linux."""
    from platformdirs import user_state_path

    return user_state_path("groundglass", appauthor=False) / "control.json"


class Remote(Tool):
    """Listens on the local `port`, and writes port and token to `file`, which only this user can read."""

    def __init__(self, tool_context: ToolContext, editing: Editing, port: int, file: Path) -> None:
        self._tool_context, self._file = tool_context, file
        self._protocol = Protocol(tool_context.controls, editing, self._state)
        token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(18)
        self._server = Server(port, token, tool_context.surface.wake)
        self._watched: dict[str, object] = {}
        self._replies: dict[Client, deque[Answer | Deferred]] = {}  # in the order of the requests
        tool_context.messages.listeners.append(self._push)
        self._next_s = 0.0
        try:
            write_private(file, {"port": self._server.port, "token": token, "pid": os.getpid()})
        except OutputError:
            self._server.close()
            raise
        print_line(f"control on 127.0.0.1:{self._server.port}, token in {file}")

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
                    client.watches = request["watch"]
                    self._watched = answer.get("value", self._watched)
                if not READING_VERBS & request.keys():
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
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if parse_json(read_text(self._file))["pid"] == os.getpid():  # a later run may have replaced the file
                self._file.unlink()

    def _answer(self) -> None:
        """Sends the replies that are ready. Each client gets its replies in the order of its requests."""
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
            "exposure_ev": 0.0 if drawn is None else drawn.exposure_ev,
            "white_balance": now.development.white_balance,
            "device": tool_context.engine.device_name,
            "frames": tool_context.log.frames,
            "fps": tool_context.log.recent_fps(),
        }


def write_private(file: Path, document: dict[str, object]) -> None:
    """Writes a JSON file atomically, readable by this user only. OutputError if it cannot be written."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(file, mode=0o600) as part:
            part.write_text(json.dumps(document), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error.strerror}); make its folder writable") from error
