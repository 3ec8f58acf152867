"""A surface without a screen: a texture, by default in its own context (EGL on Linux)."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Self

import moderngl

from ..gl.context import headless_context
from .events import Event
from .input import InputQueue
from .letterbox import Place, Size


class OffscreenSurface:
    """A texture of `size` (width, height), for `--headless`, benchmarks and tests.

    `gl` is a context to share, which its creator releases; default: its own context. Raises DeviceError without
    OpenGL 3.3.
    """

    is_interactive = False
    draws_text = True
    can_fullscreen = False
    presents_behind = False

    def __init__(self, size: Size, *, gl: moderngl.Context | None = None) -> None:
        self._owns_gl = gl is None
        self.gl = headless_context() if gl is None else gl
        self.input = InputQueue(size)
        self.refresh_hz: float | None = None
        self._texture = self.gl.texture(size, 4)
        self._framebuffer = self.gl.framebuffer([self._texture])
        self._closed = False

    @property
    def framebuffer(self) -> moderngl.Framebuffer:
        return self._framebuffer

    @property
    def size(self) -> Size:
        return self._texture.size

    @property
    def scale(self) -> float:
        return 1.0

    @property
    def bits(self) -> int:
        return 8

    @property
    def place(self) -> Place | None:
        return None

    def poll(self) -> list[Event]:
        return self.input.take()

    def wait(self, timeout_s: float) -> list[Event]:
        return self.input.wait(timeout_s)

    def wake(self) -> None:
        self.input.wake()

    def present(self, title: str) -> None:
        self.gl.finish()

    def present_behind(self, title: str) -> Callable[[], tuple[float, float]]:
        began_s = perf_counter()
        self.present(title)
        times_s = began_s, perf_counter()
        return lambda: times_s

    def toggle_fullscreen(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._framebuffer.release()
        self._texture.release()
        if self._owns_gl:
            self.gl.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
