"""Checks of the arguments of a program: the kinds of values, and the names of keywords. An error is one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import MAX_NAME_CHARACTERS, ArgumentError, SourceError, cause


class Kind(NamedTuple):
    """The types that a value may have, and what they are called."""

    types: tuple[type, ...]
    words: str


NUMBER = Kind((float, int, Real), "a number")
WHOLE = Kind((int, Integral), "a whole number")
TEXT = Kind((str,), "a text")
PATH = Kind((str, Path), "a name or a path")
SWITCH = Kind((bool, np.bool_), "True or False")


def of_type(kind: type, *others: type) -> Kind:
    """The kind of the instances of classes."""
    *first, last = map(_with_article, (kind, *others))
    return Kind((kind, *others), f"{', '.join(first)} or {last}" if first else last)


def optional(kind: Kind) -> Kind:
    """`kind`, or None."""
    return Kind((*kind.types, type(None)), f"{kind.words}, or None")


def check_kinds(where: str, given: Mapping[str, object], kinds: Mapping[str, Kind]) -> None:
    """As `check_kind`, for the `given` values by name."""
    for name, kind in kinds.items():
        check_kind(where, name, given[name], kind)


def check_kind(where: str, name: str, value: object, kind: Kind) -> None:
    """Raises ArgumentError if a value has another kind; `where` is what takes it."""
    if not isinstance(value, kind.types):
        raise ArgumentError(f"{where}: {name} is {shown(value)}; give {kind.words}")


def check_fields(where: str, instance: object, kinds: Mapping[str, Kind]) -> None:
    """As `check_kind`, for the fields of a dataclass."""
    for name, kind in kinds.items():
        check_kind(where, name, getattr(instance, name), kind)


def check_numbers(where: str, name: str, values: object, count: int) -> None:
    """Raises ArgumentError unless `values` are a tuple or a list of `count` numbers."""
    parts: list[object] = list(values) if isinstance(values, tuple | list | np.ndarray) else []
    if len(parts) != count or not all(isinstance(part, NUMBER.types) for part in parts):
        raise ArgumentError(f"{where}: {name} is {shown(values)}; give {count} numbers")


def check_size(where: str, size: object, minimum: int = 1) -> None:
    """Raises ArgumentError unless `size` is (width, height), whole numbers of at least `minimum` pixels."""
    sides: list[object] = list(size) if isinstance(size, tuple | list) else []
    if len(sides) != 2 or not all(isinstance(side, int | np.integer) and side >= minimum for side in sides):
        raise ArgumentError(f"{where}: size is {shown(size)}; give (width, height) of {minimum} pixels or more")


def check_names(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ArgumentError for the first keyword that is not `known`, with the nearest name."""
    names = sorted(known)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the names are {', '.join(names)}"
            raise ArgumentError(f"{where}: no argument '{name}'; {hint}")


def numeric_array(name: str, given: ArrayLike, words: str = "an array of numbers") -> NDArray[Any]:
    """`given` as an array, the same one if it is one. Raises ArgumentError if it has no numbers; `words` are asked."""
    try:
        array = np.asarray(given)
    except (TypeError, ValueError) as error:  # rows of different lengths
        raise ArgumentError(f"{name} is {shown(given)}, not an array ({cause(error)}); give equal rows") from error
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"{name} is {shown(given)}; give {words}")
    return array


def shown(value: object) -> str:
    """A value in a message: small ones as they are, others by their type."""
    if value is None or isinstance(value, str | bytes | bool | int | float | complex | Path | np.generic):
        text = repr(value) if not isinstance(value, np.generic) else str(value)
    elif isinstance(value, np.ndarray):
        text = f"an array {value.shape} {value.dtype}"
    elif isinstance(value, tuple | list) and len(value) <= 4 and all(isinstance(part, int | float) for part in value):
        text = repr(value)
    else:
        text = _with_article(type(value))
    return text if len(text) <= MAX_NAME_CHARACTERS else f"{text[: MAX_NAME_CHARACTERS - 3]}..."


def _with_article(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOaeio' else 'a'} {kind.__name__}"


def check_matte(name: str, matte: NDArray[np.float32]) -> None:
    """Raises SourceError unless all values are from 0 to 1."""
    minimum, maximum = float(matte.min()), float(matte.max())
    if not (minimum >= 0.0 and maximum <= 1.0):
        raise SourceError(
            f"{name} has values from {minimum:g} to {maximum:g}; give the part of each pixel that the subject covers, "
            "from 0 to 1"
        )
