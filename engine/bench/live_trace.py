"""A time line of the live loop: some frames as they are drawn and shown, across threads, kernels and GL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from ..display.tool import Invalidation, Tool, ToolContext
from .trace import Trace, traced

if TYPE_CHECKING:
    from ..drawn import Drawn

LEAD_FRAMES = 60  # drawn before the trace: a look's kernel is compiled by then
FRAMES = 60
QUEUE_ROW = "queue"  # a frame waits here from its arrival until the loop takes it


class LiveTrace(Tool):
    """Records `frames` frames after `lead` others, and passes the document to `write` when the loop ends."""

    def __init__(
        self,
        tool_context: ToolContext,
        write: Callable[[dict[str, Any]], object],
        frames: int = FRAMES,
        lead: int = LEAD_FRAMES,
    ) -> None:
        self._engine, self._messages = tool_context.engine, tool_context.messages
        self._write, self._frames, self._lead = write, frames, lead
        self._recording = ExitStack()
        self._trace: Trace | None = None  # while it records, and after
        self._has_ended = False
        self._drawn: Drawn | None = None  # since the latest tick
        self._began_ns = 0

    def tick(self, now_s: float) -> Invalidation:
        """A frame lasts from the tick before it to the tick after it."""
        began_ns, self._began_ns = self._began_ns, perf_counter_ns()
        drawn, self._drawn = self._drawn, None
        if drawn is None or self._has_ended:
            return Invalidation.NOTHING
        if self._trace is None:
            self._lead -= 1
            if self._lead <= 0:
                self._trace = self._recording.enter_context(traced(self._engine))
            return Invalidation.NOTHING
        self._trace.add("MainThread", "frame", began_ns, self._began_ns)
        arrived_ns = int(drawn.captured.arrived_s * 1e9)
        if arrived_ns < began_ns:
            self._trace.add(QUEUE_ROW, f"frame {drawn.captured.index}", arrived_ns, began_ns)
        self._frames -= 1
        if self._frames == 0:
            self._has_ended = True
            self._recording.close()
            self._messages.notify("the trace is complete")
        return Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        self._drawn = drawn

    def finish(self) -> None:
        if not self._has_ended:
            missing = self._frames + max(self._lead, 0)
            self._messages.report_loss(f"the trace is not complete: {missing} frames are missing; run longer")

    def close(self) -> None:
        """Raises OutputError if the document cannot be written."""
        self._recording.close()
        self._write((self._trace or Trace()).document())
