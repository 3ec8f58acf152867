"""The depth-of-field scale: its marks agree with the lens, and it is legible at every size."""

from __future__ import annotations

import math

import numpy as np
import pytest
from groundglass.display.dof_scale import MIN_APERTURE_POSITION, DofScale, _distance_ticks, draw_dof_scale
from groundglass.display.status_line import format_depth_of_field, format_sharp_zone, text_height_px
from groundglass.lens import list_lenses, load_lens
from groundglass.optics.focus import depth_of_field_m

FRAMES = [(640, 360), (960, 540), (1920, 1080), (3840, 2160)]


def amber(rgba: np.ndarray) -> np.ndarray:
    """(W,) bool: columns with an amber pixel."""
    levels = rgba.astype(int)
    return (levels[..., 0] - levels[..., 2] > 90).any(axis=0)


@pytest.mark.parametrize("size", FRAMES)
def test_the_scale_fits_every_screen_with_letters_as_large_as_the_status_line(size: tuple[int, int]) -> None:
    letter_px = text_height_px(size, 1.0)
    rgba = draw_dof_scale(DofScale.of(load_lens("noct-50"), 1.2), letter_px, size[0] - letter_px)
    height, width = rgba.shape[:2]
    assert width <= size[0] - letter_px
    assert height <= size[1] / 5
    assert (rgba[..., :3] <= rgba[..., 3:]).all()  # premultiplied
    on_white = rgba[..., 1] / 255 + 1 - rgba[..., 3] / 255
    assert on_white.max() - np.median(on_white) > 0.3  # light letters on a darker background


@pytest.mark.parametrize("name", list_lenses())
def test_the_amber_bar_spans_the_depth_of_field(name: str) -> None:
    lens = load_lens(name)
    letter_px, room_px = 20, 1200
    for f_number in (lens.f_number_min, math.sqrt(lens.f_number_min * lens.f_number_max)):
        dof_scale = DofScale.of(lens.at(f_number), 2.5)
        rgba = draw_dof_scale(dof_scale, letter_px, room_px)
        columns = np.nonzero(amber(rgba))[0]
        middle, px_per_dioptre = rgba.shape[1] / 2, rgba.shape[1] / 2 / dof_scale.half_width_dioptres
        left = middle + (1 / 2.5 - 1 / dof_scale.near_m) * px_per_dioptre
        assert columns.min() == pytest.approx(left, abs=0.06 * (middle - left) + 4)


def test_focus_and_aperture_change_the_scale() -> None:
    lens = load_lens("documentary-35")
    open_, stopped = (draw_dof_scale(DofScale.of(lens.at(n), 3.0), 13, 640) for n in (1.4, 8.0))
    assert amber(stopped).sum() > 3 * amber(open_).sum()
    nearer = draw_dof_scale(DofScale.of(lens.at(1.4), 2.9), 13, 640)
    assert not np.array_equal(nearer, open_)


def test_infinity_is_at_the_far_limit_of_the_hyperfocal_distance() -> None:
    from groundglass.optics.focus import hyperfocal_m

    lens = load_lens("documentary-35").at(8.0)
    dof_scale = DofScale.of(lens, hyperfocal_m(lens))
    assert dof_scale.far_m == math.inf
    # Distance of the infinity mark from the centre in half widths, and the distance of the marks of f/8.
    offset = 1 / dof_scale.focus_m / dof_scale.half_width_dioptres
    assert offset == pytest.approx(8.0 / 16.0 * MIN_APERTURE_POSITION, rel=0.01)


def test_distance_labels_prefer_round_numbers_and_do_not_overlap() -> None:
    distances = _distance_ticks(1500.0, 13)
    labels = {label: position for position, label in distances if label}
    assert {"inf", "1", "2", "5"} <= labels.keys()
    assert all(x == pytest.approx(-1500.0 / float(label)) for label, x in labels.items() if label != "inf")
    positions = np.sort(list(labels.values()))
    assert np.diff(positions).min() > 13  # more than the height of a letter


def test_every_lens_has_a_scale() -> None:
    for name in list_lenses():
        lens = load_lens(name)
        for f_number in (lens.f_number_min, lens.f_number_max):
            for focus_m in (lens.focus_min_m, 1000.0):
                assert draw_dof_scale(DofScale.of(lens.at(f_number), focus_m), 13, 300).shape[1] <= 300


def test_limits_have_as_many_digits_as_the_depth_of_field_needs() -> None:
    assert format_sharp_zone(1.1862, 1.2151) == "1.186 to 1.215 m"
    assert format_sharp_zone(0.29951, 0.30049) == "0.2995 to 0.3005 m"
    assert format_sharp_zone(3.493, 21.2) == "3.49 to 21 m"
    assert format_sharp_zone(5.44, math.inf) == "5.44 m to infinity"
    assert [
        format_depth_of_field(1.186, 1.215),
        format_depth_of_field(1.14, 1.26),
        format_depth_of_field(2.0, 5.0),
    ] == [
        "2.9 cm",
        "12 cm",
        "3.0 m",
    ]
    assert format_depth_of_field(5.0, math.inf) == ""


def test_the_limits_agree_with_the_lens() -> None:
    lens = load_lens("noct-50").at(4.0)
    dof_scale = DofScale.of(lens, 1.2, 16 / 9)
    assert (dof_scale.near_m, dof_scale.far_m) == depth_of_field_m(lens, 1.2, 16 / 9)
