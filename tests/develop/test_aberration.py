"""Lateral chromatic aberration: red and blue are aligned with green, and their shift is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.aberration import Aberration, Shift, parse_aberration
from groundglass.develop.aberration_estimate import estimate_aberration
from groundglass.errors import GroundglassError
from PIL import Image
from scipy import ndimage


def picture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Light with detail everywhere, as a function of the position in pixels."""
    return 0.4 + 0.15 * np.sin(x / 5.3 + np.sin(y / 17)) + 0.15 * np.cos(y / 4.7 + np.cos(x / 13))


def shifted_mosaic(cfa: Cfa, red: Shift, blue: Shift, height: int = 240, width: int = 320) -> np.ndarray:
    """A mosaic of grey light; the lens shifts red and blue radially outwards."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    mosaic = np.zeros((height, width))
    channels = cfa.channels()[(np.arange(height) % 2)[:, None], np.arange(width) % 2]
    for channel, shift in ((0, red), (1, Shift()), (2, blue)):
        radius = np.hypot(x - centre_x, y - centre_y) / (np.hypot(width, height) / 2)
        inwards = np.ones_like(radius)
        for _ in range(20):
            inwards = 1 / (1 + shift.k1 + shift.k2 * (radius * inwards) ** 2)
        photosites = channels == channel
        mosaic[photosites] = picture(centre_x + (x - centre_x) * inwards, centre_y + (y - centre_y) * inwards)[
            photosites
        ]
    return mosaic


def corrected(device: Device, mosaic: np.ndarray, cfa: Cfa, red: Shift, blue: Shift) -> np.ndarray:
    planes = Planes(device, *mosaic.shape[::-1], 1)
    planes.write(mosaic[..., None].astype(np.float32))
    planes.mirror()
    stage = Aberration(planes)
    stage.run(cfa, (red, blue))
    result = stage.output.read()[..., 0]
    stage.release()
    planes.release()
    return result


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_red_and_blue_are_aligned_with_green(device: Device, pattern: str) -> None:
    cfa, red, blue = Cfa(pattern), Shift(0.008, -0.003), Shift(-0.006, 0.002)
    aligned = shifted_mosaic(cfa, Shift(), Shift())
    shifted = shifted_mosaic(cfa, red, blue)
    result = corrected(device, shifted, cfa, red, blue)
    inner = (slice(8, -8), slice(8, -8))
    before, after = (np.abs(mosaic - aligned)[inner].max() for mosaic in (shifted, result))
    assert after < 0.15 * before
    green = cfa.channels()[(np.arange(240) % 2)[:, None], np.arange(320) % 2] == 1
    np.testing.assert_array_equal(result[green], shifted[green].astype(np.float32))


def test_no_shift_changes_nothing(device: Device) -> None:
    mosaic = np.random.default_rng(1).random((41, 57))
    np.testing.assert_array_equal(corrected(device, mosaic, Cfa("GBRG"), Shift(), Shift()), mosaic.astype(np.float32))


def test_a_shift_beyond_the_limit_is_bounded(device: Device) -> None:
    mosaic = np.random.default_rng(1).random((400, 900))
    result = corrected(device, mosaic, Cfa(), Shift(0.02, 0.02), Shift(-0.02, -0.02))
    assert np.isfinite(result).all()
    assert result.min() > -0.5
    assert result.max() < 1.5


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_the_shift_is_measured(pattern: str) -> None:
    for red, blue in (
        (Shift(0.004), Shift(-0.003)),
        (Shift(0.0015), Shift(0.002)),
        (Shift(0, 0.006), Shift(-0.004, 0.009)),
    ):
        cfa = Cfa(pattern)
        for expected, measured in zip(
            (red, blue), estimate_aberration(shifted_mosaic(cfa, red, blue), cfa), strict=True
        ):
            radius = np.linspace(0.1, 1, 10)
            differences = ((measured.k1 - expected.k1) * radius + (measured.k2 - expected.k2) * radius**3) * 200
            assert np.abs(differences).max() < max(0.05, 0.1 * abs(expected.k1 + expected.k2) * 200)


@pytest.mark.parametrize("k1", [0.0, 0.0005, -0.002])
def test_the_shift_is_measured_in_photographs(data_dir: Path, k1: float) -> None:
    """All channels come from green, so the test's shift is the only one."""
    for path in sorted((data_dir / "demosaic" / "kodak").glob("*.png"))[:3]:
        encoded = np.asarray(Image.open(path), np.float64)[..., 1] / 255
        light = encoded**2.2
        y, x = np.mgrid[: light.shape[0], : light.shape[1]].astype(np.float64)
        centre_y, centre_x = (light.shape[0] - 1) / 2, (light.shape[1] - 1) / 2
        coordinates = [centre_y + (y - centre_y) / (1 + k1), centre_x + (x - centre_x) / (1 + k1)]
        mosaic = light.copy()
        mosaic[::2, ::2] = 0.6 * ndimage.map_coordinates(light, coordinates, order=5, mode="mirror")[::2, ::2]
        mosaic[1::2, 1::2] *= 0.8
        red, blue = estimate_aberration(mosaic, Cfa())
        half_diagonal = np.hypot(*light.shape) / 2
        assert abs(red.k1 + red.k2 - k1) * half_diagonal < max(0.06, 0.1 * abs(k1) * half_diagonal)
        assert blue == Shift()


def test_a_picture_without_detail_gives_no_shift() -> None:
    flat = np.full((200, 300), 0.4)
    assert estimate_aberration(flat, Cfa()) == (Shift(), Shift())
    noise = flat + 0.002 * np.random.default_rng(1).normal(size=flat.shape)
    assert estimate_aberration(noise, Cfa()) == (Shift(), Shift())
    assert estimate_aberration(np.ones((6, 6)), Cfa()) == (Shift(), Shift())


def test_the_aberration_setting_is_parsed() -> None:
    assert parse_aberration("off") == (Shift(), Shift())
    assert parse_aberration("auto") is None
    assert parse_aberration("0.4,-0.3") == (Shift(0.0004), Shift(-0.0003))
    for text in ("", "1", "1,2,3", "99,0", "red,blue"):
        with pytest.raises(GroundglassError, match=r"is invalid; use off, auto, or the outward shift of red and blue"):
            parse_aberration(text)
