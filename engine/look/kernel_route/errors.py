"""The error of the translation."""

from __future__ import annotations


class UntranslatableError(Exception):
    """Names the part of a pass that has no translation, with file and line. GL draws its look."""
