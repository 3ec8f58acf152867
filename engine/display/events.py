"""What the window tells: keys, the pointer, the wheel, and what became of itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal


class Signal(enum.Enum):
    QUIT = "quit"  # the window's close button
    REPAINT = "repaint"  # the window changed its size or was uncovered: the same picture must be shown again


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
