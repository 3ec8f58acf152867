"""Shader files with errors of every kind: each is refused with its file and its reason, within a moment."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from groundglass.errors import ShaderError
from groundglass.gl.fusion import fuse, fuse_overlays
from groundglass.gl.passes import Stage, list_overlays, list_passes, load_pass
from groundglass.gl.program import SHADERS, read_shader
from groundglass.look.kernel_route.errors import UntranslatableError
from groundglass.look.kernel_route.route import _placeholders
from groundglass.look.kernel_route.translation import parse_look

SLOW_S = 20.0  # processor time: a guard against quadratic and exponential work, which takes minutes
BODY = "vec3 broken(vec3 rgb, PixelContext place) { return rgb; }\n"
PIECES = (
    *"(){}[];,.#\"'\\?:~%!&|^@`$",
    *("//", "/*", "*/", "0", "1e999", "-1", "nan", "inf", "9" * 30, "9" * 5000, "0x", "1.", "é", "\r", "\x0b", "\x85"),
    *(
        "float",
        "vec3",
        "vec4(",
        "mat3(",
        "while(true)",
        "if(",
        "else",
        "return",
        "const",
        "uniform float ",
        "struct S {",
    ),
    *("#define A A\n", '#include "common.glsl"\n', '#include "none.glsl"\n', "#if 1\n", "#pragma parameter "),
    *(
        "#pragma table ",
        "#pragma pass ",
        "#pragma neighbourhood a b\n",
        "type=enum(",
        "type=int",
        "(" * 300,
        "- " * 300,
    ),
)


def declared(rest: str, glsl_type: str = "float") -> str:
    pragma = f'#pragma parameter n "N" {rest}\nuniform {glsl_type} broken_n;\n'
    return f"#pragma pass pixel\n{pragma}{BODY.replace('return rgb', 'return rgb * float(broken_n)')}"


@pytest.fixture(autouse=True)
def built_in_texts_again() -> Iterator[None]:
    yield
    SHADERS.set_search_path()


def use(name: str, text: str) -> None:
    """Loads the pass, fuses and translates it, as a look does."""
    SHADERS.put({f"{name}.glsl": text})
    shader = load_pass(name)
    if shader.stage is Stage.OVERLAY:
        assert fuse_overlays([shader]).text
        return
    assert fuse([shader], blend=True).text
    parse_look((shader,), blend=True).translate(_placeholders((shader,)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '#pragma pass pixel\n#pragma table file "LUT fi\n' + BODY,
            r"broken\.glsl:2: cannot read .*no closing quotation",
        ),
        (declared("0 0 inf 1 type=int", "int"), r"broken\.glsl:2: numbers must be finite"),
        (declared("nan 0 1 1"), r"broken\.glsl:2: numbers must be finite"),
        (declared("1e30 0 1e30 1"), r"broken\.glsl:2: numbers must be finite"),
        (declared("0 0 1 0"), r"broken\.glsl:2: step 0 is not above 0"),
        (declared("0 0 1 -1"), r"broken\.glsl:2: step -1 is not above 0"),
        (declared("0.5 0 1 1 type=int", "int"), r"broken\.glsl:2: type=int takes whole numbers"),
        (declared("2 0 2 1 type=enum(a,b)", "int"), r"broken\.glsl:2: default, min and max count the 2 choices"),
        (declared("-1 -1 1 1 type=enum(a,b)", "int"), r"broken\.glsl:2: default, min and max count the 2 choices"),
        (declared("0 0 1 1 type=enum", "int"), r"broken\.glsl:2: choices are written as"),
        (declared("0 0 1 1 type=enum(a,a)", "int"), r"broken\.glsl:2: choices are written as"),
        (declared("0 0 1 1 type=int(a,b)", "int"), r"broken\.glsl:2: choices are written as"),
        (declared("0 0 1 1") + '#pragma parameter n "N" 0 0 1 1\n', r"broken\.glsl: parameter 'n' is declared twice"),
        ('#include "none.glsl"\n' + BODY, r"broken\.glsl:1: none\.glsl: no such shader file"),
        ('#include "../camera.py"\n' + BODY, r"broken\.glsl:1: \.\./camera\.py: no such shader file"),
        ('#include "/etc/hostname"\n' + BODY, r"broken\.glsl:1: /etc/hostname: no such shader file"),
    ],
)
def test_the_message_has_file_line_and_reason(text: str, message: str) -> None:
    SHADERS.put({"broken.glsl": text})
    with pytest.raises(ShaderError, match=f"^{message}"):
        load_pass("broken")


@pytest.mark.parametrize("name", ["a(b", "a b", "a+", "é", "2nd", "a-b"])
def test_a_file_whose_name_glsl_does_not_accept_hides_no_other(name: str) -> None:
    before = list_passes()
    SHADERS.put({f"{name}.glsl": "#pragma pass pixel\n"})
    assert list_passes() == before
    with pytest.raises(ShaderError, match=r"; rename it$"):
        load_pass(name)


def test_includes_have_a_limited_depth() -> None:
    SHADERS.put({f"deep_{depth}.glsl": f'#include "deep_{depth + 1}.glsl"\n' for depth in range(1200)})
    SHADERS.put({"broken.glsl": '#include "deep_0.glsl"\n#pragma pass pixel\n' + BODY})
    with pytest.raises(ShaderError, match=r"^deep_\d+\.glsl:1: includes nested deeper than 32"):
        load_pass("broken")


@pytest.mark.parametrize(
    "statements",
    [
        "\n" * 60_000,
        "rgb += vec3(0.5);\n" * 60_000,
        f"rgb.x += {'(' * 5000}1.0{')' * 5000};",
        f"rgb.x += {'- ' * 5000}1.0;",
        f"rgb.x += {' + '.join(['1.0'] * 20_000)};",
        f"rgb.x += {'abs(' * 3000}1.0{')' * 3000};",
        f"rgb.x += {'rgb.x > 0.5 ? 1.0 : ' * 3000}1.0;",
        f"{'{' * 3000}{'}' * 3000}",
        f"{'if (rgb.x > 0.0) ' * 3000};",
        "for (int i = 0; i < 2000000000; i++) rgb += 0.1;",
        "for (int i = 0; i < 200; i++) for (int j = 0; j < 200; j++) for (int k = 0; k < 200; k++) ;",
        f"rgb += float({'9' * 5000});",
        "rgb.xyzwq = rgb;",
        "rgb[7] = 1.0;",
    ],
)
def test_long_and_deep_text_takes_no_long_time(statements: str) -> None:
    start_s = time.thread_time()
    with suppress(UntranslatableError):
        use("broken", "#pragma pass pixel\n" + BODY.replace("return rgb", f"{statements}\nreturn rgb"))
    assert time.thread_time() - start_s < SLOW_S


@pytest.mark.parametrize(
    "head",
    [
        "#define M0 rgb + rgb\n" + "".join(f"#define M{n} M{n - 1} + M{n - 1}\n" for n in range(1, 40)),
        "vec3 M0(vec3 v) { return v; }\n"
        + "".join(f"vec3 M{n}(vec3 v) {{ return M{n - 1}(v) + M{n - 1}(v); }}\n" for n in range(1, 40)),
    ],
)
def test_work_that_doubles_with_each_line_is_refused(head: str) -> None:
    call = "M39(rgb)" if "(vec3 v)" in head else "M39"
    start_s = time.thread_time()
    with pytest.raises(UntranslatableError, match="more than"):
        use("broken", "#pragma pass pixel\n" + head + BODY.replace("return rgb", f"return {call}"))
    assert time.thread_time() - start_s < SLOW_S


def test_a_pass_with_thousands_of_parameters_loads() -> None:
    numbers = range(2000)
    head = "".join(f'#pragma parameter n{n} "N" 0 0 1 1\nuniform float broken_n{n};\n' for n in numbers)
    total = " + ".join(f"broken_n{n}" for n in numbers)
    SHADERS.put({"broken.glsl": f"#pragma pass pixel\n{head}{BODY.replace('return rgb', f'return rgb + ({total})')}"})
    start_s = time.thread_time()
    assert len(load_pass("broken").parameters) == len(numbers)
    assert time.thread_time() - start_s < SLOW_S


def mutated(text: str, rng: random.Random) -> str:
    """`text` with one to four changes, half of them in its declarations."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(text) + 1)
        pragmas = [at for at in range(len(text)) if text.startswith("#pragma", at)]
        if pragmas and rng.random() < 0.5:
            start = min(rng.choice(pragmas) + rng.randrange(60), len(text))
        end = min(start + rng.randrange(40), len(text))
        piece = rng.choice(
            ("", rng.choice(PIECES), text[start:end] * rng.choice((2, 50)), chr(rng.randrange(32, 127)), text[-60:])
        )
        text = text[:start] + piece + text[rng.choice((start, end)) :]
    return text


@pytest.mark.parametrize("seed", range(3))
def test_any_change_of_a_shipped_pass_is_accepted_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    texts = {name: read_shader(f"{name}.glsl") for name in (*list_passes(), *list_overlays())}
    for _ in range(200):
        name = rng.choice(list(texts))
        text = mutated(texts[name], rng)
        with suppress(ShaderError, UntranslatableError):
            use(name, text)
        SHADERS.put({f"{name}.glsl": texts[name]})
