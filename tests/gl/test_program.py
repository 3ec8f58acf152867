"""Shader text to program: includes, line table, pragmas, explained driver logs; and the context."""

import gc

import moderngl
import numpy as np
import pytest
from groundglass.errors import ShaderError
from groundglass.gl.constant_folding import FOLDED_AFTER
from groundglass.gl.context import describe, headless_context
from groundglass.gl.fusion import fuse
from groundglass.gl.passes import Stage, list_passes, load_pass, parse_parameter
from groundglass.gl.planes import ScenePlanes
from groundglass.gl.program import Source, compile_program, explained, load_source, read_shader, source_of
from groundglass.look.grade import Grader
from groundglass.look.look import load_look
from look_support import context

DIM = """#pragma pass pixel
#pragma parameter amount "Amount" 0.5 0.0 1.0 0.1 group=lens
uniform float dim_amount;

vec3 dim(vec3 rgb, PixelContext place) {
    return rgb * dim_amount;
}
"""


def reading(name: str, text: str):
    """A reader of the shaders of the package and of one additional file."""
    return lambda file: text if file == f"{name}.glsl" else read_shader(file)


def compiled(name: str, text: str) -> moderngl.Program:
    shader = load_pass(name, reading(name, text))
    return compile_program(context(), load_source("frame.vert.glsl"), fuse([shader], blend=False))


def test_includes_keep_file_and_line() -> None:
    files = {"a.glsl": 'one\n#include "b.glsl"\nthree', "b.glsl": 'two\n#include "a.glsl"'}
    source = load_source("a.glsl", files.__getitem__)
    assert source.lines == ("one", "two", "three")
    assert source.origins == (("a.glsl", 1), ("b.glsl", 1), ("a.glsl", 3))


def test_an_unknown_file_is_named() -> None:
    with pytest.raises(ShaderError, match=r"^nowhere\.glsl: no such shader file"):
        load_source("nowhere.glsl")


@pytest.mark.parametrize("name", list_passes())
def test_every_built_in_pass_compiles_alone(name: str) -> None:
    for blend in (False, True):
        program = compile_program(context(), load_source("frame.vert.glsl"), fuse([load_pass(name)], blend=blend))
        program.release()


@pytest.mark.parametrize(
    ("line", "broken"),
    [(6, DIM.replace("rgb * dim_amount", "rgb * dim_amount * missing")), (6, DIM.replace("rgb *", "rgb *;"))],
)
def test_the_error_of_a_broken_pass_names_file_and_line(line: int, broken: str) -> None:
    with pytest.raises(ShaderError, match=rf"^dim\.glsl:{line}: ") as caught:
        compiled("dim", broken)
    assert "\n" not in str(caught.value)


def test_the_error_of_a_broken_vertex_shader_names_file_and_line() -> None:
    vertex = source_of("frame.vert.glsl", "#version 330 core\nvoid main() {\n    gl_Position = nothing;\n}")
    with pytest.raises(ShaderError, match=r"^frame\.vert\.glsl:3: "):
        compile_program(context(), vertex, fuse([], blend=False))


@pytest.mark.parametrize(
    "log",
    [
        "0:2(23): error: `x' undeclared",
        "0(2) : error C1008: undefined variable",
        "ERROR: 0:2: 'x' : undeclared identifier",
        "0:1(3): warning: extension\n0:2(23): error: `x' undeclared\n0:2(9): error: value",
    ],
)
def test_logs_of_all_drivers_are_parsed(log: str) -> None:
    error = explained(log, Source(("", "    a = b;" + 20 * "c"), (("a.glsl", 1), ("b.glsl", 40))))
    assert str(error).startswith("b.glsl:40: ")
    assert str(error).endswith("(and 1 more)") == (log.count("error") > 1)
    column = 26 if "(23)" in log else 1  # Mesa counts the four spaces as one
    assert error.places[0].startswith(f"b.glsl:40:{column}: ")
    assert len(error.places) == (2 if log.count("error") > 1 else 1)


def test_a_log_without_line_numbers_is_complete() -> None:
    assert str(explained("linking\nfailed", Source())) == "shader: linking failed"


def test_a_pragma_declares_a_parameter() -> None:
    parameter = parse_parameter(
        '#pragma parameter shape "Blade shape" 1 0 2 1 group=lens type=enum(round,hexagon,star)', "bokeh.glsl:4"
    )
    assert (parameter.name, parameter.label, parameter.group) == ("shape", "Blade shape", "lens")
    assert (parameter.default, parameter.choices) == ("hexagon", ("round", "hexagon", "star"))
    assert parse_parameter('#pragma parameter on "On" 1 0 1 1 type=bool', "a.glsl:1").default is True
    assert parse_parameter('#pragma parameter tint "Tint" 1 0 2 0.1 type=color', "a.glsl:1").default == (1.0, 1.0, 1.0)
    tint = parse_parameter('#pragma parameter tint "Tint" 0.9,0.6,0.3 0 1 0.1 type=color', "a.glsl:1")
    assert tint.default == (0.9, 0.6, 0.3)


@pytest.mark.parametrize(
    "line",
    [
        '#pragma parameter tint "Tint" vec3(1) 0 1 0.1 type=color',
        '#pragma parameter tint "Tint" 0.9,0.6 0 1 0.1 type=color',
        '#pragma parameter size "Size" 0.9,0.6,0.3 0 1 0.1',
        '#pragma parameter shape "Shape" round 0 1 1 type=enum(round,oval)',
    ],
)
def test_the_error_of_a_default_explains_how_it_is_written(line: str) -> None:
    with pytest.raises(ShaderError, match=r"a color has one default or three, 0\.9,0\.6,0\.3; an enum the number"):
        parse_parameter(line, "a.glsl:7")


@pytest.mark.parametrize(
    "line",
    [
        "#pragma parameter",
        '#pragma parameter size "Size" 1 2',
        '#pragma parameter size "Size" 5 0 1 0.1',
        '#pragma parameter size "Size" x 0 1 0.1',
        '#pragma parameter size "Size" 0 0 1 0.1 type=matrix',
        '#pragma parameter size "Size" 0 0 1 0.1 colour=red',
        '#pragma parameter size "Size 0 0 1 0.1',
    ],
)
def test_the_error_of_an_invalid_pragma_names_file_and_line(line: str) -> None:
    with pytest.raises(ShaderError, match=r"^a\.glsl:7: "):
        parse_parameter(line, "a.glsl:7")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            DIM.replace("#pragma parameter", "// "),
            r"dim\.glsl: uniform 'dim_amount' has no '#pragma parameter amount'",
        ),
        (DIM.replace("uniform float dim_amount;", ""), r"parameter 'amount' has no 'uniform float dim_amount;'"),
        (DIM.replace("uniform float", "uniform int"), r"parameter 'amount' has no 'uniform float dim_amount;'"),
        (DIM.replace(" * dim_amount", ""), r"dim\.glsl: parameter 'amount' is never used"),
        (DIM.replace("#pragma pass pixel", ""), r"dim\.glsl: no '#pragma pass'"),
        (
            DIM.replace("pass pixel", "pass nearby"),
            r"dim\.glsl:1: unknown pass stage 'nearby'; use one of pixel, place",
        ),
        (
            DIM.replace("vec3 dim(", "vec3 shine("),
            r"dim\.glsl: no function 'vec3 dim\(vec3 rgb, PixelContext place\)'",
        ),
    ],
)
def test_pragmas_and_uniforms_of_a_pass_must_match(text: str, message: str) -> None:
    with pytest.raises(ShaderError, match=message):
        load_pass("dim", reading("dim", text))


def test_passes_that_need_the_position_have_the_stage_place() -> None:
    with_position = {name for name in list_passes() if load_pass(name).stage is Stage.PLACE}
    assert with_position == {"vignette", "grain"}


def test_two_passes_may_share_a_parameter_name() -> None:
    shade = DIM.replace("dim", "shade")
    shaders = [load_pass("dim", reading("dim", DIM)), load_pass("shade", reading("shade", shade))]
    program = compile_program(context(), load_source("frame.vert.glsl"), fuse(shaders, blend=False))
    assert {"dim_amount", "shade_amount"} <= set(program)
    program.release()


def test_constants_replace_uniforms_and_keep_line_numbers() -> None:
    shader = load_pass("dim", reading("dim", DIM))
    variable, constant = fuse([shader], blend=False), fuse([shader], blend=False, constants={"dim_amount": 1})
    assert "uniform float dim_amount;" in variable.lines
    assert "const float dim_amount = float(1.0);" in constant.lines
    assert constant.origins == variable.origins
    program = compile_program(context(), load_source("frame.vert.glsl"), constant)
    assert "dim_amount" not in program
    program.release()


def test_the_context_has_a_description() -> None:
    assert "OpenGL " in describe(context())
    assert context().version_code >= 330


def test_a_grader_releases_every_object() -> None:
    ctx = headless_context()
    ctx.gc_mode = "context_gc"  # objects that are collected without a release are kept in ctx.objects
    planes, grader = ScenePlanes(ctx), Grader(ctx, folds_constants=True)
    for size in (8, 12):
        planes.write([np.zeros((size, size), np.float32)] * 3)
        for target in ("rgba8", "rgba32f"):
            grader.draw(planes, load_look("classic"), strength=0.5, target=target)
            for _ in range(FOLDED_AFTER):
                grader.draw(planes, load_look("neutral"), target=target)
    for _ in range(2):
        grader.release()
        planes.release()
    del planes, grader
    gc.collect()
    assert [item for item in ctx.objects if not isinstance(item, moderngl.InvalidObject)] == []
    ctx.release()


def test_former_names_in_a_pass_are_accepted() -> None:
    present = read_shader("halation.glsl")
    former = present.replace("PixelContext place", "Place place")
    for new, old in (
        ("#pragma pass neighbourhood", "#pragma pass around"),
        ("#pragma neighbourhood", "#pragma around"),
        ("halation_prefilter", "halation_seen"),
        ("halation_neighbourhood", "halation_around"),
    ):
        assert new in former
        former = former.replace(new, old)
    assert former != present
    shaders = [load_pass("halation", reading("halation", text)) for text in (former, present)]
    assert shaders[0].source.text == shaders[1].source.text
    assert shaders[0].neighbourhood == shaders[1].neighbourhood
