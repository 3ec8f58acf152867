"""Focusing aids: they agree with the circle of confusion of the blur."""

from __future__ import annotations

import math

import numpy as np
import pytest
from groundglass.errors import LookError
from groundglass.lens import Lens, list_lenses, load_lens
from groundglass.optics.focus import (
    MAX_FOCUS_M,
    Rack,
    ZoneFocus,
    depth_of_field_dioptres,
    depth_of_field_m,
    focus_doubt,
    hyperfocal_m,
    sharp_circle_mm,
)

FIFTY = Lens(focal_mm=50.0, f_number=8.0, sensor_width_mm=36.0)


def circle_mm(lens: Lens, depth_m: float, focus_m: float) -> float:
    """Circle of confusion of the thin lens, from the formula."""
    f, focus, depth = lens.focal_mm, focus_m * 1e3, depth_m * 1e3
    return f**2 / lens.f_number * abs(depth - focus) / (depth * (focus - f))


def test_the_circle_is_the_diagonal_by_1500() -> None:
    assert sharp_circle_mm(FIFTY, 36 / 24) == pytest.approx(math.hypot(36, 24) / 1500)
    phone = load_lens("phone-1inch")
    assert sharp_circle_mm(phone, 4 / 3) == pytest.approx(math.hypot(13.11, 13.11 * 3 / 4) / 1500)


def test_values_match_published_tables() -> None:
    """50 mm at f/8 with c = 0.0288 mm: H = 2500 / 0.2308 + 50 mm = 10.88 m; at 3 m sharp from 2.36 to 4.12 m."""
    assert hyperfocal_m(FIFTY) == pytest.approx(10.883, abs=0.002)
    assert depth_of_field_m(FIFTY, 3.0) == pytest.approx((2.359, 4.121), abs=0.002)


@pytest.mark.parametrize("name", list_lenses())
@pytest.mark.parametrize("focus_m", [0.9, 2.5, 40.0])
def test_at_both_limits_the_circle_is_just_sharp(name: str, focus_m: float) -> None:
    lens = load_lens(name)
    near_m, far_m = depth_of_field_m(lens, focus_m)
    assert near_m < focus_m < far_m
    assert circle_mm(lens, near_m, focus_m) == pytest.approx(sharp_circle_mm(lens), rel=1e-9)
    if math.isfinite(far_m):
        assert circle_mm(lens, far_m, focus_m) == pytest.approx(sharp_circle_mm(lens), rel=1e-9)
    else:
        assert circle_mm(lens, 1e9, focus_m) <= sharp_circle_mm(lens)


@pytest.mark.parametrize("name", list_lenses())
def test_hyperfocal_focus_is_sharp_from_half_the_distance(name: str) -> None:
    lens = load_lens(name)
    near_m, far_m = depth_of_field_m(lens, hyperfocal_m(lens))
    assert near_m == pytest.approx(hyperfocal_m(lens) / 2)
    assert far_m == math.inf
    assert math.isfinite(depth_of_field_m(lens, 0.99 * hyperfocal_m(lens))[1])


def test_depth_of_field_in_dioptres_is_independent_of_the_focus() -> None:
    for focus_m in (2.0, 5.0, 9.0):
        near_m, far_m = depth_of_field_m(FIFTY, focus_m)
        assert 1 / near_m - 1 / focus_m == pytest.approx(depth_of_field_dioptres(FIFTY), rel=0.03)
        assert 1 / focus_m - 1 / far_m == pytest.approx(depth_of_field_dioptres(FIFTY), rel=0.03)


def test_infinite_focus_is_supported() -> None:
    near_m, far_m = depth_of_field_m(FIFTY, math.inf)
    assert near_m == pytest.approx(hyperfocal_m(FIFTY), rel=0.01)
    assert far_m == math.inf
    with pytest.raises(LookError, match="not beyond the focal length"):
        depth_of_field_m(FIFTY, 0.01)


def test_a_rack_eases_in_and_out_and_never_turns_back() -> None:
    rack = Rack(0.9, 2.5, 3.0)
    times = np.linspace(-1, 4, 2001)
    dioptres = 1 / np.array([rack.focus_m(t) for t in times])
    assert (rack.focus_m(-1), rack.focus_m(0), rack.focus_m(3), rack.focus_m(9)) == (0.9, 0.9, 2.5, 2.5)
    assert (np.diff(dioptres) <= 1e-12).all()
    speed = np.abs(np.gradient(dioptres, times))
    assert speed[np.abs(times) < 0.05].max() < 0.02 * speed.max()  # at rest at both ends
    assert speed[np.abs(times - 3) < 0.05].max() < 0.02 * speed.max()
    assert times[speed.argmax()] == pytest.approx(1.5, abs=0.01)  # fastest half way
    assert 1 / rack.focus_m(1.5) == pytest.approx((1 / 0.9 + 1 / 2.5) / 2)  # half way in dioptres


def test_a_rack_of_zero_seconds_jumps_and_infinity_is_the_end_of_the_scale() -> None:
    assert Rack(0.9, 2.5, 0.0).focus_m(0.0) == 2.5
    to_infinity = Rack(1.0, math.inf, 1.0)
    assert to_infinity.focus_m(0.5) == pytest.approx(2.0, rel=0.01)
    assert to_infinity.focus_m(1.0) == MAX_FOCUS_M


@pytest.mark.parametrize(
    ("text", "rack"),
    [
        ("0.9..2.5@3", Rack(0.9, 2.5, 3.0)),
        (" 2.5m..0.9m@1.5s", Rack(2.5, 0.9, 1.5)),
        (".5..inf@0", Rack(0.5, math.inf, 0.0)),
    ],
)
def test_rack_text_is_parsed(text: str, rack: Rack) -> None:
    assert Rack.parse(text) == rack


@pytest.mark.parametrize("text", ["", "0.9", "0.9..2.5", "0.9..2.5@", "a..b@3", "0..2@3", "1..2@-3"])
def test_invalid_rack_text_is_rejected_in_one_line(text: str) -> None:
    with pytest.raises(LookError, match=r"rack") as refused:
        Rack.parse(text)
    assert "\n" not in str(refused.value)


def test_zone_focus_keeps_the_zone_sharp_if_the_aperture_allows() -> None:
    lens = load_lens("documentary-35")
    zone_focus = ZoneFocus(8.0, 2.0, 5.0)
    stopped = zone_focus.lens(lens)
    focus_m = zone_focus.focus_m(stopped)
    assert stopped.f_number == 8.0
    assert focus_m == pytest.approx(2 / (1 / 2 + 1 / 5))
    assert circle_mm(stopped, 2.0, focus_m) == pytest.approx(circle_mm(stopped, 5.0, focus_m))
    assert zone_focus.sharp_m(stopped) == (2.0, 5.0)


def test_zone_focus_reports_the_sharp_part_of_a_wider_zone() -> None:
    lens = load_lens("documentary-35")
    zone_focus = ZoneFocus(2.0, 1.0, math.inf)
    opened = zone_focus.lens(lens)
    near_m, far_m = zone_focus.sharp_m(opened)
    assert 1.0 < near_m < zone_focus.focus_m(opened) == 2.0 < far_m < math.inf
    needed = zone_focus.needs_f_number(opened)
    enough = Lens(35.0, needed * 1.001, 36.0, f_number_max=99)
    assert zone_focus.sharp_m(enough) == (1.0, math.inf)
    assert zone_focus.sharp_m(enough.at(needed * 0.99)) != (1.0, math.inf)


def test_zone_focus_stays_within_the_range_of_the_lens() -> None:
    phone = load_lens("phone-1inch")
    assert ZoneFocus(8.0, 2.0, 5.0).lens(phone).f_number == 4.0
    assert ZoneFocus(8.0, 0.2, 0.3).focus_m(load_lens("portrait-75")) == 0.85
    near_m, far_m = ZoneFocus(8.0, 0.2, 0.3).sharp_m(load_lens("portrait-75"))
    assert near_m > far_m  # no part of the zone is sharp


def test_zone_focus_text_is_parsed() -> None:
    assert ZoneFocus.parse("8,2..5") == ZoneFocus(8.0, 2.0, 5.0)
    assert ZoneFocus.parse("f/5.6, 1.5m..inf".replace(" ", "")) == ZoneFocus(5.6, 1.5, math.inf)
    for text in ("8", "8,5..2", "0,2..5", "8,inf..inf", "f,2..5"):
        with pytest.raises(LookError, match="zone focus"):
            ZoneFocus.parse(text)


def test_a_picture_without_anything_in_focus_is_doubted() -> None:
    """A portrait of a phone is nearer than the default focus; nothing else reports why it is blurred."""
    lens = FIFTY.at(1.4)
    depth_m = np.linspace(0.3, 0.8, 40 * 60, dtype=np.float32).reshape(40, 60)
    assert focus_doubt(depth_m, lens, 1.2) == "nothing is in focus at 1.2 m: everything is 0.303 to 0.797 m away"
    assert focus_doubt(np.full_like(depth_m, 3.0), lens, 1.2).endswith(": everything is 3 m away")
    assert focus_doubt(np.full_like(depth_m, np.inf), lens, 1.2).endswith(": everything is at infinity")
    assert focus_doubt(np.where(depth_m > 0.6, np.inf, depth_m), lens, 1.2).endswith("is 0.303 m away or farther")
    assert focus_doubt(depth_m, lens, 0.5) == ""
    assert focus_doubt(np.full_like(depth_m, np.inf), lens, MAX_FOCUS_M) == ""
    assert focus_doubt(np.full_like(depth_m, 1.22), lens, 1.2) == ""  # not sharp by the scale, but not blurred


@pytest.mark.parametrize("unknown", [0.0, -1.0, np.nan])
def test_unknown_distances_raise_no_doubt(unknown: float) -> None:
    depth_m = np.full((40, 60), unknown, np.float32)
    assert focus_doubt(depth_m, FIFTY, 1.2) == ""
    depth_m[10:20] = 0.4
    assert "0.4 m away" in focus_doubt(depth_m, FIFTY.at(1.4), 1.2)


def test_the_soft_edge_of_a_map_is_not_in_focus() -> None:
    """Between a person and the background it has every distance."""
    depth_m = np.full((400, 600), 0.5, np.float32)
    depth_m[:, 300:] = 4.0
    depth_m[:, 299] = 1.2
    assert "0.5 to 4 m away" in focus_doubt(depth_m, FIFTY.at(1.4), 1.2)


def test_a_small_subject_in_focus_is_something() -> None:
    """Autofocus on the middle of an upright picture is on a subject of 0.2 % of it."""
    depth_m = np.full((600, 400), 4.0, np.float32)
    depth_m[288:312, 188:212] = 1.2
    assert focus_doubt(depth_m, FIFTY.at(1.4), 1.2) == ""
    assert focus_doubt(depth_m, FIFTY.at(1.4), 2.0) != ""


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (1, 60)])
def test_a_picture_of_some_pixels_is_doubted(shape: tuple[int, int]) -> None:
    lens = FIFTY.at(1.4)
    assert focus_doubt(np.full(shape, 1.2, np.float32), lens, 1.2) == ""
    assert "in focus at infinity: everything" in focus_doubt(np.full(shape, 0.6, np.float32), lens, MAX_FOCUS_M)


def test_a_remedy_that_the_lens_allows_is_added() -> None:
    lens = Lens(50, 1.4, 36, focus_min_m=0.5)
    near, far = np.full((4, 6), 0.3, np.float32), np.full((4, 6), 0.6, np.float32)
    assert focus_doubt(far, lens, 1.2, "try this") == "nothing is in focus at 1.2 m: everything is 0.6 m away; try this"
    assert focus_doubt(near, lens, 1.2, "try this").endswith("this lens focuses from 0.5 m, so choose another one")
