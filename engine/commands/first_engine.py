"""An engine for the first view of an installation, which draws sharp pictures until the kernels are compiled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..engine import Engine
from ..errors import print_line
from ..look.grade import WHOLE
from ..warm_up import Wait, black_frame, no_wait
from .first_start import NOTICE, FirstStart, quick_settings

if TYPE_CHECKING:
    from ..display.target import Target
    from ..drawn import Drawn
    from ..frame import Frame
    from ..look.grade import Part
    from ..settings import Settings


class FirstEngine(Engine):
    """An engine for a processor, for which PoCL has compiled nothing yet: that takes 20 s on two cores.

    `draw` needs four kernels at first: it leaves out depth, the lens, and the repair of highlights. It begins to
    compile the others in another process, and `is_preparing` until they are ready. Then it draws everything. `render`
    and `scene` always do, and wait.
    """

    _is_compiled = _is_begun = False

    def __init__(self, first_start: FirstStart, *arguments: Any, **options: Any) -> None:
        self._first_start = first_start
        self._is_compiled = not first_start.applies()
        super().__init__(*arguments, **options)

    def compile_for(self, size: tuple[int, int], settings: Settings, wait: Wait = no_wait) -> None:
        if self._is_compiled:
            super().compile_for(size, settings, wait)
        else:
            print_line(NOTICE)
            wait(self._first_start.wait)
            self._draw_sharp(black_frame(size, settings.focus_m), settings, WHOLE)

    def draw(
        self, frame: Frame, settings: Settings, *, part: Part = WHOLE, into: Target | None = None, waits: bool = False
    ) -> Drawn:
        if self._is_begun and not self._is_compiled and not super().is_preparing:
            self._is_compiled = True
            self._first_start.complete()
        if self._is_compiled:
            return super().draw(frame, settings, part=part, into=into, waits=waits)
        drawn = self._draw_sharp(frame, settings, part, into)
        if not self._is_begun:
            self._is_begun = True
            super().prepare(replace(drawn, frame=frame.owned().upright()), settings)
        return drawn

    def _draw_sharp(self, frame: Frame, settings: Settings, part: Part, into: Target | None = None) -> Drawn:
        without_depth = replace(frame, depth_m=None, right=None, rig=None)
        drawn = super().draw(without_depth, quick_settings(settings), part=part, into=into)
        return replace(drawn, captured=frame, frame=frame.upright(), settings=settings, quick=True)

    def prepare(self, drawn: Drawn, settings: Settings) -> None:
        if self._is_compiled:  # until then the process is busy, and another scale would wait for it
            super().prepare(drawn, settings)

    @property
    def is_preparing(self) -> bool:
        return not self._is_compiled or super().is_preparing
