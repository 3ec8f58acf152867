"""A surface that passes its frames to a function: for a notebook, a browser, a file, another toolkit."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..gl.context import make_current
from ..gl.readback import Readback
from .events import Event
from .letterbox import Size
from .offscreen import OffscreenSurface


class BitmapSurface(OffscreenSurface):
    """Calls `on_frame` with each presented frame: (H, W, 3) uint8, the first row at the top. The array stays valid.

    Frames are read back asynchronously, so that `present` does not wait for the GPU. Each frame is delivered by the
    next `present`, or by `wait` if none follows, the last frame by `close`. Input comes through `input.post`, from any
    thread. `size`, `gl` and `geometry` are those of an `OffscreenSurface`.
    """

    is_interactive = True

    def __init__(
        self,
        size: Size,
        on_frame: Callable[[NDArray[np.uint8]], None],
        *,
        gl: moderngl.Context | None = None,
        geometry: Callable[[], tuple[Size, float]] | None = None,
    ) -> None:
        super().__init__(size, gl=gl, geometry=geometry)
        self._on_frame = on_frame
        self._readback = Readback(self.gl)

    def wait(self, timeout_s: float) -> list[Event]:
        make_current(self.gl)
        self._deliver(self._readback.take())
        return super().wait(timeout_s)

    def present(self, title: str) -> None:
        self._deliver(self._readback.request(self._texture, perf_counter()))

    def close(self) -> None:
        if self._closed:
            return
        make_current(self.gl)
        try:
            self._deliver(self._readback.take())
        finally:
            self._readback.release()
            super().close()

    def _deliver(self, frame: tuple[float, NDArray[np.uint8]] | None) -> None:
        if frame is not None:
            self._on_frame(frame[1][::-1, :, :3])
