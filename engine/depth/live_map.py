"""The latest depth map of a model in a live picture, carried from its own frame to those that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .displacement import MapMover
from .luma import small_luma
from .motion import Motion

if TYPE_CHECKING:
    from ..frame import Frame
    from .fusion import FusedMap
    from .maps import DepthMap


class LiveMap:
    """Frames of one source in the order of their time, and the maps of some of them."""

    def __init__(self) -> None:
        self._mover = MapMover()
        self.reset()

    def reset(self) -> None:
        """Discards everything: the next frame is from another source."""
        self.fused: FusedMap | None = None
        self.luma: NDArray[np.float32] | None = None  # small picture of the latest frame
        self.captured_s = 0.0
        self._frame: Frame | None = None
        self._motion: Motion | None = None
        self._carried: tuple[Frame, FusedMap, DepthMap] | None = None

    @property
    def age_ms(self) -> float | None:
        """The time from the capture of the map's frame to that of the latest frame; None without a map."""
        return None if self.fused is None else (self.captured_s - self.fused.captured_s) * 1e3

    def follow(self, frame: Frame) -> DepthMap | None:
        """The map for an upright frame, which is now the latest; None without a map of its scene."""
        if frame is not self._frame or self.luma is None:
            self._frame, self.luma, self.captured_s = frame, small_luma(frame), frame.latency_from_s
        if self.fused is None:
            return None
        if self._carried is None or self._carried[0] is not frame or self._carried[1] is not self.fused:
            self._carried = self._carry(frame, self.fused, self.luma)
        return None if self._carried is None else self._carried[2]

    def _carry(
        self, frame: Frame, fused: FusedMap, luma: NDArray[np.float32]
    ) -> tuple[Frame, FusedMap, DepthMap] | None:
        self._motion = fused.motion_to(luma, self._motion)
        if self._motion is None:
            self.fused = None  # a cut: the map shows another scene
            return None
        return frame, fused, fused.carried(self._motion, self._mover)
