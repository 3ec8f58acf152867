"""The reference page of the passes: what each does, and its parameters, from the shaders and their pragmas."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from groundglass.gl.passes import Parameter, Pass, list_overlays, list_passes, load_pass
from groundglass.gl.program import read_shader

PAGE = "reference/passes.md"
LIGHT = {"scene": "scene light", "display": "display light", "any": "either side of the tone curve"}
STAGES = {
    "pixel": "the colour of its pixel",
    "place": "the colour and the position of its pixel",
    "neighbourhood": "its neighbourhood",
    "overlay": "the finished picture",
}


def page(link_to: Callable[[str], str]) -> str:
    """`link_to` gives the link to a file of the repository."""
    parts = [
        "# Passes of looks and overlays",
        "A look is a list of passes. This page is written from the shaders: from the comment at the head of each, and "
        "from its `#pragma parameter` lines. A parameter is a key in the section `[pass.NAME]` of a look file, a "
        "slider in the panel, and a control `look.NAME.PARAMETER` of the remote control. "
        "[Your own pass](../shader-guide.md) shows how to write one.",
        "## Passes",
    ]
    for name in list_passes():
        parts += _described(load_pass(name), link_to)
    parts += ["## Overlays", "An overlay is drawn over the picture on the screen, never into a still."]
    for name in list_overlays():
        parts += _described(load_pass(name), link_to)
    return "\n\n".join(parts) + "\n"


def _described(shader: Pass, link_to: Callable[[str], str]) -> Iterator[str]:
    file = f"shaders/{shader.name}.glsl"
    yield f"### `{shader.name}` {{ #{shader.name} }}"
    yield head_comment(read_shader(f"{shader.name}.glsl"))
    yield f"It depends on {STAGES[shader.stage.value]}{_domain(shader)}. [Source]({link_to(file)})."
    if shader.parameters:
        yield "| parameter | label | type | default | range | step |\n|---|---|---|---|---|---|\n" + "\n".join(
            _row(parameter) for parameter in shader.parameters
        )


def _domain(shader: Pass) -> str:
    if shader.domain is None:
        return ""
    takes, gives = LIGHT[shader.domain.takes], LIGHT[shader.domain.gives]
    return f", and works on {takes}" if takes == gives else f", and makes {gives} of {takes}"


def _row(parameter: Parameter) -> str:
    if parameter.kind in ("table", "image"):
        return f"| `{parameter.name}` | {parameter.label} | file | | | |"
    default = parameter.default
    shown = ", ".join(f"{part:g}" for part in default) if isinstance(default, tuple) else f"{default}"
    values = ", ".join(f"`{choice}`" for choice in parameter.choices)
    span = values or ("" if parameter.kind == "bool" else f"{parameter.low:g} to {parameter.high:g}")
    step = "" if parameter.kind in ("bool", "enum") else f"{parameter.step:g}"
    return f"| `{parameter.name}` | {parameter.label} | {parameter.kind} | `{shown}` | {span} | {step} |"


def head_comment(source: str) -> str:
    """The comment at the head of a shader, as Markdown."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line.removeprefix("//").removeprefix(" "))
    return "\n".join(lines).strip()
