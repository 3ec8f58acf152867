"""Aperture tables for the kernels: they agree with the gauge."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from groundglass.lens import Lens, list_lenses, load_lens
from groundglass.optics.aperture import gauge, open_area, profile
from groundglass.optics.shape import (
    CELL_FLOATS,
    CELLS,
    PROFILE,
    REACH,
    SIDE,
    STEPS_PER_PX,
    SUMS,
    Shape,
    shape_of,
)

ASPECT = 1.5
PLAIN = Lens(focal_mm=50, f_number=1.4)
HEXAGON = Lens(f_number=2.8, f_number_min=1.4, blades=6, blade_rotation_deg=10)
SWIRL = load_lens("swirl-50")


class Table:
    """One cell of the table of a shape, split by the layout in kernels/aperture.h."""

    def __init__(self, shape: Shape, cell: int = 0) -> None:
        parts = np.split(shape.table[cell], np.cumsum([SIDE**2, SIDE**2, 2 * SIDE**2, SUMS]))
        self.gauges, self.taps = parts[0].reshape(SIDE, SIDE), parts[1]
        self.offsets = parts[2].view(np.int32).reshape(-1, 2)
        self.counts = parts[3].view(np.int32)
        self.covered, self.squares = parts[4].reshape(-1, 2).T


@pytest.mark.parametrize("name", list_lenses())
def test_table_has_a_cell_per_field_position_only_if_discs_vary(name: str) -> None:
    wide = shape_of(load_lens(name), ASPECT)
    assert wide.cells == CELLS
    assert wide.table.shape == (CELLS[0] * CELLS[1], CELL_FLOATS)
    assert wide.table.dtype == np.float32
    closed = shape_of(replace(load_lens(name).at(4), swirl=1.0, cats_eye=0.0), ASPECT)
    assert closed.cells == (1, 1)
    assert not wide.is_plain


def test_a_thin_lens_is_plain() -> None:
    shape = shape_of(PLAIN, ASPECT)
    assert (shape.is_plain, shape.cells, shape.extent, shape.rim) == (True, (1, 1), 1.0, 0.0)
    np.testing.assert_allclose(shape.opening, 0, atol=1e-9)
    np.testing.assert_allclose(shape.falloff, 0, atol=1e-9)
    y, x = np.indices((SIDE, SIDE)) - REACH
    np.testing.assert_allclose(Table(shape).gauges, np.hypot(x, y), rtol=1e-6)


@pytest.mark.parametrize("trait", ["spherical", "onion_rings", "longitudinal_red", "longitudinal_blue"])
def test_nonuniform_discs_are_not_plain(trait: str) -> None:
    assert not shape_of(replace(PLAIN, **{trait: 0.3}), ASPECT).is_plain


@pytest.mark.parametrize(("lens", "cell"), [(PLAIN, 0), (HEXAGON, 0), (SWIRL, 0), (SWIRL, 40), (SWIRL, 67)])
def test_taps_ascend_and_offsets_point_to_their_sources(lens: Lens, cell: int) -> None:
    """A source at the offset -d from a pixel contributes with the gauge of d."""
    table = Table(shape_of(lens, ASPECT), cell)
    assert (np.diff(table.taps) >= 0).all()
    assert tuple(table.offsets[0]) == (0, 0)
    assert len({tuple(offset) for offset in table.offsets}) == SIDE**2
    np.testing.assert_array_equal(table.gauges[REACH - table.offsets[:, 1], REACH - table.offsets[:, 0]], table.taps)


def test_gauges_belong_to_the_cell_centre() -> None:
    shape = shape_of(SWIRL, ASPECT)
    across, down = CELLS
    for column, row in ((0, 0), (7, 4), (11, 2)):
        table = Table(shape, row * across + column)
        x, y = (column + 0.5) / across - 0.5, (row + 0.5) / down - 0.5
        field = np.array([x * ASPECT, y]) * 2 / math.hypot(ASPECT, 1)
        for dx, dy in ((3, 0), (0, 5), (-7, 11), (16, -16)):
            expected = float(gauge(SWIRL, dx, dy, *field))
            assert table.gauges[dy + REACH, dx + REACH] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("lens", "cell"), [(PLAIN, 0), (HEXAGON, 0), (SWIRL, 3), (SWIRL, 67)])
def test_counts_and_sums_are_over_the_pixels_of_a_disc(lens: Lens, cell: int) -> None:
    table = Table(shape_of(lens, ASPECT), cell)
    for step in (0, 3, 8, 21, 50, 90, SUMS - 2):
        radius = step / STEPS_PER_PX
        assert table.counts[step] == (table.taps <= radius).sum()
        covers = np.clip(radius + 0.5 - table.gauges.astype(np.float64), 0, 1)
        assert table.covered[step] == pytest.approx(covers.sum(), rel=1e-5)
        assert table.squares[step] == pytest.approx((covers * table.gauges**2).sum(), rel=1e-4, abs=1e-4)


def test_a_disc_covers_its_area() -> None:
    """For radii of several pixels: pi (r^2 + 1/12), because the rim is one pixel wide; the mean of g^2 is r^2 / 2."""
    table = Table(shape_of(HEXAGON, ASPECT))
    for radius in (6.0, 9.5, 12.0):
        step = int(radius * STEPS_PER_PX)
        assert table.covered[step] == pytest.approx(math.pi * (radius**2 + 1 / 12), rel=0.005)
        assert table.squares[step] / table.covered[step] == pytest.approx(radius**2 / 2, rel=0.02)


def polynomial(coefficients: tuple[float, float, float, float], height: np.ndarray) -> np.ndarray:
    a, b, c, d = coefficients
    return 1 + a * height + b * height**2 + c * height**3 + d * height**4


@pytest.mark.parametrize("name", list_lenses())
def test_polynomials_follow_the_opening_and_the_light(name: str) -> None:
    lens = load_lens(name)
    shape, height = shape_of(lens, ASPECT), np.linspace(0, 1, 41)
    opened = open_area(lens, height, 0.0)
    np.testing.assert_allclose(polynomial(shape.opening, height), np.sqrt(opened), atol=1e-3)
    light = 2.0 ** -lens.vignetting_stops(height, ASPECT) * opened**lens.vignetting
    np.testing.assert_allclose(polynomial(shape.falloff, height), light, atol=1e-3)


def test_vignetting_of_the_capturing_lens_is_not_repeated() -> None:
    lens = load_lens("noct-50")
    same = shape_of(lens, ASPECT, lens)
    np.testing.assert_allclose(polynomial(same.falloff, np.linspace(0, 1, 9)), 1, atol=1e-9)
    assert same.opening == shape_of(lens, ASPECT).opening


@pytest.mark.parametrize("lens", [PLAIN, SWIRL, load_lens("noct-50"), replace(PLAIN, spherical=-0.7, onion_rings=0.5)])
def test_profiles_behind_and_in_front_of_the_focus_have_the_mean_one(lens: Lens) -> None:
    shape = shape_of(lens, ASPECT)
    assert shape.profile.shape == (2, PROFILE + 1)
    squares = np.linspace(0, 1, PROFILE + 1)
    for row, side in zip(shape.profile, (1, -1), strict=True):
        np.testing.assert_allclose(row, profile(lens, np.sqrt(squares), side), rtol=1e-5)
        assert np.trapezoid(row, squares) == pytest.approx(1, abs=1e-5)
    assert shape.rim == (1 - lens.onion_rings) * lens.spherical_at_f_number


def test_a_shape_is_computed_once() -> None:
    assert shape_of(SWIRL, ASPECT) is shape_of(SWIRL, ASPECT)
    assert shape_of(SWIRL, ASPECT) is not shape_of(SWIRL.at(2.0), ASPECT)
