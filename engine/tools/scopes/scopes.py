"""The scopes of the viewer: their controls, timing and layout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...controls import OFF, Action, Choice, Control, Number, Switch, Text
from ...display.events import Event, Pointer, Wheel
from ...display.status_line import MIN_TEXT_PX
from ...display.tool import Canvas, Invalidation, Tool, ToolContext
from ...errors import ControlError
from ...frame import Encoding
from ...gl.readback import Readback
from . import counts, draw
from .layout import Area, Window, placed, read, text_px_that_fits, written

if TYPE_CHECKING:
    import moderngl

    from ...drawn import Drawn
    from ...frame import Frame

NO_RAW = "this source has no raw data"
EVERY_S = 0.06  # fifteen updates a second at 30 fps; faster changes are not readable
COPY_S = 0.025  # by this time the GPU has completed the copy, so reading it does not block
MIN_SIZE, MAX_SIZE = 0.5, 3.0  # relative to the size by the text height
SIZE_STEP = 1.1  # for each step of the wheel
HISTOGRAMS = {OFF: (), "display": ("histogram",), "raw": ("raw",), "both": ("histogram", "raw")}
WAVEFORMS = {OFF: (), "waveform": ("waveform",), "parade": ("parade",), "both": ("waveform", "parade")}
SAMPLED: dict[str, Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]] = {
    "waveform": lambda rgb, text_px: draw.draw_waveform(counts.waveform(rgb), text_px),
    "parade": lambda rgb, text_px: draw.draw_parade(counts.parade(rgb), text_px),
    "vectorscope": lambda rgb, text_px: draw.draw_vectorscope(counts.vectorscope(rgb), text_px),
}


@dataclass(frozen=True, slots=True, eq=False)
class ScopeSprites:
    """The scopes of one picture, (H, W, 4) uint8 by name, and the frame of the raw histogram."""

    sprites: dict[str, NDArray[np.uint8]]
    raw_frame: Frame | None = None


class Scopes(Tool):
    """Histogram, waveform, parade and vectorscope in the lower right corner, each with its own switch.

    A scope is dragged to another place; the wheel over one sizes all.

    Displayed pictures are copied at most every EVERY_S; a worker thread counts their pixels and draws the scopes.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._notify = tool_context.notify
        self._histogram = self._waveform = OFF
        self._vectorscope = False
        self._readback = Readback(tool_context.engine.gl)
        self._latest: tuple[Frame, moderngl.Texture] | None = None
        self._shown: tuple[Frame, moderngl.Texture] | None = None  # the latest picture until its copy is requested
        self._requested: Frame | None = None
        self._requested_s = -math.inf
        self._text_px = 0
        self._size = 1.0
        self._middles: dict[str, tuple[float, float]] = {}  # only for moved scopes
        self._areas: dict[str, Area] = {}
        self._canvas: Canvas | None = None
        self._pointer = (-1, -1)  # in pixels from the lower left
        self._dragged: tuple[str, float, float] | None = None  # a scope, and the pointer's offset from its middle
        if tool_context.surface is not None:  # tests may have none
            tool_context.surface.input.is_claimed = self._is_claimed
        self._worker: ThreadPoolExecutor | None = None
        self._work: Future[ScopeSprites] | None = None
        self._drawn, self._serial = ScopeSprites({}), 0

    def controls(self) -> Iterable[Control]:
        yield Choice(
            *("waveform", "Waveform", "scopes", "W"),
            choices=tuple(WAVEFORMS),
            get=lambda: self._waveform,
            set=partial(self._choose, "_waveform"),
            is_saved=True,
            is_aid=True,
            help="luma, or red, green and blue side by side, from 0 to 100 IRE",
        )
        yield Choice(
            *("histogram", "Histogram", "scopes", "Shift+H"),
            choices=tuple(HISTOGRAMS),
            get=lambda: self._histogram,
            set=partial(self._choose, "_histogram"),
            is_saved=True,
            is_aid=True,
            help="of the picture, or of the raw data in stops below clipping",
            note=self._missing_raw,
        )
        yield Switch(
            *("vectorscope", "Vectorscope", "scopes", "V"),
            get=lambda: self._vectorscope,
            set=partial(self._choose, "_vectorscope"),
            is_saved=True,
            is_aid=True,
            help="colour differences of BT.709, with 75 % targets and the skin tone line",
        )

        yield Number(
            *("scope_size", "Size of the scopes", "scopes"),
            minimum=100 * MIN_SIZE,
            maximum=100 * MAX_SIZE,
            step=1.0,
            unit="%",
            get=lambda: round(100 * self._size, 1),
            set=self._resize,
            is_saved=True,
            help="also by the wheel over a scope; a drag moves it",
        )
        yield Text(
            *("scope_places", "Places of the scopes", "scopes"),
            get=lambda: written(self._middles),
            set=self._place,
            is_saved=True,
            help="middles of the scopes that were dragged, in fractions of the window from its lower left corner",
        )
        yield Action("scopes_home", "Scopes to the corner", "scopes", do=lambda: self._place(""))

    def handle_event(self, event: Event) -> bool:
        canvas = self._canvas
        if canvas is None or not self._areas:
            return False
        match event:
            case Pointer(kind=kind, x=x, y=y, button=button):
                self._pointer = at = canvas.pixel(x, y)
                if kind == "press" and button == "left" and (name := self._over(at)):
                    area = self._areas[name]
                    offset = at[0] - area.left - area.width / 2, at[1] - area.bottom - area.height / 2
                    self._dragged = (name, *offset)
                    return True
                if self._dragged is None:
                    return kind == "press" and bool(self._over(at))
                name, dx, dy = self._dragged
                if kind == "drag":
                    middle = (at[0] - dx) / canvas.size[0], (at[1] - dy) / canvas.size[1]
                    self._middles[name] = min(max(middle[0], 0.0), 1.0), min(max(middle[1], 0.0), 1.0)
                else:
                    self._dragged = None
                return True
            case Wheel(steps=steps) if not event.modifiers and self._over(self._pointer):
                self._resize(100 * self._size * SIZE_STEP**steps)
                return True
        return False

    def _over(self, at: tuple[float, float]) -> str:
        """The scope at a position in pixels from the lower left, the topmost; empty without one."""
        return next((name for name in reversed(self._areas) if self._areas[name].holds(*at)), "")

    def _is_claimed(self, x: float, y: float) -> bool:
        return self._canvas is not None and bool(self._over((x, self._canvas.size[1] - y)))

    def _resize(self, percent: float) -> None:
        self._size = min(max(percent / 100, MIN_SIZE), MAX_SIZE)
        self._refresh()

    def _place(self, text: str) -> None:
        try:
            self._middles = read(text)
        except ValueError as error:
            raise ControlError(f"'{text[:60]}' has no places of scopes ({error}); write 'histogram 0.2 0.8'") from error

    def _missing_raw(self) -> str:
        is_mosaic = self._latest is None or self._latest[0].encoding is Encoding.MOSAIC
        return "" if is_mosaic or "raw" not in self.names else NO_RAW

    @property
    def names(self) -> tuple[str, ...]:
        """The shown scopes, starting from the lower right corner."""
        vectorscope = ("vectorscope",) if self._vectorscope else ()
        return HISTOGRAMS[self._histogram] + WAVEFORMS[self._waveform] + vectorscope

    @property
    def busy(self) -> bool:
        return self._work is not None or self._requested is not None

    def tick(self, now_s: float) -> Invalidation:
        invalidation = Invalidation.NOTHING
        if self._work is not None and self._work.done():
            self._drawn, self._work = self._work.result(), None
            self._serial += 1
            invalidation = Invalidation.REPAINT
        if self._requested is not None and now_s >= self._requested_s + COPY_S:
            self._count(self._requested)
            self._requested = None
        elif self._shown is not None and self._is_due(now_s):
            # Between pictures: a software renderer has finished this one, so the copy does not block.
            frame, picture = self._shown
            self._requested = frame.owned() if "raw" in self.names else frame  # the worker thread reads its pixels
            self._readback.request(picture, now_s)
            self._shown, self._requested_s = None, now_s
        return invalidation

    def _is_due(self, now_s: float) -> bool:
        is_free = self._work is None and self._requested is None
        return bool(is_free and self.names and self._text_px and now_s >= self._requested_s + EVERY_S)

    def on_frame(self, drawn: Drawn) -> None:
        self._latest = self._shown = drawn.captured, drawn.texture

    def draw(self, canvas: Canvas) -> None:
        self._canvas = canvas
        window = Window(canvas.size, canvas.status, canvas.text_px // 2)
        wanted_px = max(MIN_TEXT_PX, round(self._size * canvas.text_px))
        before_px = self._text_px
        self._text_px = text_px_that_fits(wanted_px, MIN_TEXT_PX, self.names, draw.size_of, window)
        if before_px not in (0, self._text_px):
            self._refresh()
        sprites = {name: self._drawn.sprites[name] for name in self.names if name in self._drawn.sprites}
        sizes = {name: (rgba.shape[1], rgba.shape[0]) for name, rgba in sprites.items()}
        self._areas = placed(sizes, self._middles, window)
        for name, area in self._areas.items():
            canvas.sprites.prepare(f"scope {name}", self._serial, partial(sprites.__getitem__, name))
            canvas.sprites.draw(f"scope {name}", area.left, area.bottom)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
        self._readback.release()

    def _choose(self, attribute: str, setting: str | bool) -> None:
        setattr(self, attribute, setting)
        self._refresh()
        if self._latest is not None and "raw" in self.names and self._latest[0].encoding is not Encoding.MOSAIC:
            self._notify(f"the raw histogram requires raw data; {NO_RAW}")

    def _refresh(self) -> None:
        """Draws the scopes of the present picture again."""
        self._requested_s = -math.inf
        self._shown = self._latest or self._shown

    def _count(self, frame: Frame) -> None:
        """Passes the copied picture and its `frame` to the worker."""
        copied = self._readback.take()
        if copied is not None:
            self._worker = self._worker or ThreadPoolExecutor(1, "groundglass-scopes")
            self._work = self._worker.submit(draw_scopes, self.names, copied[1], frame, self._text_px, self._drawn)


def draw_scopes(
    names: tuple[str, ...], rgba: NDArray[np.uint8], frame: Frame, text_px: int, last: ScopeSprites | None = None
) -> ScopeSprites:
    """The scopes `names` of a picture, `rgba` (H, W, 4) uint8, and of its `frame`.

    The raw histogram of `last` is reused if the frame is the same.
    """
    sprites: dict[str, NDArray[np.uint8]] = {}
    raw_frame = None
    rgb = counts.samples(rgba) if any(name in SAMPLED for name in names) else rgba
    for name in names:
        if name in SAMPLED:
            sprites[name] = SAMPLED[name](rgb, text_px)
        elif name == "histogram":
            sprites[name] = draw.draw_histogram(counts.histogram(rgba), text_px)
        elif frame.encoding is Encoding.MOSAIC:
            raw_frame = frame
            if last is not None and last.raw_frame is frame and "raw" in last.sprites:
                sprites[name] = last.sprites["raw"]
            else:
                sprites[name] = draw.draw_raw_histogram(counts.raw_histogram(frame), text_px)
    return ScopeSprites(sprites, raw_frame)
