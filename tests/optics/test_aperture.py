"""The shape of the aperture: area, blades, rim vignetting and light distribution."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from groundglass.lens import Lens, list_lenses, load_lens
from groundglass.optics.aperture import (
    Array,
    extent,
    gauge,
    gauge_table,
    is_round,
    open_area,
    profile,
    sample_aperture,
)

HEXAGON = Lens(f_number=2.8, f_number_min=1.4, blades=6)
CAT = Lens(f_number=1.4, f_number_min=1.4, cats_eye=0.4)
SWIRL = Lens(swirl=1.5)
ODD = Lens(
    f_number=1.7,
    f_number_min=1.4,
    blades=5,
    blade_rotation_deg=20,
    roundness=0.3,
    cats_eye=0.3,
    swirl=1.3,
    spherical=0.4,
)
CORNER = (0.6, 0.8)


def reach(lens: Lens, degrees: float | Array, field: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Radius of the aperture shape K in a direction, in degrees clockwise from the top."""
    angle = np.radians(degrees)
    return 1.0 / gauge(lens, np.sin(angle), -np.cos(angle), *field)


@pytest.mark.parametrize("field", [(0.0, 0.0), (0.4, -0.3), CORNER])
@pytest.mark.parametrize("lens", [Lens(), HEXAGON, CAT, SWIRL, ODD, *map(load_lens, list_lenses())])
def test_shape_area_equals_disc_area(lens: Lens, field: tuple[float, float]) -> None:
    """The area is counted on a fine grid of points, independent of angles."""
    step = 0.004
    offset = np.arange(-2.0, 2.0, step) + step / 2
    inside = gauge(lens, offset, offset[:, None], *field) <= 1.0
    assert inside.sum() * step**2 == pytest.approx(math.pi, rel=0.002)
    assert extent(lens) >= np.hypot(offset, offset[:, None])[inside].max() - step
    assert extent(lens) < 1.7


def test_the_gauge_grows_with_the_distance() -> None:
    near, far = gauge(ODD, [0.5, -0.2], [0.1, 0.7], *CORNER), gauge(ODD, [1.5, -0.6], [0.3, 2.1], *CORNER)
    np.testing.assert_allclose(far, 3 * near, rtol=1e-12)
    assert gauge(ODD, 0.0, 0.0, *CORNER) == 0


def test_a_thin_lens_is_a_plain_disc() -> None:
    assert is_round(Lens())
    assert is_round(load_lens("phone-1inch").at(1.63)) is False  # the rims still cut the discs in the corners
    assert is_round(replace(load_lens("phone-1inch"), cats_eye=0.0))
    np.testing.assert_allclose(gauge(Lens(), [3.0, 0.0], [4.0, -2.0], 0.5, 0.5), [5.0, 2.0], rtol=1e-12)


def test_straight_blades_give_a_polygon() -> None:
    """The expected gauge is the largest distance from the sides of a hexagon of area pi."""
    inner = math.sqrt(math.pi / (2 * math.sqrt(3)))
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-1.5, 1.5, (2, 500))
    normals = np.radians(30 + 60 * np.arange(6))
    expected = (x[:, None] * np.sin(normals) - y[:, None] * np.cos(normals)).max(axis=1) / inner
    np.testing.assert_allclose(gauge(HEXAGON, x, y), expected, rtol=1e-9)


@pytest.mark.parametrize("blades", [3, 5, 6, 9, 20])
@pytest.mark.parametrize("roundness", [0.0, 0.6])
def test_number_of_corners_equals_number_of_blades(blades: int, roundness: float) -> None:
    lens = Lens(f_number=4, f_number_min=1.4, blades=blades, roundness=roundness)
    degrees = np.arange(0, 360, 0.25)
    far = reach(lens, degrees)
    np.testing.assert_allclose(far, reach(lens, degrees + 360 / blades), rtol=1e-9)
    corners = (far > np.roll(far, 1)) & (far >= np.roll(far, -1))
    assert corners.sum() == blades
    assert corners[0]  # one corner is at the top


def test_blade_rotation_is_clockwise() -> None:
    rotated = replace(HEXAGON, blade_rotation_deg=10)
    degrees = np.arange(0, 360, 7.0)
    np.testing.assert_allclose(reach(rotated, degrees + 10), reach(HEXAGON, degrees), rtol=1e-9)
    assert float(reach(rotated, 10.0)) > float(reach(rotated, 0.0))


def test_roundness_1_gives_a_circle_and_less_gives_arcs() -> None:
    np.testing.assert_allclose(reach(replace(HEXAGON, roundness=1.0), np.arange(360.0)), 1.0, rtol=1e-9)
    ratio = [float(reach(replace(HEXAGON, roundness=k), 0.0) / reach(replace(HEXAGON, roundness=k), 30.0)) for k in
             (0.0, 1e-6, 0.5, 0.9)]  # fmt: skip
    assert ratio[0] == pytest.approx(1 / math.cos(math.pi / 6))
    assert ratio[1] == pytest.approx(ratio[0], rel=1e-5)
    assert ratio[0] > ratio[2] > ratio[3] > 1


def test_blades_are_invisible_wide_open() -> None:
    lens = Lens(f_number=1.4, f_number_min=1.4, blades=6)
    degrees = np.arange(0, 360, 5.0)
    np.testing.assert_allclose(reach(lens, degrees), 1.0, rtol=1e-12)
    np.testing.assert_allclose(reach(lens.at(1.44), degrees), 1.0, rtol=1e-12)
    np.testing.assert_allclose(reach(lens.at(1.67), degrees), reach(lens.at(4), degrees), rtol=1e-9)
    assert 1.02 < reach(lens.at(1.54), 0.0) / reach(lens.at(1.54), 30.0) < 1.13


def test_cats_eye_occurs_off_centre_only() -> None:
    np.testing.assert_allclose(reach(CAT, np.arange(0, 360, 5.0)), 1.0, rtol=1e-5)
    right = reach(CAT, np.array([90.0, 270.0, 0.0, 180.0]), (1.0, 0.0))
    scale = math.sqrt(float(open_area(CAT, 1.0, 0.0)))
    np.testing.assert_allclose(right * scale, [0.6, 0.6, math.sqrt(1 - 0.4**2), math.sqrt(1 - 0.4**2)], rtol=1e-6)
    lens_shape = (2 * math.acos(0.4) - 0.8 * math.sqrt(1 - 0.4**2)) / math.pi  # intersection of two circles
    assert scale**2 == pytest.approx(lens_shape, rel=1e-4)


def test_cats_eye_decreases_with_stopping_down() -> None:
    areas = [float(open_area(CAT.at(f_number), *CORNER)) for f_number in (1.4, 1.7, 2.0, 2.4)]
    assert areas == sorted(areas)
    assert areas[-1] == 1.0
    assert is_round(CAT.at(2.4))
    assert not is_round(CAT.at(2.2))


def test_swirl_stretches_tangentially() -> None:
    tangential, radial = reach(SWIRL, 0.0, (1.0, 0.0)), reach(SWIRL, 90.0, (1.0, 0.0))
    assert float(tangential / radial) == pytest.approx(1.5)
    assert float(tangential * radial) == pytest.approx(1.0)
    half = reach(SWIRL, 0.0, (0.5, 0.0)) / reach(SWIRL, 90.0, (0.5, 0.0))
    assert float(half) == pytest.approx(1.125)
    np.testing.assert_allclose(reach(SWIRL, np.arange(0, 360, 5.0)), 1.0, rtol=1e-9)


def test_the_shape_without_blades_is_symmetric() -> None:
    lens = replace(ODD, blades=0)
    x, y = np.random.default_rng(2).normal(size=(2, 40))
    expected = gauge(lens, x, y, 0.6, 0.4)
    np.testing.assert_allclose(expected, gauge(lens, -x, y, -0.6, 0.4), rtol=1e-6)
    np.testing.assert_allclose(expected, gauge(lens, x, -y, 0.6, -0.4), rtol=1e-6)
    np.testing.assert_allclose(expected, gauge(lens, -x, -y, 0.6, 0.4), rtol=1e-12)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("spherical", "onion"), [(0, 0), (1, 0), (-1, 0), (0.4, 0.3), (-1, 1), (0, 1)])
def test_profile_mean_is_one(spherical: float, onion: float, side: int) -> None:
    lens = Lens(f_number=0.7, spherical=spherical, onion_rings=onion)
    q = np.sqrt((np.arange(6000) + 0.5) / 6000)  # rings of equal area
    light = profile(lens, q, side)
    assert light.mean() == pytest.approx(1.0, abs=1e-12)
    assert light.min() >= 0


def test_over_corrected_discs_are_rim_bright_behind_and_centre_bright_in_front_of_the_focus() -> None:
    lens = Lens(f_number=1.4, f_number_min=1.4, spherical=0.6)
    np.testing.assert_allclose(profile(lens, [0.0, 1.0]), [0.4, 1.6])
    np.testing.assert_allclose(profile(lens, [0.0, 1.0], side=-1), [1.6, 0.4])
    np.testing.assert_allclose(profile(lens.at(2.8), [0.0, 1.0]), [0.85, 1.15])


@pytest.mark.parametrize("lens", [Lens(), HEXAGON, ODD, replace(ODD, onion_rings=0.5)])
@pytest.mark.parametrize("side", [1, -1])
def test_samples_lie_within_the_shape_with_equal_weight(lens: Lens, side: int) -> None:
    points = sample_aperture(lens, 4000, CORNER, side)
    assert points.shape == (4000, 2)
    q = gauge(lens, points[:, 0], points[:, 1], *CORNER)
    assert q.max() <= 1.0 + 1e-9
    edges = np.sqrt(np.linspace(0, 1, 9))
    found = np.histogram(q, edges)[0] / 4000
    fine = np.sqrt((np.arange(8000) + 0.5) / 8000)
    expected = profile(lens, fine, side).reshape(8, -1).sum(axis=1) / 8000
    np.testing.assert_allclose(found, expected, atol=0.001)


def test_samples_are_spread_evenly_over_the_area() -> None:
    points = sample_aperture(replace(ODD, spherical=0.0), 20000, CORNER)
    grid = (np.arange(400) + 0.5) / 400 * 3.2 - 1.6
    inside = gauge(ODD, grid, grid[:, None], *CORNER) <= 1
    expected = inside.reshape(8, 50, 8, 50).sum(axis=(1, 3)) / inside.sum()
    found = np.histogram2d(points[:, 1], points[:, 0], bins=np.linspace(-1.6, 1.6, 9))[0] / 20000
    np.testing.assert_allclose(found, expected, atol=0.003)


def test_the_table_contains_the_gauge_of_each_cell() -> None:
    table = gauge_table(ODD, 5, (4, 3), 16 / 9)
    assert table.shape == (3, 4, 11, 11)
    assert table.dtype == np.float32
    assert gauge_table(ODD, 5, (4, 3), 16 / 9) is table
    assert not table.flags.writeable
    diagonal = math.hypot(16, 9)
    field = (2 * (0.875 * 16 - 8) / diagonal, 2 * (0.5 * 9 - 4.5) / diagonal)  # the last cell of the middle row
    assert table[1, 3, 5 - 2, 5 + 4] == pytest.approx(float(gauge(ODD, 4, -2, *field)), rel=1e-6)
    assert (table[:, :, 5, 5] == 0).all()
