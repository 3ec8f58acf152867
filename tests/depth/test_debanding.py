"""Debanding of grey maps with few levels: slopes become smooth, edges keep their position."""

from __future__ import annotations

from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.depth.debanding import comb, deband
from numpy.typing import NDArray
from PIL import Image

STEP = 6  # grey levels per step


def slope(columns: int = 240, rows: int = 32) -> NDArray[np.float64]:
    """(rows, columns) greys from 20 to 230 across the map, with a small vertical slope."""
    return 20 + 200 * np.arange(columns) / (columns - 1) + 0.3 * np.arange(rows)[:, None]


def quantized(greys: NDArray[np.float64]) -> NDArray[np.uint8]:
    return (np.round(greys / STEP) * STEP).astype(np.uint8)


def test_a_quantized_slope_becomes_smooth() -> None:
    banded = quantized(slope())
    smooth = deband(banded)
    inside = slice(20, -20)  # the slope beyond the borders is unknown
    before = np.abs(banded - slope())[:, inside].mean()
    after = np.abs(smooth - slope())[:, inside].mean()
    assert after < before / 4
    assert np.abs(np.diff(smooth[:, inside].astype(np.float64), axis=1)).max() < STEP / 2


def test_samples_stay_within_half_a_step() -> None:
    banded = quantized(slope())
    assert np.abs(deband(banded) - banded).max() <= STEP / 2 + 1e-3


def test_an_edge_keeps_its_position() -> None:
    banded = quantized(slope())
    banded[:, 100:] = quantized(np.minimum(slope()[:, 100:] + 4 * STEP, 250))
    drop = np.diff(deband(banded)[16].astype(np.float64))
    assert drop.argmax() == 99
    assert drop[99] > 3 * STEP


@pytest.mark.parametrize(
    "greys",
    [
        slope().astype(np.uint8),
        np.random.default_rng(1).integers(0, 256, (64, 64)).astype(np.uint8),
        np.repeat(np.array([[20, 120, 220]], np.uint8), 20, axis=1),
        np.full((8, 8), 7, np.uint8),
    ],
    ids=["all levels", "noise", "three levels", "one level"],
)
def test_other_maps_are_unchanged(greys: NDArray[np.uint8]) -> None:
    assert comb(greys) is None
    assert deband(greys) is greys


def test_a_map_with_few_levels_is_debanded_on_reading(tmp_path: Path) -> None:
    Image.fromarray(quantized(slope())).save(tmp_path / "depth.png")
    Image.fromarray(np.zeros((32, 240, 3), np.uint8)).save(tmp_path / "photo.png")
    with gg.open(tmp_path / "photo.png", depth=tmp_path / "depth.png", depth_range="0.5..4") as source:
        depth_m = next(iter(source)).depth_m
    assert depth_m is not None
    assert len(np.unique(depth_m[16])) > 150


def test_a_phone_map_is_debanded(data_dir: Path) -> None:
    with gg.open(
        data_dir / "depth" / "mango-image.jpg", depth=data_dir / "depth" / "mango-depth.jpg", depth_range="4..0.5"
    ) as source:
        depth_m = next(iter(source)).depth_m
    assert depth_m is not None
    across = 1 / depth_m[500, 320:440].astype(np.float64)  # across one round fruit
    assert np.abs(np.diff(across)).max() < 0.5 * 7 / 255 * (1 / 0.5 - 1 / 4)  # half a step of 7 grey levels
