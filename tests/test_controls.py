"""The list of everything that can be done and set, as keys and scripts use it."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from groundglass.controls import Action, Choice, Controls, Number, Switch
from groundglass.errors import ControlError


@pytest.fixture
def state() -> SimpleNamespace:
    return SimpleNamespace(done=0, on=False, level=0.5, grid="off")


@pytest.fixture
def controls(state: SimpleNamespace) -> Controls:
    def put(name: str):
        return lambda setting: setattr(state, name, setting)

    controls = Controls()
    controls.add(
        [
            Action("still", "Still", "keep", "S", do=lambda: put("done")(state.done + 1)),
            Switch("zebra", "Zebra", "aids", "Shift+Z", get=lambda: state.on, set=put("on")),
            Number(
                "zebra_level", "Level", "aids", minimum=0, maximum=1, step=0.01,
                get=lambda: state.level, set=put("level"),
            ),
            Choice(
                "grid", "Grid", "aids", "G", choices=("off", "thirds"),
                get=lambda: state.grid, set=put("grid"),
            ),
        ]
    )  # fmt: skip
    return controls


def test_a_key_does_turns_and_goes_on(controls: Controls, state: SimpleNamespace) -> None:
    grids = []
    for _ in range(3):
        assert controls.press("S")
        assert controls.press("Shift+Z")
        assert controls.press("G")
        grids.append(state.grid)
    assert (state.done, state.on, grids) == (3, True, ["thirds", "off", "thirds"])
    assert not controls.press("Z")


def test_scripts_set_and_ask_by_name(controls: Controls, state: SimpleNamespace) -> None:
    controls.set("zebra", True)
    controls.set("zebra_level", 1)
    controls.set("grid", "thirds")
    controls.do("still")
    assert (state.on, state.level, state.grid, state.done) == (True, 1.0, "thirds", 1)
    assert [controls.get(name) for name in ("zebra", "zebra_level", "grid")] == [True, 1.0, "thirds"]


@pytest.mark.parametrize(
    ("name", "setting", "reason"),
    [
        ("zebr", True, "there is no control 'zebr'; did you mean 'zebra'?"),
        ("zebra", 1, "'zebra' takes true or false, not 1"),
        ("zebra_level", 1.5, "'zebra_level' is 0 to 1, not 1.5"),
        ("zebra_level", float("nan"), "'zebra_level' is 0 to 1, not nan"),
        ("zebra_level", True, "'zebra_level' takes a number from 0 to 1, not True"),
        ("grid", "golden", "'grid' is off, thirds, not 'golden'"),
        ("grid", 1, "'grid' takes one of off, thirds, not 1"),
        ("still", True, "'still' takes no setting, it is something to do, not True"),
    ],
)
def test_a_bad_setting_is_one_clear_error(controls: Controls, name: str, setting: object, reason: str) -> None:
    with pytest.raises(ControlError, match=f"^{re.escape(reason)}$"):
        controls.set(name, setting)  # type: ignore[arg-type]


def test_what_is_done_has_no_setting_and_the_other_way_round(controls: Controls) -> None:
    with pytest.raises(ControlError, match="something to do"):
        controls.get("still")
    with pytest.raises(ControlError, match="set it"):
        controls.do("grid")


def test_names_and_keys_are_given_once(controls: Controls) -> None:
    with pytest.raises(ValueError, match="two controls are named 'still'"):
        controls.add([Action("still", "", "", do=lambda: None)])
    with pytest.raises(ValueError, match="'other' and 'still' want the key S"):
        controls.add([Action("other", "", "", "S", do=lambda: None)])


def test_menus_have_the_groups_in_order(controls: Controls) -> None:
    assert {group: [one.name for one in members] for group, members in controls.groups().items()} == {
        "keep": ["still"],
        "aids": ["zebra", "zebra_level", "grid"],
    }


def test_a_choice_that_is_none_of_the_list_goes_to_its_first(controls: Controls, state: SimpleNamespace) -> None:
    state.grid = "mine"
    assert controls.press("G")
    assert state.grid == "off"
