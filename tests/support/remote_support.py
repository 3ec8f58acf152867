"""A viewer's tools with a remote control, and a client of it."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import groundglass as gg
from groundglass.controls import Action, Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.statistics import FrameLog
from groundglass.display.tool import Invalidation
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.look_keys import LookKeys
from groundglass.remote.remote import Remote
from groundglass.tools.aids import Aids
from groundglass.tools.exposure import ExposureTool
from groundglass.tools.white_balance import WhiteBalanceTool
from live_engine import LiveEngine, tool_context
from look_support import context


class Client:
    """A client that sends and receives lines of JSON."""

    def __init__(self, port: int, token: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.lines = self.socket.makefile("rwb")
        if token is not None:
            self.send({"token": token})

    def send(self, request: object) -> None:
        self.send_raw(json.dumps(request).encode() + b"\n")

    def send_raw(self, line: bytes) -> None:
        self.lines.write(line)
        self.lines.flush()

    def receive(self) -> dict[str, Any] | None:
        """The next line, or None if the connection has ended."""
        try:
            line = self.lines.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line else None


class Harness:
    """The tools of a viewer without a window. `turn` is one iteration of the loop."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "control.json"
        self.engine = LiveEngine(gl=context(), look="classic")
        self.controls, self.messages = Controls(), []
        self.editing = Editing(self.engine.history)
        self.source = gg.open("scene:?size=96x64")
        self.surface = OffscreenSurface((96, 64), gl=context())
        self.tool_context = ctx = tool_context(
            self.engine, self.source, self.messages.append, self.controls, FrameLog(1 / 30), self.surface
        )
        self.done: list[str] = []
        for tool in (Aids(ctx), ExposureTool(ctx), WhiteBalanceTool(ctx), LookKeys(ctx, self.editing, folder)):
            self.controls.add(tool.controls())
        self.controls.add([Action("wave", "Wave", "window", "F8", do=lambda: self.done.append("wave"))])
        self.remote = Remote(ctx, self.editing, 0, self.file)
        address = json.loads(self.file.read_text())
        self.port, self.token = address["port"], address["token"]
        self.invalidations: set[Invalidation] = set()

    def turn(self) -> None:
        self.invalidations.add(self.remote.tick(time.perf_counter()))
        time.sleep(0.002)

    def receive(self, client: Client) -> dict[str, Any]:
        """The next line for a client. The loop runs until it arrives."""
        client.socket.settimeout(0.01)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.turn()
            try:
                peeked = client.socket.recv(1 << 20, socket.MSG_PEEK)
            except TimeoutError:
                continue
            if b"\n" in peeked or not peeked:
                client.socket.settimeout(20)
                line = b""
                while not line.endswith(b"\n"):
                    line += client.socket.recv(1)
                return json.loads(line)
        raise AssertionError("no answer")

    def request(self, message: object, client: Client | None = None) -> dict[str, Any]:
        if client is None:
            client = self.client()
        client.send(message)
        return self.receive(client)

    def client(self) -> Client:
        client = Client(self.port, self.token)
        assert self.receive(client) == {"ok": True}
        return client
