"""Input becomes events: keys with names, pointer positions as fractions of the picture. The listener is first."""

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
    """A queue for a 1280x800 framebuffer with a 16:9 picture and bars of 40 pixels above and below."""
    made = InputQueue((1280, 800))
    made.show((1920, 1080), (1280, 800), WHOLE)
    return made


class RecordingListener:
    """A listener that consumes and records all input."""

    def __init__(self) -> None:
        self.received: list[object] = []

    def on_key(self, name: str, pressed: bool, modifiers: Modifiers) -> bool:
        self.received.append((name, pressed, modifiers))
        return True

    def on_text(self, characters: str) -> None:
        self.received.append(characters)

    def on_button(self, button: Button, pressed: bool) -> bool:
        self.received.append((button, pressed))
        return True

    def on_move(self, x: float, y: float) -> bool:
        self.received.append((x, y))
        return True

    def on_scroll(self, steps: float) -> bool:
        self.received.append(steps)
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
def test_the_name_of_a_key_includes_its_modifiers(
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


def test_pointer_positions_are_relative_to_the_picture(queue: InputQueue) -> None:
    queue.button("left", True, 640, 39)  # in the bar
    queue.move(640, 400)
    queue.button("left", True, 320, 220)
    queue.move(330, 220)
    queue.move(-640, 40)  # a drag continues outside, and only its latest position counts
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


def test_input_of_the_listener_is_a_repaint_and_not_an_event(queue: InputQueue) -> None:
    queue.listener = listener = RecordingListener()
    queue.key("P", True, frozenset({"Shift"}))
    queue.text("ä")
    queue.button("middle", True, 640, 400)
    queue.move(640, 400)
    queue.scroll(-1.5)
    assert queue.take() == [Signal.REPAINT] * 4
    assert listener.received == [("P", True, {"Shift"}), "ä", (640, 400), ("middle", True), (640, 400), -1.5]


def test_the_listener_learns_where_a_finger_presses_without_a_move(queue: InputQueue) -> None:
    queue.move(10, 400)  # the pointer, before the panel opened
    queue.listener = listener = RecordingListener()
    queue.button("left", True, 900.25, 300.5)
    queue.button("left", False, 900.25, 300.5)
    queue.button("left", True, 20, 40)
    assert listener.received == [
        *((900.25, 300.5), ("left", True), ("left", False)),
        *((20, 40), ("left", True)),
    ]


def test_a_drag_from_the_picture_bypasses_the_listener(queue: InputQueue) -> None:
    queue.button("left", True, 640, 400)
    queue.listener = RecordingListener()
    queue.move(960, 400)
    queue.button("left", False, 960, 400)
    drag: list[Event] = [Pointer("drag", 0.75, 0.5), Pointer("release", 0.75, 0.5)]
    assert queue.take()[1:] == drag


def test_a_wait_ends_with_an_event_a_wake_or_the_timeout(queue: InputQueue) -> None:
    threading.Timer(0.05, queue.post, (Wheel(1),)).start()
    began_s = time.perf_counter()
    assert queue.wait(20) == [Wheel(1)]
    threading.Timer(0.05, queue.wake).start()
    assert queue.wait(20) == []
    assert queue.wait(0.01) == []
    assert time.perf_counter() - began_s < 15
