"""What a blurred surface hides continues what is seen around it, without the light of the surface in front."""

from __future__ import annotations

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, rendered
from groundglass.bench.scenes import Layer, composited
from groundglass.capture import open_source

WIDTH, HEIGHT, MARGIN = 240, 160, 32
FOCUS_M, NEAR_M = 3.0, 0.8
SIZE = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
DOWN, ACROSS = np.indices(SIZE)
SLOPE = 0.05 + 0.9 * ACROSS / SIZE[1]
WAVES = 0.4 + 0.25 * np.sin(ACROSS / 9) * np.cos(DOWN / 11)


@pytest.mark.parametrize(("behind", "mean_error"), [(SLOPE, 0.0034), (WAVES, 0.0025)], ids=["slope", "waves"])
def test_a_surface_continues_behind_a_blurred_disc(behind: np.ndarray, mean_error: float) -> None:
    """The disc's rim is antialiased: pixels at the edge show both surfaces."""
    distance = np.hypot(ACROSS - SIZE[1] // 2, DOWN - SIZE[0] // 2)
    planes = [(NEAR_M, np.zeros(SIZE), np.clip(24.5 - distance, 0, 1)), (FOCUS_M, behind, np.ones(SIZE))]
    assert error_near_disc(planes, distance < 50) < mean_error  # a tenth more without the pixels of full size


def error_near_disc(planes: list[tuple[float, np.ndarray, np.ndarray]], near: np.ndarray) -> float:
    """Mean error of `best` in the area `near`, for planes of (metres, light, coverage), the nearest first."""
    scene = composited(
        [Layer(np.dstack([light] * 3 + [alpha]).astype(np.float32), metres) for metres, light, alpha in planes], MARGIN
    )
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    with gg.Engine() as engine:
        picture = rendered(
            engine, gg.Settings(lens=LENS, focus_m=FOCUS_M, quality="best"), scene.picture, scene.depth_m
        )
    return float(np.abs(picture - ground_truth)[near[MARGIN:-MARGIN, MARGIN:-MARGIN]].mean())


def test_the_edge_of_a_card_continues_behind_a_blurred_disc() -> None:
    distance = np.hypot(ACROSS - SIZE[1] // 2, DOWN - SIZE[0] // 2)
    beyond_edge = (ACROSS - SIZE[1] // 2) * np.cos(0.4) + (DOWN - SIZE[0] // 2) * np.sin(0.4)
    planes = [
        (NEAR_M, np.full(SIZE, 0.3), np.clip(14.5 - distance, 0, 1)),
        (2.0, np.full(SIZE, 0.1), np.clip(beyond_edge + 0.5, 0, 1)),
        (FOCUS_M, np.full(SIZE, 0.8), np.ones(SIZE)),
    ]
    error = error_near_disc(planes, distance < 40)
    assert error < 0.0027  # 0.0028 if only colours are extended


def test_a_picture_that_is_drawn_again_is_the_same() -> None:
    """Lamps without an occluder once read what the frame before had left, which grew from frame to frame."""
    with open_source("scene:?size=640x360&noise=0") as source:
        frame = next(iter(source)).owned()
    with gg.Engine() as engine:
        settings = gg.Settings(focus_m=1.2, quality="best")
        first = engine.scene(frame, settings)
        for _ in range(7):
            again = engine.scene(frame, settings)
    np.testing.assert_array_equal(again, first)
