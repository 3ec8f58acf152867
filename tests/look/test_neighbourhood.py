"""Neighbourhood passes: halation, bloom and micro-contrast compared with NumPy, and their invariants."""

import around_support
import numpy as np
import pytest
from around_support import halved
from groundglass.errors import ShaderError
from groundglass.gl.constant_folding import FOLDED_AFTER
from groundglass.gl.passes import Stage, list_passes, load_pass
from groundglass.gl.planes import ScenePlanes
from groundglass.look.grade import Grader, grade
from groundglass.look.look import parse_look
from groundglass.look.neighbourhood import PREFILTERS
from look_support import ENCODED, context, draw_pass, look_of, scene_of, shown, srgb_decoded
from tolerances import FEW_OPERATIONS, STAGE

NEIGHBOURHOOD_PASSES = [name for name in list_passes() if load_pass(name).stage is Stage.NEIGHBOURHOOD]
PASSES = {
    "halation": {"amount": 0.2, "radius": 0.02, "green": 0.5, "blue": 0.1},
    "bloom": {"amount": 0.4, "radius": 0.03},
    "micro_contrast": {"amount": 0.8, "radius": 0.02},
}


def lights(height: int = 96, width: int = 150) -> np.ndarray:
    """A noisy grey scene with two lamps and a window."""
    scene = scene_of((height, width), brightest=0.4)
    scene[height // 3, width // 4] = scene[height // 2, width // 2] = 40.0
    scene[height // 5 : height // 3, -width // 4 :] = (6.0, 5.0, 4.0)
    return scene


def step(stops: float = 4.0, height: int = 120, width: int = 160) -> np.ndarray:
    scene = np.full((height, width, 3), 0.03, dtype=np.float32)
    scene[:, width // 2 :] *= 2.0**stops
    return scene


def test_each_neighbourhood_pass_has_a_reference_and_a_prefilter() -> None:
    assert set(PASSES) == set(NEIGHBOURHOOD_PASSES)
    assert {load_pass(name).neighbourhood.prefilter for name in NEIGHBOURHOOD_PASSES} == set(PREFILTERS)


@pytest.mark.parametrize("size", [(96, 150), (97, 131), (41, 60), (300, 200)])
@pytest.mark.parametrize("name", PASSES)
def test_a_neighbourhood_pass_matches_its_formula(name: str, size: tuple[int, int]) -> None:
    scene = lights(*size)
    expected = getattr(around_support, name)(scene.astype(np.float64), **PASSES[name])
    drawn = draw_pass(scene, name, **PASSES[name])
    np.testing.assert_allclose(drawn, shown(expected), atol=0.25 * ENCODED)


@pytest.mark.parametrize("name", PASSES)
def test_flat_light_is_unchanged(name: str) -> None:
    flat = np.full((50, 70, 3), (0.3, 0.2, 0.1), dtype=np.float32)
    np.testing.assert_allclose(draw_pass(flat, name, **PASSES[name]), shown(flat), atol=1e-4)


@pytest.mark.parametrize("name", PASSES)
def test_at_amount_zero_nothing_changes(name: str) -> None:
    scene = lights()
    drawn = draw_pass(scene, name, **{**PASSES[name], "amount": 0.0})
    np.testing.assert_allclose(drawn, draw_pass(scene, "exposure"), atol=1e-5)


@pytest.mark.parametrize("name", ["halation", "bloom"])
@pytest.mark.parametrize("at", [(60, 80), (3, 2), (119, 159)])
def test_light_is_spread_and_its_sum_is_kept(name: str, at: tuple[int, int]) -> None:
    scene = np.full((120, 160, 3), 0.05, dtype=np.float32)
    scene[at] = 90.0
    dimmed = draw_pass(scene * 0.01, name, **PASSES[name])  # dim enough that nothing clips
    before = srgb_decoded(draw_pass(scene * 0.01, "exposure"))
    assert srgb_decoded(dimmed).sum(axis=(0, 1)) == pytest.approx(before.sum(axis=(0, 1)), rel=3e-3)
    assert dimmed[at][0] < before[at][0] ** (1 / 2.4)


def test_the_halo_of_a_white_light_is_red() -> None:
    scene = np.full((120, 160, 3), 0.02, dtype=np.float32)
    scene[58:62, 78:82] = 50.0
    red, green, blue = draw_pass(scene, "halation", amount=0.1, radius=0.02)[60, 86]
    assert red > 1.2 * green > 1.2 * blue


@pytest.mark.parametrize("at", [(80, 80), (81, 82), (83, 81)])
def test_a_halo_is_round_at_any_position_of_the_light(at: tuple[int, int]) -> None:
    """Compared with three Gaussians at full size, the reduced textures differ by at most a fifth of the peak."""
    scene, share, sigma_px = np.full((160, 160, 3), 1e-4, dtype=np.float32), 0.3, 0.025 * 160
    scene[at] = 300.0
    light = srgb_decoded(draw_pass(scene, "bloom", amount=share, radius=0.025))[..., 1] - 1e-4
    y, x = np.mgrid[:160, :160]
    distance2 = (y - at[0]) ** 2 + (x - at[1]) ** 2
    expected = np.zeros_like(light)
    for part, wide in ((0.5, 1.0), (0.3, 5**0.5), (0.2, 21**0.5)):
        variance = (wide * sigma_px) ** 2
        expected += 300.0 * share * part * np.exp(-distance2 / (2 * variance)) / (2 * np.pi * variance)
    outside = distance2 > 4
    assert np.abs(light - expected)[outside].max() < 0.2 * expected.max()


@pytest.mark.parametrize("radius", [0.006, 0.02, 0.05])
def test_micro_contrast_draws_no_halo_along_an_edge(radius: float) -> None:
    """Next to a step of four stops the error is below 0.5 % of the step."""
    scene, amount = step(), 1.0
    drawn = srgb_decoded(draw_pass(scene, "micro_contrast", amount=amount, radius=radius))[60, :, 1]
    stops = np.log2(drawn / scene[60, :, 1])
    assert np.abs(stops).max() < 0.005 * 4.0


def test_micro_contrast_raises_or_lowers_texture_by_its_amount() -> None:
    y, x = np.mgrid[:120, :160]
    scene = np.repeat((0.18 * 2.0 ** (0.1 * np.sin(x / 1.5) * np.sin(y / 1.5)))[..., None], 3, -1).astype(np.float32)
    flat = np.std(np.log2(scene))
    for amount in (-0.5, 0.5, 1.0):
        drawn = srgb_decoded(draw_pass(scene, "micro_contrast", amount=amount, radius=0.05))
        assert np.std(np.log2(drawn)) == pytest.approx((1 + amount) * flat, rel=0.05)


@pytest.mark.parametrize("name", PASSES)
def test_half_size_is_the_downsampled_full_size(name: str) -> None:
    scene = lights(192, 300)
    values = {**PASSES[name], "radius": 0.02}
    full, half = (srgb_decoded(draw_pass(light * 0.02, name, **values)) for light in (scene, halved(scene)))
    error = np.abs(shown(half) - shown(halved(full)))
    assert 10 * np.log10(1 / (error**2).mean()) > 40


def test_neighbourhood_passes_apply_one_after_another() -> None:
    text = "[pass.exposure]\nexposure_ev = 1\n[pass.bloom]\namount = 0.4\n[pass.halation]\namount = 0.2"
    scene = lights().astype(np.float64)
    halo = load_pass("halation")
    values = {p.name: p.default for p in halo.parameters} | {"amount": 0.2}
    expected = around_support.halation(around_support.bloom(2 * scene, amount=0.4, radius=0.015), **values)
    drawn = grade(scene, parse_look(text, "two.toml"), space="rec2020", ctx=context())
    np.testing.assert_allclose(drawn, shown(expected), atol=0.5 * ENCODED)


@pytest.mark.parametrize("name", PASSES)
def test_without_local_passes_a_neighbourhood_pass_is_left_out(name: str) -> None:
    scene = lights()
    drawn = grade(scene, look_of(name, **PASSES[name]), space="rec2020", local=False, ctx=context())
    np.testing.assert_allclose(drawn, draw_pass(scene, "exposure"), atol=FEW_OPERATIONS)


@pytest.mark.parametrize("name", PASSES)
def test_padding_does_not_reach_the_neighbourhood(name: str) -> None:
    scene = lights(45, 61)
    padded = np.full((60, 80, 3), 900.0, dtype=np.float32)
    padded[3:48, 8:69] = scene
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.ascontiguousarray(padded[..., c]) for c in range(3)], (8, 3), (61, 45))
    drawn = grader.draw(planes, look_of(name, **PASSES[name]), target="rgba32f").read()
    picture = np.frombuffer(drawn, np.float32).reshape(45, 61, 4)[..., :3]
    np.testing.assert_allclose(picture, draw_pass(scene, name, **PASSES[name]), atol=1e-5)
    grader.release()
    planes.release()


def test_a_frame_allocates_no_texture_and_constant_folding_keeps_the_picture() -> None:
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=True)
    planes.write([np.ascontiguousarray(lights()[..., c]) for c in range(3)])
    look = look_of("bloom", amount=0.3)
    first = grader.draw(planes, look, target="rgba32f").read()
    maps = list(grader._neighbourhoods._maps)
    again = [np.frombuffer(grader.draw(planes, look, target="rgba32f").read(), np.float32) for _ in range(FOLDED_AFTER)]
    assert list(grader._neighbourhoods._maps) == maps
    for pixels in again:
        np.testing.assert_allclose(pixels, np.frombuffer(first, np.float32), atol=STAGE)
    grader.release()
    assert len(grader._neighbourhoods._maps) == 0
    planes.release()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#pragma neighbourhood halo radius", "", r"bloom\.glsl: no '#pragma neighbourhood PREFILTER PARAMETER'"),
        (
            "neighbourhood halo radius",
            "neighbourhood halo",
            r"bloom\.glsl:\d+: not '#pragma neighbourhood PREFILTER PARAMETER'",
        ),
        (
            "neighbourhood halo radius",
            "neighbourhood halo width",
            r"bloom\.glsl: no '#pragma neighbourhood PREFILTER PARAMETER' with one of its",
        ),
        ("bloom_prefilter", "bloom_prefilters", r"bloom\.glsl: no function 'vec4 bloom_prefilter\(vec3 rgb\)'"),
    ],
)
def test_an_invalid_neighbourhood_pass_is_an_error(old: str, new: str, message: str) -> None:
    from groundglass.gl.program import read_shader

    with pytest.raises(ShaderError, match=message):
        load_pass("bloom", lambda name: read_shader(name).replace(old, new))
