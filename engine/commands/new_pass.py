"""`groundglass new-pass`: writes a template of a pass."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import DeviceError, OutputError, ShaderError
from ..files import whole_file

MAX_NAME_LENGTH = 40

TEMPLATE = """\
// {title}: describe the pass here in one line. This template warms the shadows and keeps their luminance.
//
// To edit it live, run this command and save the file; the picture changes at once:
//
//     groundglass tune --shaders {folder} --look {look}
//
// That look contains only this pass. To use the pass in another look, add a section at its position in the order:
//
//     [pass.{name}]
//     amount = 0.5
//
// A pass is a function with the name of its file. Before the tone curve its input is scene-linear Rec.2020 with 18 %
// grey at 0.18, unbounded above. After the tone curve its input is linear display light, 0..1.
#pragma pass pixel scene
//           scene: before the tone curve; display: after the tone curve; any: both.
//           pixel: depends on the colour alone; place: also on the position in the frame. place.from_centre has
//           length 1 in the corners, place.pixel is the column and row.

// name, "Label", default, minimum, maximum, step. It becomes a slider and a key of the look file. The uniform is
// PASS_PARAMETER. Also group=... and a type; the default of a color is one number or three, of an enum its choice's:
//
//     size "Size" 3 1 9 1 type=int                         uniform int
//     on "On" 1 0 1 1 type=bool                            uniform bool
//     tint "Tint" 0.9,0.6,0.3 0 1 0.01 type=color          uniform vec3
//     shape "Shape" 0 0 2 1 type=enum(round,oval,star)     uniform int: 0, 1, 2
//
// Also there: seconds, frame_index, frame_px (the size), pointer (vec4: position, and press or -1; fractions from the
// top left), and texture(image0, uv) to image3 for files that the look names: image0 = "noise.png". A shader of
// ShaderToy with mainImage(), iTime, iResolution, iMouse and iChannel0 needs no edits: save it as NAME.glsl.
#pragma parameter amount "{title}" 0.5 0.0 1.0 0.01 group={name}

uniform float {name}_amount;

vec3 {name}(vec3 rgb, PixelContext place) {{
    float light = dot(rgb, LUMINANCE);                  // common.glsl has LUMINANCE, GREY, soft_clip() and more
    float dark = GREY / (GREY + max(light, 0.0));       // 1 in black, 0.5 at middle grey, towards 0 in highlights
    vec3 warm = light * vec3(1.25, 0.95, 0.6);
    warm *= light / max(dot(warm, LUMINANCE), 1e-6);    // keeps the luminance
    return mix(rgb, warm, {name}_amount * dark * 0.5);
}}
"""

LOOK = """\
name = "{name}"
intent = "a test of the pass {name} on the neutral rendering"

[pass.{name}]
amount = 0.5

[pass.rolloff]
"""


def new_pass(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the pass, its file and its function: warm_shadows.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Output folder. It is created if missing.")
    ] = (Path()),
) -> None:
    """Write a template of a pass, and a look that uses it.

    Edit them live: groundglass tune --shaders DIR --look DIR/NAME.toml
    """
    shader, look = write_new_pass(name, output)
    print(f"groundglass: wrote {shader} and {look}; try it: groundglass tune --shaders {output} --look {look}")


def write_new_pass(name: str, folder: Path) -> tuple[Path, Path]:
    """Writes a pass and a look that uses it; returns their paths. OutputError for invalid names and existing files."""
    shader, look = folder / f"{name}.glsl", folder / f"{name}.toml"
    words = {"name": name, "title": name.replace("_", " ").capitalize(), "folder": folder, "look": look}
    texts = {path: text.format(**words) for path, text in ((shader, TEMPLATE), (look, LOOK))}
    _check_name(name)
    _check_with_compiler(name, texts[shader])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in texts:
            if path.exists():
                raise OutputError(f"{path}: already exists; choose another name, or another folder with -o")
        for path, text in texts.items():
            with whole_file(path) as part:
                part.write_text(text, encoding="utf-8")
    except OSError as error:
        path = error.filename or folder
        raise OutputError(f"{path}: cannot be written ({error.strerror}); name another folder with -o") from error
    return shader, look


def _check_name(name: str) -> None:
    from ..gl.program import SHADERS

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name.endswith("_") or "__" in name or len(name) > MAX_NAME_LENGTH:
        raise OutputError(
            f"'{name}' is not a valid pass name; use lower-case letters, digits and _, such as warm_shadows"
        )
    if f"{name}.glsl" in SHADERS.names():
        raise OutputError(f"{name}.glsl is a built-in shader; choose another name, such as my_{name}")


def _check_with_compiler(name: str, text: str) -> None:
    """Raises OutputError for names that GLSL or the driver reserves; only the compiler can detect them."""
    from ..gl.context import headless_context
    from ..gl.fusion import fuse
    from ..gl.passes import load_pass
    from ..gl.program import compile_program, load_source, read_shader

    try:
        gl = headless_context()
    except DeviceError:
        return
    try:
        shader = load_pass(name, lambda file: text if file == f"{name}.glsl" else read_shader(file))
        compile_program(gl, load_source("frame.vert.glsl"), fuse([shader], blend=True)).release()
    except ShaderError:
        raise OutputError(f"'{name}' is a reserved GLSL name; choose another name, such as my_{name}") from None
    finally:
        gl.release()
