"""Reference pages of the Python API: signature, docstring, fields and methods of every public name."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import groundglass as gg
from groundglass import errors

# Page -> its title, and the public names on it; a name that is not here is on the page `other`.
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "pictures": ("Pictures", ("render", "open", "Engine", "Drawn", "Settings", "Development")),
    "stages": ("Stages on arrays", ("demosaic", "match_stereo", "defocus", "grade")),
    "frames": (
        "Frames and sources",
        (
            *("Frame", "Encoding", "Lease", "Cfa", "CameraProfile", "NoiseProfile", "StereoRig", "RelativeRig"),
            *("YuvFormat", "YuvLayout", "YuvMatrix", "BaseSource", "Timing"),
        ),
    ),
    "looks": ("Looks", ("list_looks", "load_look", "Look", "lut_look", "measure_look", "Traits")),
    "optics": ("Lenses and focus", ("Lens", "Rack", "ZoneFocus", "depth_of_field_m", "hyperfocal_m")),
    "errors": ("Errors", ("GroundglassError",)),
}
WIDTH = 100


def page_names() -> dict[str, list[str]]:
    """Page -> its public names. Pages without names are left out."""
    names = {page: [name for name in listed if name in gg.__all__] for page, (_, listed) in PAGES.items()}
    named = {name for listed in names.values() for name in listed}
    names["other"] = sorted(set(gg.__all__) - named)
    return {page: listed for page, listed in names.items() if listed}


def anchors() -> dict[str, str]:
    """Public name -> its page and anchor, from the root of the site."""
    return {name: f"reference/{page}.md#{name}" for page, names in page_names().items() for name in names}


def pages() -> dict[str, str]:
    """Page -> Markdown."""
    titles = {page: title for page, (title, _) in PAGES.items()} | {"other": "Other names"}
    texts = {
        f"reference/{page}.md": f"# {titles[page]}\n\n" + "\n".join(described(name) for name in names)
        for page, names in page_names().items()
    }
    texts["reference/errors.md"] += error_table()
    return texts


def described(name: str) -> str:
    """The section of a public name."""
    value = getattr(gg, name)
    parts = [f"## `gg.{name}` {{ #{name} }}", *_signature(f"gg.{name}", value), docstring(value)]
    if isinstance(value, type):
        parts += [*_fields(value), *_members(name, value)]
    return "\n\n".join(part for part in parts if part) + "\n"


def docstring(value: object) -> str:
    """The docstring as Markdown: samples of the interpreter become code blocks."""
    text = inspect.getdoc(value) or ""
    if isinstance(value, type) and text.startswith(f"{value.__name__}("):  # written by dataclass or Enum
        return ""
    return re.sub(r"^>>>.*(?:\n.+)*", lambda sample: f"```pycon\n{sample[0]}\n```", text, flags=re.MULTILINE)


def _signature(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, type) and issubclass(value, enum.Enum | Exception):
        return
    signature = inspect.signature(value)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    signature = signature.replace(parameters=parameters)
    if isinstance(value, type):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
    text = f"{name}{signature}"
    if len(text) > WIDTH and parameters:
        parts = _with_markers(parameters)
        result = "" if signature.return_annotation is signature.empty else f" -> {signature.return_annotation}"
        text = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"
    text = text.replace("'", "")  # annotations are strings
    yield f"```python\n{text}\n```"


def _with_markers(parameters: list[inspect.Parameter]) -> list[str]:
    """The parameters as text, with the `*` before those that are given by name only."""
    parts = []
    for number, parameter in enumerate(parameters):
        is_by_name = parameter.kind is parameter.KEYWORD_ONLY
        if is_by_name and not any(p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL) for p in parameters[:number]):
            parts.append("*")
        parts.append(str(parameter))
    return parts


def _fields(value: type) -> Iterator[str]:
    """A table of the members of an enumeration, or of the fields of a data class."""
    if issubclass(value, enum.Enum):
        yield "| member | value |\n|---|---|\n" + "\n".join(f"| `{m.name}` | `{m.value!r}` |" for m in value)
    elif dataclasses.is_dataclass(value):
        rows = [
            f"| `{field.name}` | `{_type_of(field)}` | {_default_of(field)} |"
            for field in dataclasses.fields(value)
            if not field.name.startswith("_")
        ]
        yield "| field | type | default |\n|---|---|---|\n" + "\n".join(rows)


def _type_of(field: dataclasses.Field[Any]) -> str:
    """The annotation without the declaration of a command-line option, escaped for a table."""
    text = str(field.type)
    annotated = re.match(r"Annotated\[\s*(\w+)", text)
    return (annotated[1] if annotated else text).replace("|", "\\|")


def _default_of(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`".replace("|", "\\|")
    return "" if field.default_factory is dataclasses.MISSING else "made for each object"


def _members(name: str, value: type) -> Iterator[str]:
    """The public methods and properties that the class itself defines."""
    for member, attribute in vars(value).items():
        function = getattr(attribute, "__func__", attribute)  # of a class method or a static method
        if member.startswith("_") or not isinstance(function, FunctionType | property):
            continue
        yield f"### `{member}` {{ #{name}.{member} }}"
        if isinstance(function, FunctionType):
            yield from _signature(f"{name}.{member}", function)
        else:
            returned = inspect.signature(function.fget).return_annotation if function.fget else ""
            yield f"```python\n{name}.{member}: {returned}\n```"
        yield docstring(function)


def error_table() -> str:
    """All errors, each below its base."""
    rows = [
        f"| `{name}` | `{value.__base__.__name__}` | {' '.join(docstring(value).split())} |"
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, gg.GroundglassError) and value is not gg.GroundglassError
    ]
    return (
        "\n## All errors\n\nThey are in `groundglass.errors`.\n\n| error | base | |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
