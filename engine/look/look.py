"""Looks: a TOML file names passes in order, each with its parameters.

    name = "classic"
    intent = "the purpose of the look, in one line"

    [pass.tone_curve]
    grey = 0.115

The tables' order is the passes' order: passes on scene light precede the tone curve, passes on display light follow it.
A missing parameter has the default of its pragma. `enabled = false` switches a pass off.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..checks import PATH, TEXT, check_kind
from ..documents import DocumentError, parse_toml, read_text
from ..errors import LookError, check_name, check_regular_file
from ..files import path_inside
from ..gl.domain import DISPLAY, Domain, misplaced
from ..gl.passes import Parameter, Pass, Table, Value, list_passes, load_pass
from ..gl.program import SHADERS
from .image_read import read_image
from .lut_read import read_lut

RENAMED_PASSES = {"hues": "hsl_mixer", "glow": "bloom"}  # former name: present name
_KEYS = ("name", "intent", "pass")
ENABLED = "enabled"  # key of a section: `enabled = false` switches its pass off


@dataclass(frozen=True, slots=True)
class PassSettings:
    """One pass of a look; `values` holds every parameter of the pass. A pass that is not `enabled` is not drawn."""

    name: str
    values: Mapping[str, Value]
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """The passes from scene light to a picture, in the order of execution. Without passes: the neutral rendering.

    `name` and `intent`, its purpose in one line, describe it; `passes` are its settings. `file` and `text` are the file
    that the look was read from and its content; changes of the look do not affect them.
    """

    name: str
    intent: str
    passes: tuple[PassSettings, ...] = ()
    file: Path | None = dataclasses.field(default=None, compare=False, repr=False)
    text: str = dataclasses.field(default="", compare=False, repr=False)

    @property
    def drawn_passes(self) -> tuple[PassSettings, ...]:
        """The passes that are on."""
        return tuple(settings for settings in self.passes if settings.enabled)

    def present_name(self, pass_name: str) -> str:
        """`pass_name` with a former pass name replaced. The name of a pass of this look is returned unchanged."""
        names = [settings.name for settings in self.passes]
        return pass_name if pass_name in names else RENAMED_PASSES.get(pass_name, pass_name)

    def with_value(self, pass_name: str, parameter: str, value: Value) -> Look:
        """This look with the `value` of one `parameter` of the pass `pass_name` changed.

        Raises LookError for an unknown pass or parameter, or a wrong value.
        """
        check_kind(self.name, "pass_name", pass_name, TEXT)
        check_kind(self.name, "parameter", parameter, TEXT)
        pass_name, names = self.present_name(pass_name), [settings.name for settings in self.passes]
        if pass_name not in names:
            raise LookError(f"{self.name}: no pass '{pass_name}'{_nearest(pass_name, names)}")
        at = names.index(pass_name)
        checked = _value(load_pass(pass_name), parameter, value, self.name)
        values = MappingProxyType({**self.passes[at].values, parameter: checked})
        changed = dataclasses.replace(self.passes[at], values=values)
        return dataclasses.replace(self, passes=(*self.passes[:at], changed, *self.passes[at + 1 :]))

    def refitted(self) -> Look:
        """This look with the present parameters of its shaders, which change while a shader is being edited.

        A value of the wrong type becomes the parameter's default, a value out of range the nearest end of the range.
        Raises ShaderError if a pass does not exist any more.
        """
        return dataclasses.replace(self, passes=tuple(_refitted(settings) for settings in self.passes))


def list_looks() -> tuple[str, ...]:
    """Names of the built-in looks, sorted."""
    return tuple(sorted(_built_in_looks()))


def load_look(name_or_path: str | Path) -> Look:
    """The look `name_or_path`: a built-in one by its name, or a look file by its path.

    Raises LookError with file, line and the nearest name for anything unknown, of the wrong type or out of range.
    """
    check_kind("look", "name", name_or_path, PATH)
    built_in = _built_in_looks()
    file: Path | Traversable | None = built_in.get(str(name_or_path))
    if file is None:
        file = Path(name_or_path)
        check_name(file, LookError)
        if not str(name_or_path) or (file.suffix != ".toml" and not file.exists()):
            raise LookError(
                f"no look '{name_or_path}'{_nearest(str(name_or_path), built_in)}; "
                f"there are {', '.join(sorted(built_in))}, or give the path of a .toml file"
            )
    if isinstance(file, Path) and not file.is_dir():
        check_regular_file(file, LookError)
    try:
        text = read_text(file)
    except (OSError, DocumentError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LookError(f"{name_or_path}: cannot be read as a look ({reason})") from None
    path = file.absolute() if isinstance(file, Path) else None
    return dataclasses.replace(parse_look(text, file.name, path and path.parent), file=path)


def parse_look(text: str, file: str, folder: Path | None = None) -> Look:
    """The look in a TOML text. `file` appears in messages, and is the look's name if the text has no name. Relative
    paths in the text start from `folder` and stay in it; without one, from the current directory. Raises LookError.
    """
    text = _with_current_names(text)
    try:
        table = parse_toml(text)
    except DocumentError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise LookError(f"{file}:{line[1] if line else 1}: is not TOML: {_plain(str(error))}") from None
    for key in table:
        if key not in _KEYS:
            raise LookError(f"{file}:{_line_of(text, key)}: unknown key '{key}'{_nearest(key, _KEYS)}")
    for key in ("name", "intent"):
        text_value = table.get(key, "")
        if not isinstance(text_value, str) or not text_value.isprintable():
            raise LookError(f"{file}:{_line_of(text, key)}: {key} must be one line of text")
    passes = table.get("pass", {})
    if not isinstance(passes, dict) or not all(isinstance(values, dict) for values in passes.values()):
        raise LookError(f"{file}:{_line_of(text, 'pass')}: passes are tables, like [pass.tone_curve]")
    if not passes:
        raise LookError(f"{file}:1: holds no pass; add one, like [pass.tone_curve]")
    settings = tuple(_settings(text, file, name, values, folder) for name, values in passes.items())
    _check_order(settings, text, file)
    return Look(table.get("name") or file.removesuffix(".toml"), table.get("intent", ""), settings, text=text)


def _check_order(passes: tuple[PassSettings, ...], text: str, file: str) -> None:
    """LookError for the first pass on the wrong side of the tone curve."""
    wrong = misplaced((settings.name, domain_of(settings)) for settings in passes if settings.enabled)
    if wrong is not None:
        name, problem = wrong
        raise LookError(f"{file}:{_line_of(text, '', name)}: [pass.{name}] {problem}")


def domain_of(settings: PassSettings) -> Domain | None:
    """The domain of a pass with its values; None if it takes any light."""
    domain = load_pass(settings.name).domain
    return None if domain is None else domain.of(settings.values)


def passes_before_curve(look: Look, names: Sequence[str]) -> int | None:
    """The number of the passes `names` of a look before its tone curve, or else before its first pass on display light.

    None if the look has neither.
    """
    domains = {settings.name: domain_of(settings) for settings in look.drawn_passes}
    for number, name in enumerate(names):
        domain = domains[name]
        if domain is not None and DISPLAY in (domain.takes, domain.gives):
            return number
    return None


def _plain(message: str) -> str:
    """A parser's message without its line number, and with plain words for duplicates."""
    reason = re.sub(r" \(at line .*\)$", "", message.splitlines()[0])
    twice = re.match(r"Cannot declare \((.*?),?\) twice", reason)
    if twice:
        return f"[{twice[1].replace(', ', '.').replace(chr(39), '')}] is defined twice"
    return reason.replace("Cannot overwrite a value", "the key is defined twice")


def _with_current_names(text: str) -> str:
    """The text with former pass names replaced by the present ones.

    A user's own pass with a former name keeps it.
    """

    def current(header: re.Match[str]) -> str:
        old = header[2]
        return f"{header[1]}{old if old in list_passes() else RENAMED_PASSES[old]}{header[3]}"

    old_names = "|".join(RENAMED_PASSES)
    return re.sub(rf"^(\s*\[\s*pass\s*\.\s*[\"']?)({old_names})([\"']?\s*\])", current, text, flags=re.MULTILINE)


def _settings(text: str, file: str, name: str, values: dict[str, Any], folder: Path | None) -> PassSettings:
    where = f"{file}:{_line_of(text, '', name)}"
    if name not in list_passes():
        if f"{name}.glsl" in SHADERS.names():
            load_pass(name)  # raises the error of the shader, unless it is an overlay
        raise LookError(f"{where}: unknown pass '{name}'{_nearest(name, list_passes())}")
    shader = load_pass(name)
    filled = {parameter.name: parameter.default for parameter in shader.parameters}
    readers = {"table": read_lut, "image": read_image}
    files = {parameter.name: readers[parameter.kind] for parameter in shader.parameters if parameter.kind in readers}
    tables = [parameter.name for parameter in shader.parameters if parameter.kind == "table"]
    for key in tables:
        if not isinstance(values.get(key), str):
            raise LookError(f"{where}: pass '{name}' needs the path of a file: {key} = \"my.cube\"")
    enabled = values.get(ENABLED, True) if ENABLED not in filled else True
    if not isinstance(enabled, bool):
        raise LookError(
            f"{file}:{_line_of(text, ENABLED, name)}: {ENABLED} must be true or false, not {reprlib.repr(enabled)}"
        )
    for key, value in values.items():
        if key == ENABLED and key not in filled:
            continue
        line = f"{file}:{_line_of(text, key, name)}"
        filled[key] = _value(shader, key, _read(folder, value, line, files[key]) if key in files else value, line)
    return PassSettings(name, MappingProxyType(filled), enabled)


def _read(folder: Path | None, name: object, where: str, read: Callable[[Path], Table]) -> Table:
    """The file that a look names. The look of another person must not read other files of this machine."""
    if not isinstance(name, str):
        raise LookError(f"{where}: {reprlib.repr(name)} is not the path of a file")
    path = Path(name) if folder is None else path_inside(folder, name)
    if path is None:
        remedy = (
            "put the LUT next to the look, or open it with --lut" if read is read_lut else "put it next to the look"
        )
        raise LookError(f"{where}: {name[:100]} leaves the folder of the look; {remedy}")
    return read(path)


def _value(shader: Pass, key: str, value: object, where: str) -> Value:
    parameter = shader.parameter(key)
    if parameter is None:
        names = [p.name for p in shader.parameters]
        raise LookError(f"{where}: pass '{shader.name}' has no parameter '{key}'{_nearest(key, names)}")
    checked = typed(parameter, value)
    if checked is None:
        kind = {"color": "a number or three", "enum": f"one of {', '.join(parameter.choices)}", "int": "a whole number"}
        kind |= {"table": "a LUT", "image": "an image"}
        wanted = kind.get(parameter.kind, "true or false" if parameter.kind == "bool" else "a number")
        near = _nearest(value, parameter.choices) if isinstance(value, str) else ""
        raise LookError(f"{where}: {key} must be {wanted}, not {reprlib.repr(value)}{near}")
    numbers = checked if isinstance(checked, tuple) else (checked,)
    for number in numbers:
        if not isinstance(number, str | Table) and not parameter.low <= number <= parameter.high:
            raise LookError(f"{where}: {key} = {_float(number):g} is not in {parameter.low:g}..{parameter.high:g}")
    return checked


def typed(parameter: Parameter, value: object) -> Value | None:
    """The value in the type of the parameter's kind; None if the type is wrong."""
    match parameter.kind, value:
        case "bool", bool():
            return value
        case "table" | "image", Table():
            return value
        case "enum", str() if value in parameter.choices:
            return value
        case (_, bool()):
            return None
        case "int", int():
            return value
        case "float", int() | float():
            return _float(value)
        case "color", [int() | float() as red, int() | float() as green, int() | float() as blue]:
            return None if bool in map(type, (red, green, blue)) else (_float(red), _float(green), _float(blue))
        case "color", int() | float():
            return _float(value), _float(value), _float(value)
    return None


def _refitted(settings: PassSettings) -> PassSettings:
    values: dict[str, Value] = {}
    for parameter in load_pass(settings.name).parameters:
        kept = settings.values.get(parameter.name)
        value = typed(parameter, kept)
        values[parameter.name] = parameter.default if value is None else parameter.clamped(value)
    return settings if values == settings.values else dataclasses.replace(settings, values=MappingProxyType(values))


def _float(number: float) -> float:
    """The number as a float; an integer beyond the range of floats becomes infinite, which is in no range."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _built_in_looks() -> dict[str, Traversable]:
    files = resources.files("groundglass.looks").iterdir()
    return {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _line_of(text: str, key: str, pass_name: str = "") -> int:
    """Line of a key in a pass's table, or above all tables. If `key` is empty or not found: line of the table.

    tomllib does not report the lines of keys. A key in an inline table leads to its outer table or to line 1.
    """
    table, header = "", 1
    plain = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
    dotted = re.compile(rf"\s*(pass\s*\.\s*)?{re.escape(pass_name)}\s*\.\s*{re.escape(key)}\s*=")
    for number, line in enumerate(text.splitlines(), 1):
        section = re.match(r"\s*\[+\s*([\w.\s\"']+)\]", line)
        if section:
            table = re.sub(r"[\s\"']", "", section[1]).removeprefix("pass.")
            if table in (pass_name, key):
                header = number
        elif key and (plain if table == pass_name else dotted).match(line) and table in (pass_name, "", "pass"):
            return number
    return header
