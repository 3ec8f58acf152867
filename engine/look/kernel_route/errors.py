"""The error of the translation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UntranslatableError(Exception):
    """Names the part of a pass that has no translation, with file and line. GL draws its look."""


@contextmanager
def invalid_text_refused() -> Iterator[None]:
    """The block translates text that GL may not have compiled yet. UntranslatableError at what is invalid.

    GL then compiles the text and reports its errors.
    """
    try:
        yield
    except RecursionError:
        raise UntranslatableError("an expression or a block of the look is nested too deeply") from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UntranslatableError(f"the text of the look is not valid GLSL ({error})") from error
