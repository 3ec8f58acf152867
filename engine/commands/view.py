"""`groundglass view`: the live window, or the same loop off screen."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ControlError, DeviceError, OutputError, print_line
from ..interrupts import INTERRUPTS
from ..optics.focus import Rack
from .first_start import FirstStart
from .leaving import Leaving
from .options import EngineOptions, SourceOptions, ViewOptions
from .output import Write, json_target
from .render import write_frame
from .start import compile_ahead, live_scene, look_of, open_engine, open_input, opener, settings_of

if TYPE_CHECKING:
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.statistics import Statistics
    from ..display.surface import Surface
    from ..display.tool import Tool, ToolContext
    from ..display.viewer import Viewer
    from ..live_edit.editing import Editing
    from ..warm_up import Wait
    from .view_display import Display

OFF_SCREEN_S = 4.0  # long enough for a steady frame rate, short enough to wait for
OFF_SCREEN_FRAME = Path("view.png")
NO_PICTURE = "not written, because no picture has arrived; check the source"


class WindowDisplay:
    """The window, or an off-screen surface without a display."""

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface:
        return open_surface(source, size, view, place)

    def fit_tools(
        self, options: EngineOptions, view: ViewOptions, editing: Editing, announces: bool
    ) -> list[Callable[[ToolContext], Tool]]:
        return fit_tools(options, view, editing, announces=announces)


WINDOW = WindowDisplay()


def run_view(
    source: str, source_options: SourceOptions, options: EngineOptions, view: ViewOptions, display: Display = WINDOW
) -> None:
    """Show `source` until the user quits or the limits of `view` are reached. Then print the loop's statistics.

    Exit status 1 if work that was asked for, such as a still or a recording, is lost.
    """
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

        from ..compute.program_saving import ProgramSaving
        from ..display.live_scale import start_scale  # while a thread renders the scene
        from ..display.viewer import Viewer
        from ..live_edit.editing import Editing
        from ..settings import SettingsHistory

        place, options = remembered(options, view)
        surface = display.open_surface(opened, options.size, view, place)
        stack.callback(surface.close)
        if not surface.is_interactive:
            view = off_screen(view)
        settings = settings_of(options).with_(bits=surface.bits)
        view = at_record_size(view, opened, options)
        scale = 1.0 if view.no_governor and view.scale is None else view.scale
        with INTERRUPTS.at_once():
            engine = stack.enter_context(open_engine(options, source_options, surface.gl, first_start))
            settings = settings.with_(scale=scale or start_scale(opened.size, engine.device.is_cpu))
            with compilation(surface, leaving) as wait:
                compile_ahead(engine, opened, settings, wait)
        stack.enter_context(ProgramSaving(engine.device.spec, engine.device.compiled))
        history = SettingsHistory(settings)
        tools = display.fit_tools(options, view, Editing(history), source == "scene:" and surface.is_interactive)
        if view.trace is not None:
            tools.append(live_trace(write_trace))
        viewer = Viewer(
            engine,
            opened,
            history,
            surface=surface,
            tools=tools,
            holds_rate=scale is None,
            fps=source_options.fps,
            report=(lambda reason: None) if surface.is_interactive else report_reason,
            open_source=opener(source, opened, source_options, options.size),
            on_end=leaving.begin,
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


POLL_S = 0.02  # maximum delay of Escape while kernels are compiled


@contextmanager
def compilation(surface: Surface, leaving: Leaving) -> Iterator[Wait]:
    """Yields what compiles in a thread, while the user can quit in the window. The end waits for the thread."""
    from ..display.events import Event, Key, Signal

    threads: list[threading.Thread] = []

    def wait(work: Callable[[], None]) -> None:
        failed: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, name="groundglass-compile", daemon=True)
        threads.append(thread)
        thread.start()
        kept: list[Event] = []
        while thread.is_alive():
            thread.join(POLL_S)
            kept += surface.poll()
            if Signal.QUIT in kept or Key("Esc") in kept or Key("Q") in kept:
                leaving.status = lambda: 0
                leaving.begin()
                raise SystemExit(0)
        for event in kept:
            surface.input.post(event)
        for error in failed:
            raise error

    try:
        yield wait
    finally:
        for thread in threads:
            thread.join()


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


def fit_tools(
    options: EngineOptions,
    view: ViewOptions,
    editing: Editing,
    *,
    announces: bool = False,
    in_window: bool = True,
    on_saved: Callable[[Path], None] = lambda path: None,
) -> list[Callable[[ToolContext], Tool]]:
    """The tools of the viewer. Each is drawn over those before it. With `announces` connected cameras are named.

    Panel, menus and dialogs exist only `in_window`. `on_saved` receives the files of stills.
    """
    from ..live_edit.custom_modes import CustomModes, custom_modes_folder
    from ..live_edit.look_keys import LookKeys
    from ..live_edit.pass_times import PassTimes
    from ..live_edit.pointer_input import PointerInput
    from ..live_edit.reloading import Reloading
    from ..output.raw_sequence import Sequence
    from ..output.recording import Recording
    from ..output.stills import Stills
    from ..output.virtual_camera import VirtualCameraTool
    from ..remote.remote import Remote, control_file
    from ..tools.aids import Aids
    from ..tools.depth_model import DepthModelTool
    from ..tools.development import DevelopmentTool
    from ..tools.exposure import ExposureTool
    from ..tools.focus import FocusTool
    from ..tools.pixel_inspector import PixelInspector
    from ..tools.recent_sources import RecentSources, recent_file
    from ..tools.scopes.scopes import Scopes
    from ..tools.source_menu import SourceMenu
    from ..tools.view import ViewTool
    from ..tools.white_balance import WhiteBalanceTool
    from ..tools.wipe import WipeTool

    rack = options.focus if isinstance(options.focus, Rack) else None
    pass_times: dict[str, float] = {}
    recent = RecentSources(None if view.fresh else recent_file())
    return [
        partial(FocusTool, seconds=view.rack_s, rack=rack, zone_focus=options.zone_focus),
        ExposureTool,
        WhiteBalanceTool,
        DevelopmentTool,
        DepthModelTool,
        Aids,
        ViewTool,
        WipeTool,
        Scopes,
        PixelInspector,
        partial(Stills, folder=view.stills, on_saved=on_saved),
        partial(Sequence, folder=view.stills),
        partial(Recording, folder=view.stills, file=view.record, codec=view.codec),
        VirtualCameraTool,
        partial(LookKeys, editing=editing, folder=view.stills),
        partial(CustomModes, editing=editing, folder=None if view.fresh else custom_modes_folder()),
        partial(PassTimes, times=pass_times),
        partial(Reloading, editing=editing, load=partial(look_of, options)),
        partial(SourceMenu, recent=recent, announces=announces),
        *(menus(editing, pass_times) if in_window else []),
        PointerInput,
        *([] if view.fresh else kept_between_runs(in_window)),
        *([] if view.control is None else [partial(Remote, editing=editing, port=view.control, file=control_file())]),
    ]


def menus(editing: Editing, pass_times: dict[str, float]) -> list[Callable[[ToolContext], Tool]]:
    """What a window shows over its picture. A page in a browser has its own."""
    from ..tools.guide import Guide
    from ..tools.keyboard_map import KeyboardMap
    from ..tools.open_files import OpenFiles
    from ..tools.panel.panel import Panel

    panel = partial(Panel, editing=editing, pass_times=pass_times)
    return [partial(OpenFiles, editing=editing), Guide, KeyboardMap, panel]


def kept_between_runs(in_window: bool) -> list[Callable[[ToolContext], Tool]]:
    """The tools that read and write files of the user's settings. Only a window has a place to remember."""
    from ..tools.remembered import Remembered, remembered_file
    from ..tools.saved_settings import SavedSettings, settings_file

    remembering = [partial(Remembered, file=remembered_file())] if in_window else []
    return [partial(SavedSettings, file=settings_file()), *remembering]


def live_trace(write: Write) -> Callable[[ToolContext], Tool]:
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
