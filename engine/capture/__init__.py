"""Capture: frames arrive, each source in a file of its own."""

from .source import Source, open_source

__all__ = ["Source", "open_source"]
