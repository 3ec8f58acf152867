"""A setting as the field of a dataclass: what is valid, and the words for the command line, said once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ..errors import GroundglassError


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field says besides its type and default: `denoise: Annotated[float, Setting("--denoise", ...)] = 0.0`.

    `option` is its name on the command line and `help` one line about it. `metavar` stands for the value in the help.
    A number is valid from `low` to `high` where these are given; a text where `check` returns, which otherwise raises
    GroundglassError. Literal types are choices; with `as_text` the command line takes them as a text and leaves the
    message for an unknown one to the setting. `first` puts the option before those of the fields above it. `on` is the
    value with which the stage of this setting does most: the bench times that.
    """

    option: str
    help: str
    metavar: str | None = None
    low: float | None = None
    high: float | None = None
    check: Callable[[str], object] | None = None
    as_text: bool = False
    first: bool = False
    on: object = None


@cache
def settings_of(cls: Hashable) -> dict[str, tuple[Setting, Any]]:
    """The settings of a dataclass by the names of their fields, in the order of its options, each with its type."""
    found: dict[str, tuple[Setting, Any]] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        kind, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        for one in said:
            if isinstance(one, Setting):
                found[name] = one, kind
    return dict(sorted(found.items(), key=lambda item: not item[1][0].first))


def check_settings(values: Any) -> None:
    """GroundglassError for the first setting of a dataclass's instance that is not valid."""
    for name, (said, kind) in settings_of(values.__class__).items():
        value = getattr(values, name)
        if get_origin(kind) is Literal and value not in get_args(kind):
            raise GroundglassError(f"{name} '{value}' is unknown; {_hint(str(value), get_args(kind))}")
        if said.check is not None:
            said.check(value)
        if said.low is not None and said.high is not None and not said.low <= value <= said.high:
            middle = (said.low + said.high) / 2
            raise GroundglassError(f"{name} {value:g} is outside {said.low:g}..{said.high:g}; try {middle:g}")


def _hint(given: str, choices: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(given, choices, n=1)
    return f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(choices)}"
