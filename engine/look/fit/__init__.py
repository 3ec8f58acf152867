"""Learning a look from pictures: the passes and their numbers that make a camera's picture of its raw."""

from ..look_text import look_text
from .fitting import Fit, fit_look
from .pair import Pair

__all__ = ["Fit", "Pair", "fit_look", "look_text"]
