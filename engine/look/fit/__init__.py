"""Learns a look from pictures: the passes and values that turn a raw into the camera's picture."""

from ..look_text import look_text
from .fitting import Fit, fit_look
from .pair import Pair

__all__ = ["Fit", "Pair", "fit_look", "look_text"]
