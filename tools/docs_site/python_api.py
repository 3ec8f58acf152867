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
    "pictures": ("Python: pictures", ("render", "view", "open", "Engine", "Drawn", "Settings", "Development")),
    "stages": ("Python: stages on arrays", ("demosaic", "match_stereo", "defocus", "grade")),
    "frames": (
        "Python: frames and sources",
        (
            *("Frame", "Encoding", "Lease", "Cfa", "CameraProfile", "NoiseProfile", "StereoRig", "RelativeRig"),
            *("Packing", "YuvFormat", "YuvLayout", "YuvMatrix", "BaseSource", "Timing", "from_dlpack"),
        ),
    ),
    "looks": ("Python: looks", ("list_looks", "load_look", "Look", "lut_look", "measure_look", "Traits")),
    "optics": ("Python: lenses and focus", ("Lens", "Rack", "ZoneFocus", "depth_of_field_m", "hyperfocal_m")),
    "errors": ("Python: errors", ("GroundglassError",)),
}
WIDTH = 100


def page_names() -> dict[str, list[str]]:
    """Page -> its public names. Pages without names are left out."""
    names = {page: [name for name in listed if name in gg.__all__] for page, (_, listed) in PAGES.items()}
    named = {name for listed in names.values() for name in listed}
    names["other"] = sorted(set(gg.__all__) - named)
    return {page: listed for page, listed in names.items() if listed}


def anchors() -> dict[str, str]:
    """Public name -> its page and anchor, from the root of the website."""
    return {name: f"reference/{page}.md#{name}" for page, names in page_names().items() for name in names}


def pages() -> dict[str, str]:
    """Page -> Markdown."""
    titles = {page: title for page, (title, _) in PAGES.items()} | {"other": "Python: other names"}
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
    """The docstring as Markdown: names of public classes are links, samples of the interpreter code blocks."""
    text = inspect.getdoc(value) or ""
    if isinstance(value, type) and text.startswith(f"{value.__name__}("):  # written by dataclass or Enum
        return ""
    text = re.sub(r"`([A-Z]\w*)(?:\.(\w+))?`", _link, text)
    return re.sub(r"^>>>.*(?:\n.+)*", lambda sample: f"```pycon\n{sample[0]}\n```", text, flags=re.MULTILINE)


def _link(found: re.Match[str]) -> str:
    name, member = found.groups()
    if name not in gg.__all__:
        return found[0]
    has_section = member in dict(_own_members(getattr(gg, name)))
    page = anchors()[name].removeprefix("reference/")
    return f"[{found[0]}]({page}{f'.{member}' if has_section else ''})"


def _signature(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, type) and issubclass(value, enum.Enum | Exception):
        return
    signature = inspect.signature(value)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    parts = [*_with_marker(parameters)]
    has_result = not isinstance(value, type) and signature.return_annotation is not signature.empty
    result = f" -> {signature.return_annotation}" if has_result else ""
    text = f"{name}({', '.join(parts)}){result}"
    if len(text) > WIDTH:
        text = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"
    yield f"```python\n{text}\n```"


def _with_marker(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """The parameters as text, with the `*` before those that are given by name only."""
    is_marked = False
    for parameter in parameters:
        is_starred = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if parameter.kind is parameter.KEYWORD_ONLY and not is_marked:
            yield "*"
        is_marked |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        annotation = "" if parameter.annotation is parameter.empty else f": {_plain(str(parameter.annotation))}"
        has_default = parameter.default is not parameter.empty and not is_starred
        yield f"{stars}{parameter.name}{annotation}" + (f" = {_shown(parameter.default)}" if has_default else "")


def _shown(default: object) -> str:
    """A default as one would write it; `...` for one that is made for each object."""
    if isinstance(default, enum.Enum):
        return str(default)
    return "..." if repr(default) == "<factory>" else repr(default)


def _plain(annotation: str) -> str:
    """The type of an annotation that also declares an option of the command line."""
    annotated = re.match(r"Annotated\[\s*([\w.]+)", annotation)
    return annotated[1] if annotated else annotation


def _fields(value: type) -> Iterator[str]:
    """A table of the members of an enumeration, or of the fields of a data class, with the comments on their lines."""
    comments = dict(re.findall(r"^    (\w+)(?:: [^=#]+)?(?: = [^#]*)? +# (.*)", inspect.getsource(value), re.MULTILINE))
    if issubclass(value, enum.Enum):
        heading = ("member", "value", "")
        rows = [(f"`{m.name}`", f"`{m.value!r}`", comments.get(m.name, "")) for m in value]
    elif dataclasses.is_dataclass(value):
        heading = ("field", "type", "")
        fields = [field for field in dataclasses.fields(value) if not field.name.startswith("_")]
        rows = [(f"`{field.name}`", f"`{_plain(str(field.type))}`", comments.get(field.name, "")) for field in fields]
    else:
        return
    if not any(comment for *_, comment in rows):
        heading, rows = heading[:2], [row[:2] for row in rows]
    lines = [heading, ("---",) * len(heading), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _members(name: str, value: type) -> Iterator[str]:
    """The public methods and properties that the class itself defines."""
    for member, function in _own_members(value):
        yield f"### `{member}` {{ #{name}.{member} }}"
        if isinstance(function, FunctionType):
            yield from _signature(f"{name}.{member}", function)
        else:
            returned = inspect.signature(function.fget).return_annotation if function.fget else ""
            yield f"```python\n{name}.{member}: {returned}\n```"
        yield docstring(function)


def _own_members(value: type) -> Iterator[tuple[str, FunctionType | property]]:
    for member, attribute in vars(value).items():
        function = getattr(attribute, "__func__", attribute)  # a class method or a static method has it
        if not member.startswith("_") and isinstance(function, FunctionType | property):
            yield member, function


def error_table() -> str:
    """All errors, each below its base."""
    rows = [
        f"| `{name}` | {value.__base__.__name__} | {' '.join(docstring(value).partition('```')[0].split())} |"
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, gg.GroundglassError) and value is not gg.GroundglassError
    ]
    return (
        "\n## All errors\n\nThey are in `groundglass.errors`.\n\n| error | base | |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )
