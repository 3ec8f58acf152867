"""HSL mixer: smooth hue bands, an effect in proportion to chroma."""

import numpy as np
import pytest
from groundglass.look.hsl_mixer import BANDS, from_opponent, opponents, shares_of
from groundglass.look.reference import LUMINANCE, PASSES, shown
from look_support import ENCODED, draw_pass, scene_of

VALUES = {
    "red_turn": 12.0,
    "orange_saturation": -0.4,
    "yellow_lightness": 0.2,
    "green_turn": -30.0,
    "aqua_saturation": 0.7,
    "blue_lightness": -0.5,
    "purple_turn": 20.0,
    "magenta_saturation": -1.0,
}


def circle(count: int = 720, chroma: float = 0.6) -> np.ndarray:
    """(N, 3) linear: the hue circle at constant lightness and chroma."""
    hue = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    opponent = np.stack([np.full(count, 0.6), 0.6 * chroma * np.cos(hue), 0.6 * chroma * np.sin(hue)], axis=-1)
    return from_opponent(opponent)


@pytest.mark.parametrize("values", [VALUES, {"orange_turn": 30.0}, {}])
def test_the_gpu_draws_the_formula(values: dict[str, float]) -> None:
    scene = scene_of((40, 40)) ** 2
    drawn = draw_pass(scene, "hsl_mixer", **values)
    np.testing.assert_allclose(drawn, shown(PASSES["hsl_mixer"](scene.astype(float), **values)), atol=ENCODED)


def test_the_hsl_mixer_keeps_grey() -> None:
    grey = np.repeat(np.linspace(0.0, 1.0, 64), 3).reshape(1, 64, 3)
    every = {f"{band}_{kind}": 0.5 for band in BANDS for kind in ("turn", "saturation", "lightness")}
    np.testing.assert_allclose(PASSES["hsl_mixer"](grey, **every), grey, atol=1e-6)


def test_without_values_nothing_changes() -> None:
    scene = scene_of((20, 20)).astype(float)
    np.testing.assert_allclose(PASSES["hsl_mixer"](scene), scene, atol=1e-6)


def test_the_weights_of_the_bands_sum_to_one() -> None:
    shares = shares_of(np.linspace(0.0, 2.0 * np.pi, 1000))
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, atol=1e-12)
    assert shares.min() > -0.06
    centres = shares_of(np.radians(45.0 * np.arange(8)))
    assert (centres.argmax(axis=-1) == np.arange(8)).all()
    assert np.diag(centres).min() > 0.65


@pytest.mark.parametrize("kind", ["turn", "saturation", "lightness"])
def test_adjacent_bands_blend_without_a_seam(kind: str) -> None:
    """With one band changed, a hue step of half a degree changes the picture less than three times as much."""
    value = {"turn": 30.0, "saturation": 1.0, "lightness": 0.5}[kind]
    colours = circle()
    before, after = colours, PASSES["hsl_mixer"](colours, **{f"blue_{kind}": value})
    steps = [np.abs(np.diff(shown(rgb), axis=0, append=shown(rgb)[:1])).max() for rgb in (before, after)]
    assert np.abs(after - before).max() > 0.02
    assert steps[1] < 3.0 * steps[0]


def test_a_hue_turn_keeps_lightness_and_chroma() -> None:
    colours = circle()
    turned = PASSES["hsl_mixer"](colours, **{f"{band}_turn": 20.0 for band in BANDS})
    before, after = opponents(colours), opponents(turned)
    np.testing.assert_allclose(after[:, 0], before[:, 0], atol=1e-6)
    chroma = [np.hypot(lab[:, 1], lab[:, 2]) for lab in (before, after)]
    np.testing.assert_allclose(chroma[1], chroma[0], atol=1e-6)
    hue = [np.arctan2(lab[:, 2], lab[:, 1]) for lab in (before, after)]
    np.testing.assert_allclose(np.degrees(np.unwrap(hue[1]) - np.unwrap(hue[0])) % 360, 20.0, atol=1e-3)


def test_the_hsl_mixer_commutes_with_exposure() -> None:
    scene = scene_of((8, 8)).astype(float)
    np.testing.assert_allclose(
        PASSES["hsl_mixer"](scene * 8.0, **VALUES), PASSES["hsl_mixer"](scene, **VALUES) * 8.0, atol=1e-5
    )


def test_saturation_of_minus_one_gives_grey() -> None:
    values = {f"{band}_saturation": -1.0 for band in BANDS}
    drawn = PASSES["hsl_mixer"](scene_of((8, 8)).astype(float), **values)
    assert np.ptp(drawn, axis=-1).max() < 1e-6
    assert (drawn @ LUMINANCE).min() > 0.0


def test_saturated_colours_gain_less_saturation() -> None:
    every = {f"{band}_saturation": 0.5 for band in BANDS}
    for chroma, gained in ((0.1, 1.5 - 0.5 * 0.01 / 1.01), (1.0, 1.25)):
        colours = from_opponent(np.array([[0.6, 0.6 * chroma, 0.0]]))
        after = opponents(PASSES["hsl_mixer"](colours, **every))
        np.testing.assert_allclose(after[0, 1], 0.6 * chroma * gained, atol=1e-4)


def test_a_lower_saturation_scales_all_chroma_equally() -> None:
    every = {f"{band}_saturation": -0.5 for band in BANDS}
    for chroma in (0.1, 1.0):
        after = opponents(PASSES["hsl_mixer"](from_opponent(np.array([[0.6, 0.6 * chroma, 0.0]])), **every))
        np.testing.assert_allclose(after[0, 1], 0.3 * chroma, atol=1e-4)
