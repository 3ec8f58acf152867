"""Strongly blurred strands in front of the focus let a less blurred card behind them through."""

from __future__ import annotations

from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, rendered
from groundglass.bench.scenes import Layer, Scene, composited
from groundglass.lens import Lens
from groundglass.optics.defocus import Quality

WIDTH, HEIGHT, MARGIN = 320, 180, 48
FOCUS_M = 2.5
CARD, BACKGROUND = 0.8, 0.05
INSIDE = (slice(60, 120), slice(MARGIN + 30, WIDTH - MARGIN - 30))  # columns and rows well within the card


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made


def distance_m(radius_px: float, lens: Lens) -> float:
    """The distance in front of the focus at which a point has this blur radius."""
    return FOCUS_M / (1 + 2 * radius_px / lens.coc_scale_px(FOCUS_M, WIDTH))


def strands_before_a_card(strand_px: int, gap_px: int, strand_radius_px: float, card_radius_px: float) -> Scene:
    size = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    x = np.broadcast_to(np.arange(size[1]), size)
    strands = x % (strand_px + gap_px) < strand_px
    card = (x >= 2 * MARGIN) & (x < WIDTH)
    planes = [(strands, (0.3, 0.25, 0.05)), (card, (CARD,) * 3), (np.ones(size, bool), (BACKGROUND,) * 3)]
    depths = [distance_m(strand_radius_px, LENS), distance_m(card_radius_px, LENS), FOCUS_M]
    return composited(
        [
            Layer(np.dstack([np.broadcast_to(np.float32(colour), (*size, 3)), part]).astype(np.float32), depth_m)
            for (part, colour), depth_m in zip(planes, depths, strict=True)
        ],
        MARGIN,
    )


def steepest(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture[INSIDE].mean(axis=2), axis=1)).max())


@pytest.mark.parametrize("quality", ["live", "best"])
@pytest.mark.parametrize(("strand_px", "gap_px"), [(3, 12), (6, 20), (10, 30)])
def test_strands_do_not_tear_the_card_behind_them(
    engine: gg.Engine, quality: Quality, strand_px: int, gap_px: int
) -> None:
    scene = strands_before_a_card(strand_px, gap_px, strand_radius_px=28.0, card_radius_px=4.0)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    picture = rendered(
        engine, gg.Settings(lens=LENS, focus_m=FOCUS_M).with_(quality=quality), scene.picture, scene.depth_m
    )
    assert np.abs(picture - ground_truth)[INSIDE].max() < 0.08
    assert steepest(picture) < 1.1 * steepest(ground_truth) + 0.01


def test_a_wide_surface_hides_what_is_behind_it(engine: gg.Engine) -> None:
    scene = strands_before_a_card(200, 120, strand_radius_px=28.0, card_radius_px=4.0)
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    picture = rendered(engine, gg.Settings(lens=LENS, focus_m=FOCUS_M), scene.picture, scene.depth_m)
    assert np.abs(picture - ground_truth)[INSIDE].max() < 0.15


@pytest.mark.parametrize("quality", ["live", "best"])
@pytest.mark.parametrize("blur_px", [9.0, 14.0, 20.0])
@pytest.mark.parametrize("strand_px", [1, 2])
def test_thin_strands_before_a_blurred_ball_do_not_make_it_transparent(
    engine: gg.Engine, strand_px: int, blur_px: float, quality: Quality
) -> None:
    y, x = np.indices((HEIGHT, WIDTH)) - np.array([HEIGHT, WIDTH])[:, None, None] // 2
    from_middle, ball_px = np.hypot(x, y), 80
    ball, strands = from_middle < ball_px, (np.abs(y) < 60) & (x > -30) & (x < -8) & ((x + 30) % 12 < strand_px)
    depth_m = np.where(ball, distance_m(blur_px, LENS), np.where(y > 60, distance_m(4.0, LENS), FOCUS_M))
    depth_m = np.where(strands, distance_m(2.7 * blur_px, LENS), depth_m).astype(np.float32)
    light = np.where(ball | strands, 0.0, 1.0).astype(np.float32)
    settings = gg.Settings(lens=LENS, focus_m=FOCUS_M, quality=quality)
    picture = rendered(engine, settings, np.dstack([light] * 3), depth_m)
    assert picture[from_middle < ball_px - 2 * blur_px - 8].max() < 0.01  # else 0.02 to 0.13 in `live`
