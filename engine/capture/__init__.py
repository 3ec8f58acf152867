"""Capture: frames arrive, each source in a file of its own."""

import logging

from .base import BaseSource
from .open import open_source
from .source import EXPOSURE_CONTROL, Source, Timing

# What is wrong with a file is said once, by the error; without a handler tifffile's log goes to standard error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

__all__ = ["EXPOSURE_CONTROL", "BaseSource", "Source", "Timing", "open_source"]
