"""Near strands out of focus before a surface in focus: their mixed pixels leave no sharp line on it."""

from __future__ import annotations

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, SIZE, rendered
from groundglass.bench.scenes import Layer, Scene, composited, thin_shapes_scene
from groundglass.optics.defocus import QUALITIES, Quality
from groundglass.settings import Settings
from numpy.typing import NDArray

FOCUS_M, NEAR_M = 1.2, 0.55
POINTS = 64


def strands_scene(width_px: float) -> Scene:
    """Bright, slanted strands at NEAR_M before a brown wall in focus, whose brightness varies slowly."""
    wide = thin_shapes_scene(0, SIZE, NEAR_M, FOCUS_M)
    height, width = wide.layers[0].rgba.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wall = np.array([0.3, 0.17, 0.1]) * (1 + 0.15 * np.sin(0.06 * x + 0.11 * y))[..., None]
    distance = np.abs((x - 0.07 * y) % 60 - 30) * np.cos(np.arctan(0.07))
    alpha = np.clip(0.5 * width_px + 0.5 - distance, 0, min(width_px, 1))
    strands = np.dstack([np.full((height, width, 3), (0.9, 0.7, 0.2)), alpha]).astype(np.float32)
    behind = np.dstack([wall, np.ones((height, width))]).astype(np.float32)
    return composited([Layer(strands, NEAR_M), Layer(behind, FOCUS_M)], wide.margin)


def line(picture: NDArray[np.float32], scene: Scene) -> float:
    """How much brighter the pixels of strands are than those 6 px beside, relative to those."""
    inner = slice(scene.margin, -scene.margin)
    strand = scene.layers[0].rgba[inner, inner, 3] > 0.05
    strand[:16], strand[-16:], strand[:, :16], strand[:, -16:] = False, False, False, False
    luma = picture.mean(axis=2)
    beside = 0.5 * (np.roll(luma, 6, axis=1) + np.roll(luma, -6, axis=1))
    return float(np.mean((luma - beside)[strand] / beside[strand]))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("width_px", [1.0, 1.6])
def test_strands_out_of_focus_leave_no_line_on_a_surface_in_focus(quality: Quality, width_px: float) -> None:
    """Measured: 1.4 and 2.2 % in `live`, 1.2 and 1.9 in `best`, 1.0 and 1.8 in the ground truth; 31 to 38 before."""
    scene = strands_scene(width_px)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=POINTS)
    with gg.Engine() as engine:
        result = rendered(engine, Settings(lens=LENS, focus_m=FOCUS_M, quality=quality), scene.picture, scene.depth_m)
    assert line(scene.picture, scene) > 1.0
    assert abs(line(result, scene) - line(ground_truth, scene)) < 0.01
