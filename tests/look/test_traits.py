"""Traits of a look: facts of looks whose effect is known, and the page of those that ship."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from groundglass.commands.look_show import markdown
from groundglass.look import traits
from groundglass.look.hsl_mixer import BANDS, opponents
from groundglass.look.look import Look, list_looks, load_look, parse_look
from groundglass.look.plot import COLUMNS, ROWS, SIZE_PX, curve_text, draw_plot
from look_support import look_of


def before_rolloff(text: str) -> Look:
    """A pass before the neutral look's own."""
    return parse_look(f"{text}\n[pass.rolloff]\nstart = 0.8\n", "test.toml")


def after_rolloff(text: str) -> Look:
    """A pass behind the neutral look's own."""
    return parse_look(f"[pass.rolloff]\nstart = 0.8\n{text}\n", "test.toml")


def test_neutral_is_the_measure_of_itself() -> None:
    one = traits.measure(load_look("neutral"))
    assert (one.contrast, one.saturation, one.skin.saturation) == pytest.approx((1.0, 1.0, 1.0))
    assert one.grey == pytest.approx(49.5, abs=0.1)
    assert one.black == 0.0
    assert one.white > 254.0
    assert all(abs(hue.turn) < 1e-6 and abs(hue.lighter) < 1e-6 for hue in (one.skin, *one.hues.values()))
    assert (*one.shadow_tint, *one.highlight_tint) == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-6)


def test_the_colours_that_hues_are_measured_by_lie_in_the_middle_of_their_bands() -> None:
    lightness, first, second = opponents(traits.colours()).T
    np.testing.assert_allclose(lightness, np.sqrt(0.18))
    np.testing.assert_allclose(np.hypot(first, second), traits.CHROMA)
    np.testing.assert_allclose(np.degrees(np.arctan2(second, first)) % 360, 45.0 * np.arange(8), atol=1e-6)


def test_more_exposure_lightens_and_shortens_the_headroom() -> None:
    one, neutral = (
        traits.measure(before_rolloff("[pass.exposure]\nexposure_ev = 1")),
        traits.measure(look_of("rolloff")),
    )
    assert one.grey == pytest.approx(116 * 0.36 ** (1 / 3) - 16, abs=0.1)
    assert neutral.headroom_ev - 1.0 <= one.headroom_ev < neutral.headroom_ev - 0.5


def test_contrast_steepens_the_middle() -> None:
    assert traits.measure(before_rolloff("[pass.contrast]\ncontrast = 1.3")).contrast == pytest.approx(1.3, abs=0.02)


def test_black_and_white_are_levels() -> None:
    one = traits.measure(look_of("tone_curve", black=0.1, white=0.9))
    assert one.black == pytest.approx(255 * (1.055 * 0.01 ** (1 / 2.4) - 0.055), abs=0.1)
    assert 225 < one.white < 240


def test_saturation_is_a_part_of_the_chroma() -> None:
    grey, half = (traits.measure(after_rolloff(f"[pass.saturation]\nsaturation = {one}")) for one in (0.0, 0.5))
    assert grey.saturation == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(grey.skin.turn)
    assert 0.4 < half.saturation < 0.6


@pytest.mark.parametrize("band", ["red", "green", "purple"])
def test_a_band_is_found_again(band: str) -> None:
    one = traits.measure(before_rolloff(f"[pass.hsl_mixer]\n{band}_saturation = 0.5\n{band}_turn = 10"))
    assert max(one.hues, key=lambda name: one.hues[name].saturation) == band
    assert one.hues[band].turn > 4.0


def test_a_tint_of_grey_is_no_saturation() -> None:
    sepia = traits.measure(load_look("sepia"))
    assert sepia.saturation == pytest.approx(0.0, abs=0.02)
    assert sepia.highlight_tint[1] > 5.0


def test_vibrant_keeps_skin_and_lifts_blues_and_greens() -> None:
    one = traits.measure(load_look("vibrant"))
    assert one.skin.saturation == pytest.approx(1.0, abs=0.08)
    assert abs(one.skin.turn) < 2.0
    assert min(one.hues["blue"].saturation, one.hues["green"].saturation) > 1.2


def test_authentic_is_restrained_and_deep() -> None:
    one = traits.measure(load_look("authentic"))
    assert one.saturation < 0.85
    assert one.grey < traits.measure(load_look("natural")).grey


@pytest.mark.parametrize("name", list_looks())
def test_skin_stays_skin(name: str) -> None:
    one = traits.measure(load_look(name))
    if one.saturation > 0.01:
        assert abs(one.skin.turn) < 5.0
        assert 0.75 < one.skin.saturation < 1.1


@pytest.mark.parametrize("plain", [True, False])
def test_a_curve_is_drawn_with_characters(plain: bool) -> None:
    lines = curve_text(load_look("classic"), plain=plain)
    assert len(lines) == ROWS + 2
    assert all(len(line) <= COLUMNS + 12 for line in lines)
    assert lines[0].startswith(" 255 |")
    assert lines[ROWS - 1].startswith("   0 |")
    # It begins at the bottom on the left and ends at the top on the right.
    assert lines[0].rstrip()[-1] not in " |"
    assert lines[ROWS - 1][6] not in " ⠀"
    assert plain == all(line.isascii() for line in lines)


def test_a_plot_holds_curves_and_colours() -> None:
    picture = draw_plot(load_look("classic"))
    assert picture.shape == (SIZE_PX[1], SIZE_PX[0], 3)
    assert np.ptp(picture.astype(int), axis=2).max() > 80


def test_the_page_of_looks_is_up_to_date(repository: Path) -> None:
    page = (repository / "docs" / "looks.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: groundglass look list --markdown > docs/looks.md"
    assert all(f"`{name}`" in page for name in list_looks())
    assert all(band in page for band in BANDS)
