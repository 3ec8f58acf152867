"""Editing a look: set, undo, compare, randomize, save and reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.errors import LookError, OutputError
from groundglass.live_edit.editing import Editing
from groundglass.look.look import Look, load_look, parse_look
from groundglass.settings import Settings, SettingsHistory

GRAINY = """# For a grey day.
name = "grainy"
intent = "a grainy look"

[pass.tone_curve]
grey = [0.3, 0.31, 0.32]  # measured
toe = 1

# fine grain
[pass.grain]
amount = 0.02
"""


class Shown:
    """The shown look as item -1. False if the look is unchanged."""

    def __init__(self, edited: Editing) -> None:
        self._edited, self._opened = edited, edited.look

    def __getitem__(self, index: int) -> Look:
        assert index == -1
        return self._edited.look

    def __bool__(self) -> bool:
        return self._edited.look is not self._opened


def edit(look: Look | str = "classic") -> tuple[Editing, Shown]:
    edited = Editing(SettingsHistory(Settings(look)))
    return edited, Shown(edited)


def grainy(folder: Path) -> Path:
    path = folder / "grainy.toml"
    path.write_text(GRAINY)
    return path


def test_a_set_value_is_shown_and_can_be_undone_and_redone() -> None:
    edited, shown = edit()
    before = edited.value("grain", "amount")
    edited.set("grain", "amount", 0.03)
    assert shown[-1].passes[-1].values["amount"] == edited.value("grain", "amount") == 0.03
    assert edited.is_changed
    assert edited.is_value_changed("grain", "amount")
    assert not edited.is_value_changed("grain", "size")
    assert edited.history.undo()
    assert shown[-1].passes[-1].values["amount"] == before
    assert not edited.is_changed
    assert not edited.history.undo()
    assert edited.history.redo()
    assert edited.value("grain", "amount") == 0.03
    assert not edited.history.can_redo


def test_a_value_outside_the_pragma_is_refused_and_changes_nothing() -> None:
    edited, shown = edit()
    for wrong in (("grain", "amount", 9.0), ("grain", "amoumt", 0.0), ("grian", "amount", 0.0), ("grain", "seed", 0.5)):
        with pytest.raises(LookError):
            edited.set(*wrong)
    assert not shown
    assert not edited.history.can_undo


def test_a_drag_is_one_step() -> None:
    edited, _ = edit()
    before = edited.value("grain", "amount")
    for amount in (0.02, 0.021, 0.022):
        edited.set("grain", "amount", amount, drag=True)
    edited.end_drag()
    edited.set("grain", "amount", 0.03, drag=True)
    edited.set("tone_curve", "toe", (0.5, 0.6, 0.7), drag=True)
    for expected in (0.03, 0.022, before):
        assert edited.history.undo()
        assert edited.value("grain", "amount") == expected
    assert not edited.history.can_undo


def test_reset_restores_a_parameter_a_pass_or_the_look_from_the_file() -> None:
    edited, _ = edit()
    saved = edited.look
    edited.set("grain", "amount", 0.03)
    edited.set("grain", "seed", 7)
    edited.set("vignette", "corner_light", 0.5)
    edited.reset("grain", "amount")
    assert (edited.value("grain", "amount"), edited.value("grain", "seed")) == (0.011, 7)
    edited.reset("grain")
    assert edited.value("grain", "seed") == 1
    assert edited.value("vignette", "corner_light") == 0.5
    edited.reset()
    assert edited.look == saved
    edited.history.undo()
    assert edited.value("vignette", "corner_light") == 0.5
    with pytest.raises(LookError, match="no pass 'halo'"):
        edited.reset("halo")


def test_two_slots_are_stored_and_swapped() -> None:
    edited, shown = edit()
    opened = edited.look
    edited.set("grain", "amount", 0.03)
    edited.swap()
    assert (edited.slot, shown[-1]) == ("B", opened)  # the other slot contains the opened look
    edited.swap()
    assert (edited.slot, edited.value("grain", "amount")) == ("A", 0.03)
    edited.store()
    edited.set("grain", "amount", 0.04)
    edited.swap()
    assert edited.value("grain", "amount") == 0.03
    edited.history.undo()
    assert (edited.slot, edited.value("grain", "amount")) == ("A", 0.04)


def test_randomize_is_seeded_stays_within_ranges_and_keeps_locked_values() -> None:
    edited, _ = edit()
    edited.lock("grain", "amount")
    edited.randomize(3)
    drawn = edited.look
    for settings, parameter in edited.parameters():
        value = settings.values[parameter.name]
        for number in value if isinstance(value, tuple) else (value,):
            assert parameter.low <= number <= parameter.high
    assert edited.value("grain", "amount") == 0.011
    assert edited.value("vignette", "corner_light") != 0.78
    edited.history.undo()
    edited.lock("grain", "amount", locked=False)
    edited.randomize(3)
    assert edited.value("vignette", "corner_light") == drawn.passes[0].values["corner_light"]
    assert edited.value("grain", "amount") != 0.011
    edited.history.undo()
    edited.randomize(3, reach=0.01)
    assert edited.value("vignette", "corner_light") == pytest.approx(0.78, abs=0.0046)
    assert edited.value("vignette", "corner_light") != 0.78


def test_randomize_draws_choices() -> None:
    edited, _ = edit("sepia")
    baths = set()
    for seed in range(20):
        edited.randomize(seed)
        baths.add(edited.value("toning", "bath"))
    assert baths == {"sepia", "selenium", "blue"}


def test_the_toml_keeps_comments_and_order(tmp_path: Path) -> None:
    edited, _ = edit(load_look(grainy(tmp_path)))
    assert edited.as_toml() == GRAINY
    edited.set("tone_curve", "grey", (0.4, 0.41, 0.4234567890123))
    edited.set("tone_curve", "white", (1.1, 1.1, 1.1))
    edited.set("grain", "size", 0.00083)
    expected = GRAINY.replace("[0.3, 0.31, 0.32]  # m", "[0.4, 0.41, 0.423457]  # m")
    expected = expected.replace("toe = 1\n", "toe = 1\nwhite = [1.1, 1.1, 1.1]\n")
    assert edited.as_toml() == expected + "size = 0.00083\n"
    edited.reset()
    assert edited.as_toml() == GRAINY


def test_an_inline_table_keeps_the_first_comments() -> None:
    text = '# One line.\nname = "odd"\npass = { grain = { amount = 0.02 }, exposure = { exposure_ev = 1 } }\n'
    edited, _ = edit(parse_look(text, "odd.toml"))
    assert edited.as_toml() == text
    edited.set("grain", "amount", 0.03)
    written = edited.as_toml()
    assert written.startswith('# One line.\nname = "odd"\n')
    assert parse_look(written, "odd.toml") == edited.look


def test_save_as_writes_the_shown_look_with_the_name_of_the_file(tmp_path: Path) -> None:
    edited, shown = edit(load_look(grainy(tmp_path)))
    edited.set("grain", "amount", 1 / 30)
    path = edited.save_as(tmp_path / "mine.toml")
    assert not edited.is_changed
    assert load_look(path) == edited.look == shown[-1]
    assert (edited.look.name, edited.look.intent) == ("mine", "a grainy look")
    assert "# measured" in path.read_text()
    assert (tmp_path / "grainy.toml").read_text() == GRAINY
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["grainy.toml", "mine.toml"]
    steps = len(edited.history.steps)
    edited.history.undo()
    assert (edited.look.name, edited.is_changed) == ("grainy", False)
    edited.history.redo()
    assert (edited.look.name, edited.is_changed) == ("mine", False)
    edited.set("grain", "amount", 0.035)
    edited.save_as(path)
    assert len(edited.history.steps) == steps + 1, "saving is not a step"
    edited.history.undo()
    assert edited.is_changed, "the file is newer than this step"


def test_undo_returns_to_the_file_of_the_former_look(tmp_path: Path) -> None:
    edited, _ = edit(load_look(grainy(tmp_path)))
    edited.set("grain", "amount", 0.035)
    edited.open(load_look("classic"))
    edited.history.undo()
    assert (edited.look.name, edited.is_changed) == ("grainy", True)
    edited.reset()
    assert edited.look == load_look(tmp_path / "grainy.toml")


@pytest.mark.parametrize("name", ["mine", "nowhere/mine.toml"])
def test_a_failed_save_is_an_error(tmp_path: Path, name: str) -> None:
    edited, _ = edit()
    edited.set("grain", "amount", 0.03)
    with pytest.raises(OutputError, match="mine"):
        edited.save_as(tmp_path / name)
    assert edited.is_changed


def test_a_look_that_is_saved_elsewhere_takes_its_lut_along(tmp_path: Path) -> None:
    (tmp_path / "luts").mkdir()
    (tmp_path / "luts" / "grainy.cube").write_text("LUT_3D_SIZE 2\n" + "0.5 0.5 0.5\n" * 8)
    look = tmp_path / "grainy.toml"
    look.write_text('name = "grainy"\n\n[pass.lut]\nfile = "luts/grainy.cube"  # the stock\n')
    edited, _ = edit(load_look(look))
    assert 'file = "luts/grainy.cube"  # the stock\n' in edited.save_as(tmp_path / "near.toml").read_text()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "grainy.cube").write_text("another LUT of this name")
    for name in ("mine.toml", "again.toml"):
        path = edited.save_as(tmp_path / "far" / name)
        assert 'file = "grainy-2.cube"  # the stock\n' in path.read_text()
        assert load_look(path).passes[0].values["amount"] == 1.0
        assert not edited.is_changed
    assert sorted(file.name for file in path.parent.iterdir()) == [
        *("again.toml", "grainy-2.cube", "grainy.cube", "mine.toml")
    ]


def test_a_reloaded_file_keeps_edits_of_other_parameters(tmp_path: Path) -> None:
    edited, _ = edit(load_look(grainy(tmp_path)))
    edited.set("grain", "size", 0.002)  # edited
    edited.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    changed = GRAINY.replace("amount = 0.02", "amount = 0.035").replace("toe = 1", "toe = 0.9")
    edited.reloaded(parse_look(changed + "\n[pass.saturation]\nsaturation = 1.5\n", "grainy.toml"))
    assert edited.value("grain", "amount") == 0.035  # from the file
    assert edited.value("grain", "size") == 0.002  # edited
    assert edited.value("tone_curve", "toe") == (0.9, 0.9, 0.9)  # changed in both: the file is newer
    assert edited.value("saturation", "saturation") == 1.5
    edited.reset("grain", "size")
    assert edited.value("grain", "size") == 0.001
    edited.history.undo()
    edited.history.undo()
    assert [settings.name for settings in edited.look.passes] == ["tone_curve", "grain"]
