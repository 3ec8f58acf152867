"""Draws the finished picture, and what lies over it, into the window's framebuffer."""

from __future__ import annotations

import math
from collections.abc import Iterable

import moderngl

from ..gl.full_frame import FullFrame
from ..gl.passes import Number, fuse_overlays, load_pass, number_of, uniform_name
from ..optics.autofocus import Box
from .barrel import HEIGHT as BARREL_HEIGHT
from .barrel import draw_barrel
from .letterbox import letterbox
from .overlay import letter, text_height_px
from .overlays import NO_OVERLAYS, Circles, Overlays
from .plate import Plates, frame
from .tool import Canvas, Tool

MOST_TAPS = 8  # along a side: a 4000x3000 picture in a 500 pixel window
STROKES = 720  # a line that can be seen is this part of the picture's height on the screen, or a pixel
SCALES_PER_WINDOW = 3  # a window that is lower has no room for the depth-of-field scale
_SAMPLERS = ("picture", "depth_map")


class Presenter:
    """The last pass: `draw` puts a picture into `gl.screen`, letterboxed, with overlays and lines of text.

    Creates nothing while the framebuffer, the text and the set of overlays stay the same. `gl` must be current; its
    creator releases it.
    """

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._programs: dict[tuple[str, ...], FullFrame] = {}  # by the overlays that are fused into it
        self._program(())  # the first frame compiles nothing
        self._plates = Plates(gl)
        self._smooth = gl.sampler(filter=(moderngl.LINEAR, moderngl.LINEAR), repeat_x=False, repeat_y=False)
        self._dither_step = 1.0 / (2 ** screen_bits(gl) - 1)
        self._depth: moderngl.Texture | None = None
        self._circles: Circles | None = None

    def draw(
        self,
        picture: moderngl.Texture,
        framebuffer: tuple[int, int],
        lines: list[str],
        content_scale: float = 1.0,
        overlays: Overlays = NO_OVERLAYS,
        tools: Iterable[Tool] = (),
    ) -> None:
        """Draws `picture`, display sRGB with its first row at the top, what the tools draw, and text in the lower left.

        `framebuffer` is (width, height) in pixels; `content_scale` is the monitor's, 2 where letters need twice those.
        Raises ShaderError where an overlay does not compile.
        """
        screen = self._gl.screen
        screen.viewport = (0, 0, *framebuffer)
        screen.use()
        screen.clear(0.0, 0.0, 0.0, 1.0)
        left, top, width, height = letterbox(picture.size, framebuffer)
        shown = left, framebuffer[1] - top - height, width, height
        screen.viewport = shown
        program = self._program(overlays.passes)
        program.set({**_place_numbers(picture.size, (width, height)), "dither_step": self._dither_step})
        if overlays.passes:
            program.set(_overlay_numbers(overlays))
            self._load(overlays.circles)
        # A sampler object leaves the texture's own filter alone: the engine set that for its passes.
        picture.use(0)
        self._smooth.use(0)
        program.draw(screen)
        self._smooth.clear(0)
        height_px = text_height_px(framebuffer, content_scale)
        if overlays.face is not None:
            self._frame(overlays.face, shown, max(1, height_px // 9))
        canvas = Canvas(self._gl, framebuffer, shown, content_scale, height_px, self._plates)
        for tool in tools:
            tool.draw(canvas)
        self._draw_plates(framebuffer, lines, height_px, overlays)

    def release(self) -> None:
        """Gives all GL objects back."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()
        if self._depth is not None:
            self._depth.release()
            self._depth = None
        self._plates.release()
        self._smooth.release()

    def _program(self, passes: tuple[str, ...]) -> FullFrame:
        if passes not in self._programs:
            source = fuse_overlays(load_pass(name) for name in passes)
            self._programs[passes] = FullFrame(self._gl, source, _SAMPLERS, vertex="screen.vert.glsl")
        return self._programs[passes]

    def _load(self, circles: Circles | None) -> None:
        """Brings the distances to the GL side; the map that is there already travels no second time."""
        if circles is None:
            return
        if self._depth is None or self._circles is None or circles.depth_m is not self._circles.depth_m:
            rows, columns = circles.depth_m.shape
            if self._depth is None or self._depth.size != (columns, rows):
                if self._depth is not None:
                    self._depth.release()
                self._depth = self._gl.texture((columns, rows), 1, dtype="f4")
                self._depth.filter = (moderngl.NEAREST, moderngl.NEAREST)
                self._depth.repeat_x = self._depth.repeat_y = False
            self._depth.write(circles.depth_m.tobytes())
            self._circles = circles
        self._depth.use(1)

    def _frame(self, face: Box, shown: tuple[int, int, int, int], pen_px: int) -> None:
        """Corners round a face of the picture that is `shown` at (left, bottom, width, height)."""
        left, bottom, width, height = shown
        size = round((face[2] - face[0]) * width), round((face[3] - face[1]) * height)
        self._plates.prepare("face", (size, pen_px), lambda: frame(size, pen_px))
        self._plates.draw("face", left + round(face[0] * width), bottom + round((1 - face[3]) * height))

    def _draw_plates(self, framebuffer: tuple[int, int], lines: list[str], height_px: int, overlays: Overlays) -> None:
        width, height = framebuffer
        margin_px = height_px // 2
        room_px = width - 2 * margin_px
        if lines:
            self._plates.prepare("text", (lines, height_px, room_px), lambda: letter(lines, height_px, room_px))
            self._plates.draw("text", margin_px, margin_px)
        barrel = overlays.barrel
        if barrel is not None and height >= SCALES_PER_WINDOW * BARREL_HEIGHT * height_px:
            drawn = self._plates.prepare(
                "barrel", (barrel, height_px, room_px), lambda: draw_barrel(barrel, height_px, room_px)
            )
            self._plates.draw("barrel", (width - drawn[0]) // 2, height - margin_px - drawn[1])


def screen_bits(gl: moderngl.Context) -> int:
    """How many bits a channel of the window's framebuffer has; 8 where the driver does not say."""
    try:
        bits = int(gl.screen.bits["red"])
    except (AttributeError, KeyError, TypeError, moderngl.Error):
        return 8
    return bits if bits >= 8 else 8


def _place_numbers(picture: tuple[int, int], shown: tuple[int, int]) -> dict[str, Number]:
    """What the program is told of a picture of one size that is shown at another, both (width, height)."""
    width, height = shown
    stroke_px = max(1.0, width / picture[0], round(height / STROKES))
    return {
        "footprint": (1 / width, 1 / height),
        "taps": min(MOST_TAPS, math.ceil(max(1.0, picture[0] / width))),
        "stroke": (stroke_px / width, stroke_px / height),
    }


def _overlay_numbers(overlays: Overlays) -> dict[str, Number]:
    circles = overlays.circles
    numbers: dict[str, Number] = {
        "circle_scale": (1e9, 1e9) if circles is None else circles.scale,
        "focus_m": (1.0, 1.0) if circles is None else circles.focus_m,
        "magnification": 1.0 if circles is None else circles.magnification,
    }
    for name in overlays.passes:
        shader, told = load_pass(name), overlays.values.get(name, {})
        for parameter in shader.parameters:
            value = told.get(parameter.name, parameter.default)
            numbers[uniform_name(name, parameter.name)] = number_of(shader, parameter.name, value)
    return numbers
