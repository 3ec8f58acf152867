"""What can be fitted to the viewer: focusing, aids, scopes, the recorder, the panel. Each is one `Tool`."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..controls import Control, Controls
from ..look.grade import WHOLE as WHOLE_PICTURE
from ..look.grade import Part
from .events import Event
from .overlays import NO_OVERLAYS, WHOLE, Overlays, View

if TYPE_CHECKING:
    import moderngl

    from ..capture.source import Source
    from ..drawn import Drawn
    from ..engine import Engine
    from ..errors import GroundglassError
    from ..frame import Frame
    from ..settings import SettingsHistory
    from .statistics import FrameLog
    from .surface import Surface
    from .text_sprite import TextSprites


class Invalidation(enum.IntEnum):
    """What a tool wants of the loop. The largest wish wins."""

    NOTHING = 0
    REPAINT = 1  # the picture is the same; what lies over it is not
    REDRAW = 2  # the engine must draw the frame anew


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool works with. `settings` are those of the frames to come, `drawn` returns what is shown now.

    `notify` shows a line on the screen for a while.
    """

    engine: Engine
    settings: SettingsHistory
    source: Source
    notify: Callable[[str], None]
    controls: Controls
    log: FrameLog
    surface: Surface
    drawn: Callable[[], Drawn | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Canvas:
    """The surface while a tool draws over the picture; its `framebuffer` is bound, the origin bottom left.

    `size` is (width, height) in pixels, `shown` where the `view` of the picture lies: left, bottom, width, height.
    `text_px` is the height of the letters and the measure of all margins; `scale` the monitor's, 2 where everything
    needs twice the pixels.
    """

    framebuffer: moderngl.Framebuffer
    size: tuple[int, int]
    shown: tuple[int, int, int, int]
    scale: float
    text_px: int
    sprites: TextSprites
    view: View = WHOLE

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Where on the screen the fraction (x, y) of the picture lies, from the lower left; maybe beside it."""
        left, bottom, width, height = self.shown
        corner, zoom = self.view.corner, self.view.zoom
        return left + round((x - corner[0]) * zoom * width), bottom + round((1 - (y - corner[1]) * zoom) * height)


class Tool:
    """One of them; here it does nothing. All methods are called by the window's thread, in the order given here.

    A tool compiles and allocates when it is switched on, not in a frame, and waits for nothing in `tick`, `shown` and
    `draw`.
    """

    def controls(self) -> Iterable[Control]:
        """Asked once, when the viewer is made."""
        return ()

    def handle_event(self, event: Event) -> bool:
        """Takes an event that no key of a control is for; False where it is none of this tool's."""
        return False

    def tick(self, now_s: float) -> Invalidation:
        """Before each frame, at `now_s` of `time.perf_counter()`."""
        return Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        """Something is under way that `tick` will tell of: the loop must not sleep long."""
        return False

    @property
    def keeps_size(self) -> bool:
        """Whether every frame must have the size of the one before: a recording runs."""
        return False

    def draw_part(self, frame: Frame) -> Part:
        """Called before `frame` is drawn. A tool may draw a part of it by settings of its own; returns what is left."""
        return WHOLE_PICTURE

    def on_frame(self, drawn: Drawn) -> None:
        """The engine drew a frame; texture and scene are valid until the next draw."""

    def overlays(self, drawn: Drawn | None) -> Overlays:
        """What lies over the picture, fused into the draw that shows it; None before the first."""
        return NO_OVERLAYS

    def draw(self, canvas: Canvas) -> None:
        """Draws over the picture and its overlays."""

    def recover(self, error: GroundglassError) -> bool:
        """The frame cannot be drawn or shown. True where this tool knew why and mended it: it is drawn once more."""
        return False

    def close(self) -> None:
        """The loop has ended; called once. Raises OutputError for what was lost."""
