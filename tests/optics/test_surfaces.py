"""A continuous surface shows no lines where it passes from one layer to the next, from a depth map of 8 bits either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.quality import LENS, rendered
from groundglass.optics.defocus import Quality

WIDTH, HEIGHT = 480, 270
MIN_M, MAX_M = 0.8, 8.0
EDGE_PX = 16  # around the picture
MAX_SECOND_DIFFERENCE = 0.8  # codes from 0 to 255
MAX_ON_A_STEEP_RELIEF = 1.0  # its radius changes by up to 0.13 per pixel

NARROW = replace(LENS, sensor_width_mm=8.6)

Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
ACROSS, DOWN = X / WIDTH, Y / HEIGHT


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made


def slanted(part: np.ndarray) -> np.ndarray:
    return 1 / (1 / MIN_M + (1 / MAX_M - 1 / MIN_M) * part)


def bulge() -> np.ndarray:
    """A ball so large that the picture is within its outline."""
    height = 1 - ((X - WIDTH / 2) ** 2 + (Y - HEIGHT / 2) ** 2) / (0.6 * WIDTH) ** 2
    return 2.2 - 1.3 * np.sqrt(height)


def relief() -> np.ndarray:
    return 1.5 + 0.5 * np.sin(2 * np.pi * ACROSS * 2.3) * np.cos(2 * np.pi * DOWN * 1.7)


def of_eight_bits(depth_m: np.ndarray) -> np.ndarray:
    nearness, first, last = 1 / depth_m, 1 / MAX_M, 1 / MIN_M
    step = (last - first) / 255
    return np.float32(1 / (first + np.round((nearness - first) / step) * step))


def largest_second_difference(picture: np.ndarray) -> float:
    """Codes of sRGB from 0 to 255."""
    light = picture[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX, 1].astype(np.float64)
    codes = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return float(max(np.abs(np.diff(codes, n=2, axis=axis)).max() for axis in (0, 1)))


@pytest.mark.parametrize("quality", ["live", "best"])
@pytest.mark.parametrize(
    ("depth_m", "bound"),
    [
        pytest.param(slanted(ACROSS), MAX_SECOND_DIFFERENCE, id="wall"),
        pytest.param(slanted(1 - DOWN), MAX_SECOND_DIFFERENCE, id="floor"),
        pytest.param(bulge(), MAX_SECOND_DIFFERENCE, id="ball"),
        pytest.param(relief(), MAX_ON_A_STEEP_RELIEF, id="relief"),
    ],
)
def test_a_surface_shows_no_layers(engine: gg.Engine, quality: Quality, depth_m: np.ndarray, bound: float) -> None:
    grey = 0.4 + 0.3 * np.sin(2 * np.pi * ACROSS * 3) * np.sin(2 * np.pi * DOWN * 2)
    picture = np.repeat(np.float32(grey)[..., None], 3, axis=2)
    for focus_m in (1.0, 1.5, 3.0):
        settings = gg.Settings(lens=LENS, focus_m=focus_m, quality=quality)
        blurred = rendered(engine, settings, picture, of_eight_bits(depth_m))
        assert largest_second_difference(blurred) <= bound


@pytest.mark.parametrize("quality", ["live", "best"])
@pytest.mark.parametrize("f_number", [8.0, 11.0])
def test_an_edge_on_a_surface_close_to_the_focus_is_as_sharp_as_its_blur(
    quick_api: None, quality: Quality, f_number: float
) -> None:
    """The last dark row before a white one, across a wall: the part of each disc that is white."""
    lens, focus_m, rows = gg.Lens(focal_mm=50, f_number=f_number, sensor_width_mm=36.0), 1.2, 48
    nearness = np.linspace(1.25, 0.45, WIDTH)
    picture = np.zeros((rows, WIDTH, 3), np.float32)
    picture[rows // 2 :] = 1
    depth_m = np.float32(np.tile(1 / nearness, (rows, 1)))
    blurred = gg.defocus(picture, depth_m, lens=lens, focus_m=focus_m, quality=quality)[rows // 2 - 1, :, 1]
    radii_px = np.abs(lens.coc_scale_px(focus_m, WIDTH) / 2 * (1 - focus_m * nearness))
    assert radii_px.max() < 1.0
    down, right = np.mgrid[-2:3, -2:3]
    discs = np.clip(np.maximum(radii_px, 0.5)[:, None, None] + 0.5 - np.hypot(down, right), 0, 1)
    white = discs[:, down > 0].sum(1) / discs.sum((1, 2))
    assert np.abs(blurred - white)[EDGE_PX:-EDGE_PX].max() < 0.015


@pytest.mark.parametrize("quality", ["live", "best"])
@pytest.mark.parametrize("noise_codes", [0.0, 0.3, 1.0])
def test_a_noisy_map_of_a_dark_wall_lets_no_light_through(
    engine: gg.Engine, noise_codes: float, quality: Quality
) -> None:
    codes = 203 + 19 * ACROSS + noise_codes * np.random.default_rng(0).standard_normal(X.shape)
    nearness = 1 / MAX_M + (1 / MIN_M - 1 / MAX_M) * np.round(codes) / 255
    is_sky = X < 60
    picture = np.where(is_sky[..., None], [0.5, 0.8, 0.5], 0.0).astype(np.float32)
    depth_m = np.where(is_sky, MAX_M, 1 / nearness).astype(np.float32)
    blurred = rendered(engine, gg.Settings(lens=NARROW, focus_m=1.0, quality=quality), picture, depth_m)
    assert 255 * blurred[:, 190:].max() < 0.5  # 8 with light behind the wall
