"""Highlight reconstruction: hue is preserved while at least one channel is unclipped; unclipped light is unchanged."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from groundglass.camera import REC2020_TO_REC709, CameraProfile
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.demosaic import Demosaic, Method
from groundglass.develop.developer import Developer
from groundglass.develop.development import Development
from groundglass.develop.highlights import Highlights
from groundglass.frame import Frame
from tolerances import FEW_OPERATIONS

Three = tuple[float, float, float]

CLIPS = (1.9, 1.0, 1.5)
BALANCES = [CLIPS, (2.4, 1.0, 1.3), (1.3, 1.0, 2.6), (1.0, 1.0, 1.0), (1.0, 1.25, 1.6)]
# White-balanced camera RGB: twelve hues at four saturations.
COLOURS = [
    (np.array(colorsys.hsv_to_rgb(hue / 12, saturation, 1.0)), hue)
    for saturation in (0.15, 0.4, 0.6, 0.8)
    for hue in range(12)
]


def mosaic_of(rgb: np.ndarray, cfa: Cfa) -> np.ndarray:
    y, x = np.indices(rgb.shape[:2])
    return np.take_along_axis(rgb, cfa.channels()[y % 2, x % 2][..., None], axis=2)[..., 0]


def clipped_mosaic(rgb: np.ndarray, cfa: Cfa, clips: Three = CLIPS) -> np.ndarray:
    return mosaic_of(np.minimum(rgb, clips), cfa).astype(np.float32)


def rebuilt(
    device: Device, mosaic: np.ndarray, cfa: Cfa, encoded: bool = False, gain_map: np.ndarray | None = None
) -> np.ndarray:
    """(H, W): linear light of the mosaic after highlight reconstruction."""
    height, width = mosaic.shape
    planes = Planes(device, width, height, 1)
    planes.write((np.sqrt(mosaic + 0.001) if encoded else mosaic)[..., None].astype(np.float32))
    planes.mirror()
    highlights = Highlights(planes)
    highlights.run(cfa, CLIPS, encoded, gain_map)
    result = highlights.output.read()[..., 0].astype(np.float64)
    highlights.release()
    highlights.release()
    planes.release()
    return result**2 - 0.001 if encoded else result


class Chain:
    """Highlight reconstruction and demosaicing for mosaics of one size."""

    def __init__(self, device: Device, shape: tuple[int, ...], method: Method = "rcd") -> None:
        self.planes, self.scene = (Planes(device, shape[1], shape[0], channels) for channels in (1, 3))
        self.highlights = Highlights(self.planes)
        self.demosaic = Demosaic(self.planes, self.scene, method)

    def develop(self, mosaic: np.ndarray, cfa: Cfa, clips: Three = CLIPS) -> np.ndarray:
        self.planes.write(np.sqrt(mosaic + 0.001)[..., None].astype(np.float32))
        self.planes.mirror()
        self.highlights.run(cfa, clips, encoded=True)
        self.demosaic.run(cfa, np.eye(3), encoded=True)
        return self.scene.read().astype(np.float64)

    def release(self) -> None:
        for owner in (self.highlights, self.demosaic, self.planes, self.scene):
            owner.release()


def developed(device: Device, mosaic: np.ndarray, cfa: Cfa) -> np.ndarray:
    chain = Chain(device, mosaic.shape)
    rgb = chain.develop(mosaic, cfa)
    chain.release()
    return rgb


def ramp(hue: np.ndarray, clips: Three = CLIPS) -> np.ndarray:
    """(H, W, 3): light of one colour, from dim to several times the clipping level of the last channel."""
    gains = np.array(clips) / hue
    brightness = np.geomspace(0.2 * gains.min(), 3.0 * gains.max(), 256)
    return brightness[None, :, None] * np.ones((36, 1, 1)) * hue


def column(hue: np.ndarray, clips: Three = CLIPS) -> np.ndarray:
    return np.ascontiguousarray(ramp(hue, clips).swapaxes(0, 1))


def blob(hue: np.ndarray, clips: Three = CLIPS, side: int = 160) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    gains = np.array(clips) / hue
    return (4 * gains.max() * np.exp(-(x**2 + y**2) / (2 * (0.19 * side) ** 2)) + 0.05)[..., None] * hue


def blurred(rgb: np.ndarray) -> np.ndarray:
    """(H, W, 3): edges softened as by a lens."""
    for axis in (0, 1):
        padded = np.pad(rgb, [(1, 1) if axis == padded_axis else (0, 0) for padded_axis in range(3)], mode="edge")
        before, after = (np.take(padded, range(start, start + rgb.shape[axis]), axis=axis) for start in (0, 2))
        rgb = 0.2 * before + 0.6 * rgb + 0.2 * after
    return rgb


def hue_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """ΔE00 of two colours scaled to the same luminance, 50 % of white."""
    color = pytest.importorskip("skimage.color", reason="scikit-image measures the colour difference")
    lab = []
    for rgb in (first, second):
        linear = rgb @ REC2020_TO_REC709.T
        linear = 0.5 * linear / np.maximum(linear @ [0.2126, 0.7152, 0.0722], 1e-9)[..., None]
        lab.append(color.xyz2lab(linear @ color.colorconv.xyz_from_rgb.T))
    return color.deltaE_ciede2000(*lab)


@pytest.mark.parametrize("shape", [ramp, column, blob])
@pytest.mark.parametrize("balance", range(len(BALANCES)))
def test_hue_is_preserved_while_a_channel_is_unclipped(device: Device, balance: int, shape) -> None:
    clips = BALANCES[balance]
    method: Method = ("rcd", "malvar")[balance % 2]
    chain = Chain(device, shape(COLOURS[0][0]).shape, method)
    for hue, number in COLOURS:
        cfa = Cfa(BAYER_PATTERNS[(number + balance) % 4])
        original = shape(hue, clips)
        rgb = chain.develop(clipped_mosaic(original, cfa, clips), cfa, clips)
        assert np.isfinite(rgb).all()
        assert rgb.min() > 0
        recoverable = (original < 0.98 * np.array(clips)).any(axis=-1)[6:-6, 6:-6]
        differences = hue_difference(rgb[6:-6, 6:-6], original[6:-6, 6:-6])[recoverable]
        assert differences.max() <= 2.5, hue
        assert differences.mean() <= 0.25, hue
    chain.release()


@pytest.mark.parametrize("encoded", [False, True])
def test_unclipped_light_is_unchanged(device: Device, encoded: bool) -> None:
    random = np.random.default_rng(1)
    cfa = Cfa("GRBG")
    mosaic = clipped_mosaic(2.2 * random.random((70, 90, 3)), cfa)
    result = rebuilt(device, mosaic, cfa, encoded)
    unclipped = mosaic < 0.98 * mosaic_of(np.broadcast_to(CLIPS, (70, 90, 3)), cfa)
    np.testing.assert_allclose(result[unclipped], mosaic[unclipped], atol=2e-6 if encoded else 0)
    assert (result >= mosaic - 1e-5).all()


def test_the_clipping_level_rises_with_the_gain_of_a_photosite(device: Device) -> None:
    """Shading correction doubles the light in the corners: unclipped light is unchanged, clipped light is rebuilt."""
    cfa = Cfa("BGGR")
    x = np.arange(96) * np.ones((64, 1))
    gains = (1 + 0.012 * x).astype(np.float32)
    hue = np.array([0.8, 1.0, 0.9])
    original = np.linspace(0.3, 1.6, 64)[:, None, None] * hue * gains[..., None]
    limit = gains * mosaic_of(np.broadcast_to(CLIPS, original.shape), cfa)
    light = np.minimum(mosaic_of(original, cfa), limit).astype(np.float32)
    result = rebuilt(device, light, cfa, gain_map=gains)
    unclipped = light < 0.98 * limit
    assert (light[unclipped] > 1.2).any()
    np.testing.assert_array_equal(result[unclipped], light[unclipped])
    inner = np.s_[4:-4, 4:-4]
    np.testing.assert_allclose(result[inner], mosaic_of(original, cfa)[inner], rtol=0.06)


def test_the_developer_applies_gains_to_clipping_levels(device: Device) -> None:
    frame = Frame(
        np.full((40, 48), 900, np.uint16),
        profile=CameraProfile(white=1000, white_balance=(1.2, 1.0, 1.1), gain_map=np.full((40, 48), 2, np.float32)),
    )
    developer = Developer(device)
    pictures = [developer.develop(frame, Development(highlights=mode)).read() for mode in ("rebuild", "clip")]
    developer.release()
    light = 1.8 * np.array([1.2, 1.0, 1.1])  # no channel is clipped
    expected = light @ frame.profile.camera_to_scene.T
    np.testing.assert_allclose(pictures[0], np.broadcast_to(expected, pictures[0].shape), rtol=1e-3)
    assert pictures[1].max() < expected.max()


def test_fully_clipped_light_fades_to_white(device: Device) -> None:
    for hue in ((1.0, 0.6, 0.3), (0.4, 0.6, 1.0)):
        rgb = developed(device, clipped_mosaic(blob(np.array(hue), side=256) * 40, Cfa()), Cfa())
        centre = rgb[120:136, 120:136]
        np.testing.assert_allclose(centre / centre.mean(), 1, atol=0.03)
        rising = rgb[128].max(axis=-1)[:128]
        assert (np.diff(rising) > -0.05 * rising[1:]).all()  # light never gets darker towards its centre


def test_a_picture_that_is_clipped_everywhere_is_white(device: Device) -> None:
    rgb = developed(device, clipped_mosaic(np.full((40, 50, 3), 9.0), Cfa()), Cfa())
    np.testing.assert_allclose(rgb, max(CLIPS), rtol=1e-3)


def test_a_lamp_does_not_take_the_colour_of_a_dark_room(device: Device) -> None:
    """A clipped warm lamp with a soft rim against a dim blue background."""
    y, x = np.mgrid[:128, :128] - 63.5
    lamp = 1 / (1 + np.exp((np.hypot(x, y) - 30) / 2))
    original = lamp[..., None] * np.array([3.0, 2.2, 1.2]) + 0.02 * np.array([0.3, 0.5, 1.0])
    rgb = developed(device, clipped_mosaic(original, Cfa()), Cfa())[50:78, 50:78].mean(axis=(0, 1))
    assert rgb[0] >= rgb[1] >= rgb[2]


@pytest.mark.parametrize("wall", [(0.5, 0.06, 0.05), (1.2, 0.12, 0.1)], ids=["dim", "bright"])
def test_a_white_sky_does_not_take_the_colour_of_a_wall(device: Device, wall: Three) -> None:
    original = np.broadcast_to(wall, (96, 192, 3)).copy()
    original[:, 96:] = (2.9, 3.0, 3.3)
    rgb = developed(device, clipped_mosaic(blurred(original), Cfa()), Cfa())
    np.testing.assert_allclose(rgb[8:-8, 8:90], original[8:-8, 8:90], rtol=0.05, atol=0.02)
    sky = rgb[8:-8, 102:]
    assert sky.max() < 2 * max(CLIPS)  # no light is added
    assert (sky.max(axis=-1) / sky.min(axis=-1)).max() < 1.8
    assert (sky[:, -1].max(axis=-1) / sky[:, -1].min(axis=-1)).max() < 1.1


def test_branches_against_a_white_sky_have_no_coloured_rims(device: Device) -> None:
    original = np.full((96, 128, 3), (2.9, 3.0, 3.3))
    for left, width in ((20, 2), (50, 3), (80, 6)):
        original[:, left : left + width] = (0.05, 0.04, 0.03)
    rgb = developed(device, clipped_mosaic(blurred(original), Cfa()), Cfa())[8:-8, 8:-8]
    bright = rgb[rgb.min(axis=-1) > 1.0]
    assert (bright.max(axis=-1) / bright.min(axis=-1)).max() < 1.8
    sky = rgb[:, 52:64]  # between two branches
    np.testing.assert_allclose(sky, max(CLIPS), rtol=0.05)


def test_a_white_reflection_on_a_coloured_object_stays_white(device: Device) -> None:
    """The reflection is whiter than the yellow object; its rim shows how the colour approaches white."""
    y, x = np.mgrid[:128, :128] - 63.5
    shine = 3 * np.exp(-(x**2 + y**2) / (2 * 11**2))
    original = np.array([0.7, 0.6, 0.08]) + shine[..., None]
    rgb = developed(device, clipped_mosaic(original, Cfa()), Cfa())
    assert rgb.max() < 1.2 * original.max()
    recoverable = (original < 0.97 * np.array(CLIPS)).any(axis=-1)[8:-8, 8:-8]
    assert hue_difference(rgb, original)[8:-8, 8:-8][recoverable].mean() < 1.0
    assert rgb[63, 63, 2] > 0.4 * rgb[63, 63, 0]  # the object has 0.11


def test_a_white_shirt_next_to_skin_stays_white(device: Device) -> None:
    """Green and blue are clipped, red is not; the colour of the skin would make green and blue too dark."""
    y, x = np.mgrid[:96, :96] // 24
    original = np.where(((x + y) % 2 == 0)[..., None], (0.9, 0.56, 0.4), (1.5, 1.6, 1.65))
    rgb = developed(device, clipped_mosaic(blurred(original), Cfa()), Cfa())
    shirt = rgb[30:42, 6:18]
    np.testing.assert_allclose(shirt, np.broadcast_to((1.5, 1.6, 1.65), shirt.shape), rtol=0.15)


@pytest.mark.parametrize("level", [0.9, 1.0, 1.1, 1.5])
def test_noise_at_the_clipping_level_adds_no_tint(device: Device, level: float) -> None:
    noise = np.random.default_rng(7).normal(size=(96, 96, 3)) * np.sqrt(0.004 * level)
    rgb = developed(device, clipped_mosaic(np.maximum(level + noise, 0), Cfa()), Cfa())[8:-8, 8:-8]
    np.testing.assert_allclose(rgb.mean(axis=(0, 1)), level, rtol=0.035)
    assert rgb.max() < level + 0.4


def test_a_single_clipped_photosite_is_left_to_defect_correction(device: Device) -> None:
    mosaic = clipped_mosaic(np.full((40, 50, 3), 0.2), Cfa())
    mosaic[20, 20:22] = (1.9, 1.0)
    np.testing.assert_allclose(rebuilt(device, mosaic, Cfa()), mosaic, atol=FEW_OPERATIONS)


@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 17), (16, 16), (33, 130)])
def test_mosaics_of_tiny_and_odd_sizes(device: Device, height: int, width: int) -> None:
    random = np.random.default_rng(2)
    result = rebuilt(device, clipped_mosaic(3 * random.random((height, width, 3)), Cfa()), Cfa())
    assert np.isfinite(result).all()
    assert result.max() <= 16 * max(CLIPS)


def test_the_number_of_launches_does_not_depend_on_the_size(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pyramid levels but the first are small: one group computes them."""
    counts = []
    for width, height in ((64, 64), (1040, 260)):
        mosaic = Planes(device, width, height, 1)
        stage, launched, launch = Highlights(mosaic), [], device.launch
        with monkeypatch.context() as patch:
            patch.setattr(
                device, "launch", lambda *given, launch=launch, to=launched: to.append(given) or launch(*given)
            )
            stage.run(Cfa("RGGB"), CLIPS, False)
        counts.append(len(launched))
        stage.release()
        mosaic.release()
    assert counts == [10, 10]


def test_a_group_of_many_items_computes_the_pyramid_as_a_single_item_does(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = np.random.default_rng(8).uniform(0.2, 1.3, (300, 420, 3)).astype(np.float32)
    mosaic = clipped_mosaic(rgb, Cfa("RGGB"))
    expected = rebuilt(device, mosaic, Cfa("RGGB"))
    monkeypatch.setattr(device, "is_cpu", False)
    np.testing.assert_array_equal(rebuilt(device, mosaic, Cfa("RGGB")), expected)
