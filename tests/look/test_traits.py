"""Traits of a look: measured on looks of known effect, and the page of the built-in looks."""

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
    """A look with the given passes before the neutral roll-off."""
    return parse_look(f"{text}\n[pass.rolloff]\nstart = 0.8\n", "test.toml")


def after_rolloff(text: str) -> Look:
    """A look with the given passes after the neutral roll-off."""
    return parse_look(f"[pass.rolloff]\nstart = 0.8\n{text}\n", "test.toml")


def test_neutral_has_unit_contrast_and_saturation() -> None:
    measured = traits.measure(load_look("neutral"))
    assert (measured.contrast, measured.saturation, measured.skin.saturation) == pytest.approx((1.0, 1.0, 1.0))
    assert measured.grey == pytest.approx(49.5, abs=0.1)
    assert measured.black == 0.0
    assert measured.white > 254.0
    assert all(abs(hue.turn) < 1e-6 and abs(hue.lighter) < 1e-6 for hue in (measured.skin, *measured.hues.values()))
    assert (*measured.shadow_tint, *measured.highlight_tint) == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-6)


def test_the_colours_of_the_hue_measurement_are_at_the_centres_of_their_bands() -> None:
    lightness, first, second = opponents(traits.colours()).T
    np.testing.assert_allclose(lightness, np.sqrt(0.18))
    np.testing.assert_allclose(np.hypot(first, second), traits.CHROMA)
    np.testing.assert_allclose(np.degrees(np.arctan2(second, first)) % 360, 45.0 * np.arange(8), atol=1e-6)


def test_more_exposure_raises_grey_and_reduces_headroom() -> None:
    measured, neutral = (
        traits.measure(before_rolloff("[pass.exposure]\nexposure_ev = 1")),
        traits.measure(look_of("rolloff")),
    )
    assert measured.grey == pytest.approx(116 * 0.36 ** (1 / 3) - 16, abs=0.1)
    assert neutral.headroom_ev - 1.0 <= measured.headroom_ev < neutral.headroom_ev - 0.5


def test_contrast_is_the_slope_at_middle_grey() -> None:
    assert traits.measure(before_rolloff("[pass.contrast]\ncontrast = 1.3")).contrast == pytest.approx(1.3, abs=0.02)


def test_black_and_white_are_display_levels() -> None:
    measured = traits.measure(look_of("tone_curve", black=0.1, white=0.9))
    assert measured.black == pytest.approx(255 * (1.055 * 0.01 ** (1 / 2.4) - 0.055), abs=0.1)
    assert 225 < measured.white < 240


def test_saturation_is_a_ratio_of_chroma() -> None:
    grey, half = (traits.measure(after_rolloff(f"[pass.saturation]\nsaturation = {value}")) for value in (0.0, 0.5))
    assert grey.saturation == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(grey.skin.turn)
    assert 0.4 < half.saturation < 0.6


@pytest.mark.parametrize("band", ["red", "green", "purple"])
def test_the_change_of_a_hue_band_is_measured(band: str) -> None:
    measured = traits.measure(before_rolloff(f"[pass.hsl_mixer]\n{band}_saturation = 0.5\n{band}_turn = 10"))
    assert max(measured.hues, key=lambda name: measured.hues[name].saturation) == band
    assert measured.hues[band].turn > 4.0


def test_a_tint_of_grey_does_not_count_as_saturation() -> None:
    sepia = traits.measure(load_look("sepia"))
    assert sepia.saturation == pytest.approx(0.0, abs=0.02)
    assert sepia.highlight_tint[1] > 5.0


def test_vibrant_keeps_skin_and_lifts_blues_and_greens() -> None:
    measured = traits.measure(load_look("vibrant"))
    assert measured.skin.saturation == pytest.approx(1.0, abs=0.08)
    assert abs(measured.skin.turn) < 2.0
    assert min(measured.hues["blue"].saturation, measured.hues["green"].saturation) > 1.2


def test_authentic_is_less_saturated_and_darker() -> None:
    measured = traits.measure(load_look("authentic"))
    assert measured.saturation < 0.85
    assert measured.grey < traits.measure(load_look("natural")).grey


@pytest.mark.parametrize("name", list_looks())
def test_every_look_keeps_skin_hue_and_saturation(name: str) -> None:
    measured = traits.measure(load_look(name))
    if measured.saturation > 0.01:
        assert abs(measured.skin.turn) < 5.0
        assert 0.75 < measured.skin.saturation < 1.1


@pytest.mark.parametrize("plain", [True, False])
def test_a_curve_is_drawn_with_text_characters(plain: bool) -> None:
    lines = curve_text(load_look("classic"), plain=plain)
    assert len(lines) == ROWS + 2
    assert all(len(line) <= COLUMNS + 12 for line in lines)
    assert lines[0].startswith(" 255 |")
    assert lines[ROWS - 1].startswith("   0 |")
    # The curve starts at the lower left and ends at the upper right.
    assert lines[0].rstrip()[-1] not in " |"
    assert lines[ROWS - 1][6] not in " ⠀"
    assert plain == all(line.isascii() for line in lines)


def test_a_plot_shows_curves_and_colours() -> None:
    picture = draw_plot(load_look("classic"))
    assert picture.shape == (SIZE_PX[1], SIZE_PX[0], 3)
    assert np.ptp(picture.astype(int), axis=2).max() > 80


def test_the_page_of_looks_is_up_to_date(repository: Path) -> None:
    page = (repository / "docs" / "looks.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: groundglass look list --markdown > docs/looks.md"
    assert all(f"`{name}`" in page for name in list_looks())
    assert all(band in page for band in BANDS)
