"""The focus puller: sets the focus of each frame of a source, by a rack or by autofocus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..optics.autofocus import autofocus
from ..optics.focus import AUTO, MAX_FOCUS_M, FocusPlan, Rack, focus_doubt, is_in_focus, metres
from ..settings import DEFAULT_FOCUS_M

if TYPE_CHECKING:
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import Settings

NO_DEPTH = "--focus auto has no depth, and everything is in focus; add --depth or --depth-model"
UNBLURRED = "without depth nothing is blurred; name a map with --depth, or a network with --depth-model"


class FocusPuller:
    """Sets the focus of frames: by the time of each in a rack, by autofocus on the first one, or not at all."""

    def __init__(self, engine: Engine, plan: FocusPlan | None) -> None:
        self._engine, self._plan = engine, plan
        self._target_m: float | None = None
        self._doubt = ""  # why autofocus could not focus on its target

    def pull(self, settings: Settings, frame: Frame, *, is_first: bool) -> Settings:
        """The settings with the focus of a frame; `is_first` in its source. Raises GroundglassError."""
        if isinstance(self._plan, Rack):
            return self._at(settings, self._plan.focus_m(frame.time_s))
        if self._plan == AUTO and is_first:
            self._target_m, self._doubt = self._measure(settings, frame)
        return settings if self._target_m is None else self._at(settings, self._target_m)

    def doubts(self, settings: Settings) -> list[str]:
        """What may be wrong with the focus of the latest picture of the engine, which had these settings."""
        doubts = [self._doubt] if self._doubt else []
        depth_m = self._engine.depth_m
        if depth_m is None:
            return doubts if doubts or not _is_focused(settings) else [UNBLURRED]
        if isinstance(self._plan, Rack):  # it passes through what is blurred
            return doubts
        remedy = "choose --focus METRES" if self._plan == AUTO else "try --focus auto"
        blurred = focus_doubt(depth_m, settings.lens, settings.focus_m, remedy)
        return [*doubts, blurred] if blurred else doubts

    def _at(self, settings: Settings, focus_m: float) -> Settings:
        return settings.with_(focus_m=settings.lens.clamp_focus_m(min(focus_m, MAX_FOCUS_M)))

    def _measure(self, settings: Settings, frame: Frame) -> tuple[float | None, str]:
        """The distance of the target, if it is known, and why the lens is not focused there."""
        seen = frame.upright()
        if seen.depth_m is None and (frame.right is not None or self._engine.depth_model is not None):
            seen = self._engine.draw(frame, settings, waits=True).frame
            self._engine.reset(metered=True)
        if seen.depth_m is None:
            return None, NO_DEPTH
        target = autofocus(seen, seen.depth_m)
        if target is None:
            return None, f"autofocus has found no distance in the centre; the focus stays at {metres(settings.focus_m)}"
        closest_m, aspect = settings.lens.focus_min_m, seen.width / seen.height
        if target.distance_m >= closest_m or is_in_focus(target.distance_m, settings.lens, closest_m, aspect):
            return target.distance_m, ""
        closest, wanted = metres(closest_m), metres(target.distance_m)
        return target.distance_m, f"autofocus is at {closest}, the closest of this lens, not at {wanted}"


def _is_focused(settings: Settings) -> bool:
    """Whether the aperture or the focus differs from the default."""
    lens = settings.lens
    return (lens.f_number, settings.focus_m) != (lens.f_number_min, lens.clamp_focus_m(DEFAULT_FOCUS_M))
