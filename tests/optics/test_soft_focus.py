"""Soft-focus halo: it keeps energy, follows the aperture, and is absent without soft focus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.lens import load_lens
from groundglass.optics.soft_focus import MAX_SIGMA, OCTAVES, SHARES, SOURCE, SoftFocus, SoftFocusHalo
from live_engine import LiveEngine
from tolerances import FEW_OPERATIONS, HALF_ROUNDING

SOFT = load_lens("soft-90")
SIZES = [(320, 180), (319, 181), (97, 61), (960, 30), (3, 2)]


@pytest.fixture(scope="module")
def engine() -> Iterator[LiveEngine]:
    with LiveEngine(look="neutral") as made:
        yield made
    assert made.device.live_buffers == 0


def with_halo(device: Device, scene: np.ndarray, halo: SoftFocusHalo) -> np.ndarray:
    """(H, W) or (H, W, 3) float32 with the soft-focus halo."""
    height, width = scene.shape[:2]
    planes, soft_focus = Planes(device, width, height, 3), SoftFocus(device, width, height)
    planes.write(np.broadcast_to(scene.reshape(height, width, -1), (height, width, 3)))
    result = soft_focus.run(planes, halo).read()
    soft_focus.release()
    planes.release()
    return result.reshape(scene.shape) if scene.ndim == 3 else result[..., 1]


def by_formula(scene: np.ndarray, halo: SoftFocusHalo) -> np.ndarray:
    """(H, W): a fraction of the light is spread by the sum of three Gaussians, with mirrored edges."""
    height, width = scene.shape
    padded = np.pad(scene.astype(np.float64), ((0, height), (0, width)), mode="symmetric")
    frequency = np.hypot(np.fft.fftfreq(2 * height)[:, None], np.fft.fftfreq(2 * width))
    sigmas = [octave * halo.widest * width for octave in OCTAVES]
    passed = sum(
        share * np.exp(-2 * (np.pi * sigma * frequency) ** 2) for share, sigma in zip(SHARES, sigmas, strict=True)
    )
    soft_focus = np.fft.ifft2(np.fft.fft2(padded) * passed).real[:height, :width]
    return scene + halo.share * (soft_focus - scene)


def noise(width: int, height: int) -> np.ndarray:
    """(H, W) random values with a lamp of 50 times white."""
    scene = np.random.default_rng(3).random((height, width)).astype(np.float32)
    scene[height // 3, width // 4] = 50
    return scene


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    """PSNR in dB of two scene-linear pictures, encoded by the exponent 1/2.2."""
    a, b = (np.clip(light, 0, 1) ** (1 / 2.2) for light in (picture, other))
    return float(-10 * np.log10(np.mean((a - b) ** 2)))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_uniform_picture_is_unchanged(device: Device, width: int, height: int) -> None:
    for opening in (1.0, 0.7, 0.4):
        result = with_halo(
            device, np.full((height, width), 0.7, np.float32), SoftFocusHalo(0.4, MAX_SIGMA * opening**3)
        )
        np.testing.assert_allclose(result, 0.7, rtol=HALF_ROUNDING)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (319, 181)])
@pytest.mark.parametrize("widest", [MAX_SIGMA, 0.5 * MAX_SIGMA, 2 / 320])
def test_a_point_keeps_its_energy_at_every_position(device: Device, width: int, height: int, widest: float) -> None:
    for x, y in ((160, 90), (161, 93), (0, 0), (width - 1, height - 1), (width - 2, 50), (3, height - 5)):
        scene = np.zeros((height, width), np.float32)
        scene[y, x] = 1000
        result = with_halo(device, scene, SoftFocusHalo(0.4, widest))
        assert result.sum() == pytest.approx(1000, rel=0.005)
        assert result.min() >= 0
        assert 600 <= result[y, x] < 800  # the core stays sharp; a corner mirrors its halo


@pytest.mark.parametrize("widest", [MAX_SIGMA, 0.8 * MAX_SIGMA, 0.6 * MAX_SIGMA])
def test_the_halo_is_a_sum_of_three_gaussians(device: Device, widest: float) -> None:
    """Except next to a lamp, whose core is brighter than the halo, and for noise that the scales average."""
    scene, halo = noise(960, 120), SoftFocusHalo(0.4, widest)
    difference = with_halo(device, scene, halo) - by_formula(scene, halo)
    assert psnr(with_halo(device, scene, halo), by_formula(scene, halo)) > 45
    difference[36:45, 236:245] = 0
    assert np.abs(difference).max() < 0.03


def test_the_halo_has_the_width_of_the_formula(device: Device) -> None:
    for width in (480, 960, 1920):
        scene = np.zeros((81, width), np.float32)
        scene[40, width // 2] = 1
        along = with_halo(device, scene, SoftFocusHalo(1.0, MAX_SIGMA)).sum(axis=0)
        variance = (along * (np.arange(width) - width // 2) ** 2).sum() / along.sum()
        expected = sum(share * (octave * MAX_SIGMA * width) ** 2 for share, octave in zip(SHARES, OCTAVES, strict=True))
        assert variance == pytest.approx(expected, rel=0.02)


def test_halo_is_the_same_at_half_the_size(device: Device) -> None:
    scene = noise(960, 120)
    scene[40:80, 300:500] = 4.0
    for opening in (1.0, 0.8, 0.6):
        halo = SoftFocusHalo(0.4, MAX_SIGMA * opening**3)
        small = with_halo(device, scene.reshape(60, 2, 480, 2).mean(axis=(1, 3)), halo)
        assert psnr(with_halo(device, scene, halo).reshape(60, 2, 480, 2).mean(axis=(1, 3)), small) > 40


@pytest.mark.parametrize("run_length", [1, 8, 16])
def test_halo_is_independent_of_the_run_length(device: Device, run_length: int) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    scene, halo = noise(331, 67), SoftFocusHalo(0.4, MAX_SIGMA)
    np.testing.assert_allclose(
        with_halo(other, scene, halo), with_halo(device, scene, halo), rtol=2 * HALF_ROUNDING, atol=1e-5
    )
    other.close()


def test_stopping_down_removes_the_halo() -> None:
    wide, closed = SoftFocusHalo.of(SOFT), SoftFocusHalo.of(SOFT.at(4.4))  # two stops
    assert (wide.share, wide.widest) == (0.4, MAX_SIGMA)
    assert (closed.share, closed.widest) == pytest.approx((0.1, MAX_SIGMA / 8))
    assert wide.shows(320)
    assert not SoftFocusHalo.of(SOFT.at(8)).shows(1920)
    assert not SoftFocusHalo.of(SOFT.at(16)).shows(8000)
    assert not SoftFocusHalo.of(load_lens("noct-50")).shows(8000)


def test_halo_of_the_capturing_lens_is_not_added_twice() -> None:
    assert SoftFocusHalo.of(SOFT, SOFT).share == 0
    assert SoftFocusHalo.of(SOFT, load_lens("noct-50")) == SoftFocusHalo.of(SOFT)
    assert SoftFocusHalo.of(load_lens("noct-50"), SOFT).share == 0
    weak = replace(SOFT, soft_focus=0.2)
    assert (1 - SoftFocusHalo.of(SOFT, weak).share) * (1 - 0.2) == pytest.approx(1 - 0.4)


@pytest.mark.usefixtures("quick_api")
def test_halo_applies_to_areas_in_focus() -> None:
    scene = np.zeros((120, 160, 3), np.float32)
    scene[60, 80] = 1000
    depth_m = np.full((120, 160), 2.0, np.float32)
    plain = gg.defocus(scene, depth_m, lens=replace(SOFT, soft_focus=0.0), focus_m=2.0)
    soft = gg.defocus(scene, depth_m, lens="soft-90", focus_m=2.0)
    assert plain[60, 82].max() == 0
    assert soft[60, 82].min() > 1
    assert soft[60, 80, 1] < 0.7 * plain[60, 80, 1]
    assert soft.sum() == pytest.approx(plain.sum(), rel=0.005)
    closed = gg.defocus(scene, depth_m, lens=SOFT.at(8), focus_m=2.0)
    assert closed[60, 82].max() == 0


def lamp(**fields: object) -> gg.Frame:
    scene = np.full((60, 160, 3), 0.1, np.float32)
    scene[30, 80] = 50
    return gg.Frame(scene, gg.Encoding.SCENE, **fields)


def test_the_halo_does_not_need_depth(engine: LiveEngine) -> None:
    engine.lens = load_lens("noct-50")
    plain = engine.scene(lamp())
    engine.lens = SOFT
    soft = engine.scene(lamp())
    assert soft[30, 83].min() > 1.5 * plain[30, 83].max()
    np.testing.assert_allclose(engine.scene(lamp(native_lens=SOFT)), plain, rtol=FEW_OPERATIONS)
    engine.lens = SOFT.at(8)
    np.testing.assert_allclose(engine.scene(lamp()), plain, rtol=FEW_OPERATIONS)


def test_a_lens_without_soft_focus_launches_no_kernel(engine: LiveEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[str] = []
    launch = engine.device.launch

    def recording(source: str, *arguments: Any) -> None:
        launched.append(source)
        launch(source, *arguments)

    monkeypatch.setattr(engine.device, "launch", recording)
    engine.lens = load_lens("portrait-75")
    with LiveEngine(lens="portrait-75") as fresh:
        fresh.scene(lamp(depth_m=np.full((60, 160), 2.0, np.float32)))
        assert len(fresh._pipeline.soft_focus) == 0
    engine.scene(lamp())
    assert SOURCE not in launched
    engine.lens = SOFT
    engine.scene(lamp())
    assert SOURCE in launched
