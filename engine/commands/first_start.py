"""The first view of an installation: sharp pictures at once, while a process compiles the other kernels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..engine import Engine
from ..lens import Lens
from ..look.grade import WHOLE
from ..warm_up import black_frame

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..frame import Frame
    from ..look.grade import Part
    from ..settings import Settings

SHARP = Lens()


class FirstStartEngine(Engine):
    """An engine whose processor has compiled nothing yet, which takes 20 s on two cores.

    `draw` needs three kernels at first: it leaves out depth, the lens, and the repair of highlights. It begins to
    compile the others in another process, and `is_preparing` until they are ready. Then it draws everything. `render`
    and `scene` always do, and wait.
    """

    _is_compiled = _is_begun = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._is_compiled = not self.device.is_cpu

    def compile_for(self, size: tuple[int, int], settings: Settings) -> None:
        if self._is_compiled:
            super().compile_for(size, settings)
        else:
            self._draw_sharp(black_frame(size, settings.focus_m), settings, WHOLE)

    def draw(self, frame: Frame, settings: Settings, *, part: Part = WHOLE) -> Drawn:
        if self._is_begun and not super().is_preparing:
            self._is_compiled = True
        if self._is_compiled:
            return super().draw(frame, settings, part=part)
        drawn = self._draw_sharp(frame, settings, part)
        if not self._is_begun:
            self._is_begun = True
            super().prepare(replace(drawn, frame=frame.owned().upright()), settings)
        return drawn

    def _draw_sharp(self, frame: Frame, settings: Settings, part: Part) -> Drawn:
        without_depth = replace(frame, depth_m=None, right=None, rig=None)
        drawn = super().draw(without_depth, quick_settings(settings), part=part)
        return replace(drawn, captured=frame, frame=frame.upright(), settings=settings)

    def prepare(self, drawn: Drawn, settings: Settings) -> None:
        if self._is_compiled:  # until then the process is busy, and another scale would wait for it
            super().prepare(drawn, settings)

    @property
    def is_preparing(self) -> bool:
        return not self._is_compiled or super().is_preparing


def quick_settings(settings: Settings) -> Settings:
    """The settings of a picture without depth of field that needs few kernels."""
    development = replace(settings.development, highlights="clip", denoise=0.0, temporal=0.0, sharpen=0.0)
    return settings.with_(lens=SHARP, development=development, quality="live")
