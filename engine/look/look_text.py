"""A look as the text of its file: a new text, or the text that it was read from with its present values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..documents import DocumentError, parse_toml
from ..gl.passes import Parameter, Table, Value, load_pass
from ..gl.shader_inputs import ShaderImage
from .look import ENABLED, Look, PassSettings, typed
from .lut import Lut

DIGITS = 6  # significant digits of a number: finer than visible, default the rounding noise of a slider


def look_text(look: Look, comments: tuple[str, ...] = (), folder: Path | None = None) -> str:
    """The look file, with `comments` as its first lines; parameters at their defaults are omitted.

    Paths of LUTs are relative to `folder`, the folder of the look file; if it is None, they stay as they are.
    """
    lines = [f"# {_printable(line)}" for line in comments]
    lines += [f"name = {_quoted(look.name)}", f"intent = {_quoted(look.intent)}"]
    for settings in look.passes:
        defaults = {parameter.name: parameter.default for parameter in load_pass(settings.name).parameters}
        lines += ["", f"[pass.{settings.name}]", *([] if settings.enabled else [f"{ENABLED} = false"])]
        explicit = settings.values.items()
        lines += [f"{name} = {_toml(value, folder)}" for name, value in explicit if value != defaults[name]]
    return "\n".join(lines) + "\n"


def edited_text(look: Look, folder: Path | None = None) -> str:
    """The text that the look was read from, with its present values: comments, order and blank lines stay.

    `folder` as for `look_text`. Falls back to `look_text` under the first comments of the text if there is no such
    text, if its passes differ from the look's, or if its notation is not supported.
    """
    lines = look.text.splitlines()
    try:
        explicit = parse_toml(look.text)
        for key, text, default in (("name", look.name, None), ("intent", look.intent, "")):
            if text != explicit.get(key, default):
                _put(lines, "", key, _quoted(text))
        for settings in look.passes:
            if settings.enabled != explicit.get("pass", {}).get(settings.name, {}).get(ENABLED, True):
                _put(lines, f"pass.{settings.name}", ENABLED, _toml(settings.enabled))
            for parameter, value in _others(settings, explicit.get("pass", {}).get(settings.name, {}), folder):
                _put(lines, f"pass.{settings.name}", parameter.name, _toml(value, folder))
        text = "\n".join(lines) + "\n"
        if _holds(text, look, folder):
            return text
    except (ValueError, AttributeError):  # not TOML, or tables in place of values
        pass
    return look_text(look, _first_comments(look.text), folder)


def rounded(value: Value) -> Value:
    """The value with its floats rounded to `DIGITS` digits, as in the text."""
    match value:
        case bool() | int() | str() | Table():
            return value
        case tuple():
            red, green, blue = (float(f"{number:.{DIGITS}g}") for number in value)
            return red, green, blue
    return float(f"{value:.{DIGITS}g}")


def _others(
    settings: PassSettings, explicit: dict[str, object], folder: Path | None
) -> Iterator[tuple[Parameter, Value]]:
    """The parameters whose values differ from the text."""
    for parameter in load_pass(settings.name).parameters:
        value = settings.values[parameter.name]
        if not _is_explicit(parameter, value, explicit, folder):
            yield parameter, value


def _is_explicit(parameter: Parameter, value: Value, explicit: dict[str, object], folder: Path | None) -> bool:
    text = explicit.get(parameter.name, parameter.default)
    if parameter.kind in ("table", "image"):
        return text is value or (isinstance(text, str) and _quoted(text) == _toml(value, folder))
    return typed(parameter, text) in (value, rounded(value))


def _holds(text: str, look: Look, folder: Path | None) -> bool:
    """Whether the text describes the look: the same passes in the same order, with the same values."""
    table = parse_toml(text)
    passes = table.get("pass", {})
    return (
        (table.get("name"), table.get("intent", "")) == (look.name, look.intent)
        and list(passes) == [settings.name for settings in look.passes]
        and all(passes[each.name].get(ENABLED, True) == each.enabled for each in look.passes)
        and not any(list(_others(settings, passes[settings.name], folder)) for settings in look.passes)
    )


def _put(lines: list[str], section: str, key: str, value: str) -> None:
    """Sets `key` in a section of a text; section "" is the part above all sections. Raises ValueError if it cannot."""
    end = start = 0 if not section else None
    for number, line in enumerate(lines):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            if start is not None:
                break
            if re.sub(r"[\s\"']", "", header[1]) == section:
                start = end = number + 1
        elif start is not None and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            lines[number] = _with_value(line, value)
            return
        elif start is not None and line.strip() and not line.lstrip().startswith("#"):  # not a comment
            end = number + 1
    if end is None:
        raise ValueError(f"no section [{section}]")
    lines.insert(end, f"{key} = {value}")


def _with_value(line: str, value: str) -> str:
    """`key = old  # comment` as `key = value  # comment`. Raises ValueError if the value spans several lines."""
    before, equals, old = line.partition("=")
    ends = [match.start() for match in re.finditer("#", old)] + [len(old)]
    for end in ends:
        try:
            parse_toml(f"key = {old[:end]}")
        except DocumentError:
            continue
        kept = old[len(old[:end].rstrip()) :]
        return f"{before}{equals} {value}{kept}"
    raise ValueError(f"incomplete value: {line}")


def _first_comments(text: str) -> tuple[str, ...]:
    comments = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        comments.append(line.removeprefix("#").strip())
    return tuple(comments)


def _toml(value: Value, folder: Path | None = None) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Lut(file=Path() as file) | ShaderImage(file=Path() as file) if folder is not None:
            return _quoted(_path_from(folder, file))
        case str() | Table():  # a table is written as the path of its file
            return _quoted(str(value))
        case tuple():
            return f"[{', '.join(_toml(number) for number in value)}]"
    return repr(rounded(value))


def _path_from(folder: Path, file: Path) -> str:
    try:
        return Path(os.path.relpath(file, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return str(file)


def _quoted(text: str) -> str:
    return '"' + _printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
