"""Quad-Bayer to Bayer: exact cases, and scores on photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import PAD, Planes
from groundglass.compute.registry import open_device
from groundglass.develop.demosaic import Demosaic
from groundglass.develop.demosaic_textures import DemosaicTextures
from groundglass.develop.remosaic import Remosaic
from pattern_support import cpsnr, mosaic_of, smooth_noise
from PIL import Image
from tolerances import ANOTHER_COMPILER

QUADS = [Cfa(pattern, block=2) for pattern in BAYER_PATTERNS]


def remosaiced(device: Device, mosaic: np.ndarray, cfa: Cfa) -> np.ndarray:
    """The Bayer mosaic including its border."""
    height, width = mosaic.shape
    planes = Planes(device, width, height, 1)
    planes.write(mosaic[..., None].astype(np.float32))
    stage = Remosaic(planes)
    stage.run(cfa, encoded=True)
    with stage.output.view() as padded:
        bayer = padded[0, :, : width + 2 * PAD].copy()
    for resource in (stage, stage, planes):
        resource.release()
    return bayer


def inner(padded: np.ndarray) -> np.ndarray:
    return padded[PAD:-PAD, PAD:-PAD]


@pytest.mark.parametrize("cfa", QUADS, ids=str)
@pytest.mark.parametrize(("height", "width"), [(24, 32), (23, 29)])
def test_a_flat_colour_stays_that_colour_up_to_the_edge(device: Device, cfa: Cfa, height: int, width: int) -> None:
    rgb = np.broadcast_to([0.4, 0.3, 0.2], (height, width, 3))
    bayer = inner(remosaiced(device, mosaic_of(rgb, cfa), cfa))
    np.testing.assert_allclose(bayer, mosaic_of(rgb, Remosaic.bayer_of(cfa)), atol=1e-5)


@pytest.mark.parametrize("cfa", QUADS, ids=str)
def test_photosites_of_the_matching_colour_keep_their_value(device: Device, cfa: Cfa) -> None:
    mosaic = np.random.default_rng(1).random((30, 42)).astype(np.float32)
    bayer = inner(remosaiced(device, mosaic, cfa))
    y, x = np.indices(mosaic.shape)
    kept = cfa.channels()[y % 4, x % 4] == Cfa(cfa.pattern).channels()[y % 2, x % 2]
    assert kept[:4, :4].sum() == 6
    np.testing.assert_array_equal(bayer[kept], mosaic[kept])


@pytest.mark.parametrize("cfa", QUADS, ids=str)
def test_a_grey_ramp_is_unchanged(device: Device, cfa: Cfa) -> None:
    ramp = np.linspace(0.05, 0.95, 64)
    for grey in (np.tile(ramp, (48, 1)), np.tile(ramp[:, None], (1, 48)), np.add.outer(ramp, ramp) / 2):
        bayer = inner(remosaiced(device, grey, cfa))
        np.testing.assert_allclose(bayer[8:-8, 8:-8], grey[8:-8, 8:-8], atol=1e-5)


def test_the_border_is_mirrored(device: Device) -> None:
    padded = remosaiced(device, smooth_noise(40, 44)[..., 1], Cfa("GRBG", block=2))
    np.testing.assert_array_equal(padded, np.pad(inner(padded), PAD, mode="reflect"))


def test_a_step_between_greys_stays_grey(device: Device) -> None:
    """No maze pattern: a straight edge keeps its slope, with little zipper artefact."""
    cfa = Cfa("RGGB", block=2)
    y, x = np.indices((48, 64))
    for edge in (x < 31, y < 22, x + y < 50, x - y < 13):
        grey = np.where(edge, 0.2, 0.8)
        error = np.abs(inner(remosaiced(device, grey, cfa)) - grey)[8:-8, 8:-8]
        assert error.max() < 0.2
        assert np.sqrt(np.mean(error**2)) < 0.02


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (2, 3), (5, 3), (4, 4), (6, 18)])
def test_tiny_mosaics(device: Device, height: int, width: int) -> None:
    mosaic = np.random.default_rng(2).random((height, width))
    assert np.isfinite(remosaiced(device, mosaic, Cfa("BGGR", block=2))).all()


@pytest.mark.parametrize("run_length", [1, 8])
def test_work_items_of_any_length_give_the_same_mosaic(device: Device, run_length: int) -> None:
    if run_length >= device.run_length:
        pytest.skip(f"{device.spec} has work-items of {device.run_length}, the length to compare with")
    shorter = open_device(device.spec)
    shorter.run_length = run_length
    cfa, mosaic = Cfa("GBRG", block=2), smooth_noise(37, 71)[..., 1]
    np.testing.assert_allclose(remosaiced(shorter, mosaic, cfa), remosaiced(device, mosaic, cfa), atol=ANOTHER_COMPILER)
    shorter.close()


def enlarged(small: np.ndarray) -> np.ndarray:
    """Enlarged twofold, bicubic."""
    channels = [Image.fromarray(small[..., channel]) for channel in range(3)]
    size = (2 * small.shape[1], 2 * small.shape[0])
    return np.stack([np.asarray(channel.resize(size, Image.Resampling.BICUBIC)) for channel in channels], axis=-1)


def rcd(device: Device, bayer: np.ndarray) -> np.ndarray:
    height, width = bayer.shape
    planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    planes.write(bayer[..., None].astype(np.float32))
    planes.mirror()
    stage = Demosaic(planes, scene, "rcd")
    stage.run(Cfa("RGGB"), np.eye(3), encoded=False)
    rgb = scene.read()
    for resource in (stage, planes, scene):
        resource.release()
    return rgb


@pytest.mark.parametrize(("name", "gain_db"), [("kodak/kodim05.png", 5.0), ("mcmaster/11.tif", 3.0)])
def test_remosaiced_photographs_score_higher_than_binned_ones(
    device: Device, data_dir: Path, name: str, gain_db: float
) -> None:
    path = data_dir / "demosaic" / name
    if not path.is_file():
        pytest.skip(f"no demosaic/{name} in the data folder")
    original = np.asarray(Image.open(path).convert("RGB"))[100:400, 100:400]
    cfa = Cfa("RGGB", block=2)
    quad = mosaic_of(original / 255, cfa)
    binned = rcd(device, quad.reshape(150, 2, 150, 2).mean(axis=(1, 3)))
    full = rcd(device, inner(remosaiced(device, quad, cfa)))
    assert cpsnr(full, original) >= cpsnr(enlarged(binned), original) + gain_db


@pytest.mark.parametrize(("noise", "gain_db"), [(0.0, (-0.8, 0.0)), (0.02, (0.1, 0.8))])
def test_the_remosaic_and_best_hold_against_filters_for_the_quad_mosaic_in_noise(
    device: Device, data_dir: Path, noise: float, gain_db: tuple[float, float]
) -> None:
    """Why `DemosaicTextures` does not serve quad-Bayer: `best` also reduces noise."""
    cfa, gains = Cfa("RGGB", block=2), []
    for name in ("kodak/kodim05.png", "kodak/kodim21.png", "mcmaster/11.tif"):
        original = np.asarray(Image.open(data_dir / "demosaic" / name).convert("RGB"))[100:260, 100:292]
        quad = mosaic_of(original / 255, cfa) + noise * np.random.default_rng(1).standard_normal(original.shape[:2])
        height, width = quad.shape
        planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
        stage = Remosaic(planes)
        demosaic, textures = Demosaic(stage.output, scene, "best"), DemosaicTextures(planes, scene)
        planes.write(quad[..., None].astype(np.float32))
        stage.run(cfa, encoded=False)
        demosaic.run(Remosaic.bayer_of(cfa), np.eye(3), False)
        by_best = cpsnr(scene.read(), original)
        textures.run(cfa, np.eye(3), False)
        gains.append(by_best - cpsnr(scene.read(), original))
        for resource in (textures, demosaic, stage, scene, planes):
            resource.release()
    assert gain_db[0] < np.mean(gains) < gain_db[1]
