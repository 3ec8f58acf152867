"""Mixed pixels: thin shapes in focus before a far background with lamps, compared with the exact picture."""

from __future__ import annotations

import groundglass as gg
import numpy as np
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.mixed_edges import CUT_OUT, FAR_M, FOCUS_M, edges_db
from groundglass.bench.quality import LENS, SIZE, mixed_edges_db
from groundglass.bench.scenes import thin_shapes_scene

POINTS = 48


def test_a_mixed_pixel_shows_its_near_light_over_the_blurred_background() -> None:
    with gg.Engine() as engine:
        rows = mixed_edges_db(engine, SIZE, 2, POINTS)
    assert rows["clean"]["best"] >= rows["clean"][CUT_OUT] + 4.0
    assert rows["noisy"]["best"] >= rows["noisy"][CUT_OUT] + 2.8


def test_the_near_layer_in_focus_is_exact_in_the_ground_truth() -> None:
    scene = thin_shapes_scene(0, (96, 64), FOCUS_M, FAR_M)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=8)
    inner = slice(scene.margin, -scene.margin)
    inside = scene.layers[0].rgba[inner, inner, 3] >= 1.0
    assert inside.any()
    np.testing.assert_allclose(ground_truth[inside], scene.picture[inside], atol=1e-4)
    assert edges_db(ground_truth + 0.001, ground_truth, scene) > edges_db(ground_truth + 0.01, ground_truth, scene)
