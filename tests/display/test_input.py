"""Raw input becomes events: keys by name, the pointer as a fraction of the picture, a listener first."""

from __future__ import annotations

import threading
import time

import glfw
import pytest
from groundglass.display.events import Button, Event, Key, Modifiers, Pointer, Signal, Wheel
from groundglass.display.glfw import key_name
from groundglass.display.input import InputQueue
from groundglass.display.overlays import WHOLE


@pytest.fixture
def queue() -> InputQueue:
    """Of a framebuffer of 1280x800 that holds a picture of 16:9, with bars of 40 pixels above and below."""
    made = InputQueue((1280, 800))
    made.show((1920, 1080), (1280, 800), WHOLE)
    return made


class Taker:
    """A listener that takes everything, and notes it."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def on_key(self, name: str, pressed: bool, modifiers: Modifiers) -> bool:
        self.heard.append((name, pressed, modifiers))
        return True

    def on_text(self, characters: str) -> None:
        self.heard.append(characters)

    def on_button(self, button: Button, pressed: bool) -> bool:
        self.heard.append((button, pressed))
        return True

    def on_move(self, x: float, y: float) -> bool:
        self.heard.append((x, y))
        return True

    def on_scroll(self, steps: float) -> bool:
        self.heard.append(steps)
        return True


@pytest.mark.parametrize(
    ("name", "modifiers", "event"),
    [
        ("P", (), "P"),
        ("1", ("Shift",), "Shift+1"),
        ("Z", ("Shift", "Ctrl"), "Ctrl+Shift+Z"),
        ("F1", ("Alt", "Shift", "Ctrl"), "Ctrl+Alt+Shift+F1"),
    ],
)
def test_a_key_has_its_modifiers_in_its_name(
    queue: InputQueue, name: str, modifiers: tuple[str, ...], event: str
) -> None:
    queue.key(name, True, frozenset(modifiers))
    queue.key(name, True, frozenset(modifiers), repeated=True)
    queue.key(name, False, frozenset(modifiers))
    queue.key("", True)
    assert queue.take() == [Key(event)]
    assert queue.take() == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("SPACE", "Space"),
        ("ESCAPE", "Esc"),
        ("KP_ENTER", "Enter"),
        ("7", "7"),
        ("KP_7", "7"),
        ("F12", "F12"),
        ("LEFT", "Left"),
        ("PAGE_UP", "PageUp"),
        ("HOME", "Home"),
    ],
)
def test_the_keys_of_glfw_have_names(key: str, name: str) -> None:
    assert key_name(getattr(glfw, f"KEY_{key}"), 0) == name


def test_the_pointer_is_where_the_picture_is(queue: InputQueue) -> None:
    queue.button("left", True, 640, 39)  # in the bar
    queue.move(640, 400)
    queue.button("left", True, 320, 220)
    queue.move(330, 220)
    queue.move(-640, 40)  # a drag goes on outside, and only its latest place counts
    queue.button("right", False, 0, 40)
    queue.button("left", False, 0, 40)
    queue.button("middle", True, 320, 220)
    assert queue.take() == [
        Pointer("move", 0.5, 0.5, "none"),
        Pointer("press", 0.25, 0.25),
        Pointer("drag", -0.5, 0.0),
        Pointer("release", 0.0, 0.0),
    ]


def test_a_minimised_surface_has_no_pointer(queue: InputQueue) -> None:
    queue.show((1920, 1080), (0, 0), WHOLE)
    queue.move(1, 1)
    assert queue.take() == []


def test_what_the_listener_takes_is_a_repaint_and_no_event(queue: InputQueue) -> None:
    queue.listener = taker = Taker()
    queue.key("P", True, frozenset({"Shift"}))
    queue.text("ä")
    queue.button("middle", True, 640, 400)
    queue.move(640, 400)
    queue.scroll(-1.5)
    assert queue.take() == [Signal.REPAINT] * 4
    assert taker.heard == [("P", True, {"Shift"}), "ä", ("middle", True), (640, 400), -1.5]


def test_a_drag_that_began_in_the_picture_stays_there(queue: InputQueue) -> None:
    queue.button("left", True, 640, 400)
    queue.listener = Taker()
    queue.move(960, 400)
    queue.button("left", False, 960, 400)
    drag: list[Event] = [Pointer("drag", 0.75, 0.5), Pointer("release", 0.75, 0.5)]
    assert queue.take()[1:] == drag


def test_a_wait_ends_with_an_event_a_wake_or_its_time(queue: InputQueue) -> None:
    threading.Timer(0.05, queue.post, (Wheel(1),)).start()
    began_s = time.perf_counter()
    assert queue.wait(20) == [Wheel(1)]
    threading.Timer(0.05, queue.wake).start()
    assert queue.wait(20) == []
    assert queue.wait(0.01) == []
    assert time.perf_counter() - began_s < 15
