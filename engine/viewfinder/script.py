"""`groundglass.view`: a window from a script, or a widget in a notebook."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..capture.open import OPTIONS
from ..checks import NUMBER, PATH, SWITCH, WHOLE, check_kinds, check_names, check_size, optional
from ..errors import ArgumentError, DeviceError
from ..interrupts import handlers_kept, signal_numbers
from ..settings import DEFAULT_LENS, DEFAULT_LOOK, Settings
from .session import METERED, LiveOptions, Session

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..capture.in_memory import Input
    from ..cfa import Cfa
    from ..develop.development import Development
    from ..device_array import SupportsDLPack
    from ..display.letterbox import Size
    from ..display.surface import Surface
    from ..lens import Lens
    from ..look.look import Look
    from ..optics.defocus import Quality


_KINDS = {"fullscreen": SWITCH, "stills": PATH, "frames": optional(WHOLE), "seconds": optional(NUMBER)}


def view(
    source: Input = "scene:",
    *,
    cfa: str | Cfa | None = None,
    depth_m: ArrayLike | SupportsDLPack | None = None,
    matte: str | Path | ArrayLike | SupportsDLPack | None = None,
    look: str | Look = DEFAULT_LOOK,
    strength: float = 1.0,
    lens: str | Lens = DEFAULT_LENS,
    f_number: float | None = None,
    focus_m: float | None = None,
    development: Development | None = None,
    quality: Quality = "live",
    depth_model: str | Path | None = None,
    output_space: str | Path = "srgb",
    device: str = "auto",
    size: Size | None = None,
    fullscreen: bool = False,
    stills: str | Path = ".",
    frames: int | None = None,
    seconds: float | None = None,
    **options: Any,
) -> Settings | None:
    """Shows `source` in a window with all tools. Returns when the user closes it, with the settings at the end.

    The source and most settings are those of `render`. `development` meters raw frames by default. `size` of the window
    is (width, height) in pixels; `fullscreen` covers the monitor. `stills` is the folder of stills and recordings.
    `frames` and `seconds` end the view. Settings of the command `view` are neither read nor written. The window belongs
    to the main thread.

    In a notebook the picture appears with sliders below the cell: `view` returns None at once, needs the extra
    `notebook`, and takes no `size`, `fullscreen`, `frames` and `seconds`. `groundglass.notebook.Viewfinder` is the
    same, for a program that keeps it.

    Ctrl+C closes the window in order and then raises KeyboardInterrupt, as in the rest of the script; a handler that
    the script has installed is called instead. All handlers are restored. Raises GroundglassError: SourceError,
    LookError; DeviceError without a display.
    """
    check_names("gg.view", options, (*inspect.signature(view).parameters, *OPTIONS))
    check_kinds("gg.view", {"fullscreen": fullscreen, "stills": stills, "frames": frames, "seconds": seconds}, _KINDS)
    if size is not None:
        check_size("gg.view", size)
    if (frames is not None and frames < 1) or (seconds is not None and not seconds > 0):
        raise ArgumentError(f"gg.view: frames={frames}, seconds={seconds} show no picture; give more than 0, or None")
    settings = Settings(
        look=look,
        strength=strength,
        lens=lens,
        f_number=f_number,
        focus_m=focus_m,
        development=METERED if development is None else development,
        quality=quality,
        output_space=output_space,
    )
    live = LiveOptions(settings, cfa, depth_m, matte, depth_model, device, stills=stills, source=options)
    if is_notebook():
        if (size, fullscreen, frames, seconds) != (None, False, None, None):
            raise ArgumentError(
                "gg.view: size, fullscreen, frames and seconds need a window; leave them out in a notebook"
            )
        from ..notebook import show

        show(source, live)
        return None
    if threading.current_thread() is not threading.main_thread():
        raise DeviceError("view: a window belongs to the main thread; use groundglass.qt or BitmapSurface in another")
    session = Session(source, live)
    with ExitStack() as stack:
        stack.callback(session.close)
        make_surface = partial(_open_window, size or session.source.size, session.source.name, fullscreen)
        stack.enter_context(signals_end(session.end))
        session.run(make_surface, frames=frames, seconds=seconds)
    return session.settings


def is_notebook() -> bool:
    """Whether this is the kernel of a notebook, whose front end shows widgets."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _open_window(size: Size, name: str, fullscreen: bool) -> Surface:
    from ..display.glfw import HEADLESS_HINT, GlfwSurface

    try:
        return GlfwSurface(size, title=f"groundglass {name}", fullscreen=fullscreen)
    except DeviceError as error:
        reason = str(error).removesuffix(f"; {HEADLESS_HINT}")
        raise DeviceError(f"{reason}; groundglass.render makes a picture without a display") from None


@contextmanager
def signals_end(end: Callable[[], None]) -> Iterator[None]:
    """Within it a signal calls `end`; afterwards it has its effect. Then the handlers are those of before."""
    before: dict[int, Any] = {number: signal.getsignal(number) for number in signal_numbers()}
    received: list[tuple[int, FrameType | None]] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append((number, frame))
        end()

    with handlers_kept():
        for number, handler in before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, handle)
        yield
    for number, frame in received[:1]:
        handler = before[number]
        if callable(handler):
            handler(number, frame)
        else:
            signal.raise_signal(number)
