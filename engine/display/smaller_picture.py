"""A device without memory for the picture: the live view draws it smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import GroundglassError, OutOfMemoryError
from .tool import Tool

if TYPE_CHECKING:
    from .live_scale import LiveScale
    from .tool import ToolContext


class SmallerPicture(Tool):
    """Recovers from a lack of memory with a smaller scale, and reports it. Without `live_scale` the scale is fixed."""

    def __init__(self, tool_context: ToolContext, live_scale: LiveScale | None) -> None:
        self._tool_context, self._live_scale = tool_context, live_scale

    def recover(self, error: GroundglassError) -> bool:
        if not isinstance(error, OutOfMemoryError) or self._live_scale is None or not self._live_scale.shrink():
            return False
        self._tool_context.engine.reset()
        scale = self._tool_context.settings.now.scale
        self._tool_context.messages.warn(f"{error}; the picture is drawn at {100 * scale:.3g} % instead")
        return True
