"""Draws the finished picture and the line of text into the window's framebuffer."""

from __future__ import annotations

import math
from importlib.resources import files

import moderngl

from .letterbox import letterbox
from .overlay import letter, text_height_px

MOST_TAPS = 8  # along a side: a 4000x3000 picture in a 500 pixel window


class Presenter:
    """The last pass: `draw` puts a picture into `gl.screen`, letterboxed, and lines of text into its lower left corner.

    Creates nothing while the framebuffer and the text stay the same. `gl` must be current; its creator releases it.
    """

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._picture = self._pass("present.frag.glsl")
        self._text = self._pass("overlay.frag.glsl")
        self._smooth = gl.sampler(filter=(moderngl.LINEAR, moderngl.LINEAR), repeat_x=False, repeat_y=False)
        self._lettering: moderngl.Texture | None = None
        self._lettered: tuple[object, ...] = ()

    def draw(
        self, picture: moderngl.Texture, framebuffer: tuple[int, int], lines: list[str], content_scale: float = 1.0
    ) -> None:
        """Draws `picture`, display sRGB with its first row at the top, and the text over its lower left corner.

        `framebuffer` is (width, height) in pixels; `content_scale` is the monitor's, 2 where letters need twice those.
        """
        screen = self._gl.screen
        screen.use()
        screen.viewport = (0, 0, *framebuffer)
        self._gl.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        screen.clear(0.0, 0.0, 0.0, 1.0)
        left, top, width, height = letterbox(picture.size, framebuffer)
        program = self._picture.program
        program["footprint"] = (1 / width, 1 / height)
        program["taps"] = min(MOST_TAPS, math.ceil(max(1.0, picture.width / width)))
        screen.viewport = (left, framebuffer[1] - top - height, width, height)
        self._rectangle(self._picture, picture)
        if lines:
            self._draw_text(framebuffer, lines, content_scale)

    def release(self) -> None:
        if self._lettering is not None:
            self._lettering.release()
            self._lettering = None
        for array in (self._picture, self._text):
            array.program.release()
            array.release()
        self._smooth.release()

    def _draw_text(self, framebuffer: tuple[int, int], lines: list[str], content_scale: float) -> None:
        height_px = text_height_px(framebuffer, content_scale)
        wanted = (lines, height_px, framebuffer[0])
        if self._lettering is None or wanted != self._lettered:
            rgba = letter(lines, height_px, framebuffer[0] - height_px)
            size = rgba.shape[1], rgba.shape[0]
            if self._lettering is None or self._lettering.size != size:
                if self._lettering is not None:
                    self._lettering.release()
                self._lettering = self._gl.texture(size, 4)
            self._lettering.write(rgba)
            self._lettered = wanted
        margin_px = height_px // 2
        self._gl.screen.viewport = (margin_px, margin_px, *self._lettering.size)
        self._gl.enable(moderngl.BLEND)
        self._gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._rectangle(self._text, self._lettering)
        self._gl.disable(moderngl.BLEND)

    def _rectangle(self, array: moderngl.VertexArray, texture: moderngl.Texture) -> None:
        # A sampler object leaves the texture's own filter alone: the engine set that for its passes.
        texture.use(location=0)
        self._smooth.use(location=0)
        array.render(moderngl.TRIANGLE_STRIP, vertices=4)
        self._smooth.clear(location=0)

    def _pass(self, name: str) -> moderngl.VertexArray:
        shaders = files("groundglass.shaders")
        program = self._gl.program(
            vertex_shader=(shaders / "screen.vert.glsl").read_text("utf-8"),
            fragment_shader=(shaders / name).read_text("utf-8"),
        )
        return self._gl.vertex_array(program, [])
