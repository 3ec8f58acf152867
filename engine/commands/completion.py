"""Words that a shell offers for an option."""

from __future__ import annotations


def complete_look(incomplete: str) -> list[str]:
    """The looks whose names begin with the word."""
    from ..look.look import list_looks

    return [name for name in list_looks() if name.startswith(incomplete)]


def complete_lens(incomplete: str) -> list[str]:
    """The lenses whose names begin with the word."""
    from ..lens import list_lenses

    return [name for name in list_lenses() if name.startswith(incomplete)]
