"""Reports why a source is without frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sources import Sources
    from .statistics import FrameLog


class Reasons:
    """Passes each reason to `report` once, until the camera has returned. This time is not playing time of `log`."""

    def __init__(self, report: Callable[[str], None], log: FrameLog) -> None:
        self._report, self._log = report, log
        self._reported: set[str] = set()
        self._reconnects = 0

    def check(self, sources: Sources) -> None:
        """Called before each frame."""
        reason, reconnects = sources.source.status, sources.reconnects
        if reconnects != self._reconnects:
            self._reconnects = reconnects
            self._reported.clear()
        if reason:
            self._log.pause()
        if reason and reason not in self._reported:
            self._reported.add(reason)
            self._report(reason)
