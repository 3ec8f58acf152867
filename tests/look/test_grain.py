"""Grain: a new pattern for each frame; mean brightness and hue stay unchanged."""

import numpy as np
import pytest
from look_support import draw_pass, srgb, srgb_decoded

GREY = np.full((128, 192, 3), 0.2, dtype=np.float32)


def test_grain_is_the_same_for_the_same_frame() -> None:
    np.testing.assert_array_equal(draw_pass(GREY, "grain", frame_index=5), draw_pass(GREY, "grain", frame_index=5))


def test_grain_differs_between_frames_and_between_seeds() -> None:
    first = draw_pass(GREY, "grain", frame_index=5)[..., 0].ravel()
    for other in (draw_pass(GREY, "grain", frame_index=6), draw_pass(GREY, "grain", frame_index=5, seed=2)):
        assert abs(np.corrcoef(first, other[..., 0].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("light", [0.02, 0.2, 0.7])
def test_grain_keeps_the_mean_light(light: float) -> None:
    flat = np.full((256, 256, 3), light, dtype=np.float32)
    assert srgb_decoded(draw_pass(flat, "grain", amount=0.03, size=0.002)).mean() == pytest.approx(light, rel=0.005)


@pytest.mark.parametrize("size", [0.00195, 0.006, 0.01])
def test_amount_is_the_standard_deviation_in_middle_grey(size: float) -> None:
    flat = np.full((512, 512, 3), 0.2, dtype=np.float32)  # grain is strongest here
    drawn = draw_pass(flat, "grain", amount=0.02, size=size)
    slope = (srgb(np.array(0.201)) - srgb(np.array(0.199))) / 2e-3 * 2 * np.sqrt(0.2)  # per square root of light
    assert drawn[..., 1].std() == pytest.approx(0.02 * slope, rel=0.1)


def test_grain_is_colourless_and_absent_in_black_and_white() -> None:
    drawn = draw_pass(GREY, "grain", amount=0.04)
    assert np.ptp(drawn, axis=-1).max() < 1e-3
    ends = np.concatenate([np.zeros((64, 64, 3)), np.ones((64, 64, 3))]).astype(np.float32)
    np.testing.assert_allclose(draw_pass(ends, "grain", amount=0.04), ends, atol=1e-3)


def test_grain_has_no_direction() -> None:
    spectrum = np.abs(np.fft.rfft2(draw_pass(GREY, "grain", size=0.004)[:128, :128, 1] - 0.5)) ** 2
    assert spectrum[1:32, 0].mean() == pytest.approx(spectrum[0, 1:32].mean(), rel=0.6)
