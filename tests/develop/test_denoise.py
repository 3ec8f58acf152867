"""Raw noise reduction compared with NumPy written from the formula, and scored on photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import NoiseProfile
from groundglass.cfa import Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Planes
from groundglass.compute.registry import open_device
from groundglass.develop.denoise import Denoise
from groundglass.develop.noise import VarianceStabilization
from PIL import Image
from tolerances import ANOTHER_COMPILER, FEW_OPERATIONS

NOISE = NoiseProfile(0.004, 0.003**2)
EVEN_GAINS = (1.0, 1.0, 1.0, 1.0)
OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h

Denoiser = Callable[..., np.ndarray]


def denoised_on(device: Device, mosaic: np.ndarray, pattern: str = "RGGB", **settings: object) -> np.ndarray:
    height, width = mosaic.shape
    planes = Planes(device, width, height, 1)
    planes.write(mosaic[..., None].astype(np.float32))
    planes.mirror()
    denoise = Denoise(planes)
    arguments: dict[str, object] = {"noise": NOISE, "encoded": False} | settings
    denoise.run(Cfa(pattern), **arguments)  # type: ignore[arg-type]
    result = denoise.output.read()[..., 0]
    denoise.release()
    denoise.release()
    planes.release()
    return result


@pytest.fixture
def denoised(device: Device) -> Iterator[Denoiser]:
    alive = device.live_buffers
    yield lambda mosaic, pattern="RGGB", **settings: denoised_on(device, mosaic, pattern, **settings)
    assert device.live_buffers == alive


def noisy(light: np.ndarray, seed: int = 1, noise: NoiseProfile = NOISE) -> np.ndarray:
    random = np.random.default_rng(seed)
    return light + random.normal(size=light.shape) * np.sqrt(noise.shot * light + noise.read)


def sweep(level: np.ndarray, shifts: list[tuple[int, int]], scale: float, even: float) -> np.ndarray:
    """Mean square of the photosites at `shifts`, weighted by the similarity of their 3x3 neighbourhoods."""
    height, width = level.shape
    reach = 16
    padded = np.pad(level, reach, mode="reflect")

    def shifted(dy: int, dx: int) -> np.ndarray:
        return padded[reach + dy : reach + dy + height, reach + dx : reach + dx + width]

    total, weights = level**2, np.ones_like(level)
    for dy, dx in shifts:
        window = [(v, u) for v in (-1, 0, 1) for u in (-1, 0, 1)]
        distance = sum((shifted(v, u) - shifted(dy + v, dx + u)) ** 2 for v, u in window)
        weight = 1 / (1 + np.maximum(distance * scale - even, 0) ** 2)
        total, weights = total + weight * shifted(dy, dx) ** 2, weights + weight
    return np.sqrt(total / weights)


def reference(
    mosaic: np.ndarray, near: int, far: int, green: int | None, slope: np.ndarray, offset: float
) -> np.ndarray:
    """`green` is the parity of column plus row of the green photosites."""
    grid = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]
    nearest = [(near * dy, near * dx) for dy, dx in grid if dy * dy + dx * dx <= 5]
    farther = [(far * dy, far * dx) for dy, dx in grid if max(abs(dy), abs(dx)) == 1]
    level = np.sqrt(np.maximum(mosaic * slope + offset, 0))
    level = sweep(sweep(level, nearest, 1 / 9, 2.0), farther, 1 / 0.9, 0.5)
    if green is not None:
        padded = np.pad(level, 1, mode="reflect")
        mesh = level - (padded[:-2, :-2] + padded[:-2, 2:] + padded[2:, :-2] + padded[2:, 2:]) / 4
        is_green = np.indices(level.shape).sum(axis=0) % 2 == green
        level = level - np.where(is_green, 0.5 * mesh / (1 + 2 * mesh**2) ** 2, 0)
    return (level**2 - offset) / slope


@pytest.mark.parametrize(
    ("pattern", "near", "far", "green"), [("RGGB", 2, 6, 1), ("GRBG", 2, 6, 0), ("MONO", 1, 3, None)]
)
@pytest.mark.parametrize("shape", [(40, 56), (41, 71), (43, 50)])
def test_the_denoiser_matches_the_formula(
    denoised: Denoiser, pattern: str, near: int, far: int, green: int | None, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(7)
    steps = np.kron(random.random((9, 12)), np.ones((5, 6)))[: shape[0], : shape[1]]
    mosaic = noisy(0.2 + 0.6 * steps)
    gains = {"RGGB": (2.0, 1.0, 1.0, 1.5), "GRBG": (1.0, 2.0, 1.5, 1.0)}.get(pattern, EVEN_GAINS)
    stabilized = VarianceStabilization.of(NOISE, gains)
    y, x = np.indices(shape)
    slope = np.reshape(stabilized.slopes, (2, 2))[y % 2, x % 2]
    expected = reference(mosaic, near, far, green, slope, stabilized.offset)
    np.testing.assert_allclose(denoised(mosaic, pattern, gains=gains), expected, atol=1e-4)
    root = np.sqrt(mosaic + OFFSET)
    np.testing.assert_allclose(
        denoised(root, pattern, gains=gains, encoded=True), np.sqrt(np.maximum(expected + OFFSET, 0)), atol=1e-4
    )


def test_strength_interpolates_between_mosaic_and_full_denoising(denoised: Denoiser) -> None:
    mosaic = noisy(np.full((40, 60), 0.3)).astype(np.float32)
    np.testing.assert_allclose(denoised(mosaic, strength=0.0), mosaic, atol=FEW_OPERATIONS)
    full = denoised(mosaic)
    np.testing.assert_allclose(denoised(mosaic, strength=0.25), mosaic + 0.25 * (full - mosaic), atol=FEW_OPERATIONS)


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("light", [0.02, 0.2, 0.8])
def test_flat_light_loses_nine_tenths_of_its_noise_and_keeps_its_mean(
    denoised: Denoiser, encoded: bool, light: float
) -> None:
    noise = NoiseProfile(0.002, 1e-6)
    mosaic = noisy(np.full((200, 240), light), noise=noise)
    source = np.sqrt(np.maximum(mosaic + OFFSET, 0)) if encoded else mosaic
    result = denoised(source, noise=noise, encoded=encoded).astype(np.float64)
    result = result**2 - OFFSET if encoded else result
    assert result.std() < 0.3 * mosaic.std()
    assert result.mean() == pytest.approx(mosaic.mean(), rel=0.02)


def test_light_without_noise_is_kept(denoised: Denoiser) -> None:
    """Steps far above the noise of the profile, and a gradient, for any colours."""
    y, x = np.indices((48, 64))
    colours = np.array([[0.3, 0.6], [0.6, 0.2]])[y % 2, x % 2]
    quiet = NoiseProfile(1e-5, 1e-8)
    steps = np.where(x < 31, 0.5, 1.0) * colours
    np.testing.assert_allclose(denoised(steps, noise=quiet), steps, atol=2e-4)
    gradient = colours * (0.5 + x / 128)
    inner = (slice(12, -12), slice(20, -20))
    np.testing.assert_allclose(denoised(gradient, noise=quiet)[inner], gradient[inner], atol=1e-3)


def test_a_noise_profile_of_zero_changes_nothing(denoised: Denoiser) -> None:
    mosaic = np.random.default_rng(2).random((40, 48))
    np.testing.assert_allclose(denoised(mosaic, noise=NoiseProfile(0, 0)), mosaic, atol=1e-5)


@pytest.mark.parametrize("pattern", ["RGGB", "MONO"])
def test_the_border_is_mirrored(device: Device, pattern: str) -> None:
    planes = Planes(device, 45, 37, 1)
    planes.write(noisy(np.full((37, 45, 1), 0.4)).astype(np.float32))
    planes.mirror()
    denoise = Denoise(planes)
    denoise.run(Cfa(pattern), NOISE, encoded=False)
    with denoise.output.view() as padded:
        inner = padded[0, PAD : PAD + 37, PAD : PAD + 45]
        np.testing.assert_array_equal(padded[0, :, : 45 + 2 * PAD], np.pad(inner, PAD, mode="reflect"))
    denoise.release()
    planes.release()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 5)])
@pytest.mark.parametrize(
    ("pattern", "block"), [("RGGB", 1), ("RGGB", 2), ("GGRGGBGGBGGRBRGRBGGGBGGRGGRGGBRBGBRG", 1), ("MONO", 1)]
)
def test_any_size_and_any_cfa(device: Device, size: tuple[int, int], pattern: str, block: int) -> None:
    planes = Planes(device, *size, 1)
    planes.write(np.full((size[1], size[0], 1), 0.5, np.float32))
    planes.mirror()
    denoise = Denoise(planes)
    denoise.run(Cfa(pattern, block), NOISE, encoded=False)
    np.testing.assert_allclose(denoise.output.read(), 0.5, atol=1e-5)
    denoise.release()
    planes.release()


def test_black_and_clipped_photosites_stay_finite(denoised: Denoiser) -> None:
    mosaic = np.random.default_rng(4).choice([-0.01, 0.0, 1.0, 2.0], (40, 48))
    assert np.isfinite(denoised(mosaic)).all()
    assert np.isfinite(denoised(np.sqrt(np.maximum(mosaic + OFFSET, 0)), encoded=True)).all()


def test_work_items_of_one_pixel_give_the_same(device: Device) -> None:
    """GPUs run the kernels with work-items of one pixel."""
    scalar = open_device(device.spec)
    scalar.run_length = 1
    mosaic = noisy(np.kron(np.random.default_rng(5).random((6, 8)), np.ones((8, 8))))
    np.testing.assert_allclose(denoised_on(scalar, mosaic), denoised_on(device, mosaic), atol=ANOTHER_COMPILER)
    scalar.close()


def cpsnr(picture: np.ndarray, original: np.ndarray) -> float:
    rounded = np.clip(np.round(picture * 255), 0, 255) / 255
    return float(-10 * np.log10(np.mean((rounded - original)[10:-10, 10:-10] ** 2)))


@pytest.mark.usefixtures("quick_api")
@pytest.mark.parametrize(("folder", "floor_db"), [("kodak", 31.5), ("mcmaster", 31.4)])
def test_photographs_gain_over_3_db(data_dir: Path, denoised: Denoiser, folder: str, floor_db: float) -> None:
    """Noise of variance 0.004 x + 0.003^2 on the encoded picture, RCD; without denoising 28.0 and 28.3 dB."""
    scores = []
    y, x = np.indices((1000, 1000))
    channels = Cfa("RGGB").channels()[y % 2, x % 2]
    for seed, path in enumerate(sorted((data_dir / "demosaic" / folder).iterdir())):
        with Image.open(path) as image:
            original = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
        height, width = original.shape[:2]
        mosaic = np.take_along_axis(original, channels[:height, :width, None], axis=2)[..., 0]
        picture = gg.demosaic(denoised(noisy(mosaic, seed)), "RGGB", "rcd", encode=False)
        scores.append(cpsnr(picture, original))
    assert np.mean(scores) >= floor_db
