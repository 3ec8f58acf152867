"""The list of controls, for keys and scripts."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from groundglass.controls import RENAMED_CONTROLS, Action, Choice, Controls, Number, Switch
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


def test_a_key_runs_toggles_or_advances_its_control(controls: Controls, state: SimpleNamespace) -> None:
    grids = []
    for _ in range(3):
        assert controls.press("S")
        assert controls.press("Shift+Z")
        assert controls.press("G")
        grids.append(state.grid)
    assert (state.done, state.on, grids) == (3, True, ["thirds", "off", "thirds"])
    assert not controls.press("Z")


def test_controls_are_set_and_read_by_name(controls: Controls, state: SimpleNamespace) -> None:
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
        ("zebra_level", 1.5, "'zebra_level' must be 0 to 1, not 1.5"),
        ("zebra_level", float("nan"), "'zebra_level' must be 0 to 1, not nan"),
        ("zebra_level", True, "'zebra_level' takes a number from 0 to 1, not True"),
        ("grid", "golden", "'grid' must be one of off, thirds, not 'golden'"),
        ("grid", 1, "'grid' takes one of off, thirds, not 1"),
        ("still", True, "'still' takes no value, it is an action, not True"),
    ],
)
def test_a_bad_setting_is_one_clear_error(controls: Controls, name: str, setting: object, reason: str) -> None:
    with pytest.raises(ControlError, match=f"^{re.escape(reason)}$"):
        controls.set(name, setting)  # type: ignore[arg-type]


def test_an_action_has_no_value_and_a_setting_is_not_run(controls: Controls) -> None:
    with pytest.raises(ControlError, match="it has no value"):
        controls.get("still")
    with pytest.raises(ControlError, match="set its value"):
        controls.do("grid")


def test_names_and_keys_are_unique(controls: Controls) -> None:
    with pytest.raises(ValueError, match="two controls are named 'still'"):
        controls.add([Action("still", "", "", do=lambda: None)])
    with pytest.raises(ValueError, match="'other' and 'still' both use the key S"):
        controls.add([Action("other", "", "", "S", do=lambda: None)])


def test_groups_are_in_menu_order(controls: Controls) -> None:
    assert {group: [control.name for control in members] for group, members in controls.groups().items()} == {
        "keep": ["still"],
        "aids": ["zebra", "zebra_level", "grid"],
    }


def test_a_value_outside_the_list_advances_to_the_first_choice(controls: Controls, state: SimpleNamespace) -> None:
    state.grid = "mine"
    assert controls.press("G")
    assert state.grid == "off"


@pytest.mark.parametrize(("former", "present"), RENAMED_CONTROLS.items())
def test_a_former_name_reaches_the_renamed_control(former: str, present: str) -> None:
    state = SimpleNamespace(on=False, done=0)
    controls = Controls()
    controls.add([Switch(present, "", "", get=lambda: state.on, set=lambda on: setattr(state, "on", on))])
    controls.set(former, True)
    assert controls.get(former) is state.on is True
    assert controls[former] is controls[present]
    assert [control.name for control in controls] == [present]


def test_a_former_name_that_is_a_control_is_not_replaced() -> None:
    controls = Controls()
    controls.add(Switch(name, "", "", get=lambda: True, set=lambda on: None) for name in ("split", "wipe"))
    assert controls["split"].name == controls.present_name("split") == "split"


def test_a_former_name_without_its_renamed_control_is_an_error(controls: Controls) -> None:
    with pytest.raises(ControlError, match="there is no control 'loupe'"):
        controls.do("loupe")
