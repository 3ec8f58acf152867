"""X-Trans: exact cases for any offset of the pattern, and scores on photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.cfa import XTRANS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.develop.xtrans import DemosaicXTrans
from pattern_support import cpsnr, mosaic_of, smooth_noise
from PIL import Image
from tolerances import ANOTHER_COMPILER

OFFSET = 0.001  # offset of the square-root domain, see kernels/encoding.h
CORNERS = [(0, 0), (1, 0), (2, 5), (3, 4), (5, 2)]


def demosaiced(
    device: Device,
    mosaic: np.ndarray,
    cfa: Cfa,
    *,
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0),
    matrix: np.ndarray | None = None,
    encoded: bool = False,
    maximum: float = 1.0,
) -> np.ndarray:
    height, width = mosaic.shape
    planes, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    planes.write(mosaic[..., None].astype(np.float32))
    stage = DemosaicXTrans(planes, scene)
    stage.run(cfa, gains, np.eye(3) if matrix is None else matrix, encoded, maximum)
    rgb = scene.read()
    for resource in (stage, stage, planes, scene):
        resource.release()
    return rgb


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("corner", CORNERS)
def test_a_flat_colour_stays_that_colour_up_to_the_edge(device: Device, corner: tuple[int, int], encoded: bool) -> None:
    cfa = Cfa(XTRANS).cropped(*corner)
    colour = np.array([0.4, 0.3, 0.2])
    rgb = demosaiced(device, mosaic_of(np.broadcast_to(colour, (25, 32, 3)), cfa), cfa, encoded=encoded)
    np.testing.assert_allclose(rgb, np.broadcast_to(colour, rgb.shape), atol=1e-5)


@pytest.mark.parametrize("corner", CORNERS)
def test_a_grey_ramp_stays_grey(device: Device, corner: tuple[int, int]) -> None:
    cfa = Cfa(XTRANS).cropped(*corner)
    ramp = np.linspace(0.05, 0.95, 72)
    for grey in (np.tile(ramp, (48, 1)), np.tile(ramp[:, None], (1, 48)), np.add.outer(ramp, ramp) / 2):
        rgb = demosaiced(device, grey, cfa)[8:-8, 8:-8]
        np.testing.assert_allclose(rgb, np.repeat(grey[8:-8, 8:-8, None], 3, axis=-1), atol=1e-5)


def test_gains_and_the_matrix_are_applied(device: Device) -> None:
    """Raw values of a flat grey under coloured light become grey before the matrix."""
    cfa, gains = Cfa(XTRANS), (2.0, 1.0, 1.6)
    sensor = np.broadcast_to(0.4 / np.array(gains), (24, 24, 3))
    matrix = np.array([[0.7, 0.2, 0.2], [0.1, 0.8, 0.0], [0.0, -0.1, 1.4]])
    rgb = demosaiced(device, mosaic_of(sensor, cfa), cfa, gains=gains, matrix=matrix, encoded=True)
    np.testing.assert_allclose(rgb, np.broadcast_to(0.4 * matrix.sum(axis=1), rgb.shape), atol=1e-5)


def test_photosites_keep_their_measured_values(device: Device) -> None:
    cfa, mosaic = Cfa(XTRANS), np.random.default_rng(1).random((31, 44)).astype(np.float32)
    for encoded in (False, True):
        rgb = demosaiced(device, mosaic, cfa, encoded=encoded)
        np.testing.assert_allclose(mosaic_of(rgb, cfa), mosaic, atol=1e-6)


def test_a_crop_is_the_crop_of_the_whole(device: Device) -> None:
    cfa, mosaic = Cfa(XTRANS), smooth_noise(64, 70)[..., 1]
    whole = demosaiced(device, mosaic, cfa)
    for left, top in CORNERS:
        part = demosaiced(device, mosaic[top : top + 55, left : left + 60], cfa.cropped(left, top))
        inner = whole[top + 8 : top + 47, left + 8 : left + 52]
        np.testing.assert_allclose(part[8:47, 8:52], inner, atol=1e-4)


def test_a_turned_mosaic_gives_the_turned_picture(device: Device) -> None:
    cfa, mosaic = Cfa(XTRANS), smooth_noise(40, 51)[..., 1]
    expected = demosaiced(device, mosaic, cfa)
    mirrored = demosaiced(device, mosaic[:, ::-1], cfa.turned((51, 40), 2))
    np.testing.assert_allclose(mirrored[8:-8, 8:-8], expected[:, ::-1][8:-8, 8:-8], atol=1e-4)
    transposed = demosaiced(device, mosaic.T, cfa.turned((51, 40), 5))
    np.testing.assert_allclose(transposed[8:-8, 8:-8], expected.swapaxes(0, 1)[8:-8, 8:-8], atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (3, 7), (6, 6), (7, 17), (33, 5)])
def test_tiny_mosaics(device: Device, height: int, width: int) -> None:
    mosaic = np.random.default_rng(2).random((height, width))
    for encoded in (False, True):
        assert np.isfinite(demosaiced(device, mosaic, Cfa(XTRANS), encoded=encoded)).all()


def test_clipped_light_stays_white(device: Device) -> None:
    """The gains alone would make the sensor's white magenta; an unclipped channel keeps its value."""
    cfa, gains = Cfa(XTRANS), (2.0, 1.0, 1.6)
    rgb = demosaiced(device, np.ones((24, 24)), cfa, gains=gains, encoded=True)
    np.testing.assert_allclose(rgb, 1.0, atol=1e-5)
    sensor = np.broadcast_to([0.3, 0.9, 0.9], (24, 24, 3))
    rgb = demosaiced(device, mosaic_of(sensor, cfa), cfa, gains=gains, encoded=True)
    np.testing.assert_allclose(rgb, np.broadcast_to([0.6, 0.9, 1.0], rgb.shape), atol=1e-5)


def test_values_below_black_and_beyond_white_stay_finite(device: Device) -> None:
    for level in (-0.01, 0.0, 50.0):
        rgb = demosaiced(device, np.full((20, 20), level), Cfa(XTRANS), encoded=True, maximum=100.0)
        np.testing.assert_allclose(rgb, max(level, -OFFSET), rtol=1e-4, atol=1e-5)
    steps = np.where(np.indices((20, 20)).sum(axis=0) % 7 < 3, 100.0, 0.0)
    assert np.isfinite(demosaiced(device, steps, Cfa(XTRANS), maximum=100.0)).all()


@pytest.mark.parametrize("run_length", [1, 8])
def test_work_items_of_any_length_give_the_same_picture(device: Device, run_length: int) -> None:
    if run_length >= device.run_length:
        pytest.skip(f"{device.spec} has work-items of {device.run_length}, the length to compare with")
    shorter = open_device(device.spec)
    shorter.run_length = run_length
    cfa, mosaic = Cfa(XTRANS).cropped(2, 1), smooth_noise(37, 71)[..., 1]
    np.testing.assert_allclose(demosaiced(shorter, mosaic, cfa), demosaiced(device, mosaic, cfa), atol=ANOTHER_COMPILER)
    shorter.close()


@pytest.mark.parametrize(("name", "floor_db"), [("kodak/kodim05.png", 36.0), ("mcmaster/11.tif", 35.0)])
def test_photographs_reach_the_expected_cpsnr(device: Device, data_dir: Path, name: str, floor_db: float) -> None:
    path = data_dir / "demosaic" / name
    if not path.is_file():
        pytest.skip(f"no demosaic/{name} in the data folder")
    original = np.asarray(Image.open(path).convert("RGB"))[100:400, 100:400]
    cfa = Cfa(XTRANS)
    assert cpsnr(demosaiced(device, mosaic_of(original / 255, cfa), cfa), original) >= floor_db
