"""The live loop: newest frame, draw, present, measure; the same on every surface."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ..capture.latest import LatestFrameQueue
from ..controls import Action, Control, Controls, Switch
from ..errors import DeviceError, GroundglassError
from ..look.grade import WHOLE
from .events import Event, Key, Pointer, Signal
from .live_scale import REFINE_AFTER_S, LiveScale
from .overlays import NO_OVERLAYS
from .present import Presenter
from .statistics import FrameLog, Statistics
from .status_line import status_line
from .tool import Invalidation, Tool, ToolContext

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import SettingsHistory
    from .surface import Surface

SCREEN_FPS = 60.0  # by which late frames are judged where the source has no frame rate
FRAME_WAIT_S = 0.01  # how long a key may have to wait for the next frame
IDLE_WAIT_S = 0.2  # how long a sleeping window may show an outdated message
BUSY_WAIT_S = 0.01  # how long an autofocus may have found what nobody asks for
MESSAGE_S = 2.5
PACE_EVERY_S = 0.5  # a number that changes with every frame cannot be read


class Viewer:
    """Shows `source` through `engine` on `surface`. The engine draws with the surface's `gl`.

    `tools` are makers of what is fitted to it, such as `Focusing`; they see events in the opposite order, the one on
    top first. `engine`, `source` and `surface` are their creators' to close, in that order. `settings` say how frames
    are drawn, and change while it runs. `frame` is the last one shown, `drawn` how it was drawn, `controls` all that
    can be done and set.
    """

    def __init__(
        self,
        engine: Engine,
        source: Source,
        settings: SettingsHistory,
        *,
        surface: Surface,
        tools: Iterable[Callable[[ToolContext], Tool]] = (),
        holds_rate: bool = False,
    ) -> None:
        self.frame: Frame | None = None
        self.drawn: Drawn | None = None
        self.controls = Controls()
        self._engine = engine
        self._source = source
        self._settings = settings
        self._surface = surface
        self._latest_frames = LatestFrameQueue(source)
        period_s = 1.0 / (source.fps or SCREEN_FPS)
        self._log = FrameLog(period_s)
        self._live_scale = LiveScale(engine, settings, period_s) if holds_rate else None
        self._drawn_by = settings.now
        self._shown_text = ("", "")
        self._redraw = False  # a setting changed: the frame must be drawn again
        self._repaint = False  # only the window changed: the picture must be shown again
        self._repeat_last = False
        self._quit = False
        self._frozen = False
        self._drops_at_freeze = 0
        self._drops_while_frozen = 0
        self._message, self._message_until_s = "", -math.inf
        self._pace, self._pace_until_s = "", -math.inf
        tool_context = ToolContext(
            engine, settings, source, self._notify, self.controls, self._log, surface, lambda: self.drawn
        )
        self._tools = [make(tool_context) for make in tools]
        for controls in (self._own_controls(), source.controls(), *(tool.controls() for tool in self._tools)):
            self.controls.add(controls)
        self._presenter = Presenter(surface)

    def run(self, frames: int | None = None, seconds: float | None = None) -> Statistics:
        """Runs until the user quits, Ctrl-C, `frames` were presented or `seconds` have passed; may be called once.

        It ends with a finite source; an interactive surface holds the last frame instead. A still is drawn again and
        again where `frames` or `seconds` are given, so that the numbers mean something; else only when something
        changes. Raises GroundglassError: the source's, the engine's, or an OutputError for a still that was lost while
        quitting.
        """
        self._repeat_last = self._source.frames == 1 and (frames is not None or seconds is not None)
        max_frames = math.inf if frames is None else frames
        until_s = math.inf if seconds is None else perf_counter() + seconds
        self._latest_frames.start()
        try:
            while not self._quit and self._log.frames < max_frames and perf_counter() < until_s:
                self._step()
        except KeyboardInterrupt:
            pass  # the user's way to end it off screen: the numbers so far are still wanted
        finally:
            self._freeze(False)
            with ExitStack() as stack:  # in reverse; a still that is lost must not keep a buffer or a GL object
                stack.callback(self._keep_frame)
                stack.callback(self._presenter.release)
                stack.callback(self._close_tools)
                self._latest_frames.close()
        engine = self._engine
        dropped = self._latest_frames.dropped - self._drops_while_frozen
        screen = f", {self._surface.bits} bits a channel" if self._surface.is_interactive else ""
        return self._log.statistics(
            engine.clock.stages(), dropped, engine.device_name, engine.gl_name + screen, engine.look_route
        )

    def _step(self) -> None:
        self._handle_events(self._surface.poll())
        invalidation = max((tool.tick(perf_counter()) for tool in self._tools), default=Invalidation.NOTHING)
        if self._surface.is_interactive:  # else the next frame will do: a frame drawn again would spoil the numbers
            self._repaint |= invalidation is Invalidation.REPAINT
            if invalidation is Invalidation.REDRAW or self._is_outdated():
                self._redraw = True
                self._move()
        frame = self._next_frame()
        if frame is not None or self._repaint or self._text() != self._shown_text:
            self._show_or_recover(frame)
        elif self._idle() and not self._quit:
            self._log.pause()
            self._rest()

    def _rest(self) -> None:
        """Refines a picture that does not change, or sleeps until something happens."""
        wait_s = BUSY_WAIT_S if any(tool.busy for tool in self._tools) else IDLE_WAIT_S
        if self._live_scale is not None and self._surface.is_interactive and not self._keeps_size():
            if self._live_scale.rest(perf_counter()):
                self._redraw, self._drawn_by = True, self._settings.now
                return
            wait_s = min(wait_s, REFINE_AFTER_S / 3) if self._live_scale.will_refine else wait_s
        self._handle_events(self._surface.wait(wait_s))

    def _move(self) -> None:
        """The picture changes: from now on it is drawn at the scale that holds the frame rate."""
        if self._live_scale is not None:
            self._live_scale.move(perf_counter())

    def _govern(self, drawn: Drawn, spent_s: float, swap_s: float) -> None:
        """Adapts the scale of the next frames to the time spent on this one; this frame is not drawn again."""
        if self._live_scale is not None and not self._keeps_size():
            before = self._settings.now
            self._live_scale.measure(drawn, spent_s, swap_s, perf_counter())
            if self._drawn_by is before:
                self._drawn_by = self._settings.now

    def _keeps_size(self) -> bool:
        """Whether a recording runs, which has one size."""
        return any(tool.keeps_size for tool in self._tools)

    def _is_outdated(self) -> bool:
        """Whether the frame that is shown would look different now."""
        drawn = self.drawn
        return drawn is not None and (self._drawn_by is not self._settings.now or self._engine.is_outdated(drawn))

    def _next_frame(self) -> Frame | None:
        """The frame to draw now, or None where the picture stays as it is."""
        newest = None if self._frozen else self._latest_frames.latest(FRAME_WAIT_S)
        if newest is not None:
            return newest
        if self._latest_frames.ended and not self._repeat_last and not (self._surface.is_interactive and self.frame):
            self._quit = True
        return self.frame if self._redraw or (self._repeat_last and not self._frozen) else None

    def _idle(self) -> bool:
        """Nothing but the user can change the picture."""
        return self._frozen or (self._latest_frames.ended and not self._repeat_last)

    def _show_or_recover(self, frame: Frame | None) -> None:
        """The frame, or the picture that is there, once more; a tool may know how to mend what goes wrong."""
        try:
            if frame is not None:
                self._show(frame)
            else:
                self._present()
        except GroundglassError as error:
            if not any(tool.recover(error) for tool in self._tools):
                raise
            self.frame, self._redraw = frame or self.frame, True

    def _show(self, frame: Frame) -> None:
        taken_s = perf_counter()
        if self.frame is not None and frame is not self.frame:
            self.frame.release()  # not sooner: a changed setting draws it again
            self._move()
        try:
            drawn = self._draw(frame)
        except GroundglassError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            where = frame.name or self._source.name
            raise DeviceError(f"{where}: frame {frame.index} cannot be drawn ({reason})") from error
        # A frame shown again is no older than the wish to see it again.
        arrived_s = taken_s if frame is self.frame else frame.latency_from_s
        self.frame, self.drawn = frame, drawn
        for tool in self._tools:
            tool.on_frame(drawn)
        self._redraw = False
        swap_s = self._present()
        presented_s = perf_counter()
        self._log.present(presented_s, taken_s, arrived_s, drawn.texture.size, drawn.settings.scale)
        self._govern(drawn, presented_s - taken_s, swap_s)

    def _draw(self, frame: Frame) -> Drawn:
        part = WHOLE
        for tool in self._tools:
            left = tool.draw_part(frame)
            part = part if left == WHOLE else left
        settings = self._drawn_by = self._settings.now
        if self._live_scale is not None and part == WHOLE:  # both sides of a wipe have the same quality
            settings = self._live_scale.refined(settings)
        return self._engine.draw(frame, settings, part=part)

    def _present(self) -> float:
        """Returns the seconds of the buffer swap."""
        clock, swap_s = self._engine.clock, 0.0
        if not self._surface.is_interactive:
            with clock.host("present"):
                self._surface.present("")
        elif self.drawn is not None:
            self._shown_text = self._text()
            with clock.host("present"):
                self._draw_over(self.drawn, *self._shown_text)
            began_s = perf_counter()
            with clock.host("swap"):
                self._surface.present(self._shown_text[0])
            swap_s = perf_counter() - began_s
        self._repaint = False
        return swap_s

    def _draw_over(self, drawn: Drawn, status: str, message: str) -> None:
        """The picture on the surface, with the status line under a message where there is one, and the tools."""
        overlays = reduce(or_, (tool.overlays(drawn) for tool in self._tools), NO_OVERLAYS)
        self._presenter.draw(drawn.texture, [line for line in (message, status) if line], overlays, self._tools)

    def _text(self) -> tuple[str, str]:
        """The status line and the message under it, as the surface should show them; empty where nobody watches."""
        if self.frame is None or not self._surface.is_interactive:
            return "", ""
        now_s = perf_counter()
        if now_s >= self._pace_until_s:
            fps = self._log.recent_fps()
            self._pace = "" if fps is None else f"{fps:.1f} fps{self._reduction()}"
            self._pace_until_s = now_s + PACE_EVERY_S
        pace = "frozen" if self._frozen else "" if self._idle() else self._pace
        now, source = self._settings.now, self._source.name
        name = Path(source).name or source
        status = status_line(name, now.look.name, now.lens.name, now.f_number, now.focus_m, pace)
        return status, self._message if now_s < self._message_until_s else ""

    def _reduction(self) -> str:
        """What the frame rate costs: the scale, if it is below 1."""
        scale = self._settings.now.scale
        return f" at {100 * scale:.3g} %" if scale < 1.0 else ""

    def _notify(self, message: str) -> None:
        self._message, self._message_until_s = message, perf_counter() + MESSAGE_S

    def _own_controls(self) -> Iterable[Control]:
        yield Action("quit", "Quit", "window", "Q", do=self._quit_loop)
        if self._surface.can_fullscreen:
            yield Action("fullscreen", "Fullscreen", "window", "F", do=self._surface.toggle_fullscreen)
        yield Switch("freeze", "Freeze", "window", "Space", get=lambda: self._frozen, set=self._freeze)

    def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Signal.QUIT | Key("Esc"):
                    self._quit_loop()
                case Signal.REPAINT:
                    self._repaint = True
                case Key(name):
                    self._redraw |= self.controls.press(name) or self._dispatch(event)
                case Pointer(kind="press", button="right"):
                    self._redraw |= self._dispatch(event) or self._pick_grey(event.x, event.y)
                case _:
                    self._repaint |= self._dispatch(event)

    def _dispatch(self, event: Event) -> bool:
        """To the tools, the one on top first; whether one took it."""
        return any(tool.handle_event(event) for tool in reversed(self._tools))

    def _close_tools(self) -> None:
        with ExitStack() as stack:  # all of them, whatever one of them has to say
            for tool in self._tools:
                stack.callback(tool.close)

    def _keep_frame(self) -> None:
        """The last frame outlives the run, and its driver's buffer goes back."""
        if self.frame is not None:
            leased, self.frame = self.frame, self.frame.owned()
            leased.release()

    def _quit_loop(self) -> None:
        self._quit = True

    def _freeze(self, frozen: bool) -> None:
        if frozen and not self._frozen:
            self._drops_at_freeze = self._latest_frames.dropped
        elif self._frozen and not frozen:  # what a frozen picture passed over was no fault of the loop
            self._drops_while_frozen += self._latest_frames.dropped - self._drops_at_freeze
        self._frozen = frozen

    def _pick_grey(self, x: float, y: float) -> bool:
        if self.drawn is None:
            return False
        try:
            white_balance = self.drawn.grey_at(x, y)
            development = replace(self._settings.now.development, white_balance=white_balance)
            self._settings.change("white balance", development=development)
            self._notify(f"white balance {white_balance}")
        except GroundglassError as error:
            self._notify(str(error))
        return True
