"""Capture: frames arrive, each source in a file of its own."""

import logging

from .source import Source, open_source

# What is wrong with a file is said once, by the error; without a handler tifffile's log goes to standard error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

__all__ = ["Source", "open_source"]
