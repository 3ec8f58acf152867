"""Each pass takes scene light or display light; a pass on the wrong side of the tone curve is an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.commands.new_pass import write_new_pass
from groundglass.errors import LookError, ShaderError
from groundglass.gl.domain import Domain, misplaced, parse_domain
from groundglass.gl.passes import Pass, list_overlays, list_passes, load_pass
from groundglass.gl.program import read_shader
from groundglass.look.fit.model import COLOUR, MONOCHROME
from groundglass.look.look import list_looks, load_look, parse_look
from groundglass.look.lut import Lut
from groundglass.look.lut_look import lut_look

SCENE = "bloom color_matrix contrast exposure halation micro_contrast monochrome vignette"
DISPLAY = "dye_matrix grain print_matrix saturation split_tone toning"
CURVES = "lut rolloff tone_curve"
BODY = "vec3 mine(vec3 rgb, PixelContext place) { return rgb; }\n"


def pass_with_head(head: str) -> Pass:
    return load_pass("mine", lambda file: f"{head}\n{BODY}" if file == "mine.glsl" else read_shader(file))


def order(text: str) -> tuple[str, ...]:
    return tuple(settings.name for settings in parse_look(text, "mine.toml").passes)


def sections(*names: str) -> str:
    return "\n".join(f"[pass.{name}]" for name in names)


def test_every_built_in_pass_declares_its_domain() -> None:
    domains = {name: load_pass(name).domain for name in (*list_passes(), *list_overlays())}
    expected = dict.fromkeys(SCENE.split(), Domain("scene", "scene"))
    expected |= dict.fromkeys((*DISPLAY.split(), *list_overlays()), Domain("display", "display"))
    expected |= dict.fromkeys(("rolloff", "tone_curve"), Domain("scene", "display"))
    expected["hsl_mixer"] = Domain("any", "any")
    expected["lut"] = Domain("scene", "display", {"input": frozenset({"srgb", "rec709"})})
    assert domains == expected


@pytest.mark.parametrize("name", [*SCENE.split(), *DISPLAY.split(), "hsl_mixer"])
def test_a_pass_is_accepted_on_its_side_of_the_tone_curve(name: str) -> None:
    before, after = (name, "tone_curve"), ("tone_curve", name)
    if name not in DISPLAY.split():
        assert order(sections(*before)) == before
    if name not in SCENE.split():
        assert order(sections(*after)) == after


@pytest.mark.parametrize("name", SCENE.split())
def test_scene_light_after_the_curve_is_an_error_that_names_the_pass(name: str) -> None:
    message = rf"^mine\.toml:2: \[pass\.{name}\] takes scene light, but comes after tone_curve; "
    with pytest.raises(LookError, match=message + r"move it before \[pass\.tone_curve\]$"):
        parse_look(sections("tone_curve", name), "mine.toml")


@pytest.mark.parametrize("name", DISPLAY.split())
def test_display_light_before_the_curve_is_an_error_that_names_the_pass(name: str) -> None:
    message = rf"^mine\.toml:1: \[pass\.{name}\] takes display light, but comes before rolloff; "
    with pytest.raises(LookError, match=message + r"move it after \[pass\.rolloff\]$"):
        parse_look(sections(name, "rolloff"), "mine.toml")


def test_a_second_tone_curve_is_an_error() -> None:
    with pytest.raises(LookError, match=r"\[pass\.tone_curve\] converts scene light to display light, but rolloff"):
        parse_look(sections("rolloff", "exposure", "tone_curve").replace("[pass.exposure]\n", ""), "mine.toml")


def test_a_look_without_a_tone_curve_accepts_any_order() -> None:
    assert order(sections("saturation", "exposure", "grain")) == ("saturation", "exposure", "grain")


def test_a_pass_without_a_domain_is_accepted_anywhere() -> None:
    undeclared, curve = pass_with_head("#pragma pass pixel").domain, Domain("scene", "display")
    assert undeclared is None
    assert misplaced([("mine", undeclared), ("tone_curve", curve), ("other", None)]) is None


def test_the_domain_is_read_from_the_pragma() -> None:
    assert pass_with_head("#pragma pass place display").domain == Domain("display", "display")
    assert parse_domain(["scene", "display"], "") == Domain("scene", "display")
    for words in ("light", "display scene", "scene any"):
        with pytest.raises(ShaderError, match=rf"^mine\.glsl:1: unknown domain '{words}'; use scene, display, any"):
            pass_with_head(f"#pragma pass pixel {words}")
    with pytest.raises(ShaderError, match="display_where PARAMETER CHOICE"):
        pass_with_head("#pragma pass pixel\n#pragma display_where input srgb")


def test_built_in_looks_and_the_models_of_look_fit_are_in_order() -> None:
    for name in list_looks():
        assert load_look(name).passes
    for model in (COLOUR, MONOCHROME):
        assert misplaced((name, load_pass(name).domain) for name in model) is None


def test_the_domain_of_a_lut_follows_from_its_input() -> None:
    domain = load_pass("lut").domain
    assert domain is not None
    assert domain.of({"input": "srgb"}) == domain.of({"input": "rec709"}) == Domain("display", "display")
    assert domain.of({"input": "logc"}).is_curve


@pytest.mark.parametrize(("input", "is_alone"), [("srgb", False), ("rec709", False), ("logc", True)])
def test_a_lut_look_applies_the_lut_after_the_tone_curve_or_instead_of_it(input: str, is_alone: bool) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 2)] * 3, indexing="ij"), axis=-1).astype(np.float32)
    passes = lut_look(Lut("same", cube=grid), input).passes
    steps = []
    for settings in passes:
        domain = load_pass(settings.name).domain
        assert domain is not None
        steps.append((settings.name, domain.of(settings.values)))
    assert misplaced(steps) is None
    assert (len(passes) == 1) is is_alone


def test_a_new_pass_declares_its_domain_and_its_look_is_in_order(tmp_path: Path) -> None:
    shader, look = write_new_pass("warm_shadows", tmp_path)
    assert "\n#pragma pass pixel scene\n" in shader.read_text(encoding="utf-8")
    text = look.read_text(encoding="utf-8")
    assert text.index("[pass.warm_shadows]") < text.index("[pass.rolloff]")
