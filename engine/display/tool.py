"""Tools of the viewer: focusing, aids, scopes, the recorder, the panel. Each is a `Tool`."""

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
    from .messages import Messages
    from .sources import Sources
    from .statistics import FrameLog
    from .surface import Surface
    from .text_sprite import TextSprites


class Invalidation(enum.IntEnum):
    """The request of a tool to the loop. The largest value wins."""

    NOTHING = 0
    REPAINT = 1  # the picture is unchanged, but not its overlays
    REDRAW = 2  # the engine must draw the frame again


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The environment of a tool. `settings` apply to the next frames, `drawn` returns the current picture.

    `open_source` replaces the source by that of a name.
    """

    engine: Engine
    settings: SettingsHistory
    sources: Sources
    messages: Messages
    controls: Controls
    log: FrameLog
    surface: Surface
    drawn: Callable[[], Drawn | None] = lambda: None
    open_source: Callable[[str], None] = lambda _: None

    def notify(self, message: str) -> None:
        """Shows a line on the screen for a short time, see `Messages`."""
        self.messages.notify(message)

    @property
    def source(self) -> Source:
        """The current source."""
        return self.sources.source


@dataclass(frozen=True, slots=True)
class Canvas:
    """The surface while a tool draws over the picture. Its `framebuffer` is bound; the origin is the lower left.

    `size` is (width, height) in pixels, without docked tools. `shown` is the position of the `view` of the picture:
    left, bottom, width, height. `text_px` is the text height and the unit of all margins. `scale` is the content scale
    of the monitor. `status` is the (width, height) of the text in the lower left corner, half a text height from both
    edges, and `ruler` that of the depth-of-field scale in the middle of the upper edge; (0, 0) without them.
    """

    framebuffer: moderngl.Framebuffer
    size: tuple[int, int]
    shown: tuple[int, int, int, int]
    scale: float
    text_px: int
    sprites: TextSprites
    view: View = WHOLE
    status: tuple[int, int] = (0, 0)
    ruler: tuple[int, int] = (0, 0)

    def below_ruler(self, left: int, width: int) -> int:
        """The pixels at the upper edge that the scale takes from something `width` wide at `left`, margins included."""
        middle, half = self.size[0] // 2, self.ruler[0] // 2 + self.text_px // 2
        is_beside = left + width < middle - half or left > middle + half
        return 0 if 0 in self.ruler or is_beside else self.ruler[1] + self.text_px // 2

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Pixels from the lower left of the fraction (x, y) of the picture. They may be outside of the screen."""
        left, bottom, width, height = self.shown
        corner, zoom = self.view.corner, self.view.zoom
        return left + round((x - corner[0]) * zoom * width), bottom + round((1 - (y - corner[1]) * zoom) * height)

    def fraction(self, x: float, y: float) -> tuple[float, float]:
        """The fraction of the picture at pixels (x, y) from the lower left: the inverse of `pixel`."""
        left, bottom, width, height = self.shown
        return self.view.picture_position((x - left) / width, 1 - (y - bottom) / height)


class Tool:
    """The base class of tools; its methods do nothing. The window's thread calls them in the order of this class.

    A tool compiles and allocates when it is switched on, not in a frame. `tick`, `on_frame` and `draw` never block.
    """

    def controls(self) -> Iterable[Control]:
        """The controls of the tool. Called once, when the viewer is made."""
        return ()

    def handle_event(self, event: Event) -> bool:
        """Handles an event, before a control with this key. Returns False if the tool ignores it."""
        return False

    def tick(self, now_s: float) -> Invalidation:
        """Called before each frame, at `now_s` of `time.perf_counter()`."""
        return Invalidation.NOTHING

    @property
    def busy(self) -> bool:
        """Whether `tick` will soon return a result of a running task. The loop then sleeps only briefly."""
        return False

    @property
    def keeps_size(self) -> bool:
        """Whether all frames must have the same size, because a recording runs."""
        return False

    @property
    def has_unsaved(self) -> bool:
        """Whether output is not written or not reported yet, which `finish` would do. For any thread."""
        return False

    def on_source(self, source: Source) -> None:
        """Called after another source has replaced the current one, and its controls those of that source."""

    def draw_part(self, frame: Frame) -> Part:
        """Called before `frame` is drawn. A tool may draw a part of it with other settings; returns the rest."""
        return WHOLE_PICTURE

    def on_frame(self, drawn: Drawn) -> None:
        """Called after the engine drew a frame. Texture and scene are valid until the next draw."""

    def overlays(self, drawn: Drawn | None) -> Overlays:
        """The overlays of the picture `drawn`, None before the first. They are fused into the draw that shows it."""
        return NO_OVERLAYS

    def dock_px(self, framebuffer: tuple[int, int], text_px: int) -> int:
        """Width of the strip at the right edge of a framebuffer of (width, height) pixels that is the tool's own."""
        return 0

    def draw(self, canvas: Canvas) -> None:
        """Draws over the picture and its overlays."""

    def recover(self, error: GroundglassError) -> bool:
        """Called if a frame cannot be drawn or shown. Returns True if it removed the cause; it is drawn again."""
        return False

    def finish(self) -> None:
        """Called once, after the loop has ended: waits until the output is written, and reports what is lost."""

    def close(self) -> None:
        """Called once, after all tools have finished: frees what the tool holds."""
