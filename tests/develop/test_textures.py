"""Texture filters: compared with the equations that they solve, and applied to mosaics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, XTRANS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.demosaic_textures import MISSING, DemosaicTextures
from groundglass.develop.textures import STEPS, TEXTURES, Texture, filters
from pattern_support import cpsnr, mosaic_of, smooth_noise
from PIL import Image

OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h
CFAS = [*(Cfa(pattern, block) for pattern in BAYER_PATTERNS for block in (1, 2)), Cfa(XTRANS)]


def missing_filters(cfa: Cfa) -> np.ndarray:
    """(textures, row, tap, filter, column)."""
    return filters(cfa.channels(), MISSING.T[:, cfa.channels()])


@pytest.mark.parametrize("cfa", [Cfa("GBRG"), Cfa("RGGB", 2), Cfa(XTRANS)], ids=str)
def test_weights_sum_to_1_for_their_colour_and_0_for_others_and_keep_a_grey_slope(cfa: Cfa) -> None:
    table, channels = missing_filters(cfa).astype(np.float64), cfa.channels()
    side = len(channels)
    for y, x in np.ndindex(side, side):
        neighbours = channels[(y + STEPS[:, 1]) % side, (x + STEPS[:, 0]) % side]
        for number, colour in enumerate([channels[y, x], *MISSING[channels[y, x]]]):
            weights = table[:, y, :, number, x]
            sums = np.stack([weights[:, neighbours == channel].sum(axis=1) for channel in range(3)], axis=1)
            np.testing.assert_allclose(sums, np.tile(np.eye(3)[colour], (len(TEXTURES), 1)), atol=1e-5)
            np.testing.assert_allclose(weights @ STEPS, 0, atol=1e-4)


def test_the_first_filter_does_not_use_the_centre_photosite() -> None:
    centre = int(np.flatnonzero((STEPS == 0).all(axis=1))[0])
    assert (missing_filters(Cfa(XTRANS))[:, :, centre, 0] == 0).all()


def covariance(texture: Texture, first: np.ndarray, second: np.ndarray, same_colour: bool) -> float:
    """Covariance at a stretched distance: light common to all colours plus light of one colour."""
    across, down = (first - second).astype(float)
    along = across * np.cos(texture.angle) + down * np.sin(texture.angle)
    perpendicular = down * np.cos(texture.angle) - across * np.sin(texture.angle)
    distance = np.hypot(along / np.sqrt(texture.stretch), perpendicular * np.sqrt(texture.stretch))
    shared = np.exp(-((distance / texture.light_px) ** texture.light_power))
    own = texture.colour * np.exp(-((distance / texture.colour_px) ** texture.colour_power))
    return float(shared + own * same_colour)


@pytest.mark.parametrize("number", [0, 3, 6])
def test_the_filters_minimize_the_expected_error_under_their_constraints(number: int) -> None:
    """The gradient of the error w' K w - 2 w' k is zero in all directions that the constraints leave free."""
    texture, channels, random = TEXTURES[number], Cfa(XTRANS).channels(), np.random.default_rng(4)
    y, x = 2, 3
    neighbours = channels[(y + STEPS[:, 1]) % 6, (x + STEPS[:, 0]) % 6]
    known = np.array([[covariance(texture, a, b, c == d) for b, d in zip(STEPS, neighbours, strict=True)]
                      for a, c in zip(STEPS, neighbours, strict=True)])  # fmt: skip
    known += texture.noise * np.eye(len(STEPS))
    constraints = np.concatenate([np.eye(3)[neighbours], STEPS], axis=1)
    table = missing_filters(Cfa(XTRANS))[number, y, :, :, x].astype(np.float64)
    is_centre = (STEPS == 0).all(axis=1)
    for filter_number, colour in enumerate([channels[y, x], *MISSING[channels[y, x]]]):
        target = np.array(
            [covariance(texture, a, STEPS[is_centre][0], c == colour) for a, c in zip(STEPS, neighbours, strict=True)]
        )
        gradient = known @ table[:, filter_number] - target
        active = np.concatenate([constraints, is_centre[:, None]], axis=1) if filter_number == 0 else constraints
        basis, _ = np.linalg.qr(active)
        free = random.normal(size=(len(STEPS), 20))
        free -= basis @ (basis.T @ free)
        np.testing.assert_allclose(gradient @ free, 0, atol=1e-4)


def demosaiced(device: Device, mosaic: np.ndarray, cfa: Cfa, *, encoded: bool = False) -> np.ndarray:
    height, width = mosaic.shape
    planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    planes.write(mosaic[..., None].astype(np.float32))
    stage = DemosaicTextures(planes, scene, side=6 if cfa.kind == "xtrans" else 4)
    stage.run(cfa, np.eye(3), encoded)
    rgb = scene.read()
    for resource in (stage, stage, planes, scene):
        resource.release()
    return rgb


def reference(mosaic: np.ndarray, cfa: Cfa) -> np.ndarray:
    """(H - 16, W - 16, 3): the NumPy reference without a border of 8 photosites."""
    table, channels = missing_filters(cfa).astype(np.float64), cfa.channels()
    side, margin = len(channels), 8
    y, x = np.mgrid[margin : mosaic.shape[0] - margin, margin : mosaic.shape[1] - margin]
    own = channels[y % side, x % side]

    def filtered(filter_number: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """(textures, H, W)."""
        weights = table[:, rows % side, :, filter_number, columns % side]  # (H, W, textures, taps)
        samples = mosaic[rows[..., None] + STEPS[:, 1], columns[..., None] + STEPS[:, 0]]
        return np.einsum("hwkt,hwt->khw", weights, samples)

    squared_error = np.zeros((len(TEXTURES), *own.shape))
    shares = np.array([1, 2, 3, 3, 3, 2, 1]) / 15
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            error = filtered(0, y + dy, x + dx) - mosaic[y + dy, x + dx]
            squared_error += shares[dy + 3] * shares[dx + 3] * error**2
    trust = (1e-4 / (squared_error + 7e-7)) ** 6 + 1e-30
    rgb = np.zeros((*own.shape, 3))
    np.put_along_axis(rgb, own[..., None], mosaic[y, x][..., None], axis=2)
    for number in range(2):
        estimate = (trust * filtered(1 + number, y, x)).sum(axis=0) / trust.sum(axis=0)
        np.put_along_axis(rgb, MISSING[own][..., number : number + 1], estimate[..., None], axis=2)
    return rgb


@pytest.mark.parametrize("cfa", [Cfa("GRBG"), Cfa("BGGR", 2), Cfa(XTRANS).cropped(1, 2)], ids=str)
def test_the_picture_is_the_mean_of_the_filters_weighted_by_their_error(device: Device, cfa: Cfa) -> None:
    mosaic = mosaic_of(smooth_noise(33, 40), cfa)
    np.testing.assert_allclose(demosaiced(device, mosaic, cfa)[8:-8, 8:-8], reference(mosaic, cfa), atol=1e-4)


@pytest.mark.parametrize("cfa", CFAS, ids=str)
def test_a_flat_colour_and_a_grey_ramp_are_unchanged(device: Device, cfa: Cfa) -> None:
    flat = np.broadcast_to([0.4, 0.3, 0.2], (25, 30, 3))
    np.testing.assert_allclose(demosaiced(device, mosaic_of(flat, cfa), cfa), flat, atol=1e-5)
    encoded = mosaic_of(np.sqrt(flat + OFFSET), cfa)
    np.testing.assert_allclose(demosaiced(device, encoded, cfa, encoded=True), flat, atol=1e-5)
    grey = np.add.outer(np.linspace(0, 0.4, 40), np.linspace(0.1, 0.6, 48))
    ramp = demosaiced(device, grey, cfa)[8:-8, 8:-8]
    np.testing.assert_allclose(ramp, np.repeat(grey[8:-8, 8:-8, None], 3, axis=-1), atol=1e-5)


@pytest.mark.parametrize(("cfa", "floor_db"), [(Cfa("RGGB"), 36.4), (Cfa("RGGB", 2), 31.0)], ids=str)
def test_a_photograph_reaches_the_expected_cpsnr(device: Device, data_dir: Path, cfa: Cfa, floor_db: float) -> None:
    path = data_dir / "demosaic" / "kodak" / "kodim05.png"
    if not path.is_file():
        pytest.skip("no demosaic/kodak/kodim05.png in the data folder")
    original = np.asarray(Image.open(path).convert("RGB"))[100:400, 100:400]
    assert cpsnr(demosaiced(device, mosaic_of(original / 255, cfa), cfa), original) >= floor_db
