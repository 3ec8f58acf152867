"""The input of a surface: keys, pointer and wheel as events, and the listener that receives raw input first."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal, Protocol

Button = Literal["left", "right", "middle"]
Modifiers = frozenset[str]  # "Ctrl" (also Command), "Alt", "Shift"
MODIFIERS = "Ctrl", "Alt", "Shift"  # in the order of key names


class Signal(enum.Enum):
    QUIT = "quit"  # the window's close button
    REPAINT = "repaint"  # the surface was resized or uncovered: show the same picture again


@dataclass(frozen=True, slots=True)
class Key:
    """A key press. `name` is its name in the keyboard map: `P`, `Space`, `F1`, `Shift+1`, `Ctrl+Z`."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """The pointer at the fraction (x, y) of the picture from its top-left corner; 0..1 inside the picture.

    A `drag` is a move with the button down, and continues outside of the picture. A `move` is without a button.
    `modifiers` are the keys that were held at a press.
    """

    kind: Literal["press", "drag", "release", "move"]
    x: float
    y: float
    button: Literal["left", "right", "none"] = "left"
    modifiers: Modifiers = frozenset()


@dataclass(frozen=True, slots=True)
class Wheel:
    """A turn of the wheel by `steps`, with keys held; positive is away from the user. Trackpads send fractions."""

    steps: float
    modifiers: Modifiers = frozenset()


@dataclass(frozen=True, slots=True)
class Drop:
    """Files or folders that were dropped on the window, as absolute paths."""

    paths: tuple[str, ...]


Event = Signal | Key | Pointer | Wheel | Drop


class InputListener(Protocol):
    """Receives raw input before it becomes an event. A method returns True to consume the input.

    Key names are those of `Key` without modifiers, and `Home`, `End`, `PageUp`, `PageDown`. A key without a name is "".
    Positions are pixels of the framebuffer from its top-left corner.
    """

    def on_key(self, name: str, pressed: bool, modifiers: Modifiers) -> bool: ...

    def on_text(self, characters: str) -> bool: ...

    def on_button(self, button: Button, pressed: bool) -> bool: ...

    def on_move(self, x: float, y: float) -> bool: ...

    def on_scroll(self, steps: float) -> bool: ...
