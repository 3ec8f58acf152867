"""A viewer with everything that it needs, for a source and a surface: its engine, settings and tools."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ..interrupts import INTERRUPTS
from ..warm_up import Wait, no_wait

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..display.surface import Surface
    from ..display.viewer import Viewer
    from ..engine import Engine
    from ..live_edit.editing import Editing
    from ..settings import Settings, SettingsHistory
    from .fitting import Fitting

POLL_S = 0.02  # maximum delay of Escape while kernels are compiled


@contextmanager
def compiling(surface: Surface, quit_view: Callable[[], NoReturn]) -> Iterator[Wait]:
    """Yields what compiles in a thread, for which the end waits. A user who quits meanwhile calls `quit_view`."""
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
                quit_view()
        for event in kept:
            surface.input.post(event)
        for error in failed:
            raise error

    try:
        yield wait
    finally:
        for thread in threads:
            thread.join()


@dataclass(frozen=True, slots=True)
class ViewerOptions:
    """How a viewer runs. `scale` is the size of the live picture; None holds the frame rate `fps`, as in `Viewer`.

    `report`, `open_source` and `on_end` are those of `Viewer`; without `shows_text` the picture has no status line and
    no messages.
    """

    scale: float | None = None
    fps: float | None = None
    report: Callable[[str], None] = lambda reason: None
    open_source: Callable[[str], Source] | None = None
    on_end: Callable[[], None] = lambda: None
    shows_text: bool = True


class OpenViewer(NamedTuple):
    viewer: Viewer
    engine: Engine
    history: SettingsHistory


@contextmanager
def open_viewer(
    source: Source,
    surface: Surface,
    settings: Settings,
    make_engine: Callable[[], Engine],
    fit: Callable[[Editing], list[Fitting]],
    options: ViewerOptions,
    waiting: AbstractContextManager[Wait],
) -> Iterator[OpenViewer]:
    """A viewer of `source` on `surface`, which the caller closes afterwards, with the engine of `make_engine`.

    It compiles all kernels of the frames, by the `Wait` of `waiting`. It chooses the bits and the first scale of
    `settings`.
    """
    from ..compute.program_saving import ProgramSaving
    from ..display.live_scale import start_scale
    from ..display.viewer import Viewer
    from ..live_edit.editing import Editing
    from ..settings import SettingsHistory

    with ExitStack() as stack:
        with INTERRUPTS.at_once():
            engine = stack.enter_context(make_engine())
            scale = options.scale or start_scale(source.size, engine.device.is_cpu)
            history = SettingsHistory(settings.with_(bits=surface.bits, scale=scale))
            with waiting as wait:  # it ends before the engine
                compile_ahead(engine, source, history.now, wait)
        stack.enter_context(ProgramSaving(engine.device.spec, engine.device.compiled))
        viewer = Viewer(
            engine,
            source,
            history,
            surface=surface,
            tools=fit(Editing(history)),
            holds_rate=options.scale is None,
            fps=options.fps,
            report=options.report,
            open_source=options.open_source,
            on_end=options.on_end,
            shows_text=options.shows_text,
        )
        yield OpenViewer(viewer, engine, history)


def compile_ahead(engine: Engine, source: Source, settings: Settings, wait: Wait = no_wait) -> None:
    """Compiles and allocates for the frames of `source`, so that the first frame is as fast as the others.

    Does nothing for a still, where this would cost the time of a second frame. `wait` is that of `Engine.compile_for`.
    """
    from ..capture.source import Timing

    if source.fps or source.timing is Timing.LIVE:
        engine.compile_for(source.size, settings, wait)
