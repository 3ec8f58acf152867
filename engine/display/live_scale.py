"""The scale of the live picture: governed while the picture changes, refined when it does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..gl.context import is_software
from .governor import SCALES, Governor

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..engine import Engine
    from ..settings import Settings, SettingsHistory

REFINE_AFTER_S = 0.15  # a picture without changes is refined after this time
DEVICE_STAGES = ("stereo", "develop", "optics", "transfer", "look")  # the work of a frame on a device
MAX_START_PX = 600_000  # maximum size of the first picture on a CPU


def start_scale(size: tuple[int, int], is_cpu: bool) -> float:
    """The scale of the first frame: full size on a GPU, else the largest with at most `MAX_START_PX` pixels.

    >>> start_scale((1920, 1080), is_cpu=True), start_scale((640, 360), is_cpu=True), start_scale((8000, 6000), False)
    (0.5, 1.0, 1.0)
    """
    if not is_cpu:
        return 1.0
    return next((scale for scale in SCALES if scale**2 * math.prod(size) <= MAX_START_PX), SCALES[-1])


class LiveScale:
    """Keeps the scale of `settings` at the governor's choice, which holds a frame period of `period_s` seconds.

    These changes are not steps of undo. A picture that does not change is drawn again in full size and best quality.
    """

    def __init__(self, engine: Engine, settings: SettingsHistory, period_s: float) -> None:
        self._engine, self._settings = engine, settings
        self._swap_waits = not is_software(engine.gl)  # a GPU waits for the display; software GL draws in the swap
        self._changed_s = -math.inf
        self._highest = 1.0  # the highest scale for which the device has memory
        self._govern(period_s)

    def restart(self, size: tuple[int, int], period_s: float, *, keeps_scale: bool) -> None:
        """Frames now come from another source, of this size and period. `keeps_scale` keeps the present scale."""
        self._highest = 1.0
        if not keeps_scale:
            self._follow(start_scale(size, self._engine.device.is_cpu))
        self._govern(period_s)

    def shrink(self) -> bool:
        """The device has no memory for the picture: draws it, and all of this source, at the next smaller scale.

        False if it has the smallest scale. A refined picture keeps this scale, too.
        """
        lower = [scale for scale in SCALES if scale < self._settings.now.scale]
        if not lower:
            return False
        self._highest = lower[0]
        self._is_refined = False
        self._follow(self._highest)
        return True

    def _govern(self, period_s: float) -> None:
        scale = self._prepared_scale = self._settings.now.scale
        self._governor = Governor(period_s, self._prepare, start=scale)
        self._drawn: Drawn | None = None
        self._is_refined = False

    def measure(self, drawn: Drawn, spent_s: float, swap_s: float, now_s: float) -> None:
        """Takes the time spent on a frame, and the part of the buffer swap. May change the scale.

        A GPU works on a frame while the host already prepares the next one: the longer of both times counts.
        """
        self._drawn = drawn
        if not self._is_refined and drawn.settings.scale == self._governor.scale:
            host_s = spent_s - swap_s if self._swap_waits else spent_s
            is_usual = not (self._engine.is_preparing or self._engine.is_rehearsing)
            self._governor.measure(max(host_s, self._gpu_s()), now_s, is_usual=is_usual)
            self._follow(self._governor.scale)

    def _gpu_s(self) -> float:
        """Seconds of a GPU's work on the newest frame whose times are known; 0 on a CPU."""
        engine = self._engine
        return 0.0 if engine.device.is_cpu else sum(map(engine.clock.newest_ms, DEVICE_STAGES)) * 1e-3

    def move(self, now_s: float) -> None:
        """The picture changes: draw at the governed scale again."""
        self._changed_s = now_s
        if self._is_refined:
            self._is_refined = False
            self._follow(self._governor.scale)

    @property
    def will_refine(self) -> bool:
        """Whether the current picture can be refined."""
        now = self._settings.now
        return not self._is_refined and (now.scale < self._highest or now.quality != "best")

    def rest(self, now_s: float) -> bool:
        """Called while nothing changes. True if the picture should be drawn again, with `refined` settings."""
        if not self.will_refine or now_s - self._changed_s < REFINE_AFTER_S:
            return False
        self._is_refined = True
        self._follow(1.0)
        return True

    def refined(self, settings: Settings) -> Settings:
        """The settings for the next draw: `settings`, with best quality if the picture does not change."""
        return settings.with_(quality="best") if self._is_refined else settings

    def _follow(self, scale: float) -> None:
        scale = min(scale, self._highest)
        if self._settings.now.scale != scale:
            self._settings.follow(scale=scale)

    def _prepare(self, scale: float) -> bool:
        if self._drawn is not None and scale != self._prepared_scale:
            self._prepared_scale = scale
            self._engine.prepare(self._drawn, self._settings.now.with_(scale=scale))
        return not (self._engine.is_preparing or self._engine.is_rehearsing)
