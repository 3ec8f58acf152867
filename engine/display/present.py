"""Draws the final picture and its overlays into the framebuffer of a surface."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import moderngl

from ..gl.constant_folding import ConstantFolding
from ..gl.context import is_software
from ..gl.full_frame import FullFrame
from ..gl.fusion import fuse_overlays
from ..gl.passes import Number, load_pass, number_of, uniform_name
from ..optics.autofocus import Box
from .dof_scale import HEIGHT_EM as DOF_SCALE_HEIGHT_EM
from .dof_scale import draw_dof_scale
from .letterbox import letterbox
from .maps import SAMPLERS, Maps
from .overlays import NO_OVERLAYS, Overlays, View
from .status_line import render_text, text_height_px
from .surface import Drawable
from .text_sprite import TextSprites, frame
from .tool import Canvas, Tool

MAX_TAPS = 8  # per axis: enough for a 4000x3000 picture in a 500 pixel window
STROKES_PER_HEIGHT = 720  # the picture's height on the screen, in strokes of the minimum visible width
MIN_SCALES_PER_WINDOW = 3  # a window that is lower has no room for the depth-of-field scale
INSET = 0.28  # width and height of the inset as a fraction of the picture on the screen
INSET_TAPS = 2  # per axis: the inset is only for orientation
PROGRAMS = 6  # sets of overlays whose programs are alive
_OF_FOCUS = ("circle_scale", "focus_m", "magnification")
_SAMPLERS = ("picture", "picture_pixels", *SAMPLERS)


class Presenter:
    """The last pass: `draw` draws a picture into the surface's framebuffer, letterboxed, with overlays and text.

    It creates no GL objects while the framebuffer, the text and the set of overlays are unchanged. The surface's
    context must be current.
    """

    def __init__(self, surface: Drawable) -> None:
        self._surface = surface
        self._gl = gl = surface.gl
        # The key is the fused overlays, and whether the program is for the inset.
        self._programs: ConstantFolding[tuple[tuple[str, ...], bool]] = ConstantFolding(
            self._compile, is_software(gl), PROGRAMS
        )
        self._sprites = TextSprites(surface)
        self._smooth = gl.sampler(filter=(moderngl.LINEAR, moderngl.LINEAR), repeat_x=False, repeat_y=False)
        self._exact = gl.sampler(filter=(moderngl.NEAREST, moderngl.NEAREST), repeat_x=False, repeat_y=False)
        self._dither_step = 1.0 / (2**surface.bits - 1)
        # At 1:1 the pixels do not change. Enlarged they keep the dither of the look; more of it takes a sixth of a
        # software renderer's time (measured).
        self._undithered = (0, 1) if is_software(gl) else (0,)
        self._maps = Maps(gl)

    def draw(
        self,
        picture: moderngl.Texture | None,
        lines: list[str],
        overlays: Overlays = NO_OVERLAYS,
        tools: Sequence[Tool] = (),
    ) -> None:
        """Draws `picture`, display sRGB with its first row at the top, text in the lower left corner, and the tools.

        All but a docked tool is drawn into the rest of the window. Without a picture only the text is drawn, and
        nothing while the surface is minimised. Raises ShaderError if an overlay does not compile.
        """
        screen, framebuffer, content_scale = self._surface.framebuffer, self._surface.size, self._surface.scale
        if 0 in framebuffer:
            return
        screen.viewport = (0, 0, *framebuffer)
        screen.use()
        screen.clear(0.0, 0.0, 0.0, 1.0)
        height_px = text_height_px(framebuffer, content_scale)
        room = framebuffer[0] - max((tool.dock_px(framebuffer, height_px) for tool in tools), default=0), framebuffer[1]
        if picture is None:
            self._draw_sprites(room, lines, height_px, overlays)
            return
        shape = overlays.view.shape(picture.size)
        self._surface.input.show(shape, room, overlays.view)
        left, top, width, height = letterbox(shape, room, overlays.view.shrink)
        shown = left, room[1] - top - height, width, height
        numbers: dict[str, Number] = {"dither_step": self._dither_step}
        moving: dict[str, Number] = {}
        if overlays.passes:
            numbers |= _overlay_uniforms(overlays) | self._maps.use(overlays, 2)
            moving = {name: numbers.pop(name) for name in _OF_FOCUS if overlays.circles is not None}
        # A sampler object does not change the texture's own filter, which the engine has set for its passes.
        picture.use(0)
        self._smooth.use(0)
        picture.use(1)
        self._exact.use(1)
        screen.viewport = shown
        view_uniforms = _view_uniforms(picture.size, shown[2:], overlays.view)
        if not overlays.passes and view_uniforms["taps"] in self._undithered:
            numbers["dither_step"] = 0.0
        self._draw_view((overlays.passes, False), numbers | view_uniforms, moving)
        inset = inset_of(shown)
        whole = replace(overlays.view, zoom=1.0)
        if overlays.view.zoom > 1.0:
            screen.viewport = inset
            view_uniforms = _view_uniforms(picture.size, inset[2:], whole, INSET_TAPS)
            self._draw_view((overlays.passes, True), numbers | view_uniforms, moving)
        self._smooth.clear(0)
        self._exact.clear(1)
        status = self._prepare_text(room, lines, height_px)
        ruler = self._prepare_dof_scale(room, height_px, overlays)
        canvas = Canvas(screen, room, shown, content_scale, height_px, self._sprites, overlays.view, status, ruler)
        if overlays.view.zoom > 1.0:
            self._frame("magnified", overlays.view.box, replace(canvas, shown=inset, view=whole))
        if overlays.face is not None:
            self._frame("face", overlays.face, canvas)
        self._draw_sprites(room, lines, height_px, overlays)
        for tool in tools:
            tool.draw(canvas)

    def _draw_view(
        self, key: tuple[tuple[str, ...], bool], constants: Mapping[str, Number], moving: Mapping[str, Number]
    ) -> None:
        """Draws into the viewport. `moving` numbers stay uniforms: as constants, each focus would compile a program."""
        program = self._programs.program(key, constants)
        program.set(moving)
        program.draw(self._surface.framebuffer)

    def release(self) -> None:
        """Releases all GL objects."""
        self._programs.release()
        self._maps.release()
        self._sprites.release()
        self._smooth.release()
        self._exact.release()

    def _compile(self, key: tuple[tuple[str, ...], bool], constants: Mapping[str, Number]) -> FullFrame:
        source = fuse_overlays((load_pass(name) for name in key[0]), constants)
        return FullFrame(self._gl, source, _SAMPLERS, vertex="screen.vert.glsl")

    def _frame(self, name: str, box: Box, canvas: Canvas) -> None:
        """Draws corners around a part of the picture."""
        (left, top), (right, bottom) = canvas.pixel(*box[:2]), canvas.pixel(*box[2:])
        size, pen_px = (right - left, top - bottom), max(1, canvas.text_px // 9)
        self._sprites.prepare(name, (size, pen_px), lambda: frame(size, pen_px))
        self._sprites.draw(name, left, bottom)

    def _prepare_text(self, room: tuple[int, int], lines: list[str], height_px: int) -> tuple[int, int]:
        """(width, height) of the text in the lower left corner; (0, 0) without lines."""
        if not lines:
            return 0, 0
        room_px = room[0] - 2 * (height_px // 2)
        return self._sprites.prepare(
            "text", (lines, height_px, room_px), partial(render_text, lines, height_px, room_px, wraps=True)
        )

    def _draw_sprites(self, room: tuple[int, int], lines: list[str], height_px: int, overlays: Overlays) -> None:
        width, height = room
        margin_px = height_px // 2
        if lines:
            self._prepare_text(room, lines, height_px)
            self._sprites.draw("text", margin_px, margin_px)
        ruler = self._prepare_dof_scale(room, height_px, overlays)
        if 0 not in ruler:
            self._sprites.draw("dof_scale", (width - ruler[0]) // 2, height - margin_px - ruler[1])

    def _prepare_dof_scale(self, room: tuple[int, int], height_px: int, overlays: Overlays) -> tuple[int, int]:
        """(width, height) of the scale at the upper edge; (0, 0) without one, and in a low window."""
        dof_scale, room_px = overlays.dof_scale, room[0] - 2 * (height_px // 2)
        if dof_scale is None or room[1] < MIN_SCALES_PER_WINDOW * DOF_SCALE_HEIGHT_EM * height_px:
            return 0, 0
        return self._sprites.prepare(
            "dof_scale", (dof_scale, height_px, room_px), lambda: draw_dof_scale(dof_scale, height_px, room_px)
        )


def inset_of(shown: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The inset with the whole picture, in the upper right corner. Both are left, bottom, width, height in pixels."""
    left, bottom, width, height = shown
    across, down = max(1, round(INSET * width)), max(1, round(INSET * height))
    return left + width - across, bottom + height - down, across, down


def _view_uniforms(
    picture: tuple[int, int], shown: tuple[int, int], view: View, max_taps: int = MAX_TAPS
) -> dict[str, Number]:
    """The uniforms of a view. `picture` is the size of the picture, `shown` the size on the screen, (width, height)."""
    (width, height), part = shown, 1.0 / view.zoom
    pixel_px = width * view.zoom / picture[0]  # window pixels per picture pixel
    # A magnified view shows pixels without interpolation.
    is_nearest = picture == shown or (view.zoom > 1.0 and pixel_px >= 1.0)
    stroke_px = max(1.0, pixel_px, round(height / STROKES_PER_HEIGHT))
    return {
        "view_corner": view.corner,
        "view_size": (part, part),
        "footprint": (part / width, part / height),
        "taps": 0 if is_nearest else min(max_taps, math.ceil(max(1.0, 1.0 / pixel_px))),
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
