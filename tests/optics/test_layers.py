"""Division of a picture into depth layers."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.optics.layers import SHARP_PX, Layers, layers_of

COUNTS = (2, 5)


def spread(*groups: float) -> np.ndarray:
    """For each radius, 100 values within 5 %."""
    return np.concatenate([radius * np.linspace(0.95, 1.05, 100) for radius in groups])


def numbers(radii_px: np.ndarray, layers: Layers) -> set[int]:
    return set(np.searchsorted(layers.borders_px, radii_px))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("radii", [[0.0], [-9.0], [9.0], [-9.0, 0.0], [0.0, 9.0], [-30.0, -9.0, 0.2, 3.0, 20.0]])
def test_layer_count_is_as_requested_with_a_border_at_the_focus(radii: list[float], count: int) -> None:
    layers = layers_of(spread(*sorted(radii)), count)
    assert len(layers.borders_px) == count - 1
    assert list(layers.borders_px) == sorted(set(layers.borders_px))
    before = {number for radius in radii if radius < -SHARP_PX for number in numbers(spread(radius), layers)}
    behind = {number for radius in radii if radius >= -SHARP_PX for number in numbers(spread(radius), layers)}
    assert all(number < layers.first_limited for number in before)
    assert all(number >= layers.first_limited for number in behind)


@pytest.mark.parametrize("radii", [(-36.0, -11.6, -2.5), (-12.0, -4.0, 0.1, 6.0), (0.1, 2.0, 6.0, 20.0)])
def test_distant_objects_have_separate_layers(radii: tuple[float, ...]) -> None:
    layers = layers_of(spread(*radii), 5)
    assert len(set.union(*(numbers(spread(radius), layers) for radius in radii))) == len(radii)


def test_points_close_to_the_focus_are_not_divided() -> None:
    layers = layers_of(np.linspace(-0.95, 0.2, 200), 5)
    assert [border for border in layers.borders_px if border < 0] == [-SHARP_PX]
    assert min(layers_of(np.linspace(-9.0, 0.2, 200), 5).borders_px[:-1]) < -1.0


def test_two_layers_divide_a_scene_in_front_of_the_focus() -> None:
    (border,) = layers_of(spread(-12.0, -2.5), 2).borders_px
    assert -11 < border < -3


def test_borders_are_kept_if_they_would_move_little() -> None:
    first = layers_of(spread(-20.0, -5.0, 0.1, 8.0), 5)
    assert layers_of(spread(-20.4, -5.1, 0.1, 8.1), 5, first) is first
    assert layers_of(spread(-40.0, -10.0, 0.1, 16.0), 5, first) != first
    assert layers_of(spread(0.1, 8.0), 5, first).first_limited == 1


def test_occluders_are_found_in_the_nearest_layer_and_kept_if_they_would_move_little() -> None:
    first = layers_of(spread(-60.0, -8.0, 0.1, 8.0), 2)
    assert 8.0 < first.occluders_px < 60.0
    assert layers_of(spread(-61.0, -8.1, 0.1, 8.0), 2, first) is first
    assert layers_of(spread(-30.0, -8.0, 0.1, 8.0), 2, first).occluders_px < first.occluders_px
    assert layers_of(spread(-8.0, 0.1, 8.0), 2, first).occluders_px == 0
    assert layers_of(spread(0.1, 8.0), 2).occluders_px == 0
