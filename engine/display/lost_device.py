"""A lost compute device or OpenGL context: the live view continues on another device, or ends with one line."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import DeviceLostError, GroundglassError
from ..gl.context import is_lost as is_gl_lost
from ..lost_device import adopt, continued, is_lost
from .tool import Invalidation, Tool, ToolContext

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..engine import Engine

CHECK_S = 1.0  # between two questions to OpenGL, which fails without an error


class LostDevice(Tool):
    """Recovers from a lost device with another one. A lost OpenGL context, or no other device, ends the view.

    What is written in threads, such as a video, is still finished then.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._tool_context, self._engine = tool_context, tool_context.engine
        self._next_check_s = 0.0
        self._former: Engine | None = None  # its objects of GL are shown until the next frame

    def tick(self, now_s: float) -> Invalidation:
        if now_s >= self._next_check_s:
            self._next_check_s = now_s + CHECK_S
            self._check_gl()
        return Invalidation.NOTHING

    def recover(self, error: GroundglassError) -> bool:
        self._check_gl()
        if not is_lost(self._engine.device):
            return False
        other, message = continued(self._engine, str(error))
        self._close_former()
        self._former = adopt(self._engine, other)
        self._tool_context.messages.warn(message)
        return True

    def on_frame(self, drawn: Drawn) -> None:
        self._close_former()

    def close(self) -> None:
        self._close_former()

    def _check_gl(self) -> None:
        if is_gl_lost(self._engine.gl):
            raise DeviceLostError(
                f"{self._engine.gl_name}: the graphics driver was reset, and the OpenGL context is lost; "
                "start groundglass again"
            )

    def _close_former(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            with suppress(Exception):  # the device is lost
                former.close()
