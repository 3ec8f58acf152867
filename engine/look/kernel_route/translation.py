"""A look's pointwise passes as the text of one kernel: scene planes in, pixels of 8 bits out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...gl.passes import Number, Pass, Stage
from ...gl.program import Source, load_source, source_of
from .emitter import FRAME, Emitter, Scalar
from .errors import UntranslatableError, invalid_text_refused
from .execution import Runner
from .parser import Shader, parse
from .tokens import Origin, tokens_of
from .types import vector
from .uniforms import HostProgram
from .values import Value

KERNEL = "look"
_SCENE = ("scene_red", "scene_green", "scene_blue")  # names in the kernel, as _PIXEL
_PIXEL = ("column", "row")
_HEAD = f"""#include "shading.h"
KERNEL void {KERNEL}(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT numbers,
                 GLOBAL float *RESTRICT picture, int first, int count, int frame, int pitch, int stride)
{{
    if (GLOBAL_X >= count)
        return;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + first + GLOBAL_X;
    const ints column = first + GLOBAL_X + LANES, row = (ints)(GLOBAL_Y), {FRAME} = (ints)(frame);
    const floats scene_red = scene_light(LOAD(scene, at));
    const floats scene_green = scene_light(LOAD(scene, at + stride));
    const floats scene_blue = scene_light(LOAD(scene, at + 2 * stride));
"""
_MAIN = """
vec4 look_pixel(vec3 scene_rgb, ivec2 pixel) {{
    vec2 middle_px = vec2(pixel) + 0.5;
    PixelContext place = PixelContext((2.0 * middle_px - frame_px) * (1.0 / length(frame_px)), pixel, middle_px);
    vec3 look_rgb = scene_rgb;
{calls}
    return display_pixel({mixed}, place);
}}"""


@dataclass(frozen=True, slots=True)
class Translation:
    """`text` is the kernel, each of whose lines came from a line of `origins`. `host` computes its numbers.

    `uses_frame` is whether the picture depends on the number of the frame.

    It holds for looks in which the uniforms of `fixed` are as they are here.
    """

    text: str
    uses_frame: bool
    origins: tuple[Origin, ...]
    host: HostProgram
    fixed: Mapping[str, Number]

    def fits(self, uniforms: Mapping[str, Number]) -> bool:
        return all(uniforms[name] == number for name, number in self.fixed.items())


@dataclass(frozen=True, slots=True)
class LookShader:
    """The parsed passes of a look. `translate` makes a kernel for the numbers of a look."""

    shader: Shader

    def translate(self, uniforms: Mapping[str, Number]) -> Translation:
        """Raises UntranslatableError."""
        emitter = Emitter(uniforms)
        function = self.shader.functions["look_pixel"][0]
        given = [
            Value(vector("float", 3), tuple(Scalar("float", text=name) for name in _SCENE)),
            Value(vector("int", 2), tuple(Scalar("int", text=name) for name in _PIXEL)),
        ]
        with invalid_text_refused():
            pixel, _ = Runner(emitter, self.shader).run(function, given)
        assert pixel is not None  # a vec4
        channels = ", ".join(emitter.text(part) for part in pixel.parts)
        head = _HEAD.splitlines()
        foot = [
            f"const floats pixels = rgba8({channels});",
            "store_pixels(picture, GLOBAL_Y * count + GLOBAL_X, pixels, count - GLOBAL_X, count % RUN == 0);",
        ]
        body = emitter.lines_for(channels)
        lines = [*head, *(f"    {line}" for line in (*(line for line, _ in body), *foot)), "}"]
        origins = (*((KERNEL, 1),) * len(head), *(origin for _, origin in body), *((KERNEL, 1),) * (len(foot) + 1))
        uses_frame = any(FRAME in line for line, _ in body)
        return Translation("\n".join(lines) + "\n", uses_frame, origins, emitter.graph.program(), emitter.fixed)


def parse_look(passes: tuple[Pass, ...], blend: bool) -> LookShader:
    """The passes in their order, with the neutral rendering blended in or not.

    Raises UntranslatableError with the file and the reason if a kernel cannot draw one of them.
    """
    for shader in passes:
        check_translatable(shader)
    source: Source = load_source("common.glsl") + load_source("output.glsl")
    for shader in passes:
        source += shader.source
    calls = "\n".join(f"    look_rgb = {shader.name}(look_rgb, place);" for shader in passes)
    mixed = "mix(neutral_rendering(scene_rgb), look_rgb, strength)" if blend else "look_rgb"
    with invalid_text_refused():
        return LookShader(parse(tokens_of(source + source_of("main", _MAIN.format(calls=calls, mixed=mixed)))))


def check_translatable(shader: Pass) -> None:
    """Raises UntranslatableError for a pass with a table or a neighbourhood: GL draws these."""
    if shader.stage is Stage.NEIGHBOURHOOD:
        raise UntranslatableError(f"{shader.name}.glsl looks at the neighbourhood of a pixel")
    if shader.samplers:
        raise UntranslatableError(f"{shader.name}.glsl looks up the texture '{shader.samplers[0]}'")
