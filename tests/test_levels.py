"""Sensor numbers to light: black level, white level and white balance of each site."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.levels import Levels

PROFILE = CameraProfile(black=(100, 110, 120, 130), white=4000, white_balance=(2.0, 1.0, 1.5))


def light(numbers: np.ndarray, profile: CameraProfile, cfa: Cfa) -> np.ndarray:
    """Straight from the definition: (number - black) / (white - black) times the channel's gain, cut at 1."""
    y, x = np.indices(numbers.shape)
    black = np.reshape(profile.black, (2, 2))[y % 2, x % 2]
    gain = np.array(profile.white_balance)[cfa.channels()[y % 2, x % 2]] / min(profile.white_balance)
    return np.minimum((numbers - black) / (profile.white - black) * gain, 1.0)


def run_levels(device: Device, numbers: np.ndarray, levels: Levels, encoded: int) -> np.ndarray:
    height, width = numbers.shape
    planes = Planes(device, width, height, 1)
    buffer = device.allocate(numbers.nbytes + 2 * planes.layout.pitch)
    device.write(buffer, numbers)
    pitch = planes.layout.pitch
    given = (*levels.black, *levels.gain, levels.clip, encoded)
    planes.run("levels.cl", "levels_u16", buffer, planes.buffer, width, pitch, *given)
    result = planes.read()[..., 0]
    planes.release()
    device.release(buffer)
    return result


@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_each_site_gets_its_own_black_level_and_gain(device: Device, pattern: str) -> None:
    numbers = np.random.default_rng(3).integers(0, 5000, (9, 21), dtype=np.uint16)
    levels = Levels.of(PROFILE, Cfa(pattern))
    np.testing.assert_allclose(
        run_levels(device, numbers, levels, encoded=0), light(numbers, PROFILE, Cfa(pattern)), atol=1e-6
    )


def test_encoded_light_is_a_square_root_with_an_offset(device: Device) -> None:
    numbers = np.random.default_rng(3).integers(0, 5000, (9, 21), dtype=np.uint16)
    levels = Levels.of(PROFILE, Cfa("GRBG"))
    expected = np.sqrt(np.maximum(light(numbers, PROFILE, Cfa("GRBG")) + 0.001, 0))
    np.testing.assert_allclose(run_levels(device, numbers, levels, encoded=1), expected, atol=1e-5)


def test_black_is_zero_and_white_is_one_in_every_channel() -> None:
    for pattern in BAYER_PATTERNS:
        levels = Levels.of(PROFILE, Cfa(pattern))
        assert levels.black == PROFILE.black
        clipped = [(PROFILE.white - black) * gain for black, gain in zip(levels.black, levels.gain, strict=True)]
        assert min(clipped) == pytest.approx(1)
        assert [min(number, levels.clip) for number in clipped] == pytest.approx([1, 1, 1, 1])


def test_only_the_ratio_of_the_white_balance_counts() -> None:
    """A balance that darkens green says the same as one that lightens the others."""
    darker = CameraProfile(PROFILE.black, PROFILE.white, white_balance=(1.0, 0.5, 0.75))
    assert Levels.of(darker, Cfa()) == Levels.of(PROFILE, Cfa())
