"""Why a pass stays in GL."""

from __future__ import annotations


class UntranslatableError(Exception):
    """Says in one line, with file and line, what of a pass has no translation. Its look is drawn in GL."""
