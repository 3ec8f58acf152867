"""What a user can ask of the live picture, whichever key or button asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Action(enum.Enum):
    QUIT = "quit"
    FREEZE = "freeze"
    SAVE = "save"
    AUTOFOCUS = "autofocus"  # on the nearest face, or on what is in the middle
    PEAKING = "peaking"
    HYPERFOCAL = "hyperfocal"
    STREET = "street"
    SCALE = "scale"  # of the depth of field
    REPAINT = "repaint"  # the window changed its size or was uncovered: the same picture must be shown again


@dataclass(frozen=True, slots=True)
class FocusAt:
    """Focus on what is seen at the fraction (x, y) of the picture, 0..1 from its top-left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GreyAt:
    """Balance white so that what is seen at the fraction (x, y) of the picture becomes grey."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class TurnAperture:
    """Open the iris by `steps` thirds of a stop; a negative number closes it. Trackpads send fractions."""

    steps: float


@dataclass(frozen=True, slots=True)
class SetMark:
    """Keep the present focus as mark 1 or 2."""

    mark: int


@dataclass(frozen=True, slots=True)
class RackTo:
    """Rack the focus to mark 1 or 2."""

    mark: int


Event = Action | FocusAt | GreyAt | TurnAperture | SetMark | RackTo
