"""The pointer by remote control: in fractions of the window, through the letterbox, as the mouse would."""

from __future__ import annotations

import pytest
from groundglass.display.events import Pointer, Wheel
from groundglass.display.overlays import View
from groundglass.display.tool import Invalidation
from remote_support import Harness


def events(harness: Harness) -> list[object]:
    return list(harness.surface.poll())


def test_a_click_is_where_it_is_in_the_window(harness: Harness) -> None:
    client = harness.client()
    assert harness.request({"point": "click", "at": [0.25, 0.5]}, client) == {"ok": True}
    assert events(harness) == [Pointer("press", 0.25, 0.5), Pointer("release", 0.25, 0.5)]
    harness.surface.input.show((48, 64), (96, 64), View())  # an upright picture has bars at its sides
    harness.request({"point": "click", "at": [0.5, 0.25], "button": "right"}, client)
    assert events(harness) == [Pointer("press", 0.5, 0.25, "right"), Pointer("release", 0.5, 0.25, "right")]
    harness.request({"point": "click", "at": [0.1, 0.5]}, client)
    assert events(harness) == []  # on a bar


def test_a_drag_and_the_wheel(harness: Harness) -> None:
    client = harness.client()
    for kind, x in (("move", 0.25), ("press", 0.25), ("move", 1.25), ("release", 0.75)):
        harness.request({"point": kind, "at": [x, 0.5]}, client)
    kinds = [(event.kind, event.x) for event in events(harness) if isinstance(event, Pointer)]
    assert kinds == [("move", 0.25), ("press", 0.25), ("drag", 1.25), ("release", 0.75)]
    assert harness.request({"scroll": -1.5, "at": [0.5, 0.5]}, client) == {"ok": True}
    assert events(harness) == [Pointer("move", 0.5, 0.5, "none"), Wheel(-1.5)]
    assert harness.invalidations == {Invalidation.NOTHING}  # the events decide


@pytest.mark.parametrize(
    "request_",
    [
        {"point": "click"},
        {"point": "hover", "at": [0, 0]},
        {"point": True, "at": [0, 0]},
        {"point": "click", "at": [0, 0], "button": "middle"},
        {"point": "click", "at": [0, 0], "button": []},
        {"point": "click", "at": ["0", 0]},
        {"point": "click", "at": [0, 0, 0]},
        {"point": "click", "at": [1e300, 0]},
        {"scroll": 1},
        {"scroll": True, "at": [0, 0]},
        {"scroll": 1e9, "at": [0, 0]},
    ],
)
def test_an_invalid_position_is_an_error(request_: dict[str, object], harness: Harness) -> None:
    answer = harness.request(request_)
    assert (answer["ok"], "invalid" in answer["error"]) == (False, True)
    assert events(harness) == []
