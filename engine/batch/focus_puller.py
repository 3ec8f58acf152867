"""The focus puller: sets the focus of each frame of a source, by a rack or by autofocus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..optics.autofocus import autofocus
from ..optics.focus import MAX_FOCUS_M, FocusPlan, Rack

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings


class FocusPuller:
    """Sets the focus of frames: by the time of each in a rack, by autofocus on the first one, or not at all.

    `doubt` states why autofocus could not focus on its target, with the first frame; empty if it could.
    """

    def __init__(self, engine: Engine, plan: FocusPlan | None) -> None:
        self._engine, self._plan = engine, plan
        self._target_m: float | None = None
        self.doubt = ""

    def pull(self, settings: Settings, frame: Frame, *, is_first: bool) -> Settings:
        """The settings with the focus of a frame; `is_first` in its source. Raises GroundglassError."""
        self.doubt = ""
        if isinstance(self._plan, Rack):
            return self._at(settings, self._plan.focus_m(frame.time_s))
        if self._plan is not None and is_first:
            self._target_m = self._measure(settings, frame)
            if self._target_m is None:
                self.doubt = f"autofocus has found no distance; the focus stays at {settings.focus_m:.3g} m"
            elif self._target_m < settings.lens.focus_min_m:
                closest_m = settings.lens.focus_min_m
                self.doubt = f"autofocus is at {closest_m:g} m, the closest of this lens, not at {self._target_m:.3g} m"
        return settings if self._target_m is None else self._at(settings, self._target_m)

    def _at(self, settings: Settings, focus_m: float) -> Settings:
        return settings.with_(focus_m=settings.lens.clamp_focus_m(min(focus_m, MAX_FOCUS_M)))

    def _measure(self, settings: Settings, frame: Frame) -> float | None:
        seen = frame.upright()
        if seen.depth_m is None:  # the engine may estimate it, from a pair of pictures or by a model
            seen = self._engine.draw(frame, settings, waits=True).frame
            self._engine.reset(metered=True)
        target = None if seen.depth_m is None else autofocus(seen, seen.depth_m)
        return None if target is None else target.distance_m
