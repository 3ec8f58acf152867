"""The references of the optics benchmark: seeded scenes, the traced lens as ground truth, and the scatter baseline."""

from __future__ import annotations

from typing import get_args

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import aperture_points, lens_ground_truth, smooth_ground_truth
from groundglass.bench.scatter import scatter
from groundglass.bench.scenes import (
    MAX_DEPTH_M,
    MIN_DEPTH_M,
    Layer,
    Scene,
    Surface,
    composited,
    layered_scene,
    smooth_scene,
)
from groundglass.bench.score import CROP, compare

LENS = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
FOCUS_M = 1.0
WIDTH, HEIGHT, MARGIN = 160, 100, 24
SMALL = (96, 64)


def plane(colour: np.ndarray | float, depth_m: float, alpha: np.ndarray | float = 1.0) -> Layer:
    """A layer with a colour (H, W, 3), a grey (H, W) or one grey level, masked by alpha (H, W)."""
    shape = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    rgba = np.zeros((*shape, 4), np.float32)
    rgb = np.asarray(colour, np.float32)
    rgba[..., :3] = rgb[..., None] if rgb.ndim == 2 else rgb
    rgba[..., 3] = alpha
    return Layer(rgba, depth_m)


def texture(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN, 3)).astype(np.float32)


def left_half() -> np.ndarray:
    """(H, W) alpha: 1 up to the middle column."""
    columns = np.arange(WIDTH + 2 * MARGIN)
    return np.broadcast_to(columns < MARGIN + WIDTH // 2, (HEIGHT + 2 * MARGIN, columns.size))


def point_light(depth_m: float) -> Scene:
    """A scene with one pixel of 1000 on black."""
    black = np.zeros((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN), np.float32)
    black[MARGIN + HEIGHT // 2, MARGIN + WIDTH // 2] = 1000
    return composited([plane(black, depth_m)], MARGIN)


# Scenes


def test_a_seed_defines_a_scene() -> None:
    first, again, other = layered_scene(3, SMALL), layered_scene(3, SMALL), layered_scene(4, SMALL)
    np.testing.assert_array_equal(first.picture, again.picture)
    np.testing.assert_array_equal(first.depth_m, again.depth_m)
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(first.layers, again.layers, strict=True))
    assert not np.array_equal(first.picture, other.picture)
    for kind in get_args(Surface):
        np.testing.assert_array_equal(smooth_scene(kind, 3, SMALL).picture, smooth_scene(kind, 3, SMALL).picture)


@pytest.mark.parametrize("seed", range(4))
def test_layers_are_sorted_by_depth_with_lights_on_the_last(seed: int) -> None:
    scene = layered_scene(seed, SMALL)
    depths_m = [layer.depth_m for layer in scene.layers]
    assert depths_m == sorted(depths_m)
    assert depths_m[0] >= MIN_DEPTH_M
    assert depths_m[-1] <= MAX_DEPTH_M
    for layer in scene.layers:
        alpha = layer.rgba[..., 3]
        assert alpha.min() >= 0
        assert alpha.max() <= 1
    *nearer, last = (layer.rgba for layer in scene.layers)
    assert all(rgba[..., :3].max() <= 1 for rgba in nearer)
    assert (last[..., 3] == 1).all()
    assert 20 <= last[..., :3].max() <= 50


def test_the_picture_shows_the_nearest_layer_of_each_pixel() -> None:
    scene = layered_scene(2, SMALL)
    inner = (slice(scene.margin, -scene.margin),) * 2
    covered = np.zeros(scene.depth_m.shape, bool)
    for layer in scene.layers:
        rgba = layer.rgba[inner]
        sole = (rgba[..., 3] == 1) & ~covered
        np.testing.assert_allclose(scene.picture[sole], rgba[sole][:, :3], atol=1e-6)
        np.testing.assert_array_equal(scene.depth_m[sole], np.float32(layer.depth_m))
        covered |= rgba[..., 3] > 0
    assert covered.all()


def test_smooth_scenes_have_no_edges() -> None:
    for kind in get_args(Surface):
        depth_m = smooth_scene(kind, 1).depth_m
        assert depth_m.max() > 2 * depth_m.min()
        steps = [np.abs(np.diff(1 / depth_m, axis=axis)).max() for axis in (0, 1)]
        assert max(steps) < 0.03  # 1 / m; the range is about 1 / m. 0.7 px of radius with the lens at f/1.4


# The lens


def test_points_are_evenly_distributed_in_the_unit_disc() -> None:
    points = aperture_points(512)
    radius = np.hypot(*points.T)
    assert radius.max() < 1
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.003)
    np.testing.assert_allclose((radius**2).mean(), 0.5, atol=1e-6)
    np.testing.assert_allclose(np.cov(points.T), 0.25 * np.eye(2), atol=0.005)


def test_one_central_point_is_a_pinhole() -> None:
    scene = layered_scene(5, SMALL, margin=8)
    result = lens_ground_truth(scene, LENS, FOCUS_M, points=np.zeros((1, 2)))
    np.testing.assert_allclose(result, scene.picture, atol=1e-5)


def test_a_plane_in_focus_is_unchanged() -> None:
    scene = composited([plane(texture(), FOCUS_M)], MARGIN)
    np.testing.assert_allclose(lens_ground_truth(scene, LENS, FOCUS_M), scene.picture, atol=1e-6)


@pytest.mark.parametrize("depth_m", [0.55, 0.8, 2.0, 6.0])
def test_a_light_becomes_a_disc_with_the_diameter_of_the_thin_lens_and_its_energy(depth_m: float) -> None:
    result = lens_ground_truth(point_light(depth_m), LENS, FOCUS_M)[..., 1].astype(np.float64)
    expected = float(LENS.coc_px(depth_m, FOCUS_M, WIDTH))
    assert result.sum() == pytest.approx(1000, rel=1e-5)
    y, x = np.indices(result.shape)
    dx, dy = x - WIDTH // 2, y - HEIGHT // 2
    assert (dx * result).sum() / 1000 == pytest.approx(0, abs=0.03)
    # A disc has the second moment r^2 / 2. Linear interpolation adds 1/6 on average along each axis.
    radius = np.sqrt(2 * ((dx**2 + dy**2) * result).sum() / 1000 - 2 / 3)
    assert 2 * radius == pytest.approx(expected, rel=0.02)
    distance = np.hypot(dx, dy)
    assert result[distance > expected / 2 + 1.5].max() == 0
    if expected > 6:
        inside = result[distance < expected / 2 - 2]
        assert inside.mean() == pytest.approx(1000 / (np.pi * expected**2 / 4), rel=0.03)


def test_a_sharp_layer_covers_a_blurred_background() -> None:
    front = texture()
    scene = composited([plane(front, FOCUS_M, left_half()), plane(20.0, 5.0)], MARGIN)
    result = lens_ground_truth(scene, LENS, FOCUS_M)
    np.testing.assert_allclose(result[:, : WIDTH // 2], scene.picture[:, : WIDTH // 2], atol=1e-5)
    np.testing.assert_allclose(result[:, WIDTH // 2 :], 20, rtol=1e-5)


def fraction_beyond_edge(near_m: float) -> np.ndarray:
    """(W,) fraction of the disc around each column that is beyond the edge at the middle column."""
    radius = float(LENS.coc_px(near_m, FOCUS_M, WIDTH)) / 2
    from_edge = np.clip((np.arange(WIDTH) + 0.5 - WIDTH // 2) / radius, -1, 1)
    return (np.arccos(from_edge) - from_edge * np.sqrt(1 - from_edge**2)) / np.pi


@pytest.mark.parametrize("near_m", [0.5, 0.7])
def test_a_blurred_edge_covers_the_fraction_of_the_disc_beyond_it(near_m: float) -> None:
    scene = composited([plane(1.0, near_m, left_half()), plane(0.0, FOCUS_M)], MARGIN)
    np.testing.assert_allclose(
        lens_ground_truth(scene, LENS, FOCUS_M)[50, :, 0], fraction_beyond_edge(near_m), atol=0.02
    )


def test_the_lens_sees_a_light_that_a_pinhole_does_not() -> None:
    """A light is behind the edge of a near object."""
    behind = np.zeros((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN), np.float32)
    behind[MARGIN + 50, MARGIN + WIDTH // 2 - 2] = 1000
    scene = composited([plane(0.0, 0.6, left_half()), plane(behind, FOCUS_M)], MARGIN)
    assert scene.picture.max() == 0
    result = lens_ground_truth(scene, LENS, FOCUS_M)[50, WIDTH // 2 - 2, 0]
    assert result == pytest.approx(1000 * (1 - fraction_beyond_edge(0.6)[WIDTH // 2 - 2]), abs=20)


def test_a_blur_wider_than_the_margin_is_refused() -> None:
    scene = composited([plane(0.5, 0.2)], MARGIN)
    with pytest.raises(ValueError, match=r"margin of 24 px is less than the blur of \d+\.\d px"):
        lens_ground_truth(scene, LENS.at(0.7), FOCUS_M, points=4)


@pytest.mark.parametrize("depth_m", [0.7, 3.0])
def test_a_smooth_surface_at_one_depth_is_a_plane(depth_m: float) -> None:
    picture = texture()
    whole = Scene(picture, np.full(picture.shape[:2], depth_m, np.float32), (), MARGIN)
    np.testing.assert_allclose(
        smooth_ground_truth(whole, LENS, FOCUS_M, points=64),
        lens_ground_truth(composited([plane(picture, depth_m)], MARGIN), LENS, FOCUS_M, points=64),
        atol=1e-4,
    )


def test_a_slanted_surface_keeps_a_uniform_picture() -> None:
    scene = smooth_scene("sphere", 1, SMALL)
    flat = Scene(np.full_like(scene.picture, 0.4), scene.depth_m, (), scene.margin)
    np.testing.assert_allclose(smooth_ground_truth(flat, LENS, FOCUS_M, points=32), 0.4, rtol=1e-5)


# The baseline and the score


def test_scatter_agrees_with_its_formula() -> None:
    random = np.random.default_rng(6)
    picture = random.random((9, 11, 3)).astype(np.float32)
    depth_m = random.choice([0.3, 0.6, 1.0, 4.0], (9, 11)).astype(np.float32)
    wide = gg.Lens(focal_mm=50, f_number=1.4, sensor_width_mm=9.0)
    radius = 0.5 * wide.coc_px(depth_m, FOCUS_M, 11)
    assert radius.max() > 2
    expected = np.zeros((9, 11, 3))
    for y, x in np.ndindex(9, 11):
        rows, columns = np.indices((9, 11))
        weight = 0.5 * (1 + np.tanh(4 * (radius - np.hypot(rows - y, columns - x)))) / (radius**2 + 0.2)
        expected[y, x] = (weight[..., None] * picture).sum(axis=(0, 1)) / weight.sum()
    np.testing.assert_allclose(scatter(picture, depth_m, wide, FOCUS_M), expected, rtol=2e-3, atol=2e-4)


def test_scatter_preserves_a_uniform_picture() -> None:
    scene = layered_scene(1, SMALL)
    flat = np.full_like(scene.picture, 0.3)
    np.testing.assert_allclose(scatter(flat, scene.depth_m, LENS, FOCUS_M), 0.3, rtol=1e-5)


def test_the_score_is_the_psnr_of_encoded_values() -> None:
    expected = np.full((64, 96, 3), 0.5**2.2)
    rendered = expected.copy()
    rendered[:CROP] = 0  # the score ignores the border
    rendered[CROP:-CROP, CROP:-CROP] = 0.6**2.2
    assert compare(rendered, expected).whole_db == pytest.approx(20.0)
    assert np.isnan(compare(rendered, expected).edges_db)


def test_edges_are_scored_within_eight_pixels() -> None:
    expected = np.full((64, 120, 3), 0.5**2.2)
    depth_m = np.where(np.arange(120) < 60, 1.0, 2.0) * np.ones((64, 1))
    columns = np.arange(120)
    band = (columns >= 51) & (columns < 69)  # 8 pixels from the two columns at the edge
    rendered = np.broadcast_to(np.where(band[:, None], 0.6**2.2, 0.51**2.2), expected.shape)
    assert compare(rendered, expected, depth_m).edges_db == pytest.approx(20.0)
    outside = np.broadcast_to(np.where(band[:, None], 0.51**2.2, 0.6**2.2), expected.shape)
    assert compare(outside, expected, depth_m).edges_db == pytest.approx(40.0)
