"""Passes: what a shader file announces, and how the pointwise ones of a look become a single draw.

A pass is a file `shaders/<name>.glsl` with one function `vec3 <name>(vec3 rgb, PixelContext place)`. Its head says what
it looks at, and which light it takes (`domain`):

    #pragma pass pixel scene
    #pragma parameter contrast "Contrast" 1.0 0.5 2.0 0.01 group=tone
    uniform float <name>_contrast;

A parameter is default, minimum, maximum and step; `type=int|bool|color|enum(a,b)` where it is not a float. Its uniform
carries the name of the pass, so that two passes may have a parameter of the same name. What is looked up in a table is
announced by `#pragma table file "LUT file"`: textures and numbers that begin with the names of the pass and of the
parameter, `uniform sampler3D lut_file_cube;`. A full-frame draw costs 4 to
15 ms at 1920x1080 on Mesa's software renderer, so passes that need no neighbours are fused into one fragment program.
A uniform is dear there as well: the numbers of a look as constants of the source draw `classic` in 18 ms, as uniforms
in 32 ms.

An overlay (`#pragma pass overlay display`) is such a file, too. It belongs to no look: it is drawn over the finished
picture on the screen, never into a still, and uses what `present.glsl` announces instead of `common.glsl`.
"""

from __future__ import annotations

import enum
import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

from ..errors import ShaderError
from .domain import Domain, parse_domain, with_display_where
from .former_words import with_current_words
from .program import SHADERS, Reader, Source, load_source, read_shader, source_of

Number = float | int | bool | tuple[float, ...]  # what a uniform holds


class Table(ABC):
    """What a parameter announced by `#pragma table` holds; it never changes.

    `textures` are float32 arrays (height, width, 4) or (depth, height, width, 4), `numbers` uniforms, both by what
    follows the name of the pass and of the parameter in the shader.
    """

    @property
    @abstractmethod
    def textures(self) -> Mapping[str, NDArray[Any]]: ...

    @property
    @abstractmethod
    def numbers(self) -> Mapping[str, Number]: ...


Value = float | int | bool | str | tuple[float, float, float] | Table

_FRAME_FILES = frozenset({"common", "hash", "output", "output_space", "present"})  # shared by looks and overlays
_UNIFORM = re.compile(r"^\s*uniform\s+(\w+)\s+(\w+)\s*;", re.MULTILINE)
# Leads a pass to the map of what is around a pixel; `texel` is one pixel of the picture in it.
_NEIGHBOURHOOD = """uniform sampler2D {name}_map;
uniform vec2 {name}_texel;
vec4 {name}_neighbourhood(PixelContext place) {{ return texture({name}_map, place.middle_px * {name}_texel); }}"""
_SAMPLER = re.compile(r"^\s*uniform\s+sampler\w+\s+(\w+)\s*;", re.MULTILINE)
_GLSL_TYPE = {"float": "float", "int": "int", "bool": "bool", "color": "vec3", "enum": "int"}


class Stage(enum.Enum):
    """What a pass may look at."""

    PIXEL = "pixel"  # the colour of its own pixel alone
    PLACE = "place"  # also where in the frame and in which frame it is: left out by `local=False`
    NEIGHBOURHOOD = (
        "neighbourhood"  # also what is around it, which is drawn small before it: left out by `local=False`, too
    )
    OVERLAY = "overlay"  # the finished picture, and how sharp it is where: for the screen alone, no part of a look


@dataclass(frozen=True, slots=True)
class Parameter:
    """One slider, look-file key and uniform, as its pragma announces it."""

    name: str
    label: str
    default: Value
    low: float
    high: float
    step: float
    kind: str = "float"  # float, int, bool, color, enum or table
    choices: tuple[str, ...] = ()
    group: str = ""

    def clamped(self, value: Value) -> Value:
        """A value of its kind, at the nearest end where it is out of range."""
        if isinstance(value, tuple):
            red, green, blue = (min(max(one, self.low), self.high) for one in value)
            return red, green, blue
        if isinstance(value, bool | str | Table):
            return value
        return type(value)(min(max(value, self.low), self.high))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What a pass wants to know of a pixel's surroundings: how they are gathered, and which parameter says how far."""

    prefilter: str  # one of look.around
    radius: str  # the parameter, in frame heights; the shader itself does not need it


@dataclass(frozen=True, slots=True)
class Pass:
    """A shader file and what it announces."""

    name: str
    stage: Stage
    parameters: tuple[Parameter, ...]
    source: Source
    neighbourhood: Neighbourhood | None = None
    domain: Domain | None = None  # None where the shader does not say

    @property
    def samplers(self) -> tuple[str, ...]:
        """The textures that the shader asks for, in the order in which it does."""
        return tuple(_SAMPLER.findall(self.source.text))

    def parameter(self, name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.name == name), None)


def uniform_name(pass_name: str, parameter_name: str) -> str:
    return f"{pass_name}_{parameter_name}"


def list_passes() -> tuple[str, ...]:
    """Names of the passes for looks, sorted: those that ship and those of folders laid over them. What is no pass, or
    not yet, is left out; `load_pass` says why.
    """
    return tuple(name for name, stage in _stages(SHADERS.revision).items() if stage is not Stage.OVERLAY)


def list_overlays() -> tuple[str, ...]:
    """Names of the overlays, likewise."""
    return tuple(name for name, stage in _stages(SHADERS.revision).items() if stage is Stage.OVERLAY)


@lru_cache(maxsize=2)
def _stages(revision: int) -> dict[str, Stage]:
    stages = {}
    for name in (file.removesuffix(".glsl") for file in SHADERS.names()):
        if "." not in name and name not in _FRAME_FILES:
            with suppress(ShaderError):
                stages[name] = load_pass(name).stage
    return stages


def load_pass(name: str, read: Reader = read_shader) -> Pass:
    """Read and check `shaders/<name>.glsl`; raises ShaderError with file and line."""
    return _load_pass(name, read, SHADERS.revision)


@lru_cache(maxsize=256)
def _load_pass(name: str, read: Reader, revision: int) -> Pass:
    file = f"{name}.glsl"
    source = with_current_words(name, load_source(file, read))
    stage: Stage | None = None
    domain: Domain | None = None
    neighbourhood: Neighbourhood | None = None
    parameters: list[Parameter] = []
    for line, (origin, number) in zip(source.lines, source.origins, strict=True):
        words = line.split(maxsplit=2)
        if words[:2] == ["#pragma", "pass"]:
            stage, domain = _stage_and_domain(line.split()[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "display_where"]:
            domain = with_display_where(domain, line.split()[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "neighbourhood"]:
            neighbourhood = _parse_neighbourhood(words[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "parameter"]:
            parameters.append(parse_parameter(line, f"{origin}:{number}"))
        elif words[:2] == ["#pragma", "table"]:
            parameters.append(_table(line, f"{origin}:{number}"))
    if stage is None:
        raise ShaderError(f"{file}: no '#pragma pass'; add '#pragma pass {Stage.PIXEL.value}'")
    if not re.search(rf"^vec3\s+{name}\s*\(\s*vec3\s+\w+\s*,\s*PixelContext\s+\w+\s*\)", source.text, re.MULTILINE):
        raise ShaderError(f"{file}: no function 'vec3 {name}(vec3 rgb, PixelContext place)'")
    if stage is Stage.NEIGHBOURHOOD:
        _check_neighbourhood(name, neighbourhood, parameters, source)
    _check_uniforms(name, [p for p in parameters if neighbourhood is None or p.name != neighbourhood.radius], source)
    if stage is Stage.NEIGHBOURHOOD:
        source = source_of(f"{name}'s map", _NEIGHBOURHOOD.format(name=name)) + source
    source = replace(source, again=lambda: load_pass(name, read).source)
    return Pass(name, stage, tuple(parameters), source, neighbourhood, domain)


def _stage_and_domain(words: list[str], where: str) -> tuple[Stage, Domain | None]:
    try:
        stage = Stage(words[0] if words else "")
    except ValueError:
        known = ", ".join(stage.value for stage in Stage)
        raise ShaderError(f"{where}: unknown pass stage '{' '.join(words)}'; use one of {known}") from None
    return stage, parse_domain(words[1:], where)


def _parse_neighbourhood(words: list[str], where: str) -> Neighbourhood:
    try:
        prefilter, radius = words[0].split()
    except (IndexError, ValueError):
        raise ShaderError(f"{where}: not '#pragma neighbourhood RECIPE PARAMETER', as 'halo radius'") from None
    return Neighbourhood(prefilter, radius)


def _check_neighbourhood(
    name: str, neighbourhood: Neighbourhood | None, parameters: list[Parameter], source: Source
) -> None:
    if neighbourhood is None or neighbourhood.radius not in [p.name for p in parameters]:
        raise ShaderError(
            f"{name}.glsl: no '#pragma neighbourhood RECIPE PARAMETER' with one of its parameters as the radius"
        )
    if not re.search(rf"^vec4\s+{name}_prefilter\s*\(\s*vec3\s+\w+\s*\)", source.text, re.MULTILINE):
        raise ShaderError(f"{name}.glsl: no function 'vec4 {name}_prefilter(vec3 rgb)' of what is averaged")


def parse_parameter(line: str, where: str) -> Parameter:
    """`#pragma parameter name "Label" default min max step [group=..] [type=..]` as a Parameter.

    >>> parse_parameter('#pragma parameter size "Size" 2 1 9 1 group=film type=int', "grain.glsl:3").default
    2
    """
    try:
        words = shlex.split(line)
        name, label, (default, low, high, step) = words[2], words[3], (float(word) for word in words[4:8])
        options = dict(word.split("=", 1) for word in words[8:])
    except ValueError as error:
        raise ShaderError(f"{where}: not 'name \"Label\" default min max step': {line.strip()} ({error})") from None
    except IndexError:
        raise ShaderError(f"{where}: not 'name \"Label\" default min max step': {line.strip()}") from None
    kind, _, choices = options.pop("type", "float").partition("(")
    group = options.pop("group", "")
    if kind not in _GLSL_TYPE or options or not name.isidentifier():
        raise ShaderError(f"{where}: cannot read {line.strip()}; options are group= and type={'|'.join(_GLSL_TYPE)}")
    if not low <= default <= high:
        raise ShaderError(f"{where}: default {default:g} of '{name}' is not in {low:g}..{high:g}")
    names = tuple(choices.removesuffix(")").split(",")) if choices else ()
    return Parameter(name, label, _default(default, kind, names), low, high, step, kind, names, group)


def _table(line: str, where: str) -> Parameter:
    """A parameter without a range or a default: a look file says which table."""
    words = shlex.split(line)
    if len(words) != 4 or not words[2].isidentifier():
        raise ShaderError(f"{where}: not 'name \"Label\"': {line.strip()}")
    return Parameter(words[2], words[3], "", 0.0, 0.0, 0.0, "table")


def _default(number: float, kind: str, choices: tuple[str, ...]) -> Value:
    match kind:
        case "int":
            return int(number)
        case "bool":
            return number != 0
        case "color":
            return (number, number, number)
        case "enum":
            return choices[int(number)]
        case _:
            return number


def _check_uniforms(name: str, parameters: list[Parameter], source: Source) -> None:
    declared = {uniform: glsl_type for glsl_type, uniform in _UNIFORM.findall(source.text)}
    announced = {uniform_name(name, p.name): p for p in parameters if p.kind != "table"}
    tables = tuple(f"{uniform_name(name, p.name)}_" for p in parameters if p.kind == "table")
    for uniform in {one for one in declared if not (tables and one.startswith(tables))} - announced.keys():
        raise ShaderError(
            f"{name}.glsl: uniform '{uniform}' has no '#pragma parameter {uniform.removeprefix(name + '_')}'"
        )
    for uniform, parameter in announced.items():
        glsl_type = _GLSL_TYPE[parameter.kind]
        if declared.get(uniform) != glsl_type:
            raise ShaderError(f"{name}.glsl: parameter '{parameter.name}' has no 'uniform {glsl_type} {uniform};'")
        if len(re.findall(rf"\b{uniform}\b", source.text)) < 2:
            raise ShaderError(f"{name}.glsl: parameter '{parameter.name}' is never used")


def number_of(shader: Pass, name: str, value: Value) -> Number:
    """What the uniform of parameter `name` holds for `value`: of an enumeration the number of the choice."""
    parameter = shader.parameter(name)
    if parameter is not None and parameter.kind == "enum":
        return parameter.choices.index(str(value))
    assert not isinstance(value, str | Table)  # text stands for enumerations alone
    return value


def fuse_overlays(overlays: Iterable[Pass], constants: Mapping[str, Number] = MappingProxyType({})) -> Source:
    """One fragment program for `screen.vert.glsl`: the finished picture through the overlays in their order.

    Uniforms that are named in `constants` become constants, as in `fuse`.
    """
    overlays = tuple(overlays)
    source = source_of("head", "#version 330 core\nout vec4 display_rgba;") + load_source("present.glsl")
    for one in overlays:
        source += one.source
    calls = "\n".join(f"    rgb = {one.name}(rgb, place);" for one in overlays)
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
    to_space: bool = False,
) -> Source:
    """One fragment program: the scene's pixel through the passes in their order.

    With `blend` it also makes the neutral rendering and mixes by `strength`: a program of its own, because a software
    renderer runs both sides of every branch. Uniforms that are named in `constants` become constants, for a program
    that draws the same picture sooner and has to be made anew for every change of a number. The picture is for a screen
    of sRGB, or with `to_space` for the one that the table `output` tells of.
    """
    source, calls = _chain_source(tuple(passes))
    if to_space:
        source += load_source("output_space.glsl")
    mixed = "mix(neutral_rendering(scene_rgb), look_rgb, strength)" if blend else "look_rgb"
    main = f"""
void main() {{
    PixelContext place = PixelContext(from_centre, ivec2(gl_FragCoord.xy), gl_FragCoord.xy);
    vec3 scene_rgb = scene_at(plane_position);
    vec3 look_rgb = scene_rgb;
{calls}
    display = {"space_pixel" if to_space else "display_pixel"}({mixed}, place);
}}"""
    return _with_constants(source + source_of("main", main), constants)


def fuse_prefilter(before: Iterable[Pass], seen: Pass) -> Source:
    """One fragment program: what `seen` wants averaged, of the mean of two by two pixels behind the passes `before`.

    Each pixel drawn covers `covers_px` of the picture; with 1 all four samples are the same pixel.
    """
    before = tuple(before)
    source, calls = _chain_source((*before, seen), called=len(before))
    main = f"""
uniform vec2 plane_px;    // one pixel of the planes
uniform vec4 inside;      // first and last pixel of the picture in the planes: what lies around it is not seen
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
    display = {seen.name}_prefilter(look_rgb);
}}"""
    return source + source_of("main", main)


def _chain_source(passes: tuple[Pass, ...], called: int | None = None) -> tuple[Source, str]:
    """The source of the passes with all that comes before them, and the calls of the first `called` of them."""
    source = source_of("head", "#version 330 core\nout vec4 display;")
    source += load_source("common.glsl") + load_source("output.glsl")
    for one in passes:
        source += one.source
    return source, "\n".join(f"    look_rgb = {one.name}(look_rgb, place);" for one in passes[:called])


def _with_constants(source: Source, constants: Mapping[str, Number]) -> Source:
    lines = tuple(_UNIFORM.sub(partial(_constant, constants), line) for line in source.lines)
    return Source(lines, source.origins, lambda: _with_constants(source.renewed(), constants))


def _constant(constants: Mapping[str, Number], uniform: re.Match[str]) -> str:
    glsl_type, name = uniform.groups()
    if name not in constants:
        return uniform[0]
    number = constants[name]
    numbers = ", ".join(repr(float(one)) for one in (number if isinstance(number, tuple) else (number,)))
    return f"const {glsl_type} {name} = {glsl_type}({numbers});"
