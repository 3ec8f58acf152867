"""The thin lens: its circle of confusion, its limits, its files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from groundglass.errors import LookError
from groundglass.lens import ALIASES, Lens, list_lenses, load_lens

PHONE = Lens(focal_mm=8.7, f_number=1.63, sensor_width_mm=13.11)


@pytest.mark.parametrize(
    ("depth_m", "f_number", "diameter_px"), [(5.0, 1.63, 5.49), (5.0, 4.0, 2.24), (0.3, 1.63, 16.0), (0.3, 4.0, 6.5)]
)
def test_a_phone_focused_at_one_metre(depth_m: float, f_number: float, diameter_px: float) -> None:
    coc_px = float(PHONE.at(f_number).coc_px(depth_m, focus_m=1.0, width_px=1920))
    assert coc_px == pytest.approx(diameter_px, abs=0.05 if diameter_px > 6 else 0.005)


def test_a_fast_normal_lens_focused_at_one_metre() -> None:
    assert float(Lens(focal_mm=50, f_number=0.95).coc_px(5.0, focus_m=1.0, width_px=1920)) == pytest.approx(
        118, abs=0.5
    )


def test_the_circle_follows_the_thin_lens_formula() -> None:
    """c = f^2/N |D - S| / (D (S - f)), here with all lengths in millimetres."""
    lens = Lens(focal_mm=75, f_number=2, sensor_width_mm=24)
    depth_m = np.array([[0.9, 1.5, 2.0], [3.0, 40.0, 1e6]])
    depth, focus = depth_m * 1000, 2000.0
    circle = 75**2 / 2 * np.abs(depth - focus) / (depth * (focus - 75))
    np.testing.assert_allclose(lens.coc_px(depth_m, focus_m=2.0, width_px=6000), circle * 6000 / 24, rtol=1e-12)


def test_the_focus_is_a_point_and_infinity_is_a_number() -> None:
    lens = Lens()
    assert float(lens.coc_px(1.5, focus_m=1.5, width_px=1920)) == 0
    assert float(lens.coc_px(np.inf, focus_m=1.5, width_px=1920)) == lens.coc_scale_px(1.5, 1920)


def test_the_circle_halves_with_the_aperture_and_with_the_picture() -> None:
    lens = Lens(f_number=1.4)
    wide = float(lens.coc_px(5.0, 1.0, 1920))
    assert float(lens.at(2.8).coc_px(5.0, 1.0, 1920)) == pytest.approx(wide / 2)
    assert float(lens.coc_px(5.0, 1.0, 960)) == pytest.approx(wide / 2)


def test_the_error_of_an_f_number_names_the_range() -> None:
    lens = load_lens("noct-50")
    assert lens.at(16).f_number == 16
    for f_number in (0.9, 16.5):
        with pytest.raises(LookError, match=rf"lens 'noct-50': f/{f_number:g} is outside f/0.95 to f/16; choose"):
            lens.at(f_number)
    assert lens.f_number == 0.95


@pytest.mark.parametrize("focus_m", [0.05, 0.04, 0.0, -1.0, float("nan")])
def test_a_focus_within_the_focal_length_is_an_error(focus_m: float) -> None:
    with pytest.raises(LookError, match="is not beyond the focal length of 50 mm; focus farther away"):
        Lens(focal_mm=50).coc_px(1.0, focus_m=focus_m, width_px=100)


def test_the_focus_is_limited_to_the_closest_distance() -> None:
    lens = load_lens("portrait-75")
    assert lens.clamp_focus_m(0.2) == lens.focus_min_m == 0.85
    assert lens.clamp_focus_m(3.0) == 3.0


@pytest.mark.parametrize("key", ["focal_mm", "f_number", "sensor_width_mm", "focus_min_m"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_the_error_names_the_impossible_value(key: str, value: float) -> None:
    with pytest.raises(LookError, match=f"{key} = {value} must be a positive number"):
        Lens(**{key: value})


def test_a_lens_cannot_focus_within_its_focal_length() -> None:
    with pytest.raises(LookError, match=r"focus_min_m = 0\.1 is not beyond the focal length of 100 mm"):
        Lens(focal_mm=100, focus_min_m=0.1)


@pytest.mark.parametrize("name", list_lenses())
def test_each_built_in_lens_loads_wide_open(name: str) -> None:
    lens = load_lens(name)
    assert lens.name == name
    assert lens.f_number == lens.f_number_min
    assert lens is load_lens(name)


# Focal length in mm, minimum and maximum f-number, sensor width in mm, blades, and the trait that is strongest.
SPECIFICATIONS = {
    "phone-1inch": (8.7, 1.63, 4.0, 13.11, 6, ""),
    "phone-12mm": (1.99, 1.8, 4.0, 5.73, 6, ""),
    "phone-75mm": (12.42, 1.8, 4.0, 5.73, 6, ""),
    "phone-120mm": (19.88, 2.5, 4.0, 5.73, 6, ""),
    "documentary-35": (35.0, 1.4, 16.0, 36.0, 9, ""),
    "swirl-50": (50.0, 1.8, 16.0, 36.0, 8, "swirl"),
    "portrait-75": (75.0, 1.25, 16.0, 36.0, 11, ""),
    "soft-90": (90.0, 2.2, 16.0, 36.0, 20, "soft_focus"),
    "noct-50": (50.0, 0.95, 16.0, 36.0, 11, ""),
}


def test_the_built_in_lenses_have_their_specifications() -> None:
    assert set(list_lenses()) == set(SPECIFICATIONS)
    for name, (focal_mm, f_number_min, f_number_max, width_mm, blades, trait) in SPECIFICATIONS.items():
        lens = load_lens(name)
        assert (lens.focal_mm, lens.f_number_min, lens.f_number_max) == (focal_mm, f_number_min, f_number_max)
        assert (lens.sensor_width_mm, lens.blades) == (width_mm, blades)
        if trait:
            assert getattr(lens, trait) == max(getattr(load_lens(other), trait) for other in SPECIFICATIONS)


@pytest.mark.parametrize(
    ("name", "equivalent"), [("phone-12mm", 12), ("phone-23mm", 23), ("phone-75mm", 75), ("phone-120mm", 120)]
)
def test_a_phone_lens_is_named_by_its_equivalent_focal_length(name: str, equivalent: int) -> None:
    assert load_lens(name).equivalent_mm(aspect=4 / 3) == pytest.approx(equivalent, abs=0.1)
    assert load_lens("phone-23mm") is load_lens("phone-1inch")


@pytest.mark.parametrize("name", list_lenses())
def test_each_lens_file_describes_its_use(name: str, repository: Path) -> None:
    first = (repository / "engine" / "lenses" / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert first[0].startswith('intent = "')
    assert len(first) <= 24


def test_a_lens_without_character_is_the_thin_lens() -> None:
    lens = Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0)
    assert lens.magnification(0.2) == 1.0
    assert lens.colour_shift_px(1.0, 1920) == (0.0, 0.0)
    assert lens.spherical_at_f_number == lens.soft_focus_at_f_number == 0.0
    np.testing.assert_array_equal(lens.vignetting_stops([0.0, 1.0]), 0.0)


def test_the_aperture_is_relative_to_wide_open() -> None:
    lens = Lens(f_number=1.4, f_number_min=1.4, soft_focus=0.4, spherical=-0.8)
    assert (lens.opening, lens.stops_closed) == (1.0, 0.0)
    closed = lens.at(5.6)
    assert (closed.opening, closed.stops_closed) == pytest.approx((0.25, 4.0))
    assert (closed.soft_focus_at_f_number, closed.spherical_at_f_number) == pytest.approx((0.025, -0.05))
    assert closed.wide_open() == lens


def test_red_with_a_longer_focal_length_is_less_blurred_behind_the_focus() -> None:
    """The thin lens with a separate focal length for each colour, computed from the image distances."""
    lens = Lens(focal_mm=50, f_number=1.4, longitudinal_red=1.0, longitudinal_blue=-0.5)
    focus_m, width = 2.0, 1920
    sensor_mm, pupil_mm = 1 / (1 / 50 - 1 / 2000), 50 / 1.4
    for depth_mm in (1000.0, 2000.0, 8000.0):
        blur = {}
        for longer in (0.0, 1e-3, -0.5e-3):
            image_mm = 1 / (1 / (50 * (1 + longer)) - 1 / depth_mm)
            blur[longer] = 0.5 * pupil_mm * (sensor_mm - image_mm) / image_mm * width / 36
        assert blur[0.0] == pytest.approx(0.5 * lens.coc_scale_px(focus_m, width) * (1 - 2000 / depth_mm), abs=1e-9)
        shifts = (blur[1e-3] - blur[0.0], blur[-0.5e-3] - blur[0.0])
        assert lens.colour_shift_px(focus_m, width) == pytest.approx(shifts, rel=2e-3)
    assert lens.colour_shift_px(focus_m, width)[0] < 0


def test_the_view_narrows_towards_the_closest_focus() -> None:
    lens = Lens(focal_mm=50, focus_min_m=0.5, breathing_percent=5.0)
    assert lens.magnification(float("inf")) == 1.0
    assert lens.magnification(0.5) == lens.magnification(0.2) == pytest.approx(1 / 0.95)
    assert lens.magnification(0.95) == pytest.approx(1 / 0.975)  # half of the extension


def test_the_corners_are_darker_by_the_cosine_s_fourth_power() -> None:
    lens = Lens(focal_mm=21.633, vignetting=0.5)  # half of the diagonal: the corners are at 45 degrees
    assert lens.diagonal_mm() == pytest.approx(43.267, abs=1e-3)
    np.testing.assert_allclose(lens.vignetting_stops([0.0, 1.0]), [0.0, 1.0], atol=1e-4)


@pytest.mark.parametrize(
    ("key", "value", "range_"),
    [
        ("blades", 2, r"0 \(round\) or a whole number, 3 to 20"),
        ("blades", 21, r"0 \(round\) or a whole number, 3 to 20"),
        ("roundness", 1.1, "0 to 1"),
        ("cats_eye", 0.9, r"0 to 0\.8"),
        ("swirl", 0.4, r"0\.5 to 2"),
        ("spherical", -1.5, "-1 to 1"),
        ("longitudinal_blue", float("nan"), "-5 to 5"),
        ("breathing_percent", 30.0, "-20 to 20"),
    ],
)
def test_the_error_of_a_trait_names_the_range(key: str, value: float, range_: str) -> None:
    with pytest.raises(LookError, match=rf"^lens 'custom': {key} = {value} must be {range_}$"):
        Lens(**{key: value})


def test_the_lens_page_lists_every_built_in_lens(repository: Path) -> None:
    table = (repository / "docs" / "lenses.md").read_text(encoding="utf-8").split("| lens | |\n")[1].split("\n\n")[0]
    listed = set(re.findall(r"`([a-z0-9-]+)`", table))
    assert listed == {*list_lenses(), *ALIASES}


def test_a_custom_lens_file_loads(tmp_path: Path) -> None:
    path = tmp_path / "macro.toml"
    path.write_text('intent = "small things"\nfocal_mm = 100\nf_number = 2.8\nfocus_min_m = 0.3\n', encoding="utf-8")
    lens = load_lens(str(path))
    assert (lens.name, lens.focal_mm, lens.f_number, lens.sensor_width_mm) == ("macro", 100, 2.8, 36.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("focal_mm = \nf_number = 2", r"own\.toml: .*\(at line 1, column 12\); fix the TOML"),
        ("focal_length = 50", r"own\.toml: unknown key 'focal_length'; "),
        ("focal_mn = 50", r"own\.toml: unknown key 'focal_mn'; did you mean 'focal_mm'\?"),
        ('focal_mm = "50"', r"own\.toml: focal_mm = '50' must be a number"),
        ("focal_mm = true", r"own\.toml: focal_mm = True must be a number"),
        ("blades = 6.0", r"own\.toml: blades = 6\.0 must be a whole number"),
        ("cat_eye = 0.3", r"own\.toml: unknown key 'cat_eye'; did you mean 'cats_eye'\?"),
        ("swirl = 3", r"lens 'own': swirl = 3 must be 0\.5 to 2"),
        ("name = 5", r"own\.toml: name = 5 must be a text"),
        ("f_number = 0.5", r"lens 'own': f/0\.5 is outside f/0\.7 to f/32"),
    ],
)
def test_the_error_of_a_lens_file_names_the_position(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookError, match=complaint) as caught:
        load_lens(str(path))
    assert "\n" not in str(caught.value)


def test_a_lens_file_that_is_not_text_or_missing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(LookError, match=r"picture\.toml: is not UTF-8 text"):
        load_lens(str(path))
    with pytest.raises(LookError, match=r"nothing\.toml: cannot be read \(No such file or directory\); check the path"):
        load_lens(str(tmp_path / "nothing.toml"))


def test_the_error_of_an_unknown_lens_suggests_the_nearest_name() -> None:
    with pytest.raises(LookError, match=r"^lens 'noct-5' is unknown; did you mean 'noct-50'\?$"):
        load_lens("noct-5")
    with pytest.raises(LookError, match=r"^lens 'zzz' is unknown; choose one of .*noct-50"):
        load_lens("zzz")
