"""Passes of a look: on and off, another order, added, removed; in the picture and in the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from groundglass.errors import LookError
from groundglass.look.arrangement import moved, with_enabled, with_pass, without
from groundglass.look.grade import grade
from groundglass.look.look import Look, load_look, parse_look
from groundglass.look.look_files import write_look
from look_support import context
from tolerances import STAGE

TEXT = """# mine
intent = "a test"

[pass.exposure]  # first
exposure_ev = 1.0

[pass.tone_curve]

[pass.saturation]
saturation = 0.5
"""


def names(look: Look) -> list[str]:
    return [settings.name for settings in look.passes]


def drawn(look: Look) -> np.ndarray:
    return grade(np.full((2, 2, 3), (0.1, 0.2, 0.3), np.float32), look, ctx=context())


def test_a_pass_that_is_off_is_drawn_as_if_it_were_missing() -> None:
    look = parse_look(TEXT, "mine.toml")
    off = with_enabled(look, "exposure", False)
    np.testing.assert_allclose(drawn(off), drawn(without(look, "exposure")), atol=STAGE)
    assert np.abs(drawn(off) - drawn(look)).max() > 0.05
    assert with_enabled(off, "exposure", True) == look


def test_the_order_of_passes_changes_within_their_domain() -> None:
    look = with_pass(with_pass(parse_look(TEXT, "mine.toml"), "contrast"), "grain")
    assert names(look) == ["exposure", "contrast", "tone_curve", "saturation", "grain"]
    assert names(moved(look, "contrast", 0)) == ["contrast", "exposure", "tone_curve", "saturation", "grain"]
    assert names(moved(look, "grain", 3)) == ["exposure", "contrast", "tone_curve", "grain", "saturation"]
    with pytest.raises(LookError, match="takes display light, but comes before tone_curve"):
        moved(look, "grain", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda look: with_pass(look, "exposure"), "has the pass 'exposure' already"),
        (lambda look: with_pass(look, "nonsense"), "no pass 'nonsense' to add"),
        (lambda look: with_pass(look, "lut"), "needs a file"),
        (lambda look: with_pass(look, "rolloff"), "converts scene light to display light"),
        (lambda look: without(look, "grain"), "no pass 'grain'; there are exposure"),
        (lambda look: without(without(without(look, "exposure"), "saturation"), "tone_curve"), "its only pass"),
    ],
)
def test_an_impossible_change_is_explained(change: Callable[[Look], Look], message: str) -> None:
    with pytest.raises(LookError, match=message):
        change(parse_look(TEXT, "mine.toml"))


def test_a_second_curve_may_be_kept_while_it_is_off() -> None:
    look = with_enabled(parse_look(TEXT, "mine.toml"), "tone_curve", False)
    look = with_pass(look, "rolloff")
    with pytest.raises(LookError, match="remove one of them"):
        with_enabled(look, "tone_curve", True)


def test_the_file_keeps_its_comments_and_the_passes_that_are_off(tmp_path: Path) -> None:
    look = with_enabled(parse_look(TEXT, "mine.toml"), "exposure", False)
    written = write_look(tmp_path / "mine.toml", look)
    text = (tmp_path / "mine.toml").read_text()
    assert "# first" in text
    assert "enabled = false" in text
    assert load_look(tmp_path / "mine.toml").passes == look.passes
    write_look(tmp_path / "mine.toml", with_enabled(written, "exposure", True))
    assert load_look(tmp_path / "mine.toml").passes == parse_look(TEXT, "mine.toml").passes
    write_look(
        tmp_path / "mine.toml", moved(with_enabled(with_pass(look, "contrast"), "contrast", False), "contrast", 0)
    )
    assert [settings.enabled for settings in load_look(tmp_path / "mine.toml").passes] == [False, False, True, True]


def test_enabled_is_true_or_false() -> None:
    with pytest.raises(LookError, match=r"^mine\.toml:2: enabled must be true or false"):
        parse_look("[pass.exposure]\nenabled = 1\n", "mine.toml")
