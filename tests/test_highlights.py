"""Clipped light: its hue goes on while a channel lives, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.camera import REC2020_TO_REC709
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.demosaic import Demosaic
from groundglass.develop.highlights import Highlights

CLIPS = (1.9, 1.0, 1.5)
# White-balanced camera RGB, scaled so that green is 1 or less.
HUES = [
    (1.0, 1.0, 1.0), (1.0, 0.8, 0.5), (1.0, 0.6, 0.3), (1.0, 0.4, 0.35), (0.9, 0.5, 0.8), (0.6, 0.5, 1.0),
    (0.4, 0.6, 1.0), (0.4, 0.8, 1.0), (0.4, 1.0, 0.9), (0.4, 1.0, 0.5), (0.7, 1.0, 0.4), (1.0, 0.95, 0.4),
]  # fmt: skip


def mosaic_of(rgb: np.ndarray, cfa: Cfa) -> np.ndarray:
    y, x = np.indices(rgb.shape[:2])
    return np.take_along_axis(rgb, cfa.channels()[y % 2, x % 2][..., None], axis=2)[..., 0]


def clipped_mosaic(rgb: np.ndarray, cfa: Cfa) -> np.ndarray:
    return mosaic_of(np.minimum(rgb, CLIPS), cfa).astype(np.float32)


def rebuilt(device: Device, mosaic: np.ndarray, cfa: Cfa, encoded: bool = False) -> np.ndarray:
    """The mosaic's light after rebuilding."""
    height, width = mosaic.shape
    planes = Planes(device, width, height, 1)
    planes.write((np.sqrt(mosaic + 0.001) if encoded else mosaic)[..., None].astype(np.float32))
    planes.mirror()
    highlights = Highlights(planes)
    highlights.run(cfa, CLIPS, encoded)
    result = highlights.output.read()[..., 0].astype(np.float64)
    highlights.release()
    highlights.release()
    planes.release()
    return result**2 - 0.001 if encoded else result


def developed(device: Device, mosaic: np.ndarray, cfa: Cfa) -> np.ndarray:
    height, width = mosaic.shape
    planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    planes.write(np.sqrt(mosaic + 0.001)[..., None].astype(np.float32))
    planes.mirror()
    highlights, demosaic = Highlights(planes), Demosaic(planes, scene, "rcd")
    highlights.run(cfa, CLIPS, encoded=True)
    demosaic.run(cfa, np.eye(3), encoded=True)
    rgb = scene.read().astype(np.float64)
    for owner in (highlights, demosaic, planes, scene):
        owner.release()
    return rgb


def ramp(hue: tuple[float, float, float], height: int = 48, width: int = 320) -> np.ndarray:
    """(H, W, 3) light of one colour, from dim to several times beyond the last channel's limit."""
    gains = np.array(CLIPS) / hue
    brightness = np.geomspace(0.2 * gains.min(), 3.0 * gains.max(), width)
    return brightness[None, :, None] * np.ones((height, 1, 1)) * np.array(hue)


def blob(hue: tuple[float, float, float], side: int = 240) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    gains = np.array(CLIPS) / hue
    return (4 * gains.max() * np.exp(-(x**2 + y**2) / (2 * 46.0**2)) + 0.05)[..., None] * np.array(hue)


def hue_difference(ours: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """ΔE00 of two colours brought to the same brightness, 50 % of white."""
    color = pytest.importorskip("skimage.color", reason="scikit-image measures the colour difference")
    lab = []
    for rgb in (ours, truth):
        linear = rgb @ REC2020_TO_REC709.T
        linear = 0.5 * linear / np.maximum(linear @ [0.2126, 0.7152, 0.0722], 1e-9)[..., None]
        lab.append(color.xyz2lab(linear @ color.colorconv.xyz_from_rgb.T))
    return color.deltaE_ciede2000(*lab)


@pytest.mark.parametrize("shape", [ramp, blob, lambda hue: ramp(hue).swapaxes(0, 1)], ids=["ramp", "blob", "column"])
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_the_hue_goes_on_while_a_channel_lives(device: Device, pattern: str, shape) -> None:
    cfa = Cfa(pattern)
    for hue in HUES:
        truth = shape(hue)
        rgb = developed(device, clipped_mosaic(truth, cfa), cfa)
        assert np.isfinite(rgb).all()
        assert rgb.min() > -1e-3
        lives = (truth < 0.97 * np.array(CLIPS)).any(axis=-1)
        inner = np.zeros_like(lives)
        inner[6:-6, 6:-6] = lives[6:-6, 6:-6]
        assert hue_difference(rgb, truth)[inner].max() <= 3.0, hue


@pytest.mark.parametrize("encoded", [False, True])
def test_what_is_not_clipped_is_not_touched(device: Device, encoded: bool) -> None:
    random = np.random.default_rng(1)
    cfa = Cfa("GRBG")
    mosaic = clipped_mosaic(2.2 * random.random((70, 90, 3)), cfa)
    result = rebuilt(device, mosaic, cfa, encoded)
    unclipped = mosaic < 0.98 * mosaic_of(np.broadcast_to(CLIPS, (70, 90, 3)), cfa)
    np.testing.assert_allclose(result[unclipped], mosaic[unclipped], atol=2e-6 if encoded else 0)
    assert (result >= mosaic - 1e-5).all()


def test_where_all_is_clipped_it_runs_out_to_white(device: Device) -> None:
    for hue in ((1.0, 0.6, 0.3), (0.4, 0.6, 1.0)):
        rgb = developed(device, clipped_mosaic(blob(hue, 256) * 6, Cfa()), Cfa())
        middle = rgb[120:136, 120:136]
        np.testing.assert_allclose(middle / middle.mean(), 1, atol=0.03)
        rim = rgb[128].max(axis=-1)
        rising = rim[:128]
        assert (np.diff(rising)[60:] > -0.05 * rising[61:]).all()  # a light is nowhere darker towards its middle


def test_a_picture_that_is_clipped_everywhere_is_white(device: Device) -> None:
    rgb = developed(device, clipped_mosaic(np.full((40, 50, 3), 9.0), Cfa()), Cfa())
    np.testing.assert_allclose(rgb, max(CLIPS), rtol=1e-3)


def test_a_lamp_does_not_take_the_colour_of_a_dark_room(device: Device) -> None:
    """A clipped warm lamp, soft at its rim, in dim blue surroundings."""
    y, x = np.mgrid[:128, :128] - 63.5
    lamp = 1 / (1 + np.exp((np.hypot(x, y) - 30) / 2))
    truth = lamp[..., None] * np.array([3.0, 2.2, 1.2]) + 0.02 * np.array([0.3, 0.5, 1.0])
    rgb = developed(device, clipped_mosaic(truth, Cfa()), Cfa())[50:78, 50:78].mean(axis=(0, 1))
    assert rgb[0] >= rgb[1] >= rgb[2]


@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 17), (16, 16), (33, 130)])
def test_tiny_and_odd_mosaics(device: Device, height: int, width: int) -> None:
    random = np.random.default_rng(2)
    result = rebuilt(device, clipped_mosaic(3 * random.random((height, width, 3)), Cfa()), Cfa())
    assert np.isfinite(result).all()
    assert result.max() <= 16 * max(CLIPS)
