"""The widget: a live view in a thread, its picture in the browser, and sliders."""

from __future__ import annotations

import atexit
import base64
import io
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import display
from numpy.typing import NDArray
from PIL import Image

from ..capture.in_memory import Input
from ..display.bitmap import BitmapSurface
from ..errors import ArgumentError, GroundglassError, SourceError, print_line
from ..settings import Settings
from ..viewfinder.session import LiveOptions, Session, SessionControls
from .canvas import Canvas
from .sliders import Sliders

FIRST_PICTURE_S = 3.0  # how long a cell waits for its picture, so that the file of the notebook has one
WAIT_S = 120.0  # the first use compiles for a processor
END_S = 10.0  # maximum wait for the thread at the end

_alive: weakref.WeakSet[Viewfinder] = weakref.WeakSet()
_shown: Viewfinder | None = None  # by `show`


class _Surface(BitmapSurface):
    """Reports the status line of each frame."""

    def __init__(self, canvas: Canvas, on_frame: Callable[[NDArray[np.uint8]], None], on_status: Callable[[str], None]):
        super().__init__(canvas.geometry[0], on_frame, geometry=lambda: canvas.geometry)
        self._on_status = on_status

    def present(self, title: str) -> None:
        super().present(title)
        self._on_status(title)


class Viewfinder(ipywidgets.VBox, SessionControls):  # type: ignore[misc]  # ipywidgets has no types
    """The viewfinder below a cell: the picture, sliders, and the status line.

    `source` and the keyword arguments are those of `groundglass.view`, without its window; or `options` has all. The
    view runs in a thread of the kernel, which stays free for other cells. The browser shows at most `max_fps` frames a
    second. A click focuses, the wheel zooms, with Alt it turns the aperture, keys are those of docs/keys.md. The view
    ends with `close`, and with the kernel. Raises SourceError and LookError.
    """

    _thread: threading.Thread | None = None

    def __init__(
        self, source: Input = "scene:", *, max_fps: float = 30.0, options: LiveOptions | None = None, **keywords: Any
    ) -> None:
        if not max_fps > 0:
            raise GroundglassError(f"max_fps {max_fps:g} is not above 0; give frames a second, such as 30")
        if options is not None and keywords:
            raise ArgumentError(f"Viewfinder: options have all keywords, also {min(keywords)}; leave one of them out")
        live = LiveOptions.of("Viewfinder", **{"shows_text": False, **keywords}) if options is None else options
        self._session = Session(source, live)
        self._canvas = Canvas(self._session.source.size, max_fps, self._session.send)
        self._sliders = Sliders(live.settings, self._session.set)
        self._line = ipywidgets.Label()
        super().__init__((self._canvas, self._sliders.box, self._line))
        self._followed: tuple[str, Settings] | None = None
        self._picture: NDArray[np.uint8] | None = None
        self._error: Exception | None = None
        self._has_picture = threading.Event()
        self._session.call(lambda viewer: viewer.messages.listeners.append(lambda text, _: self._notify(text)))
        self._thread = threading.Thread(target=self._run, name="groundglass-notebook", daemon=True)
        self._thread.start()
        _alive.add(self)

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """The newest picture, (H, W, 3) uint8, display sRGB; None before the first."""
        return self._picture

    def wait(self, timeout_s: float = WAIT_S) -> NDArray[np.uint8]:
        """The newest picture; waits for the first. Raises SourceError without one, and the error of the view."""
        self._has_picture.wait(timeout_s)
        if self._error is not None:
            raise self._error
        if self._picture is None:
            raise SourceError(f"{self._session.source.name}: no picture after {timeout_s:g} s; check the source")
        return self._picture

    def close(self) -> None:
        """Ends the view, closes the source, and removes the widget from the page. Harmless when repeated."""
        if self._thread is None:
            return  # it could not be made
        self._end()
        self._canvas.close()
        super().close()

    def _end(self) -> None:
        self._session.close()
        if self._thread is not None:
            self._thread.join(END_S)

    def _run(self) -> None:
        try:
            self._session.run(lambda: _Surface(self._canvas, self._on_frame, self._report_status))
        except Exception as error:  # `wait` raises it
            self._error = error
            message = str(error) if isinstance(error, GroundglassError) else repr(error)
            print_line(message)
            self._notify(message)
        finally:
            self._has_picture.set()

    def _on_frame(self, frame: NDArray[np.uint8]) -> None:
        self._picture = np.ascontiguousarray(frame)
        self._has_picture.set()
        self._canvas.show(self._picture)

    def _report_status(self, status: str) -> None:
        settings = self._session.settings
        if (status, settings) != self._followed:
            self._followed = status, settings
            self._in_kernel(lambda: self._sliders.follow(settings))
            self._notify(status)

    def _notify(self, message: str) -> None:
        self._in_kernel(lambda: setattr(self._line, "value", message))

    def _in_kernel(self, work: Callable[[], object]) -> None:
        """Widgets are changed in the thread of the kernel."""
        if self._canvas.loop is not None:
            with suppress(RuntimeError):  # the kernel ends
                self._canvas.loop.call_soon_threadsafe(work)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a picture for pages without a kernel."""
        bundle = super()._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        self._has_picture.wait(FIRST_PICTURE_S)
        if data is not None and self._picture is not None:
            png = io.BytesIO()
            Image.fromarray(self._picture).save(png, "PNG")
            data["image/png"] = base64.b64encode(png.getvalue()).decode()
        return bundle


def show(source: Input, options: LiveOptions) -> None:
    """Shows a widget below the cell. The one of an earlier call ends: its picture stays."""
    global _shown
    if _shown is not None:
        _shown._end()
    _shown = Viewfinder(source, options=options)
    display(_shown)  # type: ignore[no-untyped-call]


@atexit.register
def _end_all() -> None:
    for viewfinder in list(_alive):
        viewfinder._end()
