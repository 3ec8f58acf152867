"""Mixed pixels: thin shapes in focus before a far background with lamps, compared with the exact picture."""

from __future__ import annotations

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.mixed_edges import CUT_OUT, FAR_M, FOCUS_M, edges_db
from groundglass.bench.quality import LENS, SIZE, mixed_edges_db, rendered
from groundglass.bench.scenes import MARGIN, Layer, composited, thin_shapes_scene
from groundglass.optics.defocus import QUALITIES, Quality
from groundglass.settings import Settings

POINTS = 48


def test_a_mixed_pixel_shows_its_near_light_over_the_blurred_background() -> None:
    with gg.Engine() as engine:
        rows = mixed_edges_db(engine, SIZE, 2, POINTS)
    for quality, clean_db, noisy_db in (("live", 4.9, 3.7), ("best", 5.5, 4.0)):
        assert rows["clean"][quality] >= rows["clean"][CUT_OUT] + clean_db
        assert rows["noisy"][quality] >= rows["noisy"][CUT_OUT] + noisy_db


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("off", [(0, 1), (1, -1)])
def test_a_map_whose_edge_is_off_by_a_pixel_is_aligned_to_the_picture(quality: Quality, off: tuple[int, int]) -> None:
    scene = thin_shapes_scene(1, SIZE, FOCUS_M, FAR_M)
    settings = Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
    with gg.Engine() as engine:
        expected, result = (
            rendered(engine, settings, scene.picture, depth_m)
            for depth_m in (scene.depth_m, np.roll(scene.depth_m, off, (0, 1)))
        )
    inner = (slice(4, -4), slice(4, -4))
    assert np.mean(np.abs(result - expected)[inner] > 0.02) < 0.01


@pytest.mark.parametrize("off", [(0, 1), (1, 0), (-1, 1)])
def test_wires_stay_whole_where_the_map_is_off_by_a_pixel(off: tuple[int, int]) -> None:
    """A narrower wire in the place of the map explains the picture nearly as well. It left gaps, wrong by 0.6."""
    y, x = np.mgrid[: SIZE[1] + 2 * MARGIN, : SIZE[0] + 2 * MARGIN].astype(np.float32)
    wires = np.zeros_like(x)
    for angle in np.linspace(0.1, 3.0, 9):
        distance = (x - 272) * np.sin(angle) - (y - 167) * np.cos(angle)
        wires = np.maximum(wires, np.clip(1.6 - np.abs((distance + 60) % 120 - 60), 0, 1))
    near, far = (np.full((*x.shape, 3), light, np.float32) for light in (0.02, 0.7))
    layers = [Layer(np.dstack([near, wires]), FOCUS_M), Layer(np.dstack([far, np.ones_like(x)]), FAR_M)]
    scene = composited(layers, MARGIN)
    with gg.Engine() as engine:
        result = rendered(
            engine, Settings(lens=LENS, focus_m=FOCUS_M), scene.picture, np.roll(scene.depth_m, off, (0, 1))
        )
    np.testing.assert_allclose(result[20:-20, 20:-20], scene.picture[20:-20, 20:-20], atol=0.25)


def test_the_near_layer_in_focus_is_exact_in_the_ground_truth() -> None:
    scene = thin_shapes_scene(0, (96, 64), FOCUS_M, FAR_M)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=8)
    inner = slice(scene.margin, -scene.margin)
    inside = scene.layers[0].rgba[inner, inner, 3] >= 1.0
    assert inside.any()
    np.testing.assert_allclose(ground_truth[inside], scene.picture[inside], atol=1e-4)
    assert edges_db(ground_truth + 0.001, ground_truth, scene) > edges_db(ground_truth + 0.01, ground_truth, scene)
