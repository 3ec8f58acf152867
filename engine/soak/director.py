"""The tool that drives a soak test: it sends the steps through the remote control, and looks at the picture."""

from __future__ import annotations

import json
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from ..display.tool import Invalidation, Tool, ToolContext
from ..settings import Settings
from .plan import Step, rest_steps

if TYPE_CHECKING:
    from ..drawn import Drawn

STEP_S = 0.12  # between two steps
LOOK_S = 1.0  # between two looks at the light of the picture
REST_S, REST_STEP_S = 60.0, 0.75  # between two rests, whose memory is compared, and between their steps
STALL_S = 0.5
IDLE_CLIENTS = 20
MAX_WAITING = 40  # replies that a client waits for before it connects again: one may depend on a picture


class Director(Tool):
    """Takes a step each `STEP_S`. `problems` are what must not happen; the other attributes are for the report."""

    def __init__(self, tool_context: ToolContext, steps: Callable[[ToolContext], Iterator[Step]], file: Path) -> None:
        self._tool_context, self._make_steps, self._file = tool_context, steps, file
        self._steps: Iterator[Step] | None = None
        self._client: socket.socket | None = None
        self._idle: list[socket.socket] = []
        self._received = b""
        self._next_step_s = self._next_look_s = 0.0
        self._last_tick_s = self._began_s = perf_counter()
        self._next_rest_s = self._began_s + REST_S
        self._rest: deque[Step] = deque()
        self.problems: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self._waiting = self.unanswered = 0  # replies of this connection, of former ones
        self._address: dict[str, Any] = {}
        self.checked = 0
        self.stalls_s: list[tuple[float, str]] = []  # with the step before
        self._last_kind = "start"
        self._scale: float | None = None  # is compiled ahead
        self.rss_mb: list[tuple[float, float]] = []  # at each rest: seconds since the start, megabytes

    def tick(self, now_s: float) -> Invalidation:
        if self._tool_context.drawn() is None:
            self._last_tick_s = now_s
            return Invalidation.NOTHING
        if now_s - self._last_tick_s > STALL_S:
            self.stalls_s.append((now_s - self._last_tick_s, self._last_kind))
        self._last_tick_s = now_s
        self._receive()
        self._follow_scale()
        if now_s >= self._next_rest_s:
            self._next_rest_s = now_s + REST_S
            self._rest.extend(rest_steps(self.set_scale, self._reset, self._measure))
        if now_s >= self._next_step_s:
            self._next_step_s = now_s + (REST_STEP_S if self._rest else STEP_S)
            self._take_step()
        return Invalidation.REDRAW

    def on_frame(self, drawn: Drawn) -> None:
        now_s = perf_counter()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        self.checked += 1
        for texture in drawn.scene.textures:
            light = np.frombuffer(texture.read(), np.float16 if texture.dtype == "f2" else np.float32)
            if not np.isfinite(light).all():
                now = drawn.settings
                self.problems.append(f"light that is not finite: {drawn.frame.name}, {now.look.name}, {now.lens.name}")

    def set_scale(self, scale: float) -> None:
        """The next frames have this scale as soon as everything for it is compiled, like the governor's choice."""
        drawn = self._tool_context.drawn()
        if drawn is not None:
            self._tool_context.engine.prepare(drawn, self._tool_context.settings.now.with_(scale=scale))
            self._scale = scale

    def _reset(self) -> None:
        initial = Settings()
        self._tool_context.settings.follow(**{each.name: getattr(initial, each.name) for each in fields(initial)})

    def _measure(self) -> None:
        self.rss_mb.append((perf_counter() - self._began_s, psutil.Process().memory_info().rss * 1e-6))

    def _follow_scale(self) -> None:
        engine, scale = self._tool_context.engine, self._scale
        if scale is not None and not (engine.is_preparing or engine.is_rehearsing):
            self._tool_context.settings.follow(scale=scale)
            self._scale = None

    def close(self) -> None:
        for each in (self._client, *self._idle):
            if each is not None:
                each.close()

    def _take_step(self) -> None:
        if self._steps is None:
            self._steps = self._make_steps(self._tool_context)
            self._address = json.loads(self._file.read_text(encoding="utf-8"))
            place = "127.0.0.1", self._address["port"]
            self._idle = [socket.create_connection(place) for _ in range(IDLE_CLIENTS)]  # they never send the token
            self._connect()
        step = self._rest.popleft() if self._rest else next(self._steps)
        self._last_kind = step.kind
        self.kinds[step.kind] += 1
        if step.act is not None:
            step.act()
        if step.line.strip() and self._client is not None:
            if self._waiting >= MAX_WAITING:
                self._client.close()
                self.unanswered += self._waiting
                self._connect()
            with suppress(BlockingIOError):
                self._client.sendall(step.line + b"\n")
                self._waiting += 1

    def _connect(self) -> None:
        place = "127.0.0.1", self._address["port"]
        self._client = socket.create_connection(place)
        self._client.sendall(json.dumps({"token": self._address["token"]}).encode() + b"\n")
        self._client.setblocking(False)
        self._waiting, self._received = 1, b""

    def _receive(self) -> None:
        if self._client is None:
            return
        with suppress(BlockingIOError):
            received = self._client.recv(1 << 20)
            if not received:
                self.problems.append("the remote control has closed the connection of its owner")
                self._client.close()
                self._client = None
            self._received += received
        *lines, self._received = self._received.split(b"\n")
        self._waiting -= len(lines)
        self.answers.update("ok" if json.loads(line).get("ok") else "refused" for line in lines)
