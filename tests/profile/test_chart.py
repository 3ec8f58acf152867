"""A ColorChecker is found at any position, and nothing else is mistaken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chart_support import BLACK, CAMERA_TO_SCENE, HEIGHT, WHITE, WIDTH, ChartRendering
from groundglass.capture import open_source
from groundglass.colour.difference import REFERENCE_LAB, scene_of_lab
from groundglass.errors import GroundglassError
from groundglass.frame import Encoding, Frame
from groundglass.profile.chart import measure
from groundglass.profile.find import find_charts
from groundglass.profile.homography import homography, through

CHARTS = {
    "upright": ChartRendering(),
    "turned by 10 degrees": ChartRendering(turned=10),
    "turned by 45 degrees": ChartRendering(turned=45),
    "turned by 90 degrees": ChartRendering(turned=90, width=0.4),
    "turned by -90 degrees": ChartRendering(turned=-90, width=0.4),
    "upside down": ChartRendering(turned=180),
    "tilted": ChartRendering(turned=5, tilted=0.15),
    "far away": ChartRendering(width=0.2, middle=(0.7, 0.3)),
    "near": ChartRendering(width=0.85),
    "under a lamp": ChartRendering(balance=(1.1, 1.0, 3.2)),
    "dark": ChartRendering(exposure=0.06),
    "noisy": ChartRendering(noise=3),
    "amid clutter": ChartRendering(clutter=60, width=0.4, turned=20),
    "on white": ChartRendering(background=0.8),
    "on black": ChartRendering(background=0.01),
    "in uneven light": ChartRendering(falling=(0.5, -0.3)),
    "another Bayer order": ChartRendering(pattern="GBRG"),
}


def patch_centres(corners: np.ndarray) -> np.ndarray:
    chart = np.array([(0, 0), (6, 0), (6, 4), (0, 4)], np.float64)
    return through(homography(chart, corners), np.array([(x + 0.5, y + 0.5) for y in range(4) for x in range(6)]))


@pytest.mark.parametrize("rendering", CHARTS.values(), ids=CHARTS)
def test_each_patch_is_found_where_it_was_drawn(rendering: ChartRendering) -> None:
    patches = measure(rendering.frame())
    patch_px = rendering.width * WIDTH / 6
    distance_px = np.hypot(*(patches.outlines.mean(axis=1) - patch_centres(rendering.corners)).T)
    assert distance_px.max() < 0.12 * patch_px
    assert patches.usable.all()


def test_patches_measure_the_light_of_the_chart() -> None:
    rendering = ChartRendering(noise=0)
    expected = rendering.exposure * scene_of_lab(REFERENCE_LAB) @ np.linalg.inv(CAMERA_TO_SCENE).T / rendering.balance
    assert np.allclose(measure(rendering.frame()).camera_rgb, expected, atol=0.51 / (WHITE - BLACK))


@pytest.mark.parametrize("seed", range(3))
def test_clutter_is_not_a_chart(seed: int) -> None:
    with pytest.raises(GroundglassError, match=r"no ColorChecker was found; .*--corners"):
        measure(ChartRendering(with_chart=False, clutter=80, seed=seed).frame())


@pytest.mark.parametrize("pixels", [np.zeros((64, 64)), np.full((64, 64), 4000), np.zeros((4, 4)), np.zeros((2, 4000))])
def test_a_blank_picture_is_not_a_chart(pixels: np.ndarray) -> None:
    with pytest.raises(GroundglassError, match="no ColorChecker"):
        measure(Frame(pixels=pixels.astype(np.uint16), name="nothing"))


def test_another_grid_of_squares_is_not_a_chart() -> None:
    tiles = np.kron(np.random.default_rng(3).random((20, 30, 3)), np.ones((12, 12, 1)))
    tiles[::12] = tiles[:, ::12] = 0
    assert any(find_charts(tiles))
    numbers = (np.kron(tiles, np.ones((2, 2, 1)))[..., 1] * 60000).astype(np.uint16)
    with pytest.raises(GroundglassError, match="no ColorChecker"):
        measure(Frame(pixels=numbers, name="tiles"))


def test_clipped_patches_are_left_out() -> None:
    patches = measure(ChartRendering(exposure=1.5).frame())
    assert not patches.usable[18]
    assert patches.usable.sum() >= 18


def test_a_hot_photosite_does_not_change_the_measurement() -> None:
    rendering = ChartRendering()
    frame = rendering.frame()
    pixels = frame.pixels.copy()
    x, y = patch_centres(rendering.corners)[0].astype(int)
    pixels[y, x] = 4095
    clean, hot = measure(frame), measure(Frame(pixels=pixels, cfa=frame.cfa, profile=frame.profile))
    assert hot.usable.all()
    assert np.allclose(hot.camera_rgb, clean.camera_rgb, rtol=0.01, atol=1e-4)


def test_a_cropped_chart_gives_its_visible_patches() -> None:
    patches = measure(ChartRendering(middle=(0.9, 0.5)).frame())
    assert patches.usable.sum() == 16
    assert not patches.usable.reshape(4, 6)[:, 4:].any()


def test_given_corners_are_used() -> None:
    rendering = ChartRendering(turned=180)
    assert np.allclose(
        measure(rendering.frame(), rendering.corners).outlines.mean(axis=1), patch_centres(rendering.corners)
    )


@pytest.mark.parametrize(
    "corners",
    [
        np.roll(ChartRendering().corners, 2, axis=0),
        ChartRendering().corners[::-1],
        ChartRendering().corners[[0, 2, 1, 3]],
        np.array([(0, 0), (10, 10), (20, 20), (5, 30)]),
        ChartRendering().corners + np.array([WIDTH, HEIGHT]),
    ],
    ids=["turned by 180 degrees", "mirrored", "crossed", "on a line", "outside"],
)
def test_invalid_corners_are_refused(corners: np.ndarray) -> None:
    with pytest.raises(GroundglassError, match=r"chart: the area between the --corners .* in this order"):
        measure(ChartRendering().frame(), corners.astype(np.float64))


def test_a_developed_picture_is_refused() -> None:
    with pytest.raises(GroundglassError, match="photo: not a Bayer mosaic"):
        measure(Frame(pixels=np.zeros((8, 8, 3), np.uint8), encoding=Encoding.DISPLAY, name="photo"))


def test_a_real_chart_is_found(data_dir: Path) -> None:
    chart = data_dir / "raw" / "chart_1920x1080_12bit_bggr.raw"
    with open_source(chart, raw_format="bggr12", raw_size="1920x1080") as source:
        patches = measure(next(iter(source)))
    assert patches.usable.sum() >= 22
    corners = patches.outlines[[0, 5, 23, 18]].mean(axis=1)
    # Measured by eye: centres of dark skin, bluish green, black and white.
    expected = [(574, 442), (1296, 447), (1278, 868), (585, 856)]
    assert np.abs(corners - expected).max() < 20
