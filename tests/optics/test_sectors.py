"""Sectors of the aperture: layers that cover different parts of the aperture cover their sum, not their product."""

from __future__ import annotations

from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from groundglass.bench.ground_truth import lens_ground_truth
from groundglass.bench.quality import LENS, rendered
from groundglass.bench.scenes import Layer, composited
from groundglass.lens import load_lens
from groundglass.optics.sectors import SECTORS, with_sectors
from groundglass.optics.shape import SIDE, SUMS, shape_of

MARGIN, WIDTH, HEIGHT, SLIT_PX = 32, 240, 120, 4
FOCUS_M, NEAR_M, MIDDLE_M = 2.0, 0.7, 1.2


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made


@pytest.mark.parametrize("lens", [LENS, load_lens("noct-50"), load_lens("phone-1inch")], ids=lambda lens: lens.name)
def test_each_tap_is_in_one_sector_and_the_shares_add_up_to_the_disc(lens: gg.Lens) -> None:
    table = shape_of(lens, 1.5).table
    sectors = with_sectors(table).reshape(1 + SECTORS, len(table), -1)
    np.testing.assert_array_equal(sectors[0].view(np.int32), table.view(np.int32))
    counts = sectors[:, :, 4 * SIDE**2 : 4 * SIDE**2 + SUMS].view(np.int32)
    np.testing.assert_array_equal(counts[1:].sum(axis=0) - (SECTORS - 1) * (counts[0] > 0), counts[0])
    shares = sectors[1:, :, 4 * SIDE**2 + SUMS]
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-5)
    if lens is LENS:
        np.testing.assert_allclose(shares, 1 / SECTORS, atol=1e-5)


@pytest.mark.parametrize(("axis", "mean_error"), [(0, 0.0030), (1, 0.0017)])
def test_a_slit_between_two_distances_is_as_bright_as_in_the_ground_truth(
    engine: gg.Engine, axis: int, mean_error: float
) -> None:
    """Both edges cover opposite parts of the aperture: what is open is 1 - a - b, not (1 - a) (1 - b)."""
    across = (
        np.indices((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN))[axis] - MARGIN - (HEIGHT if axis == 0 else WIDTH) // 2
    )
    planes = [
        (NEAR_M, 0.0, across < 0),
        (MIDDLE_M, 0.0, across >= SLIT_PX),
        (FOCUS_M, 1.0, np.ones(across.shape, bool)),
    ]
    scene = composited(
        [Layer(np.dstack([np.full(across.shape, light)] * 3 + [alpha]).astype(np.float32), metres)
         for metres, light, alpha in planes],
        MARGIN,
    )  # fmt: skip
    ground_truth = lens_ground_truth(scene, LENS, FOCUS_M, points=256)
    inside = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    settings = gg.Settings(lens=LENS, focus_m=FOCUS_M).with_(quality="best")
    picture = rendered(engine, settings, scene.picture, scene.depth_m)
    error = np.abs(picture - ground_truth)[inside]
    assert error.max() < 0.08
    assert error.mean() < mean_error  # a third more without sectors
