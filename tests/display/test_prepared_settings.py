"""The settings of a moving picture while something compiles."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, sleep
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from groundglass.display import prepared_settings
from groundglass.display.prepared_settings import PreparedSettings
from groundglass.optics.shape import has_shape, shape_of
from groundglass.settings import Settings

DRAWN: Any = SimpleNamespace(frame=SimpleNamespace(depth_m=None))  # without depth there are no discs
WITH_DEPTH: Any = SimpleNamespace(
    frame=SimpleNamespace(depth_m=np.ones((9, 17)), native_lens=None), texture=SimpleNamespace(size=(170, 90))
)


class EngineDouble:
    """Is preparing until a test ends it, and records what for."""

    def __init__(self) -> None:
        self.is_preparing, self.is_rehearsing, self.prepared = True, False, list[Settings]()

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


def test_another_scale_is_drawn_at_once_while_a_look_compiles(engine: Any, prepared: PreparedSettings) -> None:
    """Both sides of a wipe have the same size, whichever of them waits."""
    other = PreparedSettings(engine, Settings())
    for sides in (prepared, other):
        drawn = sides.of(Settings("blue", scale=0.5), DRAWN, moves=True)
        assert (drawn.look.name, drawn.scale) == ("classic", 0.5)


def test_the_first_settings_wait_for_the_compiler_after_those_that_are_shown(engine: Any) -> None:
    shown, wanted = Settings(), Settings("blue")
    prepared = PreparedSettings(engine, shown)
    assert prepared.of(wanted, DRAWN, moves=True) == shown
    assert engine.prepared == [wanted]


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


def test_an_aperture_waits_for_the_shape_of_its_discs(engine: Any, prepared: PreparedSettings) -> None:
    before, wanted = Settings(), Settings(f_number=1.37, focus_m=2.0)
    first = prepared.of(wanted, WITH_DEPTH, moves=True)
    assert (first.lens, first.focus_m) == (before.lens, 2.0)
    shape_of(wanted.lens, 170 / 90)  # waits for it
    assert prepared.is_due(False)
    assert prepared.of(wanted, WITH_DEPTH, moves=True) is wanted
    assert engine.prepared == []


def test_a_turning_aperture_is_followed(prepared: PreparedSettings) -> None:
    """While a ring turns, the aperture has moved on when a shape is computed. The shape is drawn nevertheless."""
    turned = [Settings(f_number=number) for number in (1.41, 1.43, 1.45, 1.47)]
    drawn = []
    for wanted in turned:
        drawn.append(prepared.of(wanted, WITH_DEPTH, moves=True).lens)
        shape_of(drawn[-1], 170 / 90)
        _wait_until(lambda: not prepared._turned or has_shape(*prepared._turned))
    assert drawn == [Settings().lens, *(settings.lens for settings in turned[:-1])]
    assert prepared.is_due(False)


def test_a_still_picture_computes_the_shape_at_once(prepared: PreparedSettings) -> None:
    wanted = Settings(f_number=1.53)
    assert prepared.of(wanted, WITH_DEPTH, moves=False) is wanted


def _wait_until(condition: Callable[[], bool]) -> None:
    until_s = perf_counter() + 20.0
    while not condition() and perf_counter() < until_s:
        sleep(0.005)
    assert condition()
