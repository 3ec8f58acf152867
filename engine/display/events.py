"""The input of a surface: keys, pointer and wheel as events, and the listener that hears raw input first."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal, Protocol

Button = Literal["left", "right", "middle"]
Modifiers = frozenset[str]  # "Ctrl" (also Command), "Alt", "Shift"
MODIFIERS = "Ctrl", "Alt", "Shift"  # in the order of a key's name


class Signal(enum.Enum):
    QUIT = "quit"  # the window's close button
    REPAINT = "repaint"  # the surface changed its size or was uncovered: the same picture must be shown again


@dataclass(frozen=True, slots=True)
class Key:
    """A key was pressed, by the name that it has in the keyboard map: `P`, `Space`, `F1`, `Shift+1`, `Ctrl+Z`."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """The pointer at the fraction (x, y) of the picture from its top-left corner; 0..1 where it is in the picture.

    A `drag` is a move with the button down, and goes on outside; a `move` has none.
    """

    kind: Literal["press", "drag", "release", "move"]
    x: float
    y: float
    button: Literal["left", "right", "none"] = "left"


@dataclass(frozen=True, slots=True)
class Wheel:
    """The wheel turned by `steps`, away from the user where positive. Trackpads send fractions."""

    steps: float


Event = Signal | Key | Pointer | Wheel


class InputListener(Protocol):
    """Hears raw input before it becomes an event. True says that the input was meant for nobody else.

    Key names are those of `Key` without modifiers, and `Home`, `End`, `PageUp`, `PageDown`; a key without a name is "".
    Places are pixels of the framebuffer from its top-left corner.
    """

    def on_key(self, name: str, pressed: bool, modifiers: Modifiers) -> bool: ...

    def on_text(self, characters: str) -> None: ...

    def on_button(self, button: Button, pressed: bool) -> bool: ...

    def on_move(self, x: float, y: float) -> bool: ...

    def on_scroll(self, steps: float) -> bool: ...
