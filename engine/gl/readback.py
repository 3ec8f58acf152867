"""Asynchronous readback of pictures from the GPU: each picture is returned one request later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import moderngl
import numpy as np
from numpy.typing import DTypeLike, NDArray

STRIP_BYTES = 32 << 20


def strips_of(picture: moderngl.Texture, dtype: DTypeLike) -> Iterator[tuple[int, NDArray[Any]]]:
    """The pixels of an RGBA texture of `dtype` from the top: a first row, and (rows, W, 4) from there on.

    A large picture comes in strips: the whole of 100 megapixels would need 0.4 GB beside the texture.
    """
    width, height = picture.size
    kind = np.dtype(dtype)
    rows = max(STRIP_BYTES // (4 * kind.itemsize * width), 1)
    if rows >= height:
        yield 0, np.frombuffer(picture.read(), kind).reshape(height, width, 4)
        return
    framebuffer = picture.ctx.framebuffer([picture])
    try:
        for first in range(0, height, rows):
            count = min(rows, height - first)
            read = framebuffer.read((0, first, width, count), components=4, dtype=picture.dtype)
            yield first, np.frombuffer(read, kind).reshape(count, width, 4)
    finally:
        framebuffer.release()


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
