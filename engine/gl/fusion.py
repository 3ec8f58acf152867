"""Fusion: the passes of a look, or of the overlays, as one fragment program.

A full-frame draw costs 4 to 15 ms at 1920x1080 on Mesa's software renderer, so passes that need no neighbours are fused
into one fragment program. Uniforms are expensive there, too: `classic` takes 18 ms with the look's numbers as constants
of the source, 32 ms with uniforms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal

from .passes import UNIFORM, Number, Pass
from .program import Source, load_source, source_of

Ending = Literal["srgb", "space", "light"]  # the last step: sRGB, the table `output` of a screen, or light for HDR


def fuse_overlays(overlays: Iterable[Pass], constants: Mapping[str, Number] = MappingProxyType({})) -> Source:
    """A fragment program for `screen.vert.glsl` that applies the overlays, in order, to the finished picture.

    Uniforms named in `constants` become constants, as in `fuse`.
    """
    overlays = tuple(overlays)
    source = source_of("head", "#version 330 core\nout vec4 display_rgba;") + load_source("present.glsl")
    for overlay in overlays:
        source += overlay.source
    calls = "\n".join(f"    rgb = {overlay.name}(rgb, place);" for overlay in overlays)
    main = f"""
void main() {{
    PixelContext place = PixelContext(view_corner + at * view_size, ivec2(gl_FragCoord.xy));
    vec3 rgb = clean_rgb = picture_pixel(place.at);
{calls}
    display_rgba = vec4(dithered(rgb, place.pixel), 1.0);
}}"""
    return _with_constants(source + source_of("main", main), constants)


def fuse(
    passes: Iterable[Pass],
    *,
    blend: bool,
    constants: Mapping[str, Number] = MappingProxyType({}),
    ending: Ending = "srgb",
    curve_at: int | None = None,
) -> Source:
    """A fragment program that applies the passes, in order, to the scene's pixels.

    With `blend` it also computes the neutral rendering and mixes by `strength`. This is a separate program, because a
    software renderer runs both sides of every branch. Uniforms named in `constants` become constants: the program is
    faster, but must be compiled again for every change of a number. The picture is sRGB, or with the `ending` "space"
    in the colour space of the table `output`. With "light" it is linear light with the gain of the highlights;
    `curve_at` is the number of passes before the look's tone curve (None: all).
    """
    passes = tuple(passes)
    source, calls = _chain_source(passes)
    if ending != "srgb":
        source += load_source("output_space.glsl" if ending == "space" else "hdr_light.glsl")
    mixed = "mix(neutral_rendering(scene_rgb), look_rgb, strength)" if blend else "look_rgb"
    last = f"{'space' if ending == 'space' else 'display'}_pixel({mixed}, place)"
    if ending == "light":
        lines = calls.splitlines()
        lines.insert(len(lines) if curve_at is None else curve_at, "    vec3 curve_rgb = look_rgb;")
        calls = "\n".join(lines)
        last = f"light_pixel({mixed}, {'mix(scene_rgb, curve_rgb, strength)' if blend else 'curve_rgb'})"
    main = f"""
void main() {{
    PixelContext place = PixelContext(from_centre, ivec2(gl_FragCoord.xy), gl_FragCoord.xy);
    vec3 scene_rgb = scene_at(plane_position);
    vec3 look_rgb = scene_rgb;
{calls}
    display = {last};
}}"""
    return _with_constants(source + source_of("main", main), constants)


def fuse_prefilter(before: Iterable[Pass], reader: Pass) -> Source:
    """A fragment program that draws the prefilter of the pass `reader`.

    It takes the mean of 2 x 2 pixels and applies the passes `before`. Each pixel drawn covers `covers_px` pixels of the
    picture; with 1 all four samples are the same pixel.
    """
    before = tuple(before)
    source, calls = _chain_source((*before, reader), called=len(before))
    main = f"""
uniform vec2 plane_px;    // one pixel of the planes
uniform vec4 inside;      // first and last pixel of the picture in the planes; the padding is not read
uniform float covers_px;

vec3 scene_near(vec2 offset_px) {{
    return scene_at(clamp(plane_position + offset_px * plane_px, inside.xy, inside.zw));
}}

void main() {{
    vec2 middle_px = gl_FragCoord.xy * covers_px;
    PixelContext place = PixelContext(from_centre, ivec2(middle_px), middle_px);
    float side = 0.5 * (covers_px - 1.0);
    vec3 look_rgb = 0.25 * (scene_near(vec2(-side, -side)) + scene_near(vec2(side, -side)) +
                            scene_near(vec2(-side, side)) + scene_near(vec2(side, side)));
{calls}
    display = {reader.name}_prefilter(look_rgb);
}}"""
    return source + source_of("main", main)


def _chain_source(passes: tuple[Pass, ...], called: int | None = None) -> tuple[Source, str]:
    """The passes' source with the common files before it, and the calls of the first `called` passes."""
    source = source_of("head", "#version 330 core\nout vec4 display;")
    source += load_source("common.glsl") + load_source("output.glsl")
    for shader in passes:
        source += shader.source
    return source, "\n".join(f"    look_rgb = {shader.name}(look_rgb, place);" for shader in passes[:called])


def _with_constants(source: Source, constants: Mapping[str, Number]) -> Source:
    lines = tuple(UNIFORM.sub(partial(_constant, constants), line) for line in source.lines)
    return Source(lines, source.origins, lambda: _with_constants(source.reloaded(), constants))


def _constant(constants: Mapping[str, Number], uniform: re.Match[str]) -> str:
    glsl_type, name = uniform.groups()
    if name not in constants:
        return uniform[0]
    number = constants[name]
    numbers = ", ".join(repr(float(part)) for part in (number if isinstance(number, tuple) else (number,)))
    return f"const {glsl_type} {name} = {glsl_type}({numbers});"
