"""Settings are immutable; their history supports undo and redo."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import groundglass as gg
import pytest
from groundglass.errors import GroundglassError, LookError
from groundglass.settings import PAUSE_S, UNTIL_RELEASED, SettingsHistory


def test_names_become_objects_and_with_changes_single_settings() -> None:
    settings = gg.Settings(look="natural", lens="soft-90", f_number=4)
    assert (settings.look.name, settings.lens.name, settings.f_number) == ("natural", "soft-90", 4.0)
    changed = settings.with_(f_number=8, output_space="display-p3")
    assert (changed.f_number, changed.look, changed.output_space is None) == (8.0, settings.look, False)
    assert replace(settings, focus_m=2.0) == settings.with_(focus_m=2.0) != settings
    assert settings.with_() == settings
    with pytest.raises(FrozenInstanceError):
        settings.focus_m = 3.0  # type: ignore[misc]


def test_looks_and_lenses_are_also_given_by_their_path(tmp_path: Path) -> None:
    look, lens = tmp_path / "mine.toml", tmp_path / "fast.toml"
    look.write_text('name = "mine"\nintent = "a test"\n[pass.rolloff]\n')
    lens.write_text("f_number = 1.2\n")
    for as_given in (str, Path):
        settings = gg.Settings(look=as_given(look), lens=as_given(lens))
        assert (settings.look.name, settings.lens.f_number) == ("mine", 1.2)
    with pytest.raises(LookError, match=r"gone\.toml"):
        gg.Settings(lens=tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"lens": "noct"}, "did you mean 'noct-50'"),
        ({"look": "classik"}, "did you mean 'classic'"),
        ({"f_number": 0.5}, "is outside f/0.95 to f/16"),
        ({"focus_m": 0.01}, "is not beyond the focal length"),
        ({"quality": "good"}, "use one of live, best"),
        ({"scale": 0.0}, "scale 0 is not supported"),
        ({"scale": 1.5}, "scale 1.5 is not supported"),
        ({"bits": 12}, "use 8, 10 or 16"),
    ],
)
def test_an_invalid_setting_is_an_error(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(GroundglassError, match=complaint):
        gg.Settings(**settings)  # type: ignore[arg-type]


def test_every_change_is_one_undo_step() -> None:
    history = SettingsHistory(gg.Settings())
    opened = history.now
    assert not history.undo()
    for changes in ({"strength": 0.5}, {"focus_m": 3.0}, {"f_number": 8}):
        assert history.change("a key", **changes)
    assert not history.change("a key", strength=0.5)  # no change
    last = history.now
    assert [history.undo() for _ in range(4)] == [True, True, True, False]
    assert history.now == opened
    assert [history.redo() for _ in range(4)] == [True, True, True, False]
    assert history.now is last
    history.undo()
    history.change("another way", strength=0.1)
    assert not history.can_redo


def test_continuous_changes_are_one_undo_step(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 10.0
    monkeypatch.setattr("groundglass.settings.perf_counter", lambda: now_s)
    history = SettingsHistory(gg.Settings(strength=0.0))
    for strength in (0.1, 0.2):
        history.change("strength", merge_s=PAUSE_S, strength=strength)
    now_s += 2 * PAUSE_S
    history.change("strength", merge_s=PAUSE_S, strength=0.3)
    for strength in (0.4, 0.5):
        history.change("drag", merge_s=UNTIL_RELEASED, strength=strength)
        now_s += 100.0
    history.end_step()
    history.change("drag", merge_s=UNTIL_RELEASED, strength=0.6)
    found = []
    while history.undo():
        found.append(history.now.strength)
    assert found == [0.5, 0.3, 0.2, 0.0]


def test_a_followed_change_is_not_an_undo_step() -> None:
    history = SettingsHistory(gg.Settings())
    history.follow(focus_m=2.0)
    assert history.now.focus_m == 2.0
    assert not history.can_undo


def test_an_invalid_change_keeps_the_settings() -> None:
    history = SettingsHistory(gg.Settings())
    opened = history.now
    with pytest.raises(LookError):
        history.change("focus", focus_m=0.0)
    assert history.now is opened
    assert not history.can_undo


def test_undo_includes_the_companion_and_the_history_is_bounded() -> None:
    history = SettingsHistory(gg.Settings(), companion="A", limit=3)
    for step in range(10):
        history.change("slot", companion=f"B{step}", strength=step / 10)
    history.undo()
    assert (history.companion, history.now.strength) == ("B8", 0.8)
    kept = history.snapshot()
    history.rewrite(lambda settings, slot: (settings.with_(strength=1.0), f"{slot}!"))
    assert [history.undo() for _ in range(3)] == [True, True, False]
    assert (history.companion, history.now.strength) == ("B6!", 1.0)
    history.restore(kept)
    assert history.companion == "B8"


def test_undo_redo_and_restore_keep_the_scale_of_the_live_picture() -> None:
    history = SettingsHistory(gg.Settings())
    snapshot = history.snapshot()
    history.change("strength", strength=0.5)
    history.follow(scale=0.5)
    assert history.undo()
    assert (history.now.strength, history.now.scale) == (1.0, 0.5)
    history.follow(scale=0.25)
    assert history.redo()
    assert (history.now.strength, history.now.scale) == (0.5, 0.25)
    history.restore(snapshot)
    assert (history.now.strength, history.now.scale) == (1.0, 0.25)


def test_the_history_discards_steps_older_than_500() -> None:
    """A view that runs for days would keep the looks of all of them."""
    history = SettingsHistory(gg.Settings(focus_m=1.0))
    for number in range(520):
        history.change(f"focus {number}", focus_m=2.0 + number)
    undone = 0
    while history.undo():
        undone += 1
    assert undone == 500
    assert history.now.focus_m == 2.0 + 19
