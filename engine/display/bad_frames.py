"""Frames that cannot be drawn. The picture before them stays, and the next good frame is shown."""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING

from ..errors import DeviceError, GroundglassError

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..frame import Frame
    from .messages import Messages

ENDING_S = 5.0  # without a picture for this time, a run off screen ends


class BadFrames:
    """Decides what follows from an error of one frame. A fault is reported once, whatever numbers its text has.

    A window waits for a good frame, until the user ends it. A run off screen `ends` with the error if no frame can be
    drawn for `ENDING_S`: no user would see the message.
    """

    def __init__(self, messages: Messages, *, ends: bool) -> None:
        self._messages, self._ends = messages, ends
        self._reported: set[str] = set()
        self._before: Drawn | None = None  # the latest picture
        self._since_s = 0.0  # the first bad frame after it

    def skips(self, error: GroundglassError, drawn: Drawn) -> bool:
        """Reports the error of a frame after the picture `drawn`. False if the run must end."""
        if drawn is not self._before:
            self._before, self._since_s = drawn, perf_counter()
        if self._ends and perf_counter() - self._since_s > ENDING_S:
            return False
        fault = re.sub(r"\d+", "#", str(error))
        if fault not in self._reported:
            self._reported.add(fault)
            self._messages.warn(f"{error}; the picture before it stays")
        return True


def cannot_be_drawn(frame: Frame, source: str, error: Exception) -> DeviceError:
    """The error of a frame that fails in an unexpected way."""
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return DeviceError(f"{frame.name or source}: frame {frame.index} cannot be drawn ({reason})")


def remaining_frame(former: Frame | None, bad: Frame, drawn: Drawn) -> Frame | None:
    """Releases a bad frame. Returns the former one; None if its driver has its buffer back, and it cannot be drawn.

    A frame whose picture is shown is not bad: its new settings are.
    """
    if drawn.captured is bad:
        return bad
    bad.release()
    return former if former is not bad and former is not None and former.lease is None else None
