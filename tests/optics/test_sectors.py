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
from groundglass.optics.sectors import SECTOR_FLOATS, SECTOR_TAPS, SECTORS, sector_tables
from groundglass.optics.shape import COUNTS_AT, OFFSETS_AT, SUMS, TAPS_AT, shape_of

MARGIN, WIDTH, HEIGHT, SLIT_PX = 32, 240, 120, 4
FOCUS_M, NEAR_M, MIDDLE_M = 2.0, 0.7, 1.2


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made


@pytest.mark.parametrize("lens", [LENS, load_lens("noct-50"), load_lens("phone-1inch")], ids=lambda lens: lens.name)
def test_each_tap_is_in_one_sector_and_the_shares_add_up_to_the_disc(lens: gg.Lens) -> None:
    table = shape_of(lens, 1.5).table
    sectors = sector_tables(table)
    assert sectors.shape == (SECTORS, len(table), SECTOR_FLOATS)
    taps, offsets, counts, shares = np.split(sectors, np.cumsum([SECTOR_TAPS, 2 * SECTOR_TAPS, SUMS]), axis=2)
    np.testing.assert_array_equal(np.sort(np.concatenate(taps[..., 1:], axis=1)), table[:, TAPS_AT + 1 : OFFSETS_AT])
    np.testing.assert_array_equal(taps, np.sort(taps))
    pairs = offsets.view(np.int32).reshape(*taps.shape, 2)
    assert not pairs[..., 0, :].any()
    turned = [np.stack([-opposite[..., 0], -opposite[..., 1]], axis=-1) for opposite in (pairs[2], pairs[3])]
    if lens is LENS:
        for sector, opposite in zip(pairs[:2], turned, strict=True):
            assert {*map(tuple, sector[0])} == {*map(tuple, opposite[0])}
    whole = table[:, COUNTS_AT : COUNTS_AT + SUMS].view(np.int32)
    np.testing.assert_array_equal(counts.view(np.int32).sum(axis=0) - (SECTORS - 1) * (whole > 0), whole)
    shares = shares[..., 0]
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
