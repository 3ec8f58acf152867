"""A picture that is split, to compare: data, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from ..lens import Lens
from .look import Look


@dataclass(frozen=True, slots=True)
class Wipe:
    """The right part of a picture, from the fraction `at` of its width on, in another look or through another lens.

    None is the engine's own. Another lens takes the time of a second frame, another look that of its part.
    """

    at: float = 0.5
    look: Look | None = None
    lens: Lens | None = None
