"""Draws the finished picture, and what lies over it, into the framebuffer of a surface."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import moderngl

from ..gl.constant_folding import ConstantFolding
from ..gl.context import is_software
from ..gl.full_frame import FullFrame
from ..gl.passes import Number, fuse_overlays, load_pass, number_of, uniform_name
from ..optics.autofocus import Box
from .dof_scale import HEIGHT as DOF_SCALE_HEIGHT
from .dof_scale import draw_dof_scale
from .letterbox import letterbox
from .maps import SAMPLERS, Maps
from .overlays import NO_OVERLAYS, Overlays, View
from .status_line import render_text, text_height_px
from .surface import Surface
from .text_sprite import TextSprites, frame
from .tool import Canvas, Tool

MAX_TAPS = 8  # along a side: a 4000x3000 picture in a 500 pixel window
STROKES = 720  # a line that can be seen is this part of the picture's height on the screen, or a pixel
SCALES_PER_WINDOW = 3  # a window that is lower has no room for the depth-of-field scale
INSET = 0.28  # of the window's width and height: the whole picture beside what is magnified
INSET_TAPS = 2  # along a side: it is a map of the picture, and no picture to judge
_SAMPLERS = ("picture", "picture_pixels", *SAMPLERS)


class Presenter:
    """The last pass: `draw` puts a picture into the surface's framebuffer, letterboxed, with overlays and text.

    Creates nothing while the framebuffer, the text and the set of overlays stay the same. The surface's context must be
    current.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._gl = gl = surface.gl
        # By the overlays that are fused into it, and whether it is for the inset.
        self._programs: ConstantFolding[tuple[tuple[str, ...], bool]] = ConstantFolding(self._compile, is_software(gl))
        self._sprites = TextSprites(surface)
        self._smooth = gl.sampler(filter=(moderngl.LINEAR, moderngl.LINEAR), repeat_x=False, repeat_y=False)
        self._exact = gl.sampler(filter=(moderngl.NEAREST, moderngl.NEAREST), repeat_x=False, repeat_y=False)
        self._dither_step = 1.0 / (2**surface.bits - 1)
        self._maps = Maps(gl)

    def draw(
        self,
        picture: moderngl.Texture,
        lines: list[str],
        overlays: Overlays = NO_OVERLAYS,
        tools: Iterable[Tool] = (),
    ) -> None:
        """Draws `picture`, display sRGB with its first row at the top, text in the lower left, and what the tools draw.

        Draws nothing while the surface is minimised. Raises ShaderError where an overlay does not compile.
        """
        screen, framebuffer, content_scale = self._surface.framebuffer, self._surface.size, self._surface.scale
        if 0 in framebuffer:
            return
        screen.viewport = (0, 0, *framebuffer)
        screen.use()
        screen.clear(0.0, 0.0, 0.0, 1.0)
        shape = overlays.view.shape(picture.size)
        self._surface.input.show(shape, framebuffer, overlays.view)
        left, top, width, height = letterbox(shape, framebuffer)
        shown = left, framebuffer[1] - top - height, width, height
        numbers: dict[str, Number] = {"dither_step": self._dither_step}
        if overlays.passes:
            numbers |= _overlay_uniforms(overlays) | self._maps.use(overlays, 2)
        # A sampler object leaves the texture's own filter alone: the engine set that for its passes.
        picture.use(0)
        self._smooth.use(0)
        picture.use(1)
        self._exact.use(1)
        screen.viewport = shown
        place = _view_uniforms(picture.size, shown[2:], overlays.view)
        self._programs.program((overlays.passes, False), numbers | place).draw(screen)
        inset = inset_of(shown)
        whole = replace(overlays.view, zoom=1.0)
        if overlays.view.zoom > 1.0:
            screen.viewport = inset
            place = _view_uniforms(picture.size, inset[2:], whole, INSET_TAPS)
            self._programs.program((overlays.passes, True), numbers | place).draw(screen)
        self._smooth.clear(0)
        self._exact.clear(1)
        height_px = text_height_px(framebuffer, content_scale)
        canvas = Canvas(screen, framebuffer, shown, content_scale, height_px, self._sprites, overlays.view)
        if overlays.view.zoom > 1.0:
            self._frame("magnified", overlays.view.box, replace(canvas, shown=inset, view=whole))
        if overlays.face is not None:
            self._frame("face", overlays.face, canvas)
        self._draw_sprites(framebuffer, lines, height_px, overlays)
        for tool in tools:
            tool.draw(canvas)

    def release(self) -> None:
        """Gives all GL objects back."""
        self._programs.release()
        self._maps.release()
        self._sprites.release()
        self._smooth.release()
        self._exact.release()

    def _compile(self, key: tuple[tuple[str, ...], bool], constants: Mapping[str, Number]) -> FullFrame:
        source = fuse_overlays((load_pass(name) for name in key[0]), constants)
        return FullFrame(self._gl, source, _SAMPLERS, vertex="screen.vert.glsl")

    def _frame(self, name: str, box: Box, canvas: Canvas) -> None:
        """Corners round a part of the picture."""
        (left, top), (right, bottom) = canvas.pixel(*box[:2]), canvas.pixel(*box[2:])
        size, pen_px = (right - left, top - bottom), max(1, canvas.text_px // 9)
        self._sprites.prepare(name, (size, pen_px), lambda: frame(size, pen_px))
        self._sprites.draw(name, left, bottom)

    def _draw_sprites(self, framebuffer: tuple[int, int], lines: list[str], height_px: int, overlays: Overlays) -> None:
        width, height = framebuffer
        margin_px = height_px // 2
        room_px = width - 2 * margin_px
        if lines:
            self._sprites.prepare("text", (lines, height_px, room_px), lambda: render_text(lines, height_px, room_px))
            self._sprites.draw("text", margin_px, margin_px)
        dof_scale = overlays.dof_scale
        if dof_scale is not None and height >= SCALES_PER_WINDOW * DOF_SCALE_HEIGHT * height_px:
            drawn = self._sprites.prepare(
                "dof_scale", (dof_scale, height_px, room_px), lambda: draw_dof_scale(dof_scale, height_px, room_px)
            )
            self._sprites.draw("dof_scale", (width - drawn[0]) // 2, height - margin_px - drawn[1])


def inset_of(shown: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Where the whole picture lies beside what is magnified: the upper right corner of left, bottom, width, height."""
    left, bottom, width, height = shown
    across, down = max(1, round(INSET * width)), max(1, round(INSET * height))
    return left + width - across, bottom + height - down, across, down


def _view_uniforms(
    picture: tuple[int, int], shown: tuple[int, int], view: View, max_taps: int = MAX_TAPS
) -> dict[str, Number]:
    """What the program is told of the part of a picture that is shown at another size, both (width, height)."""
    (width, height), part = shown, 1.0 / view.zoom
    pixel_px = width * view.zoom / picture[0]  # window pixels to a pixel of the picture
    # Who magnifies wants to see pixels, not what lies between them.
    by_pixels = picture == shown or (view.zoom > 1.0 and pixel_px >= 1.0)
    stroke_px = max(1.0, pixel_px, round(height / STROKES))
    return {
        "view_corner": view.corner,
        "view_size": (part, part),
        "footprint": (part / width, part / height),
        "taps": 0 if by_pixels else min(max_taps, math.ceil(max(1.0, 1.0 / pixel_px))),
        "stroke": (part * stroke_px / width, part * stroke_px / height),
        "aspect": view.shape(picture)[0] / picture[1],
    }


def _overlay_uniforms(overlays: Overlays) -> dict[str, Number]:
    circles = overlays.circles
    numbers: dict[str, Number] = {
        "circle_scale": (1e9, 1e9) if circles is None else circles.scale,
        "focus_m": (1.0, 1.0) if circles is None else circles.focus_m,
        "magnification": 1.0 if circles is None else circles.magnification,
        "equivalent_mm": overlays.equivalent_mm or 1e9,
    }
    for name in overlays.passes:
        shader, values = load_pass(name), overlays.values.get(name, {})
        for parameter in shader.parameters:
            value = values.get(parameter.name, parameter.default)
            numbers[uniform_name(name, parameter.name)] = number_of(shader, parameter.name, value)
    return numbers
