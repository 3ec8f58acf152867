"""Light behind a gap between surfaces in focus is as blurred as next to it."""

from __future__ import annotations

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, rendered
from groundglass.bench.scenes import Layer, composited
from groundglass.optics.defocus import Quality

WIDTH, HEIGHT, MARGIN = 320, 180, 48
FOCUS_M, FAR_M = 0.6, 6.0


@pytest.mark.parametrize(
    ("quality", "gap_px", "max_error"),
    [("live", 3, 0.16), ("live", 5, 0.1), ("live", 8, 0.045), ("best", 3, 0.12), ("best", 5, 0.06), ("best", 8, 0.04)],
)
def test_a_bright_patch_behind_a_gap_is_spread(quality: Quality, gap_px: int, max_error: float) -> None:
    """What leaves hide is unknown: the narrower the gaps, the larger the error."""
    size = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    down, across = np.indices(size)
    leaf = (np.abs(across - size[1] // 2) < 40) & ((across - size[1] // 2) % 20 >= gap_px)
    patch = 0.05 + 0.75 * (np.hypot(across - size[1] // 2, down - size[0] // 2) < 4)
    planes = [(FOCUS_M, np.full(size, 0.1), leaf), (FAR_M, patch, np.ones(size))]
    scene = composited(
        [Layer(np.dstack([light] * 3 + [alpha]).astype(np.float32), metres) for metres, light, alpha in planes], MARGIN
    )
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    with gg.Engine() as engine:
        settings = gg.Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
        picture = rendered(engine, settings, scene.picture, scene.depth_m)
    gaps = scene.depth_m > 2 * FOCUS_M
    assert np.abs(picture - ground_truth)[gaps].max() < max_error
