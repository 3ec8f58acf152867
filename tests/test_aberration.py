"""Lateral chromatic aberration: red and blue come back to where green is, and their shift is measured."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.aberration import Aberration, Shift, estimate_aberration, parse_aberration
from groundglass.errors import GroundglassError


def picture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Light with detail everywhere, as a function of the place."""
    return 0.4 + 0.15 * np.sin(x / 5.3 + np.sin(y / 17)) + 0.15 * np.cos(y / 4.7 + np.cos(x / 13))


def shifted_mosaic(cfa: Cfa, red: Shift, blue: Shift, height: int = 240, width: int = 320) -> np.ndarray:
    """A mosaic of grey light whose red and blue the lens has put farther out."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    mosaic = np.zeros((height, width))
    channels = cfa.channels()[(np.arange(height) % 2)[:, None], np.arange(width) % 2]
    for channel, shift in ((0, red), (1, Shift()), (2, blue)):
        inwards = 1 / (1 + shift.k1)
        here = channels == channel
        mosaic[here] = picture(centre_x + (x - centre_x) * inwards, centre_y + (y - centre_y) * inwards)[here]
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
def test_red_and_blue_come_back(device: Device, pattern: str) -> None:
    cfa, red, blue = Cfa(pattern), Shift(0.008), Shift(-0.006)
    straight = shifted_mosaic(cfa, Shift(), Shift())
    broken = shifted_mosaic(cfa, red, blue)
    result = corrected(device, broken, cfa, red, blue)
    inner = (slice(8, -8), slice(8, -8))
    before, after = (np.abs(mosaic - straight)[inner].max() for mosaic in (broken, result))
    assert after < 0.15 * before
    green = cfa.channels()[(np.arange(240) % 2)[:, None], np.arange(320) % 2] == 1
    np.testing.assert_array_equal(result[green], broken[green].astype(np.float32))


def test_no_shift_changes_nothing(device: Device) -> None:
    mosaic = np.random.default_rng(1).random((41, 57))
    np.testing.assert_array_equal(corrected(device, mosaic, Cfa("GBRG"), Shift(), Shift()), mosaic.astype(np.float32))


def test_a_shift_beyond_reach_is_bounded(device: Device) -> None:
    mosaic = np.random.default_rng(1).random((400, 900))
    result = corrected(device, mosaic, Cfa(), Shift(0.02, 0.02), Shift(-0.02, -0.02))
    assert np.isfinite(result).all()
    assert result.min() > -0.5
    assert result.max() < 1.5


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_the_shift_is_measured(pattern: str) -> None:
    for red, blue in ((0.004, -0.003), (0.0015, 0.002)):
        cfa = Cfa(pattern)
        measured = estimate_aberration(shifted_mosaic(cfa, Shift(red), Shift(blue)), cfa)
        assert measured[0].k1 == pytest.approx(red, rel=0.12)
        assert measured[1].k1 == pytest.approx(blue, rel=0.12)


def test_a_picture_that_tells_nothing_is_left_alone() -> None:
    flat = np.full((200, 300), 0.4)
    assert estimate_aberration(flat, Cfa()) == (Shift(), Shift())
    noise = flat + 0.002 * np.random.default_rng(1).normal(size=flat.shape)
    assert estimate_aberration(noise, Cfa()) == (Shift(), Shift())
    assert estimate_aberration(np.ones((6, 6)), Cfa()) == (Shift(), Shift())


def test_what_is_asked_for() -> None:
    assert parse_aberration("off") == (Shift(), Shift())
    assert parse_aberration("auto") is None
    assert parse_aberration("0.4,-0.3") == (Shift(0.0004), Shift(-0.0003))
    for text in ("", "1", "1,2,3", "99,0", "red,blue"):
        with pytest.raises(GroundglassError, match=r"is not understood; use off, auto, or by how many thousandths"):
            parse_aberration(text)
