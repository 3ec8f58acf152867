"""Grading: the neutral look, strength, local passes, planes with padding, target formats."""

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.gl.constant_folding import FOLDED, FOLDED_AFTER
from groundglass.gl.planes import ScenePlanes
from groundglass.look.grade import Grader, grade
from groundglass.look.look import list_looks, load_look, parse_look
from look_support import HALF_STEP, context, look_of, scene_of, shown, srgb, srgb_decoded
from tolerances import FEW_OPERATIONS

GREYS = np.repeat(np.geomspace(0.002, 8.0, 24), 3).reshape(1, 24, 3).astype(np.float32)


def test_neutral_encodes_rec709_unchanged() -> None:
    scene = scene_of(brightest=0.75)
    np.testing.assert_allclose(grade(scene, "neutral", ctx=context()), srgb(scene), atol=HALF_STEP)


@pytest.mark.parametrize("name", ["neutral", "natural"])
def test_grey_stays_grey(name: str) -> None:
    assert np.ptp(grade(GREYS, name, local=False, ctx=context()), axis=-1).max() < 1 / 510


@pytest.mark.parametrize("name", list_looks())
def test_more_light_is_never_darker(name: str) -> None:
    assert np.diff(grade(GREYS, name, local=False, ctx=context()), axis=1).min() >= -1e-4


@pytest.mark.parametrize("name", list_looks())
def test_at_strength_zero_every_look_is_neutral(name: str) -> None:
    scene = scene_of(brightest=2.0)
    neutral = grade(scene, "neutral", ctx=context())
    np.testing.assert_allclose(grade(scene, name, strength=0.0, ctx=context()), neutral, atol=1e-5)


def test_half_strength_is_the_mean_in_linear_light() -> None:
    scene = scene_of(brightest=0.5)
    half = grade(scene, look_of("exposure", exposure_ev=-1.0), space="rec2020", strength=0.5, ctx=context())
    np.testing.assert_allclose(half, shown(scene * 0.75), atol=HALF_STEP)


def test_passes_act_in_the_order_of_the_file() -> None:
    scene = scene_of(brightest=0.9)
    texts = [
        "[pass.exposure]\nexposure_ev = 1\n[pass.contrast]\ncontrast = 1.5",
        "[pass.contrast]\ncontrast = 1.5\n[pass.exposure]\nexposure_ev = 1",
    ]
    first, second = (grade(scene, parse_look(text, "order.toml"), ctx=context()) for text in texts)
    assert np.abs(first - second).max() > 0.05


def test_without_local_passes_a_look_depends_on_the_pixel_alone() -> None:
    flat = np.full((40, 60, 3), 0.3, dtype=np.float32)
    assert np.ptp(grade(flat, "classic", ctx=context()), axis=(0, 1)).max() > 0.01
    assert np.ptp(grade(flat, "classic", local=False, ctx=context()), axis=(0, 1)).max() < FEW_OPERATIONS


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("space", ["rec709", "rec2020"])
@pytest.mark.parametrize("name", list_looks())
def test_extreme_values_give_no_nan(name: str, space: str, strength: float) -> None:
    extremes = [np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-30, 0.18, 1e30]
    scene = np.array(np.meshgrid(extremes, extremes, extremes), dtype=np.float32).reshape(3, -1).T.reshape(16, 32, 3)
    picture = grade(scene, name, space=space, strength=strength, ctx=context())
    assert np.isfinite(picture).all()
    assert picture.min() >= 0.0
    assert picture.max() <= 1.0


def test_a_colour_outside_rec709_keeps_its_luminance() -> None:
    green = np.array([[[0.0, 0.5, 0.0]]], dtype=np.float32)
    picture = grade(green, look_of("exposure"), space="rec2020", ctx=context())
    assert srgb_decoded(picture)[0, 0] @ [0.2126, 0.7152, 0.0722] == pytest.approx(0.5 * 0.678, abs=2e-3)
    assert picture[0, 0, 1] > picture[0, 0, 0]


def test_padding_does_not_show_and_row_0_is_the_top() -> None:
    scene = scene_of((6, 10), brightest=0.7)
    padded = np.full((11, 24, 3), 9.0, dtype=np.float32)
    padded[3:9, 8:18] = scene
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.ascontiguousarray(padded[..., c]) for c in range(3)], (8, 3), (10, 6))
    drawn = grader.draw(planes, load_look("neutral"), target="rgba32f")
    assert drawn.size == (10, 6)
    picture = np.frombuffer(drawn.read(), np.float32).reshape(6, 10, 4)[..., :3]
    np.testing.assert_allclose(picture, shown(scene), atol=HALF_STEP)
    grader.release()
    planes.release()


def test_eight_bit_values_are_dithered_around_the_float_value() -> None:
    planes, grader = ScenePlanes(context()), Grader(context())
    planes.write([np.full((64, 64), 0.1234, np.float32)] * 3)
    drawn = np.frombuffer(grader.draw(planes, load_look("neutral")).read(), np.uint8).reshape(64, 64, 4)
    exact = srgb(np.array(0.1234)) * 255
    assert set(np.unique(drawn[..., :3])) == {int(exact), int(exact) + 1}
    assert drawn[..., 0].mean() == pytest.approx(exact, abs=0.05)
    assert (drawn[..., 3] == 255).all()
    assert np.ptp(drawn[..., :3].astype(int), axis=-1).max() <= 1  # the matrix rounds each channel separately
    grader.release()
    planes.release()


def test_a_frame_allocates_and_compiles_nothing() -> None:
    planes, grader = ScenePlanes(context()), Grader(context())
    look = load_look("classic")
    planes.write([np.zeros((4, 4), np.float32)] * 3)
    textures, first = planes.textures, grader.draw(planes, look)
    planes.write([np.ones((4, 4), np.float32)] * 3)
    assert grader.draw(planes, look.with_value("tone_curve", "toe", 0.4), frame_index=1) is first
    assert planes.textures is textures
    assert grader._programs.compiled() == (1, 0)
    assert grader.last_gpu_ms is not None
    grader.release()
    planes.release()


@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("name", list_looks())
def test_constant_folding_keeps_the_picture(name: str, strength: float) -> None:
    scene = scene_of((40, 60)) ** 4 * 16.0
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=True)
    planes.write([np.ascontiguousarray(scene[..., c]) for c in range(3)])
    drawn = [
        grader.draw(planes, load_look(name), strength=strength, target="rgba32f").read()
        for _ in range(FOLDED_AFTER + 1)
    ]
    uniforms, *_, constants, again = (np.frombuffer(pixels, np.float32) for pixels in drawn)
    np.testing.assert_allclose(constants, uniforms, atol=1e-4)  # the order of rounding differs
    np.testing.assert_array_equal(again, constants)
    assert grader._programs.compiled()[1] == 1
    grader.release()
    planes.release()


def test_a_folded_look_can_change_again() -> None:
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=True)
    planes.write([np.full((4, 4), 0.2, np.float32)] * 3)
    look = load_look("classic")
    other = look.with_value("tone_curve", "toe", 0.4)
    steps = [look] * FOLDED_AFTER + [other] * FOLDED_AFTER
    drawn = [np.frombuffer(grader.draw(planes, step).read(), np.uint8) for step in (*steps, look)]
    drawn = [drawn[index] for index in (0, FOLDED_AFTER - 1, FOLDED_AFTER, 2 * FOLDED_AFTER - 1, -1)]
    for first, second in ((0, 1), (0, 4), (2, 3)):  # uniforms and constants round differently
        assert np.abs(drawn[first].astype(int) - drawn[second]).max() <= 1
    assert np.abs(drawn[2].astype(int) - drawn[0]).max() > 1
    for toe in (0.3, 0.5, 0.6):
        for _ in range(FOLDED_AFTER):
            grader.draw(planes, look.with_value("tone_curve", "toe", toe))
    assert grader._programs.compiled() == (1, FOLDED)
    grader.release()
    planes.release()


def test_a_rehearsed_look_compiles_nothing_in_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor after a change of the size: it is not a constant of a program."""
    planes, grader = ScenePlanes(context()), Grader(context(), folds_constants=True)
    planes.write_packed(np.full((48, 80, 4), 0.2, np.float16), (8, 0), (64, 48))
    look = load_look("eternal")
    stand_in = planes.stand_in((80, 48), (8, 0), (64, 48))
    assert len(list(grader.rehearse(stand_in, look))) == 1
    stand_in.release()
    with monkeypatch.context() as patched:
        patched.setattr("groundglass.gl.full_frame.compile_program", None)
        first, second = (grader.draw(planes, look).read() for _ in range(2))
        assert first == second
        planes.write_packed(np.full((24, 48, 4), 0.2, np.float16), (8, 0), (32, 24))
        grader.draw(planes, look)
    other = Grader(context(), folds_constants=True)
    planes.write_packed(np.full((48, 80, 4), 0.2, np.float16), (8, 0), (64, 48))
    usual = [other.draw(planes, look).read() for _ in range(FOLDED_AFTER)][-1]
    assert usual == first
    for made in (grader, other, planes):
        made.release()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a scene is \(H, W, 3\), not \(4, 4\)"):
        grade(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="unknown space 'p3'"):
        grade(np.zeros((4, 4, 3)), space="p3")
    planes = ScenePlanes(context())
    with pytest.raises(ValueError, match="three C-contiguous float32"):
        planes.write([np.zeros((4, 4))] * 3)
    with pytest.raises(ValueError, match="does not fit in planes"):
        planes.write([np.zeros((4, 4), np.float32)] * 3, (2, 0), (4, 4))


def test_a_call_without_a_context_creates_a_context() -> None:
    scene = scene_of(brightest=0.7) @ REC709_TO_REC2020.T.astype(np.float32)
    np.testing.assert_allclose(grade(scene, "neutral", space="rec2020"), shown(scene), atol=HALF_STEP)
