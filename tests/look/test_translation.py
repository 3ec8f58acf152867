"""The GLSL that becomes a kernel: each piece draws the same by both routes; the rest is an error with its line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.gl.passes import load_pass
from groundglass.gl.program import SHADERS
from groundglass.look.kernel_route.errors import UntranslatableError
from groundglass.look.kernel_route.translation import parse_look
from look_support import look_of
from route_support import BothRoutes, half_scene

HEAD = """#pragma pass place any
#pragma parameter share "Share" 0.3 0.0 1.0 0.01
#pragma parameter rounds "Rounds" 3 0 8 1 type=int
#pragma parameter inverse "Inverse" 0 0 1 1 type=bool
#pragma parameter tint "Tint" 0.4 0.0 1.0 0.01 type=color
#define THIRD (1.0 / 3.0)
uniform float trial_share;
uniform int trial_rounds;
uniform bool trial_inverse;
uniform vec3 trial_tint;
const int COUNT = 4;
const float STEPS[COUNT] = float[COUNT](0.1, 0.2, 0.4, 0.8);
struct Pair { vec2 first; float second; };
float twice(float x) { return 2.0 * x; }
vec3 twice(vec3 x) { return 2.0 * x; }
void divide(in vec3 x, out float sum, inout vec3 rest) { sum = x.r + x.g + x.b; rest -= 0.1 * sum; }
float early(float x) { if (x > 0.5) return 0.9; if (x < 0.21173) { return x * x; } return x; }
Pair pair_of(vec3 x) { return Pair(x.rg, x.b); }
float of_all() { return trial_share * float(trial_rounds) * (trial_inverse ? trial_tint.r : trial_tint.g); }
"""
# Statements that change the colour `c`, which is 0 to 1 at their beginning; `x` is the column, 0 to 7.
PIECES = [
    "c = c.bgr; c.rg = c.gr + 0.1; c.b *= 0.5;",
    "c = mix(c, vec3(1.0, 0.5, 0.0), trial_share);",
    "c = c.r > 0.4 ? c : 1.0 - c;",
    "if (c.g > 0.5) { c.r = 0.2; } else if (c.g > 0.25) c.b = 0.7; else { c = c * c; }",
    "for (int i = 0; i < trial_rounds; i++) c = 0.5 * c + 0.1;",
    "for (int i = 0; i < COUNT; ++i) { if (c.r > STEPS[i]) continue; c.g = STEPS[i]; break; }",
    "int n = 0; while (n < 3) { n += 1; if (c.b > 0.3) c *= 0.9; else c.r += 0.1; }",
    "int n = 2; do { c.r = 1.0 - c.r; n--; } while (n > 0);",
    "c.r = early(c.r); c.g = early(c.g); c.b = twice(c.b) - 0.3; c = 0.5 * twice(c);",
    "float sum; vec3 rest = c; divide(c, sum, rest); c = rest * sum * THIRD;",
    "Pair p = pair_of(c); p.first *= 0.7; c = vec3(p.second, p.first);",
    "mat3 m = mat3(0.5, 0.1, 0.0, 0.2, 0.6, 0.1, 0.1, 0, 0.7); c = m * c * m; m[1] = vec3(0.3); c = transpose(m) * c;",
    "mat2 m = mat2(0.8) * mat2(0.1, 0.2, 0.3, 0.4); c.rg = m * c.rg; c.b = m[1][0];",
    "c = vec3(STEPS[x % COUNT], STEPS[3 - x / 2], STEPS[COUNT - 1]);",
    "uint h = uint(x) * 0x9E3779B1u; h ^= h >> 15; c.r = float(h & 255u) / 255.0; c.g = float(int(h >> 24)) / 255.0;",
    "ivec2 n = ivec2(x, 7 - x) << 2; n = (n | 3) ^ ivec2(1); c.rg = vec2(n) / 35.0; c.b = float(~x + 9) / 9.0;",
    "c = abs(sin(6.0 * c)) * cos(c.brg); c.g = atan(c.g, 1.0 + c.r); c.b = exp(-c.b);",
    "c = pow(c + 0.01, vec3(2.2, 0.4, 1.0)); c.b = log(1.0 + c.b); c.r = exp2(c.r) - 1.0;",
    "c = smoothstep(0.2, 0.8, c); c.g = step(0.5, c.g) * 0.5; c.b = fract(3.3 * c.b);",
    "c = vec3(mod(5.0 * c.r, 1.5), floor(4.0 * c.g) / 4.0, ceil(4.0 * c.b) / 4.0); c = min(c, trunc(c + 0.9));",
    "c = clamp(sign(c - 0.5) * 0.4 + 0.5, 0.0, 1.0) * trial_tint;",
    "c = normalize(c + 0.1); c.r = length(c.gb); c.g = distance(c, vec3(0.5)); c = abs(cross(c, c.brg)) + 0.2;",
    "bvec3 high = greaterThan(c, vec3(0.5)); c = mix(c, vec3(0.3), high); if (any(high) && !all(high)) c.r = 0.6;",
    "if (trial_inverse) c = 1.0 - c; c.g = trial_inverse ? 0.1 : c.g;",
    "if (trial_share > 0.25) { c.r = 0.75; } c.b = trial_share < 0.1 ? 0.0 : c.b;",
    "bool a = c.r > 0.3, b = c.g > 0.6; if (a ^^ b) c.b = 0.9; if (a || b) c.r *= 0.5; if (a == b) c.g = 0.2;",
    "vec4 v = vec4(c, 1.0); v.xyz += v.w * 0.1; v.wz = v.xy; c = v.stp / (1.0 + v.q);",
    "c = c * vec3(place.pixel.y & 1) * 0.3 + 0.3 * length(place.from_centre) + 0.1 * fract(place.middle_px.x * 0.25);",
    "for (int i = 0; i < 3; i++) for (int j = 0; j <= i; j++) { if (j == 2) break; c.r += c[i] * 0.2; } c *= 0.5;",
    "c = c.r != c.g && c == c.rgb ? vec3(radians(30.0)) * c : c; c.r = inversesqrt(1.0 + c.r) * degrees(0.01);",
    "c -= 0.5; c.rg = sqrt(c.rg * c.rg) + sqrt(max(c.gb * c.gb, 0.0)); c.b = c.r / (0.1 + c.g);",
    "{ float c2 = c.r; c2 += 0.1; c.g = c2; } float r = c.r; r -= r * 0.5; c.r = r; c.b = c.b++ + 0.01;",
]


def text_of(body: str) -> str:
    return f"""{HEAD}
vec3 trial(vec3 rgb, PixelContext place) {{
    int x = place.pixel.x & 7;
    int piece = place.pixel.x / 8;
    vec3 c = rgb / (1.0 + rgb);
{body}
    return c;
}}
"""


Save = Callable[[str], None]


@pytest.fixture
def save(tmp_path: Path) -> Iterator[Save]:
    """Saves `trial.glsl` with such statements."""
    (tmp_path / "trial.glsl").write_text(text_of(""))
    SHADERS.set_search_path(tmp_path)
    yield lambda body: SHADERS.put({"trial.glsl": text_of(body)})
    SHADERS.set_search_path()


def test_each_piece_of_the_language_draws_the_same(device: Device, save: Save) -> None:
    body = "\n".join(f"    if (piece == {number}) {{ {piece} }}" for number, piece in enumerate(PIECES))
    save(body)
    scene = half_scene((17, 8 * len(PIECES)), seed=3)
    scene[0] = scene[1]
    with BothRoutes(device, scene) as routes:
        for values in ({}, {"share": 0.05, "rounds": 7, "inverse": True, "tint": [0.9, 0.1, 0.5]}):
            look = look_of("trial", **values)
            apart = np.abs(routes.by_kernel(look).astype(int) - routes.in_gl(look)).max(axis=(0, 2))
            wrong = [PIECES[at // 8] for at in np.flatnonzero(apart > 1)]
            assert not wrong, f"{values}: {sorted(set(wrong))}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    c.r = dFdx(c.r);", "trial.glsl:25: 'dFdx' is not translated"),
        ("    if (c.r > 0.5) discard;", "trial.glsl:25: 'discard' is not translated"),
        ("    c.rg = gl_FragCoord.xy;", "trial.glsl:25: 'gl_FragCoord' is known in GL alone"),
        ("    c = texture(scene_texture, vec2(0.5)).rgb;", "trial.glsl:25: looks up the texture 'scene_texture'"),
        ("    switch (x) { default: break; }", "trial.glsl:25: a switch is not translated"),
        ("    for (float f = c.r; f < 1.0; f += 0.1) c.g += 0.01;", "a loop whose length differs from pixel to pixel"),
        ("    for (int i = 0; i < 999; i++) c *= 0.9;", "trial.glsl:25: a loop of more than 256 rounds"),
        (
            "    for (int i = 0; i < 200; i++) for (int j = 0; j < 40; j++) c = c * c + 0.1;",
            "trial.glsl:25: the look becomes too long a kernel",
        ),
        ("#ifdef GL_ES\n#endif", "trial.glsl:25: '#ifdef GL_ES' is a directive of the preprocessor"),
    ],
)
def test_what_is_not_translated_is_named_with_its_line(save: Save, body: str, reason: str) -> None:
    save(body)
    uniforms = {"trial_share": 0.0, "trial_rounds": 1, "trial_inverse": False, "trial_tint": (0.0, 0.0, 0.0)}
    with pytest.raises(UntranslatableError) as error:
        parse_look((load_pass("trial"),), False).translate(
            {**uniforms, "frame_px": (8.0, 8.0), "frame_index": 0, "strength": 1.0, "dither_step": 0.0}
        )
    assert reason in str(error.value)


def test_the_root_of_a_square_takes_no_root(save: Save) -> None:
    def roots(body: str) -> int:
        save(body)
        uniforms = {"trial_share": 0.0, "trial_rounds": 1, "trial_inverse": False, "trial_tint": (0.0, 0.0, 0.0)}
        frame = {"frame_px": (8.0, 8.0), "frame_index": 0, "strength": 1.0, "dither_step": 0.0}
        return parse_look((load_pass("trial"),), False).translate(uniforms | frame).text.count("= root(")

    plain = roots("")
    assert roots("    c.r -= 0.5; c.r = sqrt(c.r * c.r);") == plain
    assert roots("    c.r -= 0.5; c.r = sqrt(c.r * c.g);") == plain + 1


def test_an_edited_pass_is_drawn_by_its_new_text(device: Device, save: Save) -> None:
    with BothRoutes(device, half_scene((9, 24))) as routes:
        for body in ("    c = vec3(0.2);", "    c = vec3(0.6, 0.1, 0.3);"):
            save(body)
            look = look_of("trial")
            assert np.abs(routes.by_kernel(look).astype(int) - routes.in_gl(look)).max() <= 1
