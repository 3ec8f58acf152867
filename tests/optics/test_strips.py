"""Strips that are upsampled from the composite of half size continue those that are composed at full size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, SIZE, rendered
from groundglass.bench.scenes import Layer, Scene, composited
from groundglass.compute.program import KERNELS
from groundglass.lens import load_lens
from groundglass.optics.defocus import QUALITIES, Quality

SPREAD = "defocus_spread.cl"
# What makes every strip composed, at each scale.
EVERY_STRIP = {
    "int is_composed = 0;": "int is_composed = 1;",
    "int is_composed = is_coarsest;": "int is_composed = 1;",
    "(is_coarsest || detail[tile] > 0.0f)": "1",
    "detail[tile] > 0.0f && l < LAYERS": "l < LAYERS",
}
FOCUS_M, NEAR_M, MARGIN, PERIOD_PX = 2.85, 0.6, 64, 160
CODE = 1 / 255
MAX_STEP_IN_A_GAP = 0.005


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made


def strands(width_px: float) -> Scene:
    """Slanted strands of one colour, far in front of a plane in focus."""
    y, x = np.mgrid[: SIZE[1] + 2 * MARGIN, : SIZE[0] + 2 * MARGIN].astype(np.float32)
    from_axis = np.abs((x - 0.07 * y) % PERIOD_PX - PERIOD_PX / 2) * np.cos(np.arctan(0.07))
    alpha = np.clip(0.5 * width_px + 0.5 - from_axis, 0, 1)
    planes = ((0.6, 0.5, 0.1), alpha, NEAR_M), ((0.1, 0.12, 0.2), np.ones_like(alpha), FOCUS_M)
    return composited(
        [Layer(np.dstack([np.full((*x.shape, 3), colour), opacity]).astype(np.float32), metres)
         for colour, opacity, metres in planes],
        MARGIN,
    )  # fmt: skip


def steepest(picture: np.ndarray) -> float:
    """The mean over rows of the steepest step between neighbours."""
    grey = picture.mean(axis=2)[40:-40, 40:-40]
    return float(np.abs(np.diff(grey, axis=1)).max(axis=1).mean())


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_strip_composed_gives_the_same_strands(engine: gg.Engine, quality: Quality) -> None:
    scene, settings = strands(80), gg.Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
    picture = rendered(engine, settings, scene.picture, scene.depth_m)
    text = KERNELS.read(SPREAD)
    assert text is not None
    composed = text
    for before, after in EVERY_STRIP.items():
        assert before in composed
        composed = composed.replace(before, after)
    KERNELS.put({SPREAD: composed})
    try:
        everywhere = rendered(engine, settings, scene.picture, scene.depth_m)
    finally:
        KERNELS.put({SPREAD: text})
    np.testing.assert_allclose(picture, everywhere, atol=0.5 * CODE)


@pytest.mark.parametrize("width_px", [24, 80])
def test_a_strand_is_as_steep_as_in_the_ground_truth(engine: gg.Engine, width_px: float) -> None:
    scene = strands(width_px)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=1024)
    picture = rendered(engine, gg.Settings(lens=LENS, focus_m=FOCUS_M, quality="live"), scene.picture, scene.depth_m)
    assert steepest(picture) == pytest.approx(steepest(ground_truth), rel=0.1)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_point_grows_evenly_with_its_radius(engine: gg.Engine, quality: Quality) -> None:
    """The variance of a disc is a quarter of its squared radius, at whichever scale it is spread."""
    width, height = 160, 128
    y, x = np.mgrid[:height, :width]
    flat = np.full((height, width, 3), 0.02, np.float32)
    for radius in (1.9, 2.3, 2.75, 3.5, 5.0, 7.0, 10.0):
        depth_m = np.full((height, width), 1 / (1 + 2 * radius / LENS.coc_scale_px(1.0, width)), np.float32)
        settings = gg.Settings(lens=LENS, focus_m=1.0, quality=quality)
        before, squares = rendered(engine, settings, flat, depth_m)[..., 1], []
        for row, column in ((60, 80), (61, 80), (60, 81), (61, 81)):  # the phases of half size
            picture = flat.copy()
            picture[row, column] = 0.05
            light = rendered(engine, settings, picture, depth_m)[..., 1] - before
            light *= np.maximum(np.abs(y - row), np.abs(x - column)) < 2 * radius + 8
            light /= light.sum()
            centre = (light * y).sum(), (light * x).sum()
            squares.append(2 * (light * ((y - centre[0]) ** 2 + (x - centre[1]) ** 2)).sum())
        assert np.sqrt(np.mean(squares)) == pytest.approx(radius, rel=0.17)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_grey_floor_stays_grey_where_it_enters_the_focus(engine: gg.Engine, quality: Quality) -> None:
    """Discs of red and blue differ in radius; a step of this difference would be a coloured line."""
    lens = replace(load_lens("noct-50"), vignetting=0.0)
    nearness = 1 / np.linspace(1 / 1.2 - 0.5, 1 / 1.2 + 0.5, 400)
    depth_m = np.float32(nearness[:, None] * np.ones(1920))
    settings = gg.Settings(lens=lens, focus_m=1.2, quality=quality)
    rows = rendered(engine, settings, np.full((400, 1920, 3), 0.3, np.float32), depth_m)[20:-20].mean(axis=1)
    np.testing.assert_allclose(rows / rows[:, 1:2], 1, atol=0.03)


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_floor_in_a_gap_shows_no_line_where_it_enters_the_focus(engine: gg.Engine, quality: Quality) -> None:
    """Strongly blurred things at both sides cover it alike, at whichever scale the floor is spread."""
    width, height, focus_m, gap_px = 480, 270, 2.85, 14
    down, across = np.indices((height, width))
    per_px = 0.5 * LENS.coc_scale_px(focus_m, width)
    from_middle = np.abs(across - width // 2)
    is_occluder = (from_middle >= gap_px // 2) & (from_middle < 80) & (down > 40)
    radii = np.where(is_occluder, -18.0, 3.5 - 14.0 * down / height)
    picture = np.repeat(np.where(is_occluder, 0.5, 0.05)[..., None], 3, axis=2).astype(np.float32)
    depth_m = np.float32(focus_m / (1 - radii / per_px))
    settings = gg.Settings(lens=LENS, focus_m=focus_m, quality=quality)
    gap = rendered(engine, settings, picture, depth_m)[85:-40, width // 2, 1]
    assert np.abs(np.diff(gap)).max() < MAX_STEP_IN_A_GAP
