"""Sprites of text and frames on the screen: premultiplied RGBA, drawn pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..gl.full_frame import FullFrame
from ..gl.program import load_source
from .surface import Drawable

CORNER_FRACTION = 0.22  # length of the lines at each corner as a fraction of a side


def frame(size: tuple[int, int], pen_px: int) -> NDArray[np.uint8]:
    """The four corners of a frame, (H, W, 4) uint8, light with a dark edge."""
    width, height = (max(side, 4 * pen_px) for side in size)
    x, y = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in (width, height))
    near_edge = np.minimum(x[None, :], y[:, None])
    in_corner = (x[None, :] < CORNER_FRACTION * width) & (y[:, None] < CORNER_FRACTION * height)
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[in_corner & (near_edge < 2 * pen_px)] = (0, 0, 0, 110)
    rgba[in_corner & (near_edge < pen_px)] = (240, 240, 240, 255)
    return rgba


class TextSprites:
    """Draws sprites into a surface. Each is rendered again only if its content has changed. The creator releases it."""

    def __init__(self, surface: Drawable) -> None:
        self._surface = surface
        self._gl = gl = surface.gl
        self._program = FullFrame(gl, load_source("overlay.frag.glsl"), ("text",), vertex="screen.vert.glsl")
        self._exact = gl.sampler(filter=(moderngl.NEAREST, moderngl.NEAREST), repeat_x=False, repeat_y=False)
        self._shown: dict[str, tuple[object, moderngl.Texture]] = {}

    def prepare(self, name: str, key: object, make: Callable[[], NDArray[np.uint8]]) -> tuple[int, int]:
        """(width, height) of the sprite `name`. If `key` has changed, `make` renders it, (H, W, 4) uint8."""
        shown = self._shown.get(name)
        if shown is None or shown[0] != key:
            rgba = make()
            size = rgba.shape[1], rgba.shape[0]
            texture = shown[1] if shown is not None and shown[1].size == size else self._gl.texture(size, 4)
            if shown is not None and shown[1] is not texture:
                shown[1].release()
            texture.write(rgba)
            self._shown[name] = key, texture
        return self._shown[name][1].size

    def draw(self, name: str, left: int, bottom: int) -> None:
        """Draws the prepared sprite with its lower left corner at (left, bottom) in pixels."""
        texture = self._shown[name][1]
        screen = self._surface.framebuffer
        screen.viewport = (left, bottom, *texture.size)
        texture.use(0)
        self._exact.use(0)
        self._program.draw(screen, premultiplied=True)
        self._exact.clear(0)

    def release(self) -> None:
        for _, texture in self._shown.values():
            texture.release()
        self._shown.clear()
        self._program.release()
        self._exact.release()
