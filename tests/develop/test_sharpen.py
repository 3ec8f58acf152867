"""Capture sharpening: steeper edges without halos, unchanged colours and noise."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.sharpen import Sharpen

BLUR_PX = 0.7  # combined blur of lens, sensor and demosaicing


def sharpened(device: Device, rgb: np.ndarray, amount: float = 1.0, noise: float = 0.0) -> np.ndarray:
    scene = Planes(device, rgb.shape[1], rgb.shape[0], 3)
    scene.write(rgb.astype(np.float32))
    stage = Sharpen(scene)
    stage.run(amount, noise)
    result = stage.output.read()
    stage.release()
    scene.release()
    return result


def grey(light: np.ndarray) -> np.ndarray:
    return np.repeat(light[..., None], 3, axis=2)


def edge(dark: float = 0.1, bright: float = 0.6, height: int = 20, width: int = 40) -> np.ndarray:
    """(H, W): a step with the blur of a camera."""
    x = np.arange(width) - width / 2 + 0.5
    kernel = np.exp(-(np.arange(-4, 5) ** 2) / (2 * BLUR_PX**2))
    step = np.convolve(
        np.where(np.arange(-4, width + 4) - width / 2 + 0.5 > 0, bright, dark), kernel / kernel.sum(), "valid"
    )
    assert len(step) == len(x)
    return np.tile(step, (height, 1))


def test_amount_zero_changes_nothing(device: Device) -> None:
    rgb = np.random.default_rng(1).random((17, 33, 3))
    np.testing.assert_allclose(sharpened(device, rgb, 0.0), rgb, rtol=1e-4, atol=1e-5)


def test_an_edge_gets_steeper_without_a_halo(device: Device) -> None:
    blurred = edge()
    slopes = [np.diff(sharpened(device, grey(blurred), amount)[10, :, 1]).max() for amount in (0.0, 0.5, 1.0)]
    assert slopes[0] < slopes[1] < slopes[2]
    assert slopes[2] > 1.15 * slopes[0]
    result = sharpened(device, grey(blurred))[..., 1]
    assert result.max() <= 0.6 * 1.03
    assert result.min() >= 0.1 * 0.9


def test_flat_light_and_gradients_are_unchanged(device: Device) -> None:
    ramp = np.tile(np.linspace(0.05, 0.8, 64), (24, 1))
    for light in (np.full((24, 64), 0.3), ramp):
        np.testing.assert_allclose(sharpened(device, grey(light))[4:-4, 4:-4], grey(light)[4:-4, 4:-4], rtol=5e-3)


def test_sharpening_keeps_the_mean_light(device: Device) -> None:
    light = 0.2 + 0.1 * np.random.default_rng(3).random((60, 80))
    assert sharpened(device, grey(light)).mean() == pytest.approx(light.mean(), rel=0.005)


def test_the_finest_diagonals_are_sharpened_less(device: Device) -> None:
    """The sensor's grid would show in them."""
    y, x = np.mgrid[:24, :24]
    raised = [
        np.ptp(sharpened(device, grey((0.5 + 0.01 * wave) ** 2), 0.1)[8:16, 8:16, 1]) / np.ptp((0.5 + 0.01 * wave) ** 2)
        for wave in (np.where(x % 2, 1, -1), np.where((x + y) % 2, 1, -1))
    ]
    assert 1 < raised[1] < raised[0]


def test_colours_keep_their_ratios(device: Device) -> None:
    colour = np.array([0.9, 0.4, 0.2])
    result = sharpened(device, edge()[..., None] * colour)
    np.testing.assert_allclose(result / result[..., 1:2], np.broadcast_to(colour / 0.4, result.shape), rtol=1e-3)


@pytest.mark.parametrize("noise", [0.005, 0.02])
def test_known_noise_is_hardly_amplified(device: Device, noise: float) -> None:
    random = np.random.default_rng(2)
    light = (np.sqrt(0.3) + noise * random.normal(size=(80, 90))) ** 2
    without_profile, with_profile = (
        np.std(sharpened(device, grey(light), 1.0, known)[..., 1]) for known in (0.0, 1.5 * noise)
    )
    assert with_profile < 1.2 * np.std(light)
    assert without_profile > 1.05 * with_profile


def test_black_and_very_bright_light_stay_bounded(device: Device) -> None:
    light = np.zeros((20, 30))
    light[8:12, 8:12] = 500.0
    result = sharpened(device, grey(light))
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 500 * 1.2
