"""`groundglass new-pass`: a pass of one's own to begin with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DeviceError, OutputError, ShaderError

MAX_NAME_LENGTH = 40  # letters of a name

TEMPLATE = """\
// {title}: says what it does in one line. As it is, it warms what is dark and leaves it as bright as it was.
//
// Try it, and save this file while the window is open; the picture follows:
//
//     groundglass tune --shaders {folder} --look {look}
//
// That look is this pass alone. In a look of your own it is a section, at the place where the pass shall act:
//
//     [pass.{name}]
//     amount = 0.5
//
// A pass is one function of its file's name. It is given scene-linear Rec.2020, 18 % grey at 0.18 and unbounded above,
// up to the pass that makes a picture of it (tone_curve), and after that the picture's own linear light, 0..1.
#pragma pass pixel scene
//           scene: it takes scene light; display: it takes the picture's, after the tone curve; any: it takes both.
//           pixel: the colour alone. `place`, where it also depends on where in the frame it is: place.from_centre is
//           1 long in the corners, place.pixel the column and row.

// name, "Label", default, least, most, step. It becomes a slider and a key of the look file; the uniform is
// NAME_PARAMETER. Also: group=..., type=int, type=bool, type=color (a vec3), type=enum(one,two) (an int: 0, 1).
#pragma parameter amount "{title}" 0.5 0.0 1.0 0.01 group={name}

uniform float {name}_amount;

vec3 {name}(vec3 rgb, PixelContext place) {{
    float light = dot(rgb, LUMINANCE);                  // common.glsl has LUMINANCE, GREY, soft_clip() and more
    float dark = GREY / (GREY + max(light, 0.0));       // 1 in black, a half at middle grey, 0 in the brightest light
    vec3 warm = light * vec3(1.25, 0.95, 0.6);
    warm *= light / max(dot(warm, LUMINANCE), 1e-6);    // as bright as before
    return mix(rgb, warm, {name}_amount * dark * 0.5);
}}
"""

LOOK = """\
name = "{name}"
intent = "the pass {name} on the neutral rendering, to try it"

[pass.{name}]
amount = 0.5

[pass.rolloff]
"""


def new_pass(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the pass, its file and its function: warm_shadows.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for it, made where new.")
    ] = (Path()),
) -> None:
    """Write a pass to begin with, and a look to try it in.

    Both work as they are: groundglass tune --shaders DIR --look DIR/NAME.toml
    """
    shader, look = write_new_pass(name, output)
    print(f"groundglass: wrote {shader} and {look}; try it: groundglass tune --shaders {output} --look {look}")


def write_new_pass(name: str, folder: Path) -> tuple[Path, Path]:
    """The paths of the pass and of a look that uses it. Raises OutputError where one is there, or the name is none."""
    shader, look = folder / f"{name}.glsl", folder / f"{name}.toml"
    words = {"name": name, "title": name.replace("_", " ").capitalize(), "folder": folder, "look": look}
    texts = {path: text.format(**words) for path, text in ((shader, TEMPLATE), (look, LOOK))}
    _check_name(name)
    _check_with_compiler(name, texts[shader])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in texts:
            if path.exists():
                raise OutputError(f"{path}: is there already; choose another name, or another folder with -o")
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        where = error.filename or folder
        raise OutputError(f"{where}: cannot be written ({error.strerror}); name another folder with -o") from error
    return shader, look


def _check_name(name: str) -> None:
    from ..gl.program import SHADERS

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name.endswith("_") or "__" in name or len(name) > MAX_NAME_LENGTH:
        raise OutputError(f"'{name}' is no name for a pass; use small letters, digits and _, as in warm_shadows")
    if f"{name}.glsl" in SHADERS.names():
        raise OutputError(f"{name}.glsl ships, and yours would replace it; choose another name, as my_{name}")


def _check_with_compiler(name: str, text: str) -> None:
    """It alone knows all names that GLSL and its driver keep for themselves."""
    from ..gl.context import headless_context
    from ..gl.passes import fuse, load_pass
    from ..gl.program import compile_program, load_source, read_shader

    try:
        gl = headless_context()
    except DeviceError:
        return
    try:
        shader = load_pass(name, lambda file: text if file == f"{name}.glsl" else read_shader(file))
        compile_program(gl, load_source("frame.vert.glsl"), fuse([shader], blend=True)).release()
    except ShaderError:
        raise OutputError(f"'{name}' is a word of GLSL, or of every pass; choose another, as my_{name}") from None
    finally:
        gl.release()
