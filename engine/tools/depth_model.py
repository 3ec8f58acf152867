"""The depth model of a live picture: its switch, the age of its map, and why it fails."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..controls import Control, Switch
from ..display.tool import Invalidation, Tool, ToolContext

if TYPE_CHECKING:
    from ..drawn import Drawn

NOTIFY_EVERY_S = 5.0  # a problem that lasts is shown for half of the time


class DepthModelTool(Tool):
    """The switch of the engine's depth model, which may be None. Off screen each problem is reported once."""

    def __init__(self, tool_context: ToolContext) -> None:
        self._model, self._log, self._notify = tool_context.engine.depth_model, tool_context.log, tool_context.notify
        self._repeats = tool_context.surface.is_interactive
        self._problem, self._notified_s = "", -math.inf

    def controls(self) -> Iterable[Control]:
        yield Switch("depth_model", "Depth model", "focus", get=lambda: self._is_on, set=self._switch)

    def tick(self, now_s: float) -> Invalidation:
        problem = "" if self._model is None else self._model.problem
        is_new, self._problem = bool(problem) and problem != self._problem, problem
        if is_new or (problem and self._repeats and now_s - self._notified_s > NOTIFY_EVERY_S):
            self._notified_s = now_s
            self._notify(problem)
        return Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        if self._model is not None:
            self._log.depth_age(self._model.age_ms if drawn.captured.depth_m is None else None)

    @property
    def _is_on(self) -> bool:
        return self._model is not None and self._model.is_on

    def _switch(self, is_on: bool) -> None:
        if self._model is None:
            self._notify("no depth model; start groundglass view with --depth-model MODEL.onnx")
            return
        self._model.is_on = is_on
        self._notify(f"depth model {'on' if is_on else 'off'}")
