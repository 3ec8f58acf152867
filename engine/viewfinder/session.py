"""A live view in a thread of its own, for a program with an event loop: a Qt widget, a notebook."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NoReturn

from ..capture.in_memory import Input, open_input
from ..capture.open import OPTIONS
from ..checks import check_names
from ..controls import Setting
from ..develop.development import Development
from ..display.events import Signal
from ..errors import GroundglassError
from ..settings import Settings
from .fitting import ToolOptions, fit_tools
from .opening import ViewerOptions, compiling, open_viewer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..cfa import Cfa
    from ..device_array import SupportsDLPack
    from ..display.input import InputQueue
    from ..display.surface import Surface
    from ..display.viewer import Viewer
    from ..settings import SettingsHistory

OF_SETTINGS = ("look", "strength", "lens", "f_number", "focus_m", "development", "quality", "output_space")
OWN = ("cfa", "depth_m", "matte", "depth_model", "device", "scale", "stills", "shows_text")
METERED = Development(metering="auto")  # the development of the command `view`


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a live view in a program starts with, beside its source; see `groundglass.view`.

    `scale` is the size of the live picture relative to the frame; None holds the frame rate. Without `shows_text` the
    picture has no status line, messages and hints: the program shows them elsewhere.
    """

    settings: Settings = field(default_factory=lambda: Settings(development=METERED))
    cfa: str | Cfa | None = None
    depth_m: ArrayLike | SupportsDLPack | None = None
    matte: str | Path | ArrayLike | SupportsDLPack | None = None
    depth_model: str | Path | None = None
    device: str = "auto"
    scale: float | None = None
    stills: str | Path = "."
    shows_text: bool = True
    source: dict[str, Any] = field(default_factory=dict)  # options of `open_source`

    @classmethod
    def of(cls, where: str = "view", /, **keywords: Any) -> LiveOptions:
        """From the keyword arguments of `groundglass.view`: those of Settings, of this class, and of the source.

        Raises GroundglassError; `where` names the widget that takes them.
        """
        check_names(where, keywords, (*OF_SETTINGS, *OWN, *OPTIONS))
        own = {name: keywords.pop(name) for name in OWN if name in keywords}
        chosen = {name: keywords.pop(name) for name in OF_SETTINGS if name in keywords}
        if chosen.get("development") is None:
            chosen["development"] = METERED
        return cls(Settings(**chosen), **own, source=keywords)

    def with_settings(self, settings: Settings) -> LiveOptions:
        return replace(self, settings=settings)


class SessionControls:
    """What a program asks of a widget that shows a `Session`: its settings and controls, from any thread."""

    _session: Session

    @property
    def settings(self) -> Settings:
        """The settings of the next frame, which keys and the pointer change, too."""
        return self._session.settings

    def set(self, name: str, setting: Setting) -> None:
        """Sets a control before the next frame: `set("f_number", 2.8)`. docs/remote.md lists them."""
        self._session.set(name, setting)

    def do(self, name: str) -> None:
        """Runs an action before the next frame: `do("still")`."""
        self._session.do(name)

    def call(self, work: Callable[[Viewer], object]) -> None:
        """Lets the thread of the view call `work` with its viewer, before the next frame."""
        self._session.call(work)


class _EndedError(Exception):
    """The program or the user ended the view while its kernels were compiled."""


def _raise_ended() -> NoReturn:
    raise _EndedError


class Session:
    """The live view of `source`. It opens the source at once, and raises its errors.

    `run` is the whole view: the program calls it in a thread. All other methods may be called by any thread, before,
    during and after it. What they ask for is done before the next frame.
    """

    def __init__(self, source: Input, options: LiveOptions) -> None:
        self._options = options
        self._stack = ExitStack()
        has_model = options.depth_model is not None
        self.source = open_input(
            source, self._stack, options.source, cfa=options.cfa, depth_m=options.depth_m, matte=options.matte,
            depth_later=has_model,
        )  # fmt: skip
        self._lock = Lock()
        self._waiting: deque[Callable[[Viewer], object]] = deque()  # calls until the viewer is made
        self._viewer: Viewer | None = None
        self._history: SettingsHistory | None = None
        self._input: InputQueue | None = None
        self._is_begun = self._is_over = False

    @property
    def settings(self) -> Settings:
        """The settings of the next frame, or after the end those of the last."""
        return self._options.settings if self._history is None else self._history.now

    def run(
        self, make_surface: Callable[[], Surface], *, frames: int | None = None, seconds: float | None = None
    ) -> None:
        """Shows the source until `end`, or until the user quits; `make_surface` is called in this thread.

        `frames` and `seconds` end it, too. Everything is closed at the end, the source too. May be called once. Raises
        GroundglassError.
        """
        from ..engine import Engine

        options, depth_range = self._options, self._options.source.get("depth_range")
        with self._lock:
            self._is_begun = True
        with suppress(_EndedError), self._stack as stack:
            surface = make_surface()
            stack.callback(surface.close)
            stack.callback(self._finish)
            with self._lock:
                if self._is_over:
                    return
                self._input = surface.input
            make_engine = partial(
                Engine,
                options.device,
                gl=surface.gl,
                depth_model=options.depth_model,
                depth_range=depth_range if options.depth_model is not None else None,
            )
            fit = partial(fit_tools, ToolOptions(stills=Path(options.stills), guide=options.shows_text))
            viewer_options = ViewerOptions(options.scale, shows_text=options.shows_text)
            compilation = compiling(surface, _raise_ended)
            opened = open_viewer(self.source, surface, options.settings, make_engine, fit, viewer_options, compilation)
            viewer, _, self._history = stack.enter_context(opened)
            with self._lock:
                self._viewer = viewer
                waiting, self._waiting = self._waiting, deque()
            for work in waiting:
                work(viewer)
            viewer.run(frames, seconds)

    def _finish(self) -> None:
        with self._lock:
            self._viewer, self._input, self._is_over = None, None, True

    def call(self, work: Callable[[Viewer], object]) -> None:
        """Lets the thread of the view call `work` with its viewer. A GroundglassError is shown as a message."""

        def checked(viewer: Viewer) -> None:
            try:
                work(viewer)
            except GroundglassError as error:
                viewer.messages.notify(str(error))

        with self._lock:
            viewer, queue = self._viewer, self._input
            if viewer is None or queue is None:
                if not self._is_over:
                    self._waiting.append(checked)
                return
        queue.call(partial(checked, viewer))

    def send(self, work: Callable[[InputQueue], object]) -> None:
        """Passes raw input of a toolkit to the view. Without a view it is dropped."""
        with self._lock:
            queue = None if self._viewer is None else self._input
        if queue is not None:
            queue.call(partial(work, queue))

    def set(self, name: str, setting: Setting) -> None:
        """Sets a control by its name: `set("f_number", 2.8)`. docs/remote.md lists them."""
        self.call(lambda viewer: viewer.controls.set(name, setting))

    def do(self, name: str) -> None:
        """Runs an action by its name: `do("still")`."""
        self.call(lambda viewer: viewer.controls.do(name))

    def end(self) -> None:
        """Ends `run` after the present frame, or before it begins. A source that blocks is interrupted."""
        with self._lock:
            viewer, queue = self._viewer, self._input
            self._is_over = self._is_over or queue is None
        if viewer is not None:
            viewer.end()
        if queue is not None:
            queue.post(Signal.QUIT)  # which also ends the wait for a compiler

    def close(self) -> None:
        """Closes the source of a session that was not run. Harmless otherwise."""
        self.end()
        with self._lock:
            is_unused, self._is_begun = not self._is_begun, True
        if is_unused:
            self._stack.close()
