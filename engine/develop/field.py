"""Settings declared as annotated dataclass fields: the valid values, the command line option and its help."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ..checks import NUMBER, TEXT, check_kind
from ..errors import GroundglassError


@dataclass(frozen=True, slots=True)
class Setting:
    """The annotation of a field: `denoise: Annotated[float, Setting("--denoise", ...)] = 0.0`.

    `option` is its name on the command line, `help` its one-line description, `metavar` the placeholder of its value.
    A number must lie between `low` and `high` if these are given. `check` raises GroundglassError for an invalid text.
    Literal types are choices; with `as_text` the command line accepts any text and `check_settings` reports unknown
    values. `first` puts the option before the options of the preceding fields. `on` is the value that enables the
    setting's stage at full strength; the benchmark uses it.
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
    """The settings of a dataclass and their types by field name, in the order of the options."""
    settings: dict[str, tuple[Setting, Any]] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        kind, *annotations = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        for annotation in annotations:
            if isinstance(annotation, Setting):
                settings[name] = annotation, kind
    return dict(sorted(settings.items(), key=lambda item: not item[1][0].first))


def check_settings(values: Any) -> None:
    """Raises GroundglassError for the first invalid setting of a dataclass instance."""
    for name, (setting, kind) in settings_of(values.__class__).items():
        value = getattr(values, name)
        check_kind(values.__class__.__name__, name, value, NUMBER if kind is float else TEXT)
        if get_origin(kind) is Literal and value not in get_args(kind):
            raise GroundglassError(f"{name} '{value}' is unknown; {_hint(str(value), get_args(kind))}")
        if setting.check is not None:
            setting.check(value)
        if setting.low is not None and setting.high is not None and not setting.low <= value <= setting.high:
            middle = (setting.low + setting.high) / 2
            raise GroundglassError(f"{name} {value:g} is outside {setting.low:g}..{setting.high:g}; try {middle:g}")
        if kind is float and not math.isfinite(value):
            raise GroundglassError(f"{name} {value:g} is not finite; give a number")


def _hint(value: str, choices: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(value, choices, n=1)
    return f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(choices)}"
