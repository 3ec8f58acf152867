"""A screen for a presenter, without a window."""

from __future__ import annotations

import moderngl


class OffScreen:
    """A context whose screen is a texture."""

    def __init__(self, gl: moderngl.Context, size: tuple[int, int]) -> None:
        self._gl = gl
        self.screen = gl.framebuffer([gl.texture(size, 4)])

    def __getattr__(self, name: str) -> object:
        return getattr(self._gl, name)
