"""`groundglass view`: the live window, or the same loop off screen."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from ..errors import ControlError, DeviceError, OutputError, print_line
from ..interrupts import INTERRUPTS
from ..viewfinder.fitting import ToolOptions, fit_tools
from ..viewfinder.opening import ViewerOptions, compiling, open_viewer
from .first_start import FirstStart
from .leaving import Leaving
from .options import EngineOptions, SourceOptions, ViewOptions
from .output import Write, json_target
from .render import write_frame
from .start import live_scene, look_of, open_engine, open_input, opener, settings_of

if TYPE_CHECKING:
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.statistics import Statistics
    from ..display.surface import Surface
    from ..display.viewer import Viewer
    from ..live_edit.editing import Editing
    from ..viewfinder.fitting import Fitting
    from ..warm_up import Wait
    from .view_display import Display

OFF_SCREEN_S = 4.0  # long enough for a steady frame rate, short enough to wait for
OFF_SCREEN_FRAME = Path("view.png")
NO_PICTURE = "not written, because no picture has arrived; check the source"


class WindowDisplay:
    """The window, or an off-screen surface without a display."""

    shows_text = True

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface:
        return open_surface(source, size, view, place)

    def fit_tools(self, options: ToolOptions, editing: Editing) -> list[Fitting]:
        return fit_tools(options, editing)


WINDOW = WindowDisplay()


def run_view(
    source: str, source_options: SourceOptions, options: EngineOptions, view: ViewOptions, display: Display = WINDOW
) -> None:
    """Show `source` until the user quits or the limits of `view` are reached. Then print the loop's statistics.

    Exit status 1 if work that was asked for, such as a still or a recording, is lost.
    """
    check_contradictions(view)
    if view.save_frame is not None:
        from ..formats.picture_write import check_target

        check_target(view.save_frame)
    if view.record is not None:
        from ..output.video import check_video

        check_video(view.record, view.codec)
    trace = None if view.trace is None else str(view.trace)
    with json_target(view.json) as write_json, json_target(trace) as write_trace:

        def report(statistics: Statistics, saved: Path | None) -> None:
            write_json(statistics.as_dict())

            from rich.console import Console

            Console().print(statistics.table())
            if saved is not None:
                print(f"groundglass: wrote the last frame to {saved}")

        is_complete = show(source, source_options, options, view, report, write_trace, display)
    if not is_complete:
        raise typer.Exit(1)


def check_contradictions(view: ViewOptions) -> None:
    """A usage error for options that contradict each other."""
    if view.headless and view.fullscreen:
        raise typer.BadParameter(
            "requires a window, which --headless leaves out; use one of them", param_hint="--fullscreen"
        )
    if view.no_governor and view.scale not in (None, 1.0):
        raise typer.BadParameter(
            f"is --scale 1, not --scale {view.scale:g}; use one of them", param_hint="--no-governor"
        )


def show(
    source: str,
    source_options: SourceOptions,
    options: EngineOptions,
    view: ViewOptions,
    report: Callable[[Statistics, Path | None], None],
    write_trace: Write,
    display: Display,
) -> bool:
    """Run the loop. Returns whether all work that was asked for is saved.

    `report` receives the loop's statistics and the file of the last frame, None without `save_frame`.
    """
    with ExitStack() as stack:
        leaving = stack.enter_context(Leaving())
        opened = stack.enter_context(open_input(live_scene(source), source_options, options.size, tolerant=True))
        leaving.source = lambda: opened
        is_kept = view.record is not None or view.frames is not None  # a video, or a number of frames, is complete
        first_start = None if is_kept else FirstStart.of(options.device, opened.size)

        place, options = remembered(options, view)
        surface = display.open_surface(opened, options.size, view, place)
        stack.callback(surface.close)
        if not surface.is_interactive:
            view = off_screen(view)
        view = at_record_size(view, opened, options)
        scale = 1.0 if view.no_governor and view.scale is None else view.scale
        tool_options = tool_options_of(options, view, announces=source == "scene:" and surface.is_interactive)
        fit = partial(traced_tools, display, tool_options, None if view.trace is None else write_trace)
        viewer_options = ViewerOptions(
            scale,
            source_options.fps,
            (lambda reason: None) if surface.is_interactive else report_reason,
            opener(source, opened, source_options, options.size),
            leaving.begin,
            display.shows_text,
        )
        make_engine = partial(open_engine, options, source_options, surface.gl, first_start)
        waiting = compilation(surface, leaving)
        viewer, engine, history = stack.enter_context(
            open_viewer(opened, surface, settings_of(options), make_engine, fit, viewer_options, waiting)
        )
        is_reported = limit_end(leaving, viewer, view, is_off_screen=not surface.is_interactive)
        stack.callback(gc.unfreeze)
        gc.freeze()  # what exists now stays: no collection during the run looks through it, which takes 50 ms
        with INTERRUPTS.ending(viewer.end):
            statistics = viewer.run(frames=view.frames, seconds=view.seconds)
        saved = None if viewer.frame is None else view.save_frame
        if saved is not None and viewer.frame is not None:
            write_frame(engine, history.now.with_(scale=1.0), viewer.frame, saved)
        elif view.save_frame is not None:
            viewer.messages.report_loss(f"{view.save_frame}: {NO_PICTURE}")
        report(statistics, saved)
        is_reported.set()
        return not viewer.messages.losses


def limit_end(leaving: Leaving, viewer: Viewer, view: ViewOptions, *, is_off_screen: bool) -> threading.Event:
    """Lets `leaving` wait for the output of the tools, and for the results of `view` until the event is set.

    Off screen the statistics are a result, too, unless a signal ends the run: the user waits for them.
    """
    is_reported = threading.Event()
    has_files = (view.json, view.save_frame, view.trace) != (None, None, None)

    def is_unsaved() -> bool:
        has_results = has_files or (is_off_screen and not INTERRUPTS.received)
        return (has_results and not is_reported.is_set()) or viewer.tools.has_unsaved

    leaving.source = lambda: viewer.sources.source
    leaving.is_unsaved = is_unsaved
    leaving.status = lambda: int(bool(viewer.messages.losses))
    return is_reported


def compilation(surface: Surface, leaving: Leaving) -> AbstractContextManager[Wait]:
    """What compiles in a thread, while the user can quit in the window, which ends the process."""

    def quit_view() -> NoReturn:
        leaving.status = lambda: 0
        leaving.begin()
        raise SystemExit(0)

    return compiling(surface, quit_view)


def report_reason(reason: str) -> None:
    """Prints why the source is without frames."""
    print_line(reason)


def at_record_size(view: ViewOptions, source: Source, options: EngineOptions) -> ViewOptions:
    """The options with the scale of `record_size`, if any. Raises OutputError if it cannot be recorded."""
    from ..output.video import record_scale

    if view.record_size is None:
        return view
    if view.record is None:
        raise OutputError("--record-size is the size of the video of --record; name its file with --record FILE")
    if view.scale is not None or view.no_governor:
        raise OutputError("--record-size sets the scale; leave out --scale and --no-governor")
    part = {"half": 2, "quarter": 4}.get(options.development.demosaic, 1)
    full = source.size[0] // part, source.size[1] // part
    return replace(view, scale=record_scale(view.record_size, full, view.codec))


def tool_options_of(options: EngineOptions, view: ViewOptions, *, announces: bool = False) -> ToolOptions:
    return ToolOptions(
        stills=view.stills,
        record=view.record,
        codec=view.codec.value,
        fresh=view.fresh,
        control=view.control,
        rack_s=view.rack_s,
        focus_plan=options.focus_plan,
        zone_focus=options.zone_focus,
        load_look=partial(look_of, options),
        announces=announces,
    )


def traced_tools(display: Display, options: ToolOptions, write_trace: Write | None, editing: Editing) -> list[Fitting]:
    """The tools, with that of a trace if it is written."""
    return [*display.fit_tools(options, editing), *([] if write_trace is None else [live_trace(write_trace)])]


def live_trace(write: Write) -> Fitting:
    from ..bench.live_trace import LiveTrace

    return partial(LiveTrace, write=write)


def remembered(options: EngineOptions, view: ViewOptions) -> tuple[Place | None, EngineOptions]:
    """The window's place of the last run, and the options with its look and lens where they name none."""
    from ..tools.remembered import LastRun, last_run, remembered_file

    if view.fresh or view.headless:
        return None, options
    try:
        last = last_run(remembered_file())
    except ControlError as error:
        print_line(str(error))
        last = LastRun()
    look = options.look or (last.look if options.lut is None else None)
    return last.place, replace(options, look=look, lens=options.lens or last.lens)


def open_surface(
    source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None = None
) -> Surface:
    """The window. Without a display it prints a line on standard error and returns an off-screen surface.

    The window is at the `place` of the last run if it is known and no `size` is asked for.
    """
    from ..display.offscreen import OffscreenSurface

    is_requested = size is not None
    size = size or source.size
    if not view.headless:
        from ..display.glfw import GlfwSurface

        try:
            return GlfwSurface(
                size,
                title=f"groundglass {source.name}",
                fullscreen=view.fullscreen,
                place=None if is_requested else place,
            )
        except DeviceError as error:
            print_line(str(error))
    return OffscreenSurface(size)


def off_screen(view: ViewOptions) -> ViewOptions:
    """The options without a window: a limit of time or frames, and a saved frame unless `--headless` was given.

    A client of the remote control ends its run itself.
    """
    view = replace(view, fresh=True)
    if view.frames is None and view.seconds is None and view.control is None:
        view = replace(view, seconds=OFF_SCREEN_S)
    if not view.headless:
        print_line(f"running the same loop off screen instead, {_limits(view)}")
        view = replace(view, save_frame=view.save_frame or OFF_SCREEN_FRAME)
    return view


def _limits(view: ViewOptions) -> str:
    if view.frames is not None:
        return f"for {view.frames} frames"
    return "until the remote control ends it" if view.seconds is None else f"for {view.seconds:g} s"
