"""Asynchronous readback of pictures from the GPU: each picture is returned one request later."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray


class Readback:
    """Copies a picture into a pixel pack buffer and returns the previous one, whose copy is already complete."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._buffers: list[moderngl.Buffer] = []
        self._size = (0, 0)
        self._pending_s: list[float] = []  # times of requested pictures that were not yet taken, oldest first

    def request(self, picture: moderngl.Texture, time_s: float) -> tuple[float, NDArray[np.uint8]] | None:
        """Requests `picture`. Returns the time and pixels of the previous request: (H, W, 4) uint8, first row first.

        Returns None for the first request and after a change of size, which discards the previous picture.
        """
        taken = None
        if picture.size != self._size:
            self.release()
            self._size = picture.size
            self._buffers = [self._gl.buffer(reserve=4 * picture.width * picture.height) for _ in range(2)]
        elif self._pending_s:
            taken = self.take()
        framebuffer = self._gl.framebuffer([picture])
        framebuffer.read_into(self._buffers[0], components=4, dtype="f1")
        framebuffer.release()
        self._pending_s.append(time_s)
        return taken

    def take(self) -> tuple[float, NDArray[np.uint8]] | None:
        """The latest requested picture, without another request; None if no request is pending."""
        if not self._pending_s:
            return None
        pixels = np.frombuffer(self._buffers[0].read(), np.uint8).reshape(self._size[1], self._size[0], 4)
        self._buffers.reverse()  # the driver may still read from this one
        return self._pending_s.pop(0), pixels

    def release(self) -> None:
        """Releases the buffers and discards pending pictures. May be called twice."""
        for buffer in self._buffers:
            buffer.release()
        self._buffers, self._pending_s, self._size = [], [], (0, 0)
