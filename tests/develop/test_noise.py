"""Noise: variance stabilization, and estimation of the noise profile from one frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import CameraProfile, NoiseProfile
from groundglass.cfa import Cfa
from groundglass.develop.noise import VarianceStabilization, estimate_noise
from PIL import Image

BLACK, WHITE = 512, 16383
PROFILE = CameraProfile(black=(BLACK,) * 4, white=WHITE)
PHOTOGRAPHS = ("kodak/kodim03.png", "kodak/kodim15.png", "kodak/kodim23.png", "mcmaster/13.tif")


def sensed(light: np.ndarray, noise: NoiseProfile, seed: int = 0) -> np.ndarray:
    """(H, W) uint16: raw values of a 14-bit sensor exposed to `light`, (H, W), with the given noise."""
    random = np.random.default_rng(seed)
    noisy = light + random.normal(size=light.shape) * np.sqrt(noise.shot * light + noise.read)
    return np.clip(np.round(noisy * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)


def variance(noise: NoiseProfile, light: float) -> float:
    return noise.shot * light + noise.read


def photographed(path: Path) -> np.ndarray:
    """(H, W): linear light of an RGGB mosaic of a photograph."""
    with Image.open(path) as image:
        encoded = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    y, x = np.indices(linear.shape[:2])
    return np.take_along_axis(linear, Cfa("RGGB").channels()[y % 2, x % 2][..., None], axis=2)[..., 0]


def test_variance_stabilization_gives_unit_noise() -> None:
    random = np.random.default_rng(3)
    noise, gains = NoiseProfile(0.002, 4e-6), (2.0, 1.0, 1.0, 1.5)
    stabilized = VarianceStabilization.of(noise, gains)
    for light in (0.06, 0.2, 0.9):
        for gain, slope in zip(gains, stabilized.slopes, strict=True):
            sample = gain * (light + random.normal(size=20000) * np.sqrt(variance(noise, light)))
            assert np.sqrt(np.maximum(slope * sample + stabilized.offset, 0)).std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("noise", [NoiseProfile(0, 0), NoiseProfile(0, 1e-6), NoiseProfile(1e-4, 0)])
def test_stabilization_is_finite_for_any_profile(noise: NoiseProfile) -> None:
    stabilized = VarianceStabilization.of(noise, (1.0, 1.0, 1.0, 1.0))
    assert np.isfinite([*stabilized.slopes, stabilized.offset]).all()
    assert np.sqrt(np.float32(stabilized.slopes[0] + stabilized.offset)) < 1e6


@pytest.mark.parametrize("noise", [NoiseProfile(0.004, 1e-5), NoiseProfile(0.0005, 2e-5), NoiseProfile(0.0002, 1e-6)])
@pytest.mark.parametrize("pattern", ["RGGB", "GBRG", "MONO"])
def test_noise_is_estimated_from_a_ramp(noise: NoiseProfile, pattern: str) -> None:
    ramp = np.tile(np.linspace(0, 1.2, 1280), (720, 1))  # one sixth clips
    estimate = estimate_noise(sensed(ramp, noise), PROFILE, Cfa(pattern))
    for light in (0.02, 0.18, 0.7):
        assert variance(estimate, light) == pytest.approx(variance(noise, light), rel=0.1)


def test_noise_is_estimated_from_a_flat_scene_at_its_level() -> None:
    noise = NoiseProfile(0.001, 2e-6)
    estimate = estimate_noise(sensed(np.full((600, 800), 0.3), noise), PROFILE, Cfa())
    assert variance(estimate, 0.3) == pytest.approx(variance(noise, 0.3), rel=0.1)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_noise_is_separated_from_the_texture_of_a_photograph(data_dir: Path, name: str) -> None:
    noise, light = NoiseProfile(0.002, 4e-6), photographed(data_dir / "demosaic" / name)
    estimate = estimate_noise(sensed(light, noise), PROFILE, Cfa())
    for level in (0.1, 0.4):
        assert variance(estimate, level) == pytest.approx(variance(noise, level), rel=0.25)


def test_colours_and_white_balance_do_not_affect_the_estimate() -> None:
    """The four photosites receive different light; only the two greens are compared."""
    noise, y, x = NoiseProfile(0.001, 2e-6), *np.indices((720, 960))
    light = np.linspace(0.05, 0.9, 960)[x] * np.array([[0.3, 1.0], [0.98, 0.5]])[y % 2, x % 2]
    estimate = estimate_noise(sensed(light, noise), PROFILE, Cfa())
    assert variance(estimate, 0.2) == pytest.approx(variance(noise, 0.2), rel=0.1)


def test_the_estimate_without_noise_is_below_rounding_noise() -> None:
    ramp = np.tile(np.linspace(0, 1, 640), (480, 1))
    estimate = estimate_noise(sensed(ramp, NoiseProfile(0, 0)), PROFILE, Cfa())
    assert variance(estimate, 0.5) < 2 / 12 / (WHITE - BLACK) ** 2  # the variance of rounding is 1/12


@pytest.mark.parametrize("light", [0.0, 2.0])
def test_the_estimate_of_a_clipped_frame_is_zero(light: float) -> None:
    numbers = np.full((480, 640), WHITE if light else 0, dtype=np.uint16)
    assert estimate_noise(numbers, PROFILE, Cfa()) == NoiseProfile(0.0, 0.0)


@pytest.mark.parametrize("shape", [(0, 0), (5, 7), (16, 2000), (31, 17)])
def test_small_frames_give_a_valid_estimate(shape: tuple[int, int]) -> None:
    estimate = estimate_noise(np.full(shape, 1000, dtype=np.uint16), PROFILE, Cfa())
    assert estimate.shot >= 0
    assert estimate.read >= 0
