"""Highlight sprites: detection, position and occlusion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.lens import load_lens
from groundglass.optics.defocus import QUALITIES
from groundglass.optics.highlight_sprites import HighlightSprites

TILE = 16
WIDTH, HEIGHT = 320, 192
LENS = gg.Lens(focal_mm=50, f_number=0.95, sensor_width_mm=36.0)
FOCUS_M = 1.0
FAR_M = 6.0  # discs 20 pixels in radius
RADIUS = float(LENS.coc_px(FAR_M, FOCUS_M, WIDTH)) / 2
INF = np.inf


@dataclass
class Finder:
    device: Device
    lights: HighlightSprites

    def levels(self, scene: np.ndarray, radius_px: np.ndarray | float = 8.0) -> np.ndarray:
        """(rows, columns) of tiles: above 0 for a tile with highlights."""
        planes = Planes(self.device, WIDTH, HEIGHT, 3)
        radii, spread = (Planes(self.device, WIDTH, HEIGHT, 1, half_floats=True) for _ in range(2))
        planes.write(scene)
        radii.write(np.broadcast_to(np.asarray(radius_px, np.float32), (HEIGHT, WIDTH))[..., None])
        for resource in (planes, radii):
            resource.mirror()
        spread.write(np.ones((HEIGHT, WIDTH, 1), np.float32))
        self.lights.find(planes, radii, spread)
        found = self.device.read(self.lights.levels, np.float32, (HEIGHT // TILE) * (WIDTH // TILE))
        for resource in (planes, radii, spread):
            resource.release()
        return found.reshape(HEIGHT // TILE, WIDTH // TILE)


@pytest.fixture
def finder(device: Device) -> Iterator[Finder]:
    before = device.live_buffers
    lights = HighlightSprites(device, WIDTH, HEIGHT, TILE)
    yield Finder(device, lights)
    lights.release()
    assert device.live_buffers == before


def grey(level: float = 0.02) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), level, np.float32)


def with_lights(*places: tuple[int, int], colour: tuple[float, float, float] = (50, 50, 50)) -> np.ndarray:
    """A grey picture with single bright pixels at (x, y)."""
    scene = grey()
    for x, y in places:
        scene[y, x] = colour
    return scene


def tiles_of(*places: tuple[int, int]) -> set[tuple[int, int]]:
    return {(y // TILE, x // TILE) for x, y in places}


def found(levels: np.ndarray) -> set[tuple[int, int]]:
    return {(int(row), int(column)) for row, column in np.argwhere(levels > 0)}


# Detection


def test_a_bright_pixel_is_a_highlight_in_its_tile(finder: Finder) -> None:
    places = ((5, 5), (100, 37), (WIDTH - 1, HEIGHT - 1), (160, 96))
    assert found(finder.levels(with_lights(*places))) == tiles_of(*places)


def test_a_single_channel_highlight_is_found(finder: Finder) -> None:
    assert found(finder.levels(with_lights((40, 40), colour=(20, 0, 0)))) == tiles_of((40, 40))


def test_texture_and_noise_are_not_highlights(finder: Finder) -> None:
    random = np.random.default_rng(3)
    assert not found(finder.levels(random.random((HEIGHT, WIDTH, 3)).astype(np.float32)))
    about_black = np.abs(0.002 * random.standard_normal((HEIGHT, WIDTH, 3))).astype(np.float32)
    assert not found(finder.levels(about_black))


def test_areas_larger_than_a_point_are_not_highlights(finder: Finder) -> None:
    scene = grey()
    scene[66:76, 66:76] = 50  # a lamp within one tile
    assert not found(finder.levels(scene))


def test_sharp_points_are_not_highlights(finder: Finder) -> None:
    scene = with_lights((40, 40), (200, 100))
    assert not found(finder.levels(scene, 0.4))
    assert not found(finder.levels(scene, -0.4))
    blurred_left = np.where(np.arange(WIDTH) < 160, -8.0, 0.2) * np.ones((HEIGHT, 1))
    assert found(finder.levels(scene, blurred_left)) == tiles_of((40, 40))


# The drawn sprite


def defocused(
    scene: np.ndarray, depth_m: np.ndarray | float, quality: str, lens: gg.Lens = LENS, focus_m: float = FOCUS_M
) -> np.ndarray:
    depth = np.broadcast_to(np.asarray(depth_m, np.float32), scene.shape[:2])
    return gg.defocus(scene, depth, lens=lens, focus_m=focus_m, quality=quality).astype(np.float64)


def distances(x: float, y: float) -> np.ndarray:
    rows, columns = np.indices((HEIGHT, WIDTH))
    return np.hypot(columns - x, rows - y)


def disc_level(energy: float) -> float:
    return energy / (np.pi * RADIUS**2)


pytestmark = pytest.mark.usefixtures("quick_api")
both = pytest.mark.parametrize("quality", QUALITIES)


@both
@pytest.mark.parametrize(("x", "y"), [(160, 96), (161, 98), (163, 95), (5, 90)])
def test_sprite_rim_is_one_pixel_wide_at_any_size(quality: str, x: int, y: int) -> None:
    """The rim is narrower than a pixel of the scale at which discs of this size are spread."""
    black = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    black[y, x] = 1000
    light = defocused(black, FAR_M, quality)[..., 1]
    distance = distances(x, y)
    np.testing.assert_allclose(light[distance < RADIUS - 1], disc_level(1000), rtol=0.01)
    assert light[distance > RADIUS + 1].max() < 1e-3 * disc_level(1000)


@both
def test_highlight_position_is_subpixel(quality: str) -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    black[96, 100], black[96, 101] = 300, 100
    light = defocused(black, FAR_M, quality)[..., 1]
    y, x = np.indices(light.shape)
    assert (x * light).sum() / light.sum() == pytest.approx(100.25, abs=0.05)
    assert (y * light).sum() / light.sum() == pytest.approx(96, abs=0.05)
    assert light.sum() == pytest.approx(400, rel=0.005)


@both
def test_sprite_has_the_colour_of_its_highlight(quality: str) -> None:
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    scene[96, 160] = (1000, 200, 50)
    disc = defocused(scene, FAR_M, quality)[distances(160, 96) < RADIUS - 1]
    np.testing.assert_allclose(disc.mean(axis=0), disc_level(1) * np.array([1000, 200, 50]), rtol=0.01)


@both
def test_highlights_of_one_tile_add_up(quality: str) -> None:
    """Each quarter of the tile has one highlight."""
    black = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    places = [(162, 98), (170, 98), (162, 106), (171, 107)]
    alone = []
    for x, y in places:
        black[...] = 0
        black[y, x] = 500
        alone.append(defocused(black, FAR_M, quality))
    for x, y in places:
        black[y, x] = 500
    together = defocused(black, FAR_M, quality)
    np.testing.assert_allclose(together, sum(alone), atol=0.01 * disc_level(500))


@both
def test_extended_light_keeps_its_energy(quality: str) -> None:
    """A lamp, a bar, and two adjacent lights."""
    for rows, columns in (
        (slice(90, 98), slice(150, 158)),
        (slice(96, 97), slice(140, 160)),
        (slice(96, 97), slice(160, 164, 3)),
    ):
        scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        scene[rows, columns] = 100
        assert defocused(scene, FAR_M, quality).sum() == pytest.approx(scene.sum(), rel=0.01)


@both
def test_pixels_around_a_highlight_are_unchanged(quality: str) -> None:
    flat = defocused(grey(0.1), FAR_M, quality)
    lit = grey(0.1)
    lit[96, 160] = 80
    added = defocused(lit, FAR_M, quality) - flat
    distance = distances(160, 96)
    np.testing.assert_allclose(added[distance < RADIUS - 1.5], disc_level(79.9), rtol=0.03)
    assert np.abs(added[distance > RADIUS + 12]).max() < 1e-4


@both
def test_sprite_in_front_of_the_focus_is_upside_down(quality: str) -> None:
    triangle = replace(LENS, f_number=2.0, f_number_min=0.95, blades=3)
    black = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    black[96, 160] = 1000
    behind, before = (defocused(black, depth_m, quality, triangle)[..., 1] for depth_m in (INF, 0.5))
    np.testing.assert_allclose(behind[10:-9, 10:-9], before[10:-9, 10:-9][::-1, ::-1], atol=0.05 * behind.max())
    rows = behind.sum(axis=1) / behind.sum()
    assert rows[96 - 7] > 0.01  # a corner at the top, a side below
    assert rows[96 + 7] < 1e-3


# Occlusion


def half_before(edge: int, near_m: float) -> np.ndarray:
    """(H, W) metres: `near_m` to the left of a column, FAR_M elsewhere."""
    return np.where(np.arange(WIDTH) < edge, near_m, FAR_M) * np.ones((HEIGHT, 1))


@both
def test_a_sharp_occluder_cuts_the_sprite(quality: str) -> None:
    """The disc of a lamp next to a post in focus is cut at the post and complete next to it."""
    edge = 150
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    scene[96, edge + 6] = 1000
    light = defocused(scene, half_before(edge, FOCUS_M), quality)[..., 1]
    assert light[:, :edge].max() < 0.01 * disc_level(1000)
    inside = distances(edge + 6, 96) < RADIUS - 1
    inside[:, : edge + 2] = False
    np.testing.assert_allclose(light[inside], disc_level(1000), rtol=0.02)


@both
@pytest.mark.parametrize("near_m", [0.7, 2.0])
def test_a_blurred_occluder_covers_half_of_the_sprite(quality: str, near_m: float) -> None:
    """The edge of an occluder blocks half of the rays of a light.

    A ray through the point u of the aperture arrives at the offset R u for the light, and at r u, r < R, for the
    occluder. The rays on the side away from the occluder pass.
    """
    edge = 160
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    scene[96, edge] = 1000
    light = defocused(scene, half_before(edge, near_m), quality)[..., 1]
    assert light.sum() == pytest.approx(500, rel=0.25)
    columns = np.arange(WIDTH)
    assert (columns * light.sum(axis=0)).sum() / light.sum() == pytest.approx(edge + 0.42 * RADIUS, abs=0.1 * RADIUS)


@both
def test_objects_behind_the_highlight_do_not_occlude_it(quality: str) -> None:
    """A lamp in front of the focus, over objects in focus and far away."""
    scene = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    scene[94:99, 158:163] = 1e-6
    scene[96, 160] = 1000
    depth_m = half_before(160, FOCUS_M)
    depth_m[94:99, 158:163] = 0.55
    light = defocused(scene, depth_m, quality)[..., 1]
    assert light.sum() == pytest.approx(1000, rel=0.02)
    radius = float(LENS.coc_px(0.55, FOCUS_M, WIDTH)) / 2
    inside = light[distances(160, 96) < radius - 1]
    np.testing.assert_allclose(inside, 1000 / (np.pi * radius**2), rtol=0.02)


@both
def test_lens_rims_cut_sprites_like_other_discs(quality: str) -> None:
    """Cat's eye: off-centre sprites are narrower than high, and smaller than in the centre."""
    lens = replace(load_lens("noct-50"), vignetting=0.0)
    sizes = []
    for x in (160, 290):
        black = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        black[96, x] = 1000
        light = defocused(black, 3.0, quality, lens)[..., 1]
        lit = light > 0.3 * light.max()
        sizes.append((int(lit.any(axis=0).sum()), int(lit.any(axis=1).sum())))
        assert light.sum() == pytest.approx(1000, rel=0.01)
    (width, height), (narrow, tall) = sizes
    assert abs(width - height) <= 1
    assert narrow < 0.85 * tall
    assert tall <= height + 1
