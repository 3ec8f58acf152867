"""A surface in a thread, whose frames a widget of Qt shows: textures that the contexts of both share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import moderngl
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext

from ..display.letterbox import Size
from ..display.offscreen import OffscreenSurface
from ..gl.context import make_current


class QtContext:
    """moderngl's interface to a context of Qt. It is made current on the off-screen `surface`, if there is one."""

    def __init__(self, context: QOpenGLContext, surface: QOffscreenSurface | None = None) -> None:
        self._context, self._surface = context, surface

    def load_opengl_function(self, name: str) -> int:
        address: Any = self._context.getProcAddress(name.encode())
        return int(address or 0)

    load = load_opengl_function

    def release(self) -> None:
        """Does nothing: the widget owns the context."""

    def __enter__(self) -> None:
        if self._surface is not None:
            self._context.makeCurrent(self._surface)

    def __exit__(self, *_: object) -> None:
        """Does nothing: the context stays current."""


class _Picture:
    """A texture, which both contexts have, and its framebuffer in the context that draws."""

    def __init__(self, gl: moderngl.Context, size: Size) -> None:
        self.texture = gl.texture(size, 4)
        self.framebuffer = gl.framebuffer([self.texture])

    def release(self) -> None:
        self.framebuffer.release()
        self.texture.release()


class SwapChain:
    """Three pictures: one is drawn into, one is the next to show, one is shown. Neither thread waits for a frame.

    `drawn`, `publish` and `release` are for the thread that draws, `shown` is for the one that shows.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._drawn: _Picture | None = None
        self._next: _Picture | None = None
        self._shown: _Picture | None = None
        self._has_next = False

    def drawn(self, gl: moderngl.Context, size: Size) -> moderngl.Framebuffer:
        """The framebuffer to draw into, of `size`."""
        if self._drawn is None or self._drawn.texture.size != size:
            if self._drawn is not None:
                self._drawn.release()
            self._drawn = _Picture(gl, size)
        return self._drawn.framebuffer

    def publish(self) -> None:
        """What was drawn is the next to show; one that was not shown is dropped."""
        with self._lock:
            self._drawn, self._next, self._has_next = self._next, self._drawn, True

    @contextmanager
    def shown(self) -> Iterator[moderngl.Texture | None]:
        """The newest picture, None before the first and after `release`; it stays within the `with` block."""
        with self._lock:
            if self._has_next:
                self._next, self._shown, self._has_next = self._shown, self._next, False
            yield None if self._shown is None else self._shown.texture

    def release(self) -> None:
        with self._lock:
            for picture in (self._drawn, self._next, self._shown):
                if picture is not None:
                    picture.release()
            self._drawn = self._next = self._shown = None
            self._has_next = False


class QtSurface(OffscreenSurface):
    """Draws the frames of a widget into `swap_chain`, in a thread.

    `geometry` returns the size of the widget in pixels and its content scale. `on_present` is called with the status
    line after each frame, `on_fullscreen` where the widget may fill the screen.
    """

    is_interactive = True

    def __init__(
        self,
        context: QtContext,
        swap_chain: SwapChain,
        geometry: Callable[[], tuple[Size, float]],
        refresh_hz: float | None,
        on_present: Callable[[str], None],
        on_fullscreen: Callable[[], None] | None,
    ) -> None:
        context.__enter__()
        current: Any = context
        super().__init__(geometry()[0], gl=moderngl.create_context(require=330, context=current), geometry=geometry)
        self.can_fullscreen, self.refresh_hz = on_fullscreen is not None, refresh_hz
        self._swap_chain = swap_chain
        self._on_present, self._on_fullscreen = on_present, on_fullscreen

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        return self._swap_chain.drawn(self.gl, self.size)

    def present(self, title: str) -> None:
        self.gl.finish()  # the other context sees only what is complete
        self._swap_chain.publish()
        self._on_present(title)

    def toggle_fullscreen(self) -> None:
        if self._on_fullscreen is not None:
            self._on_fullscreen()

    def close(self) -> None:
        if self._closed:
            return
        make_current(self.gl)
        self._swap_chain.release()
        super().close()
        self.gl.release()
