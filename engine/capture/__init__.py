"""Sources of frames, one file for each kind."""

import logging

from .base import BaseSource
from .open import open_source
from .source import EXPOSURE_CONTROL, Source, Timing

# Our errors already report a broken file. Without a handler tifffile also logs it to standard error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

__all__ = ["EXPOSURE_CONTROL", "BaseSource", "Source", "Timing", "open_source"]
