"""White balance from a point of the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import GroundglassError

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..settings import SettingsHistory


def pick_grey(drawn: Drawn, settings: SettingsHistory, x: float, y: float) -> str:
    """Sets the white balance that makes the position (x, y) of the picture grey. Returns a message on the result."""
    try:
        white_balance = drawn.grey_at(x, y)
        development = replace(settings.now.development, white_balance=white_balance)
        settings.change("white balance", development=development)
    except GroundglassError as error:
        return str(error)
    return f"white balance {white_balance}"
