"""The tools of a viewer as one."""

from __future__ import annotations

from contextlib import ExitStack
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from .events import Event
from .overlays import NO_OVERLAYS, Overlays
from .tool import Invalidation, Tool

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..errors import GroundglassError


class ToolList(list[Tool]):
    """Tools in the order in which they draw, each over those before it."""

    def tick(self, now_s: float) -> Invalidation:
        """Runs all tools. Returns the largest request."""
        return max((tool.tick(now_s) for tool in self), default=Invalidation.NOTHING)

    @property
    def busy(self) -> bool:
        return any(tool.busy for tool in self)

    @property
    def keeps_size(self) -> bool:
        """Whether a recording runs, which requires a constant size."""
        return any(tool.keeps_size for tool in self)

    def dispatch(self, event: Event) -> bool:
        """Passes an event to the tools, the topmost first. Returns whether a tool handled it."""
        return any(tool.handle_event(event) for tool in reversed(self))

    def recover(self, error: GroundglassError) -> bool:
        return any(tool.recover(error) for tool in self)

    def on_frame(self, drawn: Drawn) -> None:
        for tool in self:
            tool.on_frame(drawn)

    def overlays(self, drawn: Drawn | None) -> Overlays:
        return reduce(or_, (tool.overlays(drawn) for tool in self if drawn), NO_OVERLAYS)

    def close(self) -> None:
        """Finishes the output of all tools, then closes them: even if one raises."""
        with ExitStack() as stack:  # in reverse order
            for tool in self:
                stack.callback(tool.close)
            for tool in self:
                stack.callback(tool.finish)
