"""A look is fitted to pairs of raw and rendered pictures; the test renders the pictures with a known look."""

from __future__ import annotations

import numpy as np
import pytest
from fit_support import cards, picture_of, place2_of
from groundglass.camera import REC2020_TO_REC709
from groundglass.colour.difference import delta_e00
from groundglass.errors import GroundglassError
from groundglass.look.fit import Fit, Pair, fit_look, look_text
from groundglass.look.fit.align import align
from groundglass.look.fit.fitting import balanced
from groundglass.look.fit.invented import fit_function, synthetic_scene
from groundglass.look.fit.model import Model
from groundglass.look.fit.pair import align_pair, samples_of
from groundglass.look.fit.residual import residual_cube, through_cube
from groundglass.look.fit.solve import Samples, lab_of_display
from groundglass.look.grade import grade
from groundglass.look.look import Look, load_look, parse_look
from groundglass.look.reference import LUMINANCE, apply
from look_support import ENCODED, context
from PIL import Image

HIDDEN = """
[pass.exposure]
exposure_ev = 0.4
warmth = 0.1
[pass.color_matrix]
green_to_red = -0.12
blue_to_green = 0.08
[pass.tone_curve]
grey = [0.38, 0.37, 0.35]
toe = 0.55
white = [1.05, 1.03, 0.99]
black = 0.02
[pass.hsl_mixer]
green_turn = -8
blue_saturation = 0.15
[pass.saturation]
saturation = 1.1
"""


def hidden() -> Look:
    return parse_look(HIDDEN, "hidden.toml")


@pytest.fixture(scope="module")
def fitted() -> Fit:
    scene = cards()
    return fit_look([Pair(scene, picture_of(scene, hidden(), corner_light=0.7), name="made.jpg")], "mine")


def test_a_hidden_look_is_recovered(fitted: Fit) -> None:
    assert fitted.mean <= 1.0
    assert fitted.p95 <= 2.5
    scene = cards(seed=8)  # not used by the fit
    expected, drawn = (lab_of_display(apply(look, scene).reshape(-1, 3)) for look in (hidden(), fitted.look))
    assert delta_e00(expected, drawn).mean() <= 1.0


def test_the_vignette_is_separated_from_the_look(fitted: Fit) -> None:
    assert fitted.corner_light == pytest.approx(0.7, abs=0.04)
    assert fitted.look.passes[0].name == "vignette"
    assert fitted.look.passes[0].values["corner_light"] == pytest.approx(0.7, abs=0.04)


def test_the_written_look_file_draws_the_fitted_look(fitted: Fit) -> None:
    look = parse_look(look_text(fitted.look, ("a comment",)), "mine.toml")
    assert look == fitted.look
    assert "made.jpg" in look.intent
    assert f"{fitted.mean:.2f}" in look.intent
    scene = cards((96, 64), seed=2)
    drawn = fitted.drawn(scene.reshape(-1, 3).astype(float), place2_of((96, 64)).ravel()).reshape(scene.shape)
    shown = grade(scene, look, space="rec2020", ctx=context())
    assert np.abs(shown - drawn).max() < 2 * ENCODED


def test_samples_are_left_out_in_four_folds(fitted: Fit) -> None:
    assert fitted.left_out.mean() >= fitted.seen.mean()
    assert set(fitted.samples.fold) == {0, 1, 2, 3}


def test_a_camera_with_lens_shading_correction_gives_no_vignette() -> None:
    scene = cards((288, 192))
    fit = fit_look([Pair(scene, picture_of(scene, hidden(), corner_light=1.4))])
    assert fit.corner_light == pytest.approx(1.4, abs=0.08)
    assert "vignette" not in [settings.name for settings in fit.look.passes]
    assert any("corrected its lens" in note for note in fit.notes)


def test_a_black_and_white_picture_gives_a_black_and_white_look() -> None:
    scene = cards((288, 192))
    monochrome = parse_look(
        "[pass.monochrome]\nred = 0.6\ngreen = 0.3\nblue = 0.1\n[pass.tone_curve]\ngrey = [0.37, 0.35, 0.33]", "x.toml"
    )
    fit = fit_look([Pair(scene, picture_of(scene, monochrome))])
    assert [step.name for step in fit.look.passes if step.name in ("monochrome", "hsl_mixer")] == ["monochrome"]
    assert fit.mean <= 1.0
    assert any("black and white" in note for note in fit.notes)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_cropped_and_scaled_picture_is_aligned(orientation: int) -> None:
    grey = np.sqrt(cards((480, 320))).mean(axis=2).astype(np.float32)
    turned = {1: grey, 3: grey[::-1, ::-1], 6: np.rot90(grey)}[orientation]
    left, top, right, bottom = 24, 10, turned.shape[1] - 16, turned.shape[0] - 32
    scale = 0.8
    size = round((right - left) * scale), round((bottom - top) * scale)
    picture = Image.fromarray(np.ascontiguousarray(turned[top:bottom, left:right])).resize(size, Image.Resampling.BOX)
    placement = align(grey, np.asarray(picture) ** 0.5, "picture")
    assert placement.orientation == orientation
    assert placement.shift_px < 0.2
    if orientation == 1:
        x, y = placement.place(np.array([0.0, size[0] - 1.0]), np.array([0.0, size[1] - 1.0]))
        step_x, step_y = (right - left) / size[0], (bottom - top) / size[1]
        assert x == pytest.approx([left + step_x / 2 - 0.5, right - step_x / 2 - 0.5], abs=0.4)
        assert y == pytest.approx([top + step_y / 2 - 0.5, bottom - step_y / 2 - 0.5], abs=0.4)


def test_alignment_follows_the_distortion_correction_of_the_camera() -> None:
    scene = cards((480, 320))
    straight = align_pair(Pair(scene, picture_of(scene, hidden())))
    width, height = 480, 320
    y, x = np.mgrid[:height, :width].astype(float)
    dx, dy = x - (width - 1) / 2, y - (height - 1) / 2
    stretch = 0.985 + 0.015 * place2_of((width, height))
    columns, rows = (dx * stretch + (width - 1) / 2), (dy * stretch + (height - 1) / 2)
    nearest = np.round(rows).astype(int), np.round(columns).astype(int)
    bent = align_pair(Pair(scene, picture_of(scene, hidden())[nearest]))
    assert abs(straight.placement.distortion) < 3e-3
    assert bent.placement.distortion == pytest.approx(0.015, abs=0.004)
    assert bent.placement.shift_px < 0.5


def test_a_picture_of_another_raw_file_is_an_error() -> None:
    with pytest.raises(GroundglassError, match=r"^other.jpg: .*made of this raw"):
        fit_look([Pair(cards((192, 128), 1), picture_of(cards((192, 128), 2), hidden()), name="other.jpg")])


def test_a_picture_without_detail_is_an_error() -> None:
    with pytest.raises(GroundglassError, match="too little detail"):
        fit_look([Pair(cards((192, 128)), np.full((128, 192, 3), 128, np.uint8))])


def test_a_clipped_picture_is_an_error() -> None:
    scene = cards()
    clipped = np.where(np.sqrt(scene).mean(axis=2, keepdims=True) > 0.4, 255, 0).astype(np.uint8).repeat(3, axis=2)
    with pytest.raises(GroundglassError, match=r"areas are usable|detail"):
        fit_look([Pair(scene, clipped)])


def test_arrays_that_do_not_form_a_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="a pair is a scene"):
        Pair(cards(), np.zeros((8, 8), np.uint8))
    with pytest.raises(GroundglassError, match="smaller than 64x64"):
        Pair(cards((40, 40)), np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(GroundglassError, match="no pair"):
        fit_look([])


def test_clipped_raw_pixels_are_not_used() -> None:
    scene = cards()
    usable = np.ones(scene.shape[:2], bool)
    usable[:, :192] = False
    samples = samples_of([align_pair(Pair(scene, picture_of(scene, hidden()), usable))])
    assert 0.2 * 48 * 32 < len(samples) < 0.5 * 48 * 32


def test_each_of_three_pairs_is_one_fold() -> None:
    pairs = [
        align_pair(Pair(scene, picture_of(scene, hidden()))) for scene in map(lambda seed: cards(seed=seed), (1, 2, 3))
    ]
    samples = samples_of(pairs)
    assert [np.unique(samples.fold[samples.pair == pair]).tolist() for pair in range(3)] == [[0], [1], [2]]


def test_balancing_raises_the_share_of_rare_colours() -> None:
    display = np.concatenate([np.full((9900, 3), 0.5), np.tile([0.9, 0.2, 0.1], (100, 1))])
    zeros = np.zeros(10000)
    samples = Samples(display, display, zeros, zeros.astype(int), zeros.astype(int))
    taken = balanced(samples, maximum=1000)
    assert len(taken) == 1000
    assert (taken.display[:, 0] > 0.8).mean() > 0.05  # 1 % before balancing


def test_a_pass_without_effect_is_left_out() -> None:
    model = Model()
    assert [settings.name for settings in model.look(model.start, "x", "").passes] == ["tone_curve"]


def test_quotes_and_line_breaks_are_escaped_in_toml() -> None:
    look = parse_look(look_text(Look('a "b"', "c\\d\ne", load_look("classic").passes)), "x.toml")
    assert (look.name, look.intent) == ('a "b"', "c\\d e")
    assert look.passes == load_look("classic").passes


def test_the_residual_cube_corrects_the_remaining_difference() -> None:
    colours = np.random.default_rng(2).random((4000, 3))
    bent = np.clip(colours + 0.05 * np.sin(5 * colours[:, [1, 2, 0]]), 0, 1)
    cube = residual_cube(colours, bent)
    assert cube.shape == (17, 17, 17, 3)
    assert np.abs(through_cube(cube, colours) - bent).mean() < 0.004
    assert residual_cube(colours, colours) == pytest.approx(residual_cube(colours[:9], colours[:9]))  # no difference


def test_the_residual_cube_keeps_colours_without_samples() -> None:
    dark = 0.3 * np.random.default_rng(2).random((4000, 3))
    cube = residual_cube(dark, dark + np.array([0.03, 0.0, 0.0]))
    assert np.abs(through_cube(cube, dark) - dark - [0.03, 0, 0]).max() < 0.006
    white = through_cube(cube, np.ones((1, 3)))
    assert np.abs(white - 1).max() < 0.01


def test_a_look_is_recovered_from_a_function_of_colour() -> None:
    fit = fit_function(lambda scene: apply(hidden(), scene), "mine", "hidden.cube", count=1500)
    assert fit.mean <= 0.3
    assert "hidden.cube" in fit.look.intent
    scene = cards(seed=8)
    expected, drawn = (lab_of_display(apply(look, scene).reshape(-1, 3)) for look in (hidden(), fit.look))
    assert delta_e00(expected, drawn).mean() <= 0.3


def test_synthetic_colours_cover_the_luminance_range_and_lie_in_rec709() -> None:
    scene, fold = synthetic_scene(2000)
    again, _ = synthetic_scene(2000)
    assert np.array_equal(scene, again)
    luminance = scene @ LUMINANCE
    assert luminance.min() < 0.18 / 50 < 0.18 * 5 < luminance.max()
    assert (scene @ REC2020_TO_REC709.T).min() > -1e-6
    assert np.bincount(fold).min() > 200
