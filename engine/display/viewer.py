"""The live loop, for all surfaces: take the newest frame, draw, present, measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from time import perf_counter, sleep
from typing import TYPE_CHECKING

from ..capture.source import Timing
from ..controls import Action, Control, Controls, Switch
from ..errors import GroundglassError, SourceError
from ..look.grade import WHOLE
from .bad_frames import BadFrames, cannot_be_drawn, remaining_frame
from .caption import Caption
from .events import Event, Key, Pointer, Signal
from .grey_picker import pick_grey
from .live_scale import REFINE_AFTER_S, LiveScale
from .lost_device import LostDevice
from .messages import Messages
from .pacing import Pacing
from .prepared_settings import PreparedSettings
from .present import Presenter
from .reasons import Reasons
from .smaller_picture import SmallerPicture
from .sources import Sources
from .statistics import FrameLog, Statistics, inputs_of
from .swap import PaintedFrame, Swaps
from .tool import Invalidation, Tool, ToolContext
from .tool_list import ToolList

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn
    from ..engine import Engine
    from ..frame import Frame
    from ..settings import SettingsHistory
    from .surface import Surface

SCREEN_FPS = 60.0  # the rate of a display that does not report its own
FRAME_WAIT_S = 0.01  # maximum delay of a key by the wait for the next frame
QUIET_AFTER_S = 1.0  # a live source without a frame for this time is idle: a growing folder, a camera that is gone
IDLE_WAIT_S = 0.2  # maximum time that an idle window shows an expired message, or that a frame waits after silence
BUSY_WAIT_S = 0.01  # maximum delay until a tool's finished result is used


class Viewer:
    """Shows `source` through `engine` on `surface`. The engine draws with the surface's `gl`.

    `tools` are constructors of tools, such as `FocusTool`. Tools receive events in reverse order, the topmost first.
    The creators of `engine`, `source` and `surface` close them, in this order. `settings` apply to the next frames and
    may change during the run. With `holds_rate` a governor holds `fps`, by default the rate of the source or, if that
    is unknown or higher, of the display. `frame` is the last frame shown, `drawn` its picture, `controls` all controls.
    `report` receives the reason, one line, whenever the source is without frames; an interactive surface shows it. When
    the run ends, `on_end` is called before anything is closed. Without `shows_text` only the surface gets the status.

    With `open_source`, which opens a source by its name, the user can replace the source. It is opened in a thread, and
    the picture stays until the first frame of the new source arrives. If it cannot be used, the old one continues. Its
    controls replace those of the old one; all other settings stay. A recording ends if the new pictures differ in size.
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
        fps: float | None = None,
        report: Callable[[str], None] = lambda reason: None,
        open_source: Callable[[str], Source] | None = None,
        on_end: Callable[[], None] = lambda: None,
        shows_text: bool = True,
    ) -> None:
        self.frame: Frame | None = None
        self.drawn: Drawn | None = None
        self.controls = Controls()
        self._engine, self._settings, self._surface = engine, settings, surface
        self.sources = Sources(source, open_source, lambda: surface.wake(), keeps_last=surface.is_interactive)
        self._fps, self._on_end, self._shows_text = fps, on_end, shows_text
        self._swaps = Swaps(surface, engine.clock, self._on_shown)
        period_s = self._follow_rate(source)
        self._log = FrameLog(period_s)
        self._live_scale = LiveScale(engine, settings, period_s) if holds_rate else None
        self._drawn_by = settings.now
        self._prepared = PreparedSettings(engine)
        self._shown_text, self._presenter = ("", ""), Presenter(surface)
        self._reasons = Reasons(report, self._log)
        self._redraw = False  # a setting changed: the frame must be drawn again
        self._repaint = False  # only the window changed: the picture must be shown again
        self._repeat_stills = self._quit = self._frozen = False
        self._taken_s = perf_counter()  # the latest frame
        self._caption = Caption(settings, self.sources, self._log)
        self.messages = Messages(self._caption.notify, prints=not surface.is_interactive)
        self._bad_frames = BadFrames(self.messages, ends=not surface.is_interactive)
        tool_context = ToolContext(
            *(engine, settings, self.sources, self.messages, self.controls, self._log, surface),
            drawn=lambda: self.drawn,
            open_source=lambda name: self.sources.open(name, self),
        )
        self.tools = ToolList(make(tool_context) for make in tools)
        self.tools.extend((LostDevice(tool_context), SmallerPicture(tool_context, self._live_scale)))
        self._source_controls = [*source.controls()]
        for controls in (self._own_controls(), self._source_controls, *(tool.controls() for tool in self.tools)):
            self.controls.add(controls)

    def run(self, frames: int | None = None, seconds: float | None = None) -> Statistics:
        """Runs until the user quits, Ctrl-C, `frames` were presented or `seconds` have passed. May be called once.

        It ends with a finite source; an interactive surface keeps the last frame instead. With `frames` or `seconds` a
        still is drawn repeatedly, for meaningful statistics; otherwise only after a change. Raises GroundglassError of
        the source or the engine. `messages.losses` lists what was asked for and is lost.
        """
        self._repeat_stills = frames is not None or seconds is not None
        max_frames = math.inf if frames is None else frames
        until_s = math.inf if seconds is None else perf_counter() + seconds
        self.sources.start()
        try:
            while not self._quit and self._swaps.frames < max_frames and perf_counter() < until_s:
                self._step()
            self._swaps.show()
        except KeyboardInterrupt:
            pass  # the user ends an off-screen run; its statistics are still returned
        finally:
            self._on_end()
            self._freeze(False)
            with ExitStack() as stack:  # in reverse order; all run, even if a tool raises for a lost still
                stack.callback(self._keep_frame)
                stack.callback(self._presenter.release)
                stack.callback(self.tools.close)
                self.sources.close()
        engine, bits = self._engine, f", {self._surface.bits} bits per channel"
        return self._log.statistics(
            engine.clock.stages(), self.sources.dropped, reconnects=self.sources.reconnects, device=engine.device_name,
            gl=engine.gl_name + (bits if self._surface.is_interactive else ""), look_route=engine.look_route,
            transfer=engine.transfer_name,
        )  # fmt: skip

    def end(self) -> None:
        """Ends the run after the present frame. May be called by a signal handler."""
        self._quit = True

    def _step(self) -> None:
        self._handle_events(self._surface.poll())
        self.sources.step(self)
        invalidation = self.tools.tick(perf_counter())
        if self._surface.is_interactive:  # off screen only new frames are drawn, for meaningful statistics
            self._repaint |= invalidation is Invalidation.REPAINT
            if invalidation is Invalidation.REDRAW or self._is_outdated():
                self._redraw = True
                self._move()
        self._reasons.check(self.sources)
        frame = self._next_frame()
        if frame is not None or self._repaint or self._text() != self._shown_text:
            self._show_or_recover(frame)
        elif self._idle() and not self._quit:
            self._log.pause()
            self._rest()

    def _rest(self) -> None:
        """Refines a picture that does not change, or sleeps until something happens."""
        wait_s = BUSY_WAIT_S if self.tools.busy else IDLE_WAIT_S
        if self._live_scale is not None and self._surface.is_interactive and not self.tools.keeps_size:
            if self._live_scale.rest(perf_counter()):
                self._redraw, self._drawn_by = True, self._settings.now
                return
            wait_s = min(wait_s, REFINE_AFTER_S / 3) if self._live_scale.will_refine else wait_s
        self._handle_events(self._surface.wait(wait_s))

    def _move(self) -> None:
        """The picture changes: draw it at the scale that holds the frame rate."""
        if self._live_scale is not None:
            self._live_scale.move(perf_counter())

    def _govern(self, drawn: Drawn, spent_s: float, swap_s: float) -> None:
        """Adapts the scale of the next frames to the time spent on this frame."""
        if self._live_scale is not None and not self.tools.keeps_size:
            before = self._settings.now
            self._live_scale.measure(drawn, spent_s, swap_s, perf_counter())
            if self._drawn_by is before:
                self._drawn_by = self._settings.now

    def _is_outdated(self) -> bool:
        """Whether the current frame would now be drawn differently."""
        drawn = self.drawn
        is_changed = self._drawn_by is not self._settings.now or self._prepared.is_due(self._idle())
        return drawn is not None and (is_changed or self._engine.is_outdated(drawn))

    def _next_frame(self) -> Frame | None:
        """The frame to draw now, or None if the picture does not change."""
        newest = self.sources.latest(0.0) if self._swaps.is_pending and not self._frozen else None
        if newest is None:
            self._swaps.show()
            newest = None if self._frozen else self.sources.latest(FRAME_WAIT_S)
        if newest is not None:
            self._taken_s = perf_counter()
            return newest
        is_over = self.sources.ended and not self._repeat_last and not self.sources.is_opening
        if is_over and not (self._surface.is_interactive and self.frame):
            self._quit = True
        return self.frame if self._redraw or (self._repeat_last and not self._frozen) else None

    @property
    def _repeat_last(self) -> bool:
        return self._repeat_stills and self.sources.source.frames == 1

    def _idle(self) -> bool:
        """Whether only the user can change the picture, or a live source in a window is silent."""
        is_live = self._surface.is_interactive and self.sources.source.timing is Timing.LIVE
        is_silent = is_live and perf_counter() - self._taken_s > QUIET_AFTER_S
        return self._frozen or is_silent or (self.sources.ended and not self._repeat_last)

    def _show_or_recover(self, frame: Frame | None) -> None:
        """Shows the frame, or the current picture again. A tool may recover from an error, or a frame is skipped."""
        try:
            if frame is not None:
                self._show(frame)
            else:
                self._present()
        except GroundglassError as error:
            if self.tools.recover(error):
                self.frame, self._redraw = frame or self.frame, True
            elif frame is None or self.drawn is None or not self._bad_frames.skips(error, self.drawn):
                raise
            else:
                self._engine.reset()
                self.frame, self._redraw = remaining_frame(self.frame, frame, self.drawn), False

    def _show(self, frame: Frame) -> None:
        taken_s, is_new = perf_counter(), frame is not self.frame
        if self.frame is not None and is_new:
            self.frame.release()  # not earlier: a changed setting draws it again
            self._move()
            if frame.size != self.frame.size:
                self.messages.notify("the source now has {}x{}".format(*frame.size))
        elif self.tools.keeps_size:  # a recording starts at the scale that holds the frame rate
            self._move()
        drawn = self._draw(frame)
        # The latency of a repeated frame counts from its request.
        arrived_s = taken_s if frame is self.frame else frame.latency_from_s
        self.frame, self.drawn = frame, drawn
        self.tools.on_frame(drawn)
        self._redraw = False
        held_s = self._hold(frame, arrived_s) if is_new else 0.0
        self._paint()
        painted = PaintedFrame(drawn, taken_s, arrived_s, perf_counter() - taken_s - held_s)
        self._swaps.painted(painted, self._shown_text[0])

    def _on_shown(self, frame: PaintedFrame, shown_s: float, waited_s: float) -> None:
        drawn = frame.drawn
        inputs = inputs_of(drawn.settings, self._settings.now)
        self._log.present(shown_s, frame.taken_s, frame.arrived_s, drawn.settings.scale, inputs)
        self._log.size = drawn.texture.size
        self._log.scale = max(drawn.texture.size) / max(drawn.captured.size)
        self._govern(drawn, frame.spent_s + waited_s, waited_s)

    def _draw(self, frame: Frame) -> Drawn:
        """Draws the frame. GroundglassError, also for an unexpected error."""
        self._swaps.begin()  # the frame before appears while this one is computed
        try:
            return self._draw_parts(frame)
        except GroundglassError:
            raise
        except Exception as error:
            raise cannot_be_drawn(frame, self.sources.name, error) from error
        finally:
            self._swaps.end()

    def _draw_parts(self, frame: Frame) -> Drawn:
        part = WHOLE
        for tool in self.tools:
            remaining = tool.draw_part(frame)
            part = part if remaining == WHOLE else remaining
        wanted = self._drawn_by = self._settings.now
        settings = self._prepared.of(wanted, self.drawn, moves=not (self._idle() or self._repeat_last))
        if self._live_scale is not None and part == WHOLE:  # both sides of a wipe have the same quality
            settings = self._live_scale.refined(settings)
        return self._engine.draw(frame, settings, part=part)

    def _hold(self, frame: Frame, arrived_s: float) -> float:
        """Waits until the new frame should be shown, for a steady cadence. Returns the seconds of the wait."""
        ready_s = perf_counter()
        sleep(max(self._swaps.pacing.show_at(frame.index, arrived_s, ready_s) - ready_s, 0.0))
        return perf_counter() - ready_s

    def _present(self) -> None:
        """Shows the current picture again."""
        self._swaps.show()
        self._paint()
        self._swaps.painted(None, self._shown_text[0])

    def _paint(self) -> None:
        """Draws the picture, overlays and text into the framebuffer, if a user watches."""
        self._repaint = False
        if self._surface.is_interactive and (self.drawn is not None or self.sources.notice):
            self._shown_text = self._text()
            with self._engine.clock.host("present"):
                drawn, lines = self.drawn, [line for line in reversed(self._shown_text) if line and self._shows_text]
                texture = drawn.texture if drawn else None
                self._presenter.draw(texture, lines, self.tools.overlays(drawn), self.tools)

    def _text(self) -> tuple[str, str]:
        """The status line and the message for the surface; empty if it is not interactive."""
        shows = self._surface.is_interactive and (self.frame is not None or self.sources.notice)
        return self._caption.text(self._frozen, self._idle(), self.drawn, self.messages.hint) if shows else ("", "")

    def _press(self, key: str) -> bool:
        """Activates the control of a key. False if no control has it. A refusal is shown."""
        try:
            return self.controls.press(key)
        except GroundglassError as error:
            self.messages.notify(str(error))
            return True

    def _own_controls(self) -> Iterable[Control]:
        yield Action("quit", "Quit", "window", "Q", do=self.end)
        if self._surface.can_fullscreen:
            yield Action("fullscreen", "Full screen", "window", "F", do=self._surface.toggle_fullscreen)
        yield Switch("freeze", "Freeze", "window", "Space", get=lambda: self._frozen, set=self._freeze)

    def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Signal.QUIT | Key("Esc"):
                    self._quit = True
                case Signal.REPAINT:
                    self._repaint = True
                case Key(name):
                    self._redraw |= self.tools.dispatch(event) or self._press(name)
                case Pointer(kind="press", button="right"):
                    self._redraw |= self.tools.dispatch(event) or self._pick_grey(event.x, event.y)
                case _:
                    self._repaint |= self.tools.dispatch(event)

    def _keep_frame(self) -> None:
        """Keeps a copy of the last frame after the run, and returns its buffer to the driver."""
        if self.frame is not None:
            leased, self.frame = self.frame, self.frame.owned()
            leased.release()

    def keep_frame(self) -> None:
        """Part of the `Host` of `Sources`, like the methods below: the picture continues without its source."""
        if self.frame is not None and self.frame.lease is not None:
            self._show_or_recover(self.frame.owned())

    def prepare_switch(self, frame: Frame) -> None:
        if self.drawn is not None:
            self._engine.prepare(replace(self.drawn, frame=frame.owned().upright()), self._settings.now)

    @property
    def is_preparing(self) -> bool:
        return self.drawn is not None and self._engine.is_preparing

    def try_frame(self, source: Source, frame: Frame) -> None:
        self._engine.reset()
        self._draw(frame)
        controls = [*source.controls()]
        try:
            self.controls.replace(self._source_controls, controls)
        except ValueError as error:
            raise SourceError(f"{source.name}: its controls cannot be shown ({error})") from error
        self._source_controls = controls

    def on_rejected(self) -> None:
        self._engine.reset()
        self._redraw = True

    def on_switch(self, source: Source, frame: Frame) -> None:
        self._freeze(False)
        period_s = self._follow_rate(source)
        self._log.restart(period_s)
        if self._live_scale is not None:
            self._live_scale.restart(source.size, period_s, keeps_scale=self.tools.keeps_size)
        for tool in self.tools:
            tool.on_source(source)
        if self.frame is not None:
            self.frame.release()
        self.frame = None
        self._show_or_recover(frame)

    def _follow_rate(self, source: Source) -> float:
        """Starts the pacing for a source. Returns the period of its pictures in seconds."""
        display_s = 1.0 / (self._surface.refresh_hz or SCREEN_FPS)
        source_s = 1.0 / source.fps if source.fps else None
        self._swaps.pacing = Pacing(source_s, display_s)
        return max(1.0 / self._fps if self._fps else source_s or display_s, display_s)

    def _freeze(self, frozen: bool) -> None:
        self._frozen = frozen
        self.sources.freeze(frozen)

    def _pick_grey(self, x: float, y: float) -> bool:
        if self.drawn is not None:
            self.messages.notify(pick_grey(self.drawn, self._settings, x, y))
        return self.drawn is not None
