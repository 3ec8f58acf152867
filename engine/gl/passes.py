"""Passes: the declarations of a shader file.

A pass is a file `shaders/<name>.glsl` with one function `vec3 <name>(vec3 rgb, PixelContext place)`. Its head declares
the pass's stage (its inputs) and its domain (its light):

    #pragma pass pixel scene
    #pragma parameter contrast "Contrast" 1.0 0.5 2.0 0.01 group=tone
    uniform float <name>_contrast;

A parameter has default, minimum, maximum and step, and `type=int|bool|color|enum(a,b)` if it is not a float. The
default of a color is one number, or three as `0.9,0.6,0.3`; that of an enum is the number of its choice, from 0. Its
uniform starts with the name of the pass, so that two passes may have a parameter of the same name. A table parameter is
declared by `#pragma table file "LUT file"`. Its textures and numbers start with the names of the pass and the
parameter, `uniform sampler3D lut_file_cube;`.

An overlay (`#pragma pass overlay display`) is also such a file. It is not part of a look: it is drawn over the finished
picture on the screen, never into a still, and uses the declarations of `present.glsl` instead of `common.glsl`.
"""

from __future__ import annotations

import enum
import re
import shlex
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from ..errors import ShaderError
from .domain import Domain, parse_domain, with_display_choices
from .former_words import with_current_words
from .program import SHADERS, Reader, Source, load_source, read_shader, source_of
from .shader_inputs import NO_IMAGE, image_names, inputs_head, with_main_image
from .table import Number as Number
from .table import Table as Table

Value = float | int | bool | str | tuple[float, float, float] | Table

# Shared by looks and overlays.
_FRAME_FILES = frozenset({"common", "hash", "hdr_light", "output", "output_space", "present"})
UNIFORM = re.compile(r"^[ \t]*uniform\s+(\w+)\s+(\w+)\s*;", re.MULTILINE)
# Gives a pass access to its neighbourhood map; `texel` is one pixel of the picture in map coordinates.
_NEIGHBOURHOOD = """uniform sampler2D {name}_map;
uniform vec2 {name}_texel;
vec4 {name}_neighbourhood(PixelContext place) {{ return texture({name}_map, place.middle_px * {name}_texel); }}"""
_SAMPLER = re.compile(r"^[ \t]*uniform\s+sampler\w+\s+(\w+)\s*;", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LARGEST = 1e9  # a parameter and its range
DEFAULTS = "a color has one default or three, 0.9,0.6,0.3; an enum the number of its choice from 0; a bool 0 or 1"
_FILES = ("table", "image")  # kinds of parameters whose values are files
_GLSL_TYPE = {"float": "float", "int": "int", "bool": "bool", "color": "vec3", "enum": "int"}


class Stage(enum.Enum):
    """The inputs of a pass."""

    PIXEL = "pixel"  # only the colour of its own pixel
    PLACE = "place"  # also the pixel's position and the frame number; omitted with `local=False`
    NEIGHBOURHOOD = "neighbourhood"  # also a small map of its neighbourhood, drawn before; omitted with `local=False`
    OVERLAY = "overlay"  # the finished picture and its local sharpness; only for the screen, not part of a look


@dataclass(frozen=True, slots=True)
class Parameter:
    """A slider, look-file key and uniform, declared by a pragma."""

    name: str
    label: str
    default: Value
    low: float
    high: float
    step: float
    kind: str = "float"  # float, int, bool, color, enum, table or image
    choices: tuple[str, ...] = ()
    group: str = ""

    def clamped(self, value: Value) -> Value:
        """`value`, clamped to the range if it is a number or a colour."""
        if isinstance(value, tuple):
            red, green, blue = (min(max(channel, self.low), self.high) for channel in value)
            return red, green, blue
        if isinstance(value, bool | str | Table):
            return value
        return type(value)(min(max(value, self.low), self.high))


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The neighbourhood that a pass reads: its prefilter, and the parameter for its radius."""

    prefilter: str  # one of the prefilters in look.neighbourhood
    radius: str  # the parameter, in frame heights; the shader itself does not need it


@dataclass(frozen=True, slots=True)
class Pass:
    """A shader file and its declarations."""

    name: str
    stage: Stage
    parameters: tuple[Parameter, ...]
    source: Source
    neighbourhood: Neighbourhood | None = None
    domain: Domain | None = None  # None if the shader declares no domain

    @property
    def samplers(self) -> tuple[str, ...]:
        """The shader's samplers, in the order of their declaration."""
        return tuple(_SAMPLER.findall(self.source.text))

    def parameter(self, name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.name == name), None)


def uniform_name(pass_name: str, parameter_name: str) -> str:
    return f"{pass_name}_{parameter_name}"


def list_passes() -> tuple[str, ...]:
    """Names of the passes for looks, sorted: the built-in ones and those of the user's folders.

    Files that are not valid passes are omitted; `load_pass` raises the reason.
    """
    return tuple(name for name, stage in _stages(SHADERS.revision).items() if stage is not Stage.OVERLAY)


def list_overlays() -> tuple[str, ...]:
    """Names of the overlays, sorted; otherwise as `list_passes`."""
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
    """Reads and checks `shaders/<name>.glsl`. Raises ShaderError with file and line."""
    return _load_pass(name, read, SHADERS.revision)


@lru_cache(maxsize=256)
def _load_pass(name: str, read: Reader, revision: int) -> Pass:
    file = f"{name}.glsl"
    if not _NAME.fullmatch(name):
        raise ShaderError(
            f"{file}: the name of a pass consists of the letters a to z, digits and underscores; rename it"
        )
    source = with_main_image(name, with_current_words(name, load_source(file, read)))
    stage: Stage | None = None
    domain: Domain | None = None
    neighbourhood: Neighbourhood | None = None
    parameters: list[Parameter] = []
    for line, (origin, number) in zip(source.lines, source.origins, strict=True):
        words = line.split(maxsplit=2)
        if words[:2] == ["#pragma", "pass"]:
            stage, domain = _stage_and_domain(line.split()[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "display_where"]:
            domain = with_display_choices(domain, line.split()[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "neighbourhood"]:
            neighbourhood = _parse_neighbourhood(words[2:], f"{origin}:{number}")
        elif words[:2] == ["#pragma", "parameter"]:
            parameters.append(parse_parameter(line, f"{origin}:{number}"))
        elif words[:2] == ["#pragma", "table"]:
            parameters.append(_table(line, f"{origin}:{number}"))
    parameters += [Parameter(image, image, NO_IMAGE, 0.0, 0.0, 0.0, "image") for image in image_names(source.text)]
    names = [parameter.name for parameter in parameters]
    for twice in (name for number, name in enumerate(names) if name in names[:number]):
        raise ShaderError(f"{file}: parameter '{twice}' is declared twice")
    if stage is None:
        raise ShaderError(f"{file}: no '#pragma pass'; add '#pragma pass {Stage.PIXEL.value}'")
    if not re.search(rf"^vec3\s+{name}\s*\(\s*vec3\s+\w+\s*,\s*PixelContext\s+\w+\s*\)", source.text, re.MULTILINE):
        raise ShaderError(f"{file}: no function 'vec3 {name}(vec3 rgb, PixelContext place)'")
    if stage is Stage.NEIGHBOURHOOD:
        _check_neighbourhood(name, neighbourhood, parameters, source)
    _check_uniforms(name, [p for p in parameters if neighbourhood is None or p.name != neighbourhood.radius], source)
    if stage is Stage.NEIGHBOURHOOD:
        source = source_of(f"{name}'s map", _NEIGHBOURHOOD.format(name=name)) + source
    source = inputs_head(name, source.text) + source
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
        raise ShaderError(
            f"{where}: not '#pragma neighbourhood PREFILTER PARAMETER', for example 'halo radius'"
        ) from None
    return Neighbourhood(prefilter, radius)


def _check_neighbourhood(
    name: str, neighbourhood: Neighbourhood | None, parameters: list[Parameter], source: Source
) -> None:
    numbers = [p.name for p in parameters if p.kind in ("float", "int")]
    if neighbourhood is None or neighbourhood.radius not in numbers:
        raise ShaderError(
            f"{name}.glsl: no '#pragma neighbourhood PREFILTER PARAMETER' with one of its parameters as the radius"
        )
    if not re.search(rf"^vec4\s+{name}_prefilter\s*\(\s*vec3\s+\w+\s*\)", source.text, re.MULTILINE):
        raise ShaderError(
            f"{name}.glsl: no function 'vec4 {name}_prefilter(vec3 rgb)', which returns the values to average"
        )


def parse_parameter(line: str, where: str) -> Parameter:
    """`#pragma parameter name "Label" default min max step [group=..] [type=..]` as a Parameter.

    >>> parse_parameter('#pragma parameter size "Size" 2 1 9 1 group=tone type=int', "grain.glsl:3").default
    2
    """
    words = _words(line, where)
    wanted = f"{where}: not 'name \"Label\" default min max step': {line.strip()}"
    try:
        name, label, (low, high, step) = words[2], words[3], (float(word) for word in words[5:8])
        options = dict(word.split("=", 1) for word in words[8:])
        defaults = tuple(float(word) for word in words[4].split(","))
    except ValueError as error:
        raise ShaderError(f"{wanted} ({error}; {DEFAULTS})") from None
    except IndexError:
        raise ShaderError(wanted) from None
    kind, _, choices = options.pop("type", "float").partition("(")
    group = options.pop("group", "")
    if kind not in _GLSL_TYPE or options or not _NAME.fullmatch(name):
        raise ShaderError(f"{where}: cannot read {line.strip()}; options are group= and type={'|'.join(_GLSL_TYPE)}")
    names = tuple(choices.removesuffix(")").split(",")) if choices else ()
    if len(defaults) != 1 and (kind, len(defaults)) != ("color", 3):
        raise ShaderError(f"{where}: {len(defaults)} defaults in {line.strip()}; {DEFAULTS}")
    for default in defaults:
        fault = _fault(kind, (default, low, high, step), names)
        if fault:
            raise ShaderError(f"{where}: {fault} in {line.strip()}")
    return Parameter(name, label, _default(defaults, kind, names), low, high, step, kind, names, group)


def _fault(kind: str, numbers: tuple[float, float, float, float], choices: tuple[str, ...]) -> str:
    """What is wrong with the numbers and choices of a parameter; empty if they are right."""
    default, low, high, step = numbers
    if not all(abs(number) <= LARGEST for number in numbers):
        return f"numbers must be finite and at most {LARGEST:g}; one is not,"
    if not low <= default <= high:
        return f"default {default:g} is not in {low:g}..{high:g}, the minimum and maximum that follow it,"
    if step < 0 or (step == 0 and low < high):
        return f"step {step:g} is not above 0"
    if kind in ("int", "enum") and not all(number.is_integer() for number in (default, low, high)):
        return f"type={kind} takes whole numbers; one is not,"
    if (kind == "enum") != bool(choices) or not all(choices) or len(set(choices)) < len(choices):
        return "choices are written as type=enum(a,b), each once, and the default as its number from 0; they are not"
    if kind == "enum" and not (low >= 0 and high < len(choices)):
        return f"default, min and max count the {len(choices)} choices from 0 to {len(choices) - 1}; one does not"
    return ""


def _words(line: str, where: str) -> list[str]:
    """The words of a pragma; a text in quotes is one word."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ShaderError(f"{where}: cannot read {line.strip()} ({str(error).lower()})") from None


def _table(line: str, where: str) -> Parameter:
    """A parameter without range or default: the look file names its table."""
    words = _words(line, where)
    if len(words) != 4 or not _NAME.fullmatch(words[2]):
        raise ShaderError(f"{where}: not 'name \"Label\"': {line.strip()}")
    return Parameter(words[2], words[3], "", 0.0, 0.0, 0.0, "table")


def _default(numbers: tuple[float, ...], kind: str, choices: tuple[str, ...]) -> Value:
    number = numbers[0]
    match kind:
        case "int":
            return int(number)
        case "bool":
            return number != 0
        case "color":
            red, green, blue = numbers if len(numbers) == 3 else (number, number, number)
            return red, green, blue
        case "enum":
            return choices[int(number)]
        case _:
            return number


def _check_uniforms(name: str, parameters: list[Parameter], source: Source) -> None:
    declared = {uniform: glsl_type for glsl_type, uniform in UNIFORM.findall(source.text)}
    announced = {uniform_name(name, p.name): p for p in parameters if p.kind not in _FILES}
    tables = tuple(f"{uniform_name(name, p.name)}_" for p in parameters if p.kind == "table")
    for uniform in {name for name in declared if not (tables and name.startswith(tables))} - announced.keys():
        raise ShaderError(
            f"{name}.glsl: uniform '{uniform}' has no '#pragma parameter {uniform.removeprefix(name + '_')}'"
        )
    uses = Counter(re.findall(r"\w+", source.text))
    for uniform, parameter in announced.items():
        glsl_type = _GLSL_TYPE[parameter.kind]
        if declared.get(uniform) != glsl_type:
            raise ShaderError(f"{name}.glsl: parameter '{parameter.name}' has no 'uniform {glsl_type} {uniform};'")
        if uses[uniform] < 2:
            raise ShaderError(f"{name}.glsl: parameter '{parameter.name}' is never used")


def number_of(shader: Pass, name: str, value: Value) -> Number:
    """The uniform's number for `value` of parameter `name`; for an enumeration the index of the choice."""
    parameter = shader.parameter(name)
    if parameter is not None and parameter.kind == "enum":
        return parameter.choices.index(str(value))
    assert not isinstance(value, str | Table)  # only enumerations have text values
    return value
