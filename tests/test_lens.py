"""The thin lens: its circle of confusion, its limits, its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.errors import LookError
from groundglass.optics.lens import Lens, list_lenses, load_lens

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


def test_the_circle_is_the_thin_lens_s() -> None:
    """c = f^2/N |D - S| / (D (S - f)), written here in millimetres throughout."""
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


def test_an_f_number_out_of_range_says_the_range() -> None:
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


def test_the_focus_stops_where_the_lens_does() -> None:
    lens = load_lens("portrait-75")
    assert lens.clamp_focus_m(0.2) == lens.focus_min_m == 0.85
    assert lens.clamp_focus_m(3.0) == 3.0


@pytest.mark.parametrize("key", ["focal_mm", "f_number", "sensor_width_mm", "focus_min_m"])
@pytest.mark.parametrize("figure", [0.0, -1.0, float("nan"), float("inf")])
def test_a_figure_that_makes_no_lens_is_named(key: str, figure: float) -> None:
    with pytest.raises(LookError, match=f"{key} = {figure} must be a positive number"):
        Lens(**{key: figure})


def test_a_lens_cannot_focus_within_its_focal_length() -> None:
    with pytest.raises(LookError, match=r"focus_min_m = 0\.1 is not beyond the focal length of 100 mm"):
        Lens(focal_mm=100, focus_min_m=0.1)


@pytest.mark.parametrize("name", list_lenses())
def test_each_lens_that_ships_loads_and_stands_wide_open(name: str) -> None:
    lens = load_lens(name)
    assert lens.name == name
    assert lens.f_number == lens.f_number_min
    assert lens is load_lens(name)


def test_the_lenses_that_the_readme_names_ship() -> None:
    assert {"noct-50", "phone-1inch"} <= set(list_lenses())


def test_a_lens_file_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "macro.toml"
    path.write_text('intent = "small things"\nfocal_mm = 100\nf_number = 2.8\nfocus_min_m = 0.3\n', encoding="utf-8")
    lens = load_lens(str(path))
    assert (lens.name, lens.focal_mm, lens.f_number, lens.sensor_width_mm) == ("macro", 100, 2.8, 36.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("focal_mm = \nf_number = 2", r"own\.toml: .*\(at line 1, column 12\); mend the TOML there"),
        ("focal_length = 50", r"own\.toml: unknown key 'focal_length'; "),
        ("focal_mn = 50", r"own\.toml: unknown key 'focal_mn'; did you mean 'focal_mm'\?"),
        ('focal_mm = "50"', r"own\.toml: focal_mm = '50' must be a number"),
        ("focal_mm = true", r"own\.toml: focal_mm = True must be a number"),
        ("name = 5", r"own\.toml: name = 5 must be a text"),
        ("f_number = 0.5", r"lens 'own': f/0\.5 is outside f/0\.7 to f/32"),
    ],
)
def test_a_broken_lens_file_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookError, match=complaint) as caught:
        load_lens(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_or_no_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(LookError, match=r"picture\.toml: is not a text in UTF-8"):
        load_lens(str(path))
    with pytest.raises(LookError, match=r"nothing\.toml: cannot be read \(No such file or directory\); check the path"):
        load_lens(str(tmp_path / "nothing.toml"))


def test_an_unknown_lens_gives_the_nearest_name() -> None:
    with pytest.raises(LookError, match=r"^lens 'noct-5' is unknown; did you mean 'noct-50'\?$"):
        load_lens("noct-5")
    with pytest.raises(LookError, match=r"^lens 'zzz' is unknown; choose one of .*noct-50"):
        load_lens("zzz")
