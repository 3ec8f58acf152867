"""The text over the picture: the status line, and above it a message."""

from __future__ import annotations

import math
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from .status_line import status_line

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..settings import SettingsHistory
    from .sources import Sources
    from .statistics import FrameLog

MESSAGE_S = 2.5  # minimum display time of a message
READING_S = 0.05  # and of each of its letters, for slow readers
PACE_EVERY_S = 0.5  # the frame rate is updated at this interval, to be readable


class Caption:
    """The status line and the message. A message of a tool hides the notice of the source for its time."""

    def __init__(self, settings: SettingsHistory, sources: Sources, log: FrameLog) -> None:
        self._settings, self._sources, self._log = settings, sources, log
        self._message, self._message_until_s = "", -math.inf
        self._pace, self._pace_until_s = "", -math.inf

    def notify(self, message: str) -> None:
        """Shows a message for as long as its length needs."""
        self._message, self._message_until_s = message, perf_counter() + MESSAGE_S + READING_S * len(message)

    def text(self, is_frozen: bool, is_idle: bool, drawn: Drawn | None = None, hint: str = "") -> tuple[str, str]:
        """The status line of `drawn`, and the message, else the notice of the source, else the hint."""
        now_s = perf_counter()
        if now_s >= self._pace_until_s:
            self._pace, self._pace_until_s = self._measured_pace(), now_s + PACE_EVERY_S
        pace = "frozen" if is_frozen else "" if is_idle else self._pace
        now, source = self._settings.now, self._sources.name
        name = Path(source).name or source
        focus_m = now.focus_m if drawn is None or drawn.has_depth else None  # without depth it has no effect
        status = status_line(name, now.look.name, now.lens.name, now.f_number, focus_m, pace)
        message = self._message if now_s < self._message_until_s else ""
        return status, message or self._sources.notice or hint

    def _measured_pace(self) -> str:
        fps, latency_ms, scale = self._log.recent_fps(), self._log.recent_latency_ms(), self._settings.now.scale
        if fps is None:
            return ""
        pace = f"{fps:.1f} fps" + (f" at {100 * scale:.3g} %" if scale < 1.0 else "")
        pace += "" if latency_ms is None else "   latency {:.0f} ms (p95 {:.0f})".format(*latency_ms)
        depth_age_ms = self._log.recent_depth_age_ms
        return pace if depth_age_ms is None else pace + f"   depth {depth_age_ms:.0f} ms old"
