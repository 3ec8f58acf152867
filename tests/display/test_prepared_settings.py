"""The settings of a moving picture while something compiles."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from groundglass.display import prepared_settings
from groundglass.display.prepared_settings import PreparedSettings
from groundglass.settings import Settings

DRAWN: Any = SimpleNamespace()


class EngineDouble:
    """Is preparing until a test ends it, and records what for."""

    def __init__(self) -> None:
        self.is_preparing, self.prepared = True, list[Settings]()

    def prepare(self, drawn: object, settings: Settings) -> None:
        self.prepared.append(settings)


@pytest.fixture
def engine() -> Any:
    return EngineDouble()


@pytest.fixture
def prepared(engine: Any) -> PreparedSettings:
    settings = PreparedSettings(engine)
    settings.of(Settings(), None, moves=True)
    return settings


@pytest.mark.parametrize("change", [{"look": "blue"}, {"lens": "portrait-75"}, {"quality": "best"}, {"strength": 0.5}])
def test_a_moving_picture_stays_until_the_new_one_is_compiled(
    engine: Any, prepared: PreparedSettings, change: dict[str, Any]
) -> None:
    before, wanted = Settings(), Settings(**change)
    assert [prepared.of(wanted, DRAWN, moves=True) == before for _ in range(3)] == [True] * 3
    assert (engine.prepared, prepared.is_due(False)) == ([wanted], False)
    engine.is_preparing = False
    assert prepared.is_due(False)
    assert prepared.of(wanted, DRAWN, moves=True) is wanted
    assert not prepared.is_due(False)


def test_other_changes_are_drawn_at_once(engine: Any, prepared: PreparedSettings) -> None:
    wanted = Settings(focus_m=2.0, scale=0.5, f_number=2.8)
    assert prepared.of(wanted, DRAWN, moves=True) is wanted
    assert engine.prepared == []


def test_a_still_picture_waits_for_the_compiler(engine: Any, prepared: PreparedSettings) -> None:
    wanted = Settings("blue")
    assert prepared.of(wanted, DRAWN, moves=False) is wanted
    prepared.of(Settings("classic"), DRAWN, moves=True)
    assert prepared.is_due(True)


def test_sliders_move_while_a_look_compiles(prepared: PreparedSettings) -> None:
    drawn = prepared.of(Settings("blue", focus_m=3.0), DRAWN, moves=True)
    assert (drawn.look.name, drawn.focus_m) == ("classic", 3.0)


def test_the_focus_of_another_lens_waits_for_the_lens(prepared: PreparedSettings) -> None:
    near = Settings(lens="phone-12mm", focus_m=0.03)
    assert prepared.of(near, DRAWN, moves=True).focus_m == Settings().focus_m


def test_a_compiler_that_does_not_end_does_not_hold_the_picture(
    prepared: PreparedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_settings, "MAX_WAIT_S", 0.0)
    wanted = Settings("blue")
    assert prepared.of(wanted, DRAWN, moves=True) is wanted


def test_another_change_while_it_compiles_is_prepared_instead(engine: Any, prepared: PreparedSettings) -> None:
    looks = Settings("blue"), Settings("vibrant"), Settings("classic")
    drawn = [prepared.of(wanted, DRAWN, moves=True).look.name for wanted in looks]
    assert drawn == ["classic"] * 3
    assert engine.prepared == list(looks[:2])
    assert not prepared.is_due(False)
