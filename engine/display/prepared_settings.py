"""The settings of a moving picture: those of the user, as soon as everything for them is compiled."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..engine import Engine
    from ..settings import Settings

MAX_WAIT_S = 8.0  # then the picture is drawn anyway, and waits for the compiler


class PreparedSettings:
    """Keeps look, lens and quality of a moving picture until the new ones can be drawn without a wait.

    Another look may need a kernel that takes a second to compile. Meanwhile the frames continue as they were.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ready: Settings | None = None  # the latest settings for which nothing is compiled any more
        self._coming: tuple[object, ...] | None = None
        self._until_s = -math.inf

    def is_due(self, is_still: bool) -> bool:
        """Whether frames were drawn with former settings, and the new ones can be drawn now. A still picture waits for
        the compiler.
        """
        return self._coming is not None and (is_still or not self._waits())

    def of(self, wanted: Settings, drawn: Drawn | None, *, moves: bool) -> Settings:
        """The settings for the next draw. A picture that does not move is drawn as `wanted` at once."""
        ready, kind = self._ready, _kind(wanted)
        if ready is None or drawn is None or not moves or kind == _kind(ready):
            return self._take(wanted)
        if kind != self._coming:
            self._coming, self._until_s = kind, perf_counter() + MAX_WAIT_S
            self._engine.prepare(drawn, wanted)
        if not self._waits():
            return self._take(wanted)
        kept = wanted.with_(look=ready.look, strength=ready.strength, quality=ready.quality)
        if wanted.lens.name == ready.lens.name:
            return kept
        return kept.with_(lens=ready.lens, focus_m=ready.focus_m)

    def _waits(self) -> bool:
        return self._engine.is_preparing and perf_counter() < self._until_s

    def _take(self, settings: Settings) -> Settings:
        self._ready, self._coming = settings, None
        return settings


def _kind(settings: Settings) -> tuple[object, ...]:
    """Equal for settings that need the same kernels and programs: sliders change only numbers."""
    passes = tuple(values.name for values in settings.look.passes)
    return passes, settings.strength < 1.0, settings.lens.name, settings.quality
