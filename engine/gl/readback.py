"""Pictures from the GPU that nobody waits for: asked for now, there when the next one is."""

from __future__ import annotations

import moderngl
import numpy as np
from numpy.typing import NDArray


class Readback:
    """Copies pictures into a pixel pack buffer and reads the one that was asked for a call ago, which is long there."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._buffers: list[moderngl.Buffer] = []
        self._size = (0, 0)
        self._asked: list[float] = []  # the times of what was asked for and not yet taken, oldest first

    def ask(self, picture: moderngl.Texture, time_s: float) -> tuple[float, NDArray[np.uint8]] | None:
        """Asks for `picture`; returns the one of the call before, with its time: (H, W, 4) uint8, its first row first.

        None the first time, and where the picture has another size than the one before, which is lost.
        """
        taken = None
        if picture.size != self._size:
            self.release()
            self._size = picture.size
            self._buffers = [self._gl.buffer(reserve=4 * picture.width * picture.height) for _ in range(2)]
        elif self._asked:
            taken = self.take()
        framebuffer = self._gl.framebuffer([picture])
        framebuffer.read_into(self._buffers[0], components=4, dtype="f1")
        framebuffer.release()
        self._asked.append(time_s)
        return taken

    def take(self) -> tuple[float, NDArray[np.uint8]] | None:
        """The picture that was asked for last, now; None where there is none."""
        if not self._asked:
            return None
        pixels = np.frombuffer(self._buffers[0].read(), np.uint8).reshape(self._size[1], self._size[0], 4)
        self._buffers.reverse()  # the driver may still read from this one
        return self._asked.pop(0), pixels

    def release(self) -> None:
        """Gives the buffers back, and what they hold; harmless when done twice."""
        for buffer in self._buffers:
            buffer.release()
        self._buffers, self._asked, self._size = [], [], (0, 0)
